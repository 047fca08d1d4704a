"""The bids of a task, ranked: who offered what, and who won."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.tasks.life import Bid
from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.wording import sats

_TITLES = ("", "Agent", "Bid", "Score", "")
_AMOUNT = 2
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class BidsModel(QAbstractTableModel):
    """Ready rows; replaced as a whole, since an auction has a handful of bids."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bids: tuple[Bid, ...] = ()
        self._simulated = False

    def show_bids(self, bids: Sequence[Bid], *, simulated: bool = False) -> None:
        """`simulated`: what was bid is play money, and the header says so."""
        if simulated != self._simulated:
            self._simulated = simulated
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, _AMOUNT, _AMOUNT)
        if tuple(bids) == self._bids:
            return
        self.beginResetModel()
        self._bids = tuple(bids)
        self.endResetModel()

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._bids)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(_TITLES):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return "Bid, simulated" if section == _AMOUNT and self._simulated else _TITLES[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (2, 3):
            return _RIGHT
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        bid, column = self._bids[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(bid)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (0, 2, 3):
            return _RIGHT
        if role == Qt.ItemDataRole.FontRole and column in (0, 2, 3):
            return Theme.current().font("small", mono=True)
        if role == Qt.ItemDataRole.ForegroundRole:
            return Theme.current().color("good" if bid.won and column == 4 else _role(column))
        if role == Qt.ItemDataRole.DecorationRole and column == 4 and bid.won:
            return icon("good", "good", "good")
        return None


def _cells(bid: Bid) -> tuple[str, ...]:
    score = f"{bid.score_milli:,}" if bid.score_milli else "–"
    return str(bid.rank), bid.agent, sats(bid.amount_msat), score, "Won" if bid.won else ""


def _role(column: int) -> str:
    return "muted" if column in (0, 3) else "text"


class BidsTable(QTableView):
    """Sized to the room; nothing in it is edited."""

    def __init__(self) -> None:
        super().__init__()
        self.bids = BidsModel(self)
        self.setModel(self.bids)
        self.setAccessibleName("Bids")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        # Cells and heads keep the same distance from the edge of their column.
        self.setStyleSheet(
            "QTableView::item, QHeaderView::section { padding-left: 6px; padding-right: 6px; }"
        )
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(30)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
