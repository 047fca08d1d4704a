"""Requests on screen, newest first, as a Qt model; older ones come when a view reaches the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter

from timmy_desktop.gui.panels.router.words import cost_words, outcome_look
from timmy_desktop.gui.widgets.two_line_rows import TwoLineDelegate, left_words, right_words
from timmy_desktop.gui.wording import count, duration, exact_time, provider_words, relative_time
from timmy_desktop.inert import inert_line
from timmy_desktop.routing.records import RequestRow

ROW_ROLE = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class RequestsModel(QAbstractListModel):
    """Keyed by the row's id: what is here already is replaced, what is new goes on top."""

    older_wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[RequestRow] = []
        self.more_to_come = False

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return inert_line(row.excerpt, 160)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = (outcome_look(row.outcome).word, inert_line(row.excerpt, 160), _second(row))
            return ", ".join(part for part in parts if part)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{inert_line(row.excerpt, 300)}\n{exact_time(row.time_us)}"
        return None

    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and self.more_to_come

    def fetchMore(self, parent: _Index) -> None:
        if self.canFetchMore(parent):
            self.more_to_come = False
            self.older_wanted.emit()

    @property
    def oldest(self) -> int | None:
        return self._rows[-1].id if self._rows else None

    @property
    def newest(self) -> int | None:
        return self._rows[0].id if self._rows else None

    def show_rows(self, rows: Sequence[RequestRow]) -> None:
        """Another question's answer."""
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def add_newer(self, rows: Sequence[RequestRow]) -> None:
        """Puts those that are not here yet on top."""
        known = {row.id for row in self._rows[: len(rows) + 1]}
        fresh = [row for row in rows if row.id not in known]
        if fresh:
            self.beginInsertRows(QModelIndex(), 0, len(fresh) - 1)
            self._rows[:0] = fresh
            self.endInsertRows()

    def add_older(self, rows: Sequence[RequestRow]) -> None:
        if rows:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self._rows.extend(rows)
            self.endInsertRows()


def request_delegate(now_us: Callable[[], int], parent: QObject | None = None) -> TwoLineDelegate:
    """Two lines: what was asked and how long it took; who answered, how it went and when."""

    def mark(row: RequestRow) -> tuple[str, str]:
        return outcome_look(row.outcome).glyph, outcome_look(row.outcome).tone

    def lines(painter: QPainter, first: QRect, second: QRect, row: RequestRow) -> None:
        look = outcome_look(row.outcome)
        left = right_words(painter, first, duration(row.total_ms), "text", mono=True)
        left_words(painter, left, inert_line(row.excerpt, 200) or row.purpose, "text")
        left = right_words(painter, second, relative_time(row.time_us, now_us()), "muted")
        if row.outcome != "ok":
            left = left_words(painter, left, f"{look.word} · ", look.tone, small=True)
        left_words(painter, left, _second(row), "muted", small=True)

    return TwoLineDelegate(ROW_ROLE, RequestRow, lines, mark=mark, parent=parent)


def _second(row: RequestRow) -> str:
    parts = [provider_words(row.provider, row.model) if row.provider else ""]
    if row.attempts > 1:
        parts.append(count(row.attempts, "attempt"))
    if row.cost_microcents:
        parts.append(cost_words(row.cost_microcents))
    return " · ".join(part for part in parts if part)
