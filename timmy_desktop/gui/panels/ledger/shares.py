"""Where the money came from and went: a list of days, agents or purposes, each with bars of in and out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from timmy_desktop.gui.panels.ledger.row_list import ROW_ROLE, RowsModel
from timmy_desktop.gui.panels.ledger.words import Names, agent_words, purpose_words
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.two_line_rows import (
    left_words,
    paint_ground,
    right_words,
    two_line_size,
)
from timmy_desktop.gui.wording import count, sats
from timmy_desktop.ledger.history_sums import By, Flow

_Index = QModelIndex | QPersistentModelIndex
_BAR = 4


@dataclass(frozen=True, slots=True)
class Share:
    """One row: its name, its sums, and how long its bars are, from 0 to 1 of the longest."""

    key: str
    name: str
    in_msat: int
    out_msat: int
    fee_msat: int
    entries: int
    in_share: float
    out_share: float


def shares_of(by: By, flows: Sequence[Flow], name_of: Names) -> list[Share]:
    """Days stand newest first, the others as they came. An agent's own spending counts as out."""
    kept = [flow for flow in flows if flow.received_msat or flow.out_msat or flow.spent_msat]
    outs = {id(flow): flow.out_msat + flow.spent_msat for flow in kept}
    most = max((max(flow.received_msat, outs[id(flow)]) for flow in kept), default=0) or 1
    made = [
        Share(
            flow.key, _name(by, flow.key, name_of), flow.received_msat, outs[id(flow)], flow.fee_msat,
            flow.entries, flow.received_msat / most, outs[id(flow)] / most,
        )
        for flow in kept
    ]  # fmt: skip
    return list(reversed(made)) if by == "day" else made


def _name(by: By, key: str, name_of: Names) -> str:
    if by == "day":
        day = datetime.fromtimestamp(int(key) * 86_400, UTC)
        return f"{day:%a} {day.day} {day:%b %Y}"
    if by == "agent":
        return agent_words(key, name_of) or "Not an agent's"
    return purpose_words(key)


class SharesModel(RowsModel[Share]):
    """A row says its name; its sums are drawn."""

    def words(self, row: Share, role: int) -> str | None:
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return f"{row.name}: {_second(row)}"
        return None


class ShareDelegate(QStyledItemDelegate):
    """The name and its sums over two thin bars: in above, out beneath."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return two_line_size() + QSize(0, _BAR)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, Share):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        theme = Theme.current()
        box = option.rect.adjusted(GAP + TIGHT, GAP, -GAP - TIGHT, -GAP)
        height = QFontMetrics(theme.font()).height()
        first = QRect(box.left(), box.top(), box.width(), height)
        left = right_words(painter, first, _sums(row), "text", mono=True)
        left_words(painter, left, row.name, "text")
        top = first.bottom() + TIGHT + 1
        painter.setPen(Qt.PenStyle.NoPen)
        for share, role, down in ((row.in_share, "series3", 0), (row.out_share, "series2", _BAR + 2)):
            painter.setBrush(theme.color("hover"))
            painter.drawRoundedRect(QRectF(box.left(), top + down, box.width(), _BAR), 2, 2)
            if share:
                painter.setBrush(theme.color(role))
                painter.drawRoundedRect(
                    QRectF(box.left(), top + down, max(3.0, box.width() * share), _BAR), 2, 2
                )
        painter.restore()


def _sums(row: Share) -> str:
    parts = [sats(row.in_msat, sign=True)] if row.in_msat else []
    return "  ".join(parts + ([sats(-row.out_msat)] if row.out_msat else []))


def _second(row: Share) -> str:
    fees = f", of that {sats(row.fee_msat)} fees" if row.fee_msat else ""
    return f"in {sats(row.in_msat)}, out {sats(row.out_msat)}{fees}; {count(row.entries, 'entry', 'entries')}"
