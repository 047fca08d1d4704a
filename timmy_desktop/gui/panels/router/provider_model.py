"""The providers in the order in which they are asked, as a Qt model that a person may reorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem

from timmy_desktop.gui.panels.router.words import Look, seconds_words, state_look
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.pill import paint_pill, pill_height, pill_width
from timmy_desktop.gui.widgets.time_ticks import short_ms
from timmy_desktop.gui.widgets.two_line_rows import left_words, paint_ground, right_words, wrapped
from timmy_desktop.gui.wording import provider_words
from timmy_desktop.inert import inert_line
from timmy_desktop.routing.types import ProviderStatus

PROVIDER_ROLE = Qt.ItemDataRole.UserRole
_MIME = "application/x-timmy-provider"
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


@dataclass(frozen=True, slots=True)
class ProviderItem:
    """A row, ready to show."""

    name: str
    title: str
    model: str
    role: str
    look: Look
    is_enabled: bool
    latency: str
    trouble: str
    next_step: str
    budget: str

    @property
    def spoken(self) -> str:
        parts = (
            self.title,
            self.look.word,
            self.model,
            self.latency,
            self.trouble,
            self.next_step,
            self.budget,
        )
        return ", ".join(part for part in parts if part)


def item_of(status: ProviderStatus, role: str, budget: str = "") -> ProviderItem:
    """The row of a status. What is the matter comes before what was the matter."""
    health = status.health
    is_enabled = status.is_enabled
    look = state_look(
        status.state,
        health.state if health is not None else "",
        enabled=is_enabled,
        over_budget=bool(status.over_budget),
        is_new=_is_new(status),
    )
    fine = look.tone in ("good", "accent")
    detail = health.detail if health is not None and not fine else ""
    trouble = (
        "" if fine or not is_enabled else status.reason or detail or status.over_budget or status.last_error
    )
    model, trouble = _told(status.model, trouble, calm=look.tone == "muted")
    return ProviderItem(
        name=status.name,
        title=provider_words(status.name) + (" · remote" if status.is_remote else ""),
        model=inert_line(model, 120),
        role=role,
        look=look,
        is_enabled=is_enabled,
        latency=f"last {short_ms(status.last_latency_ms)}" if status.last_latency_ms >= 0 else "",
        trouble=inert_line(trouble[:1].upper() + trouble[1:], 240),
        next_step=_next(status) if is_enabled else "",
        budget=inert_line(budget, 60),
    )


def _is_new(status: ProviderStatus) -> bool:
    """Whether it is of this computer, and nothing is known of it but that a probe did not find it."""
    found = status.health.detail if status.health is not None else ""
    failed = {status.reason, status.last_error} - {"", found}
    return status.last_latency_ms < 0 and not status.is_remote and not failed


def _told(model: str, trouble: str, *, calm: bool) -> tuple[str, str]:
    """What stands in the model's line and beneath it: without a model, why, and then the next step."""
    if model or not calm or not trouble:
        return model, trouble
    why, _, step = trouble.partition(". ")
    return (f"{why}." if step else why), step


def _next(status: ProviderStatus) -> str:
    if status.seconds_to_trial > 0:
        return f"tried again {seconds_words(status.seconds_to_trial)}"
    if status.seconds_to_probe >= 0 and status.state != "CLOSED":
        return f"probed {seconds_words(status.seconds_to_probe)}"
    return ""


class ProvidersModel(QAbstractListModel):
    """Dragging or `move` emits the wish for another order; the rows change when the router says so."""

    order_wanted = Signal(list)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: tuple[ProviderItem, ...] = ()

    def show_items(self, items: Sequence[ProviderItem]) -> None:
        if [item.name for item in items] != self.names:
            self.beginResetModel()
            self._items = tuple(items)
            self.endResetModel()
        elif tuple(items) != self._items:
            self._items = tuple(items)
            self.dataChanged.emit(self.index(0), self.index(len(items) - 1))

    @property
    def names(self) -> list[str]:
        return [item.name for item in self._items]

    def move(self, name: str, by: int) -> None:
        """Wishes the provider `by` places further down (up where negative)."""
        names = self.names
        if name not in names:
            return
        place = min(max(names.index(name) + by, 0), len(names) - 1)
        moved = [other for other in names if other != name]
        moved.insert(place, name)
        if moved != names:
            self.order_wanted.emit(moved)

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        item = self._items[index.row()]
        if role == PROVIDER_ROLE:
            return item
        if role == Qt.ItemDataRole.DisplayRole:
            return item.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{index.row() + 1}. {item.spoken}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (item.title, item.trouble, item.next_step, item.budget) if part)
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | (Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else Qt.ItemFlag.ItemIsDropEnabled)

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        mime = QMimeData()
        if indexes:
            mime.setData(_MIME, QByteArray(self._items[indexes[0].row()].name.encode()))
        return mime

    def dropMimeData(
        self,
        data: QMimeData,
        action: Qt.DropAction,  # noqa: ARG002
        row: int,
        column: int,  # noqa: ARG002
        parent: _Index,
    ) -> bool:
        name = bytes(data.data(_MIME).data()).decode(errors="replace")
        names = self.names
        if name not in names:
            return False
        place = names.index(name)
        target = row if row >= 0 else parent.row() if parent.isValid() else len(names)
        self.move(name, target - place - (1 if target > place else 0))
        return False  # the rows move when the router has a new order, not before


_BESIDE_WORDS = 40 + 2 * (GAP + TIGHT)


class ProviderDelegate(QStyledItemDelegate):
    """Two to four lines: state, who and how fast; the model and what comes next; what is wrong."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        item = index.data(PROVIDER_ROLE)
        small = QFontMetrics(Theme.current().font("small")).height()
        view = option.widget
        width = view.viewport().width() if isinstance(view, QListView) else option.rect.width()
        lines = 1 + (len(wrapped(item.trouble, width - _BESIDE_WORDS)) if item and item.trouble else 0)
        return QSize(200, pill_height() + TIGHT + lines * (small + 2) + 2 * GAP - 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        item = index.data(PROVIDER_ROLE)
        if not isinstance(item, ProviderItem):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        theme = Theme.current()
        small = QFontMetrics(theme.font("small")).height()
        box = option.rect.adjusted(GAP + TIGHT, GAP, -GAP - TIGHT, -GAP)
        place = QRect(box.left(), box.top(), 14, pill_height())
        right_aligned = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font("small", mono=True))
        painter.setPen(theme.color("muted"))
        painter.drawText(place, right_aligned, str(index.row() + 1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(item.role if item.is_enabled else "outline"))
        painter.drawRoundedRect(QRectF(box.left() + 22, box.top() + pill_height() / 2 - 5, 10, 10), 2, 2)
        first = QRect(box.left() + 40, box.top(), box.width() - 40, pill_height())
        wide = pill_width(item.look.word, shape=item.look.shape)
        pill = QRectF(first.right() - wide, first.top(), wide, pill_height())
        paint_pill(painter, pill, item.look.word, item.look.tone, shape=item.look.shape)
        first.setRight(int(pill.left()) - GAP)
        left = right_words(painter, first, item.latency, "muted")
        left_words(painter, left, item.title, "text" if item.is_enabled else "muted", strong=True)
        second = QRect(box.left() + 40, first.bottom() + 1 + TIGHT, box.width() - 40, small)
        left = right_words(painter, second, item.next_step or item.budget, "muted")
        left_words(painter, left, item.model or "no model", "muted", small=True)
        if item.trouble:
            line = second
            for words in wrapped(item.trouble, option.rect.width() - _BESIDE_WORDS):
                line = line.translated(0, small + 2)
                left_words(painter, line, words, item.look.tone, small=True)
        painter.restore()
