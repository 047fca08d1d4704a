"""The table of lines: sorted by its heads, with as many columns as there is room for."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QTableView,
)

from timmy_desktop.gui.panels.ledger.keys import is_for_all
from timmy_desktop.gui.panels.ledger.line_delegate import LineDelegate
from timmy_desktop.gui.panels.ledger.lines_model import LINE_ROLE, Column, LinesModel
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.ledger.history_lines import Line
from timmy_desktop.ledger.history_question import Order

_ROW = 30
_ORDERS: dict[int, Order] = {
    Column.WHEN: "time", Column.STATE: "state", Column.WHAT: "agent", Column.AMOUNT: "amount",
    Column.FEE: "fee",
}  # fmt: skip
# From how wide a table on a column stands in it.
_ROOM = {Column.FEE: 680, Column.AVAILABLE: 520, Column.STATE: 520}
_WIDTHS = {
    Column.WHEN: 96, Column.STATE: 96, Column.AMOUNT: 108, Column.FEE: 84, Column.AVAILABLE: 112,
}  # fmt: skip


class LinesTable(QTableView):
    """Return opens, / looks for words, Ctrl+C copies the line."""

    open_requested = Signal(str)
    order_requested = Signal(str, bool)
    """The order, and whether the greatest stands on top."""
    filter_wanted = Signal()
    menu_requested = Signal(QPoint)

    def __init__(self, model: LinesModel) -> None:
        super().__init__()
        self.lines = model
        self.setModel(model)
        self._set_up()
        self._delegate = LineDelegate(model, self)
        self.setItemDelegate(self._delegate)
        header = self.horizontalHeader()
        header.sortIndicatorChanged.connect(self._ordered)
        self.doubleClicked.connect(lambda index: self._open(index))
        self.customContextMenuRequested.connect(
            lambda point: self.menu_requested.emit(self.viewport().mapToGlobal(point))
        )
        model.rowsInserted.connect(self._stay)
        for came in (model.rowsInserted, model.modelReset):
            came.connect(lambda *_: self._choose_one())
        TickWhileVisible(self, self.viewport().update)

    @property
    def current_line(self) -> Line | None:
        """The chosen line, where it is here."""
        found = self.currentIndex().data(LINE_ROLE)
        return found if isinstance(found, Line) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        elif event.key() == Qt.Key.Key_Slash:
            self.filter_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_line()
        elif is_for_all(event):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._choose_one()

    def copy_line(self) -> None:
        """The words of the chosen line, with tabs between."""
        index = self.currentIndex()
        if self.current_line is not None:
            words = (str(index.siblingAtColumn(column).data() or "") for column in Column)
            QGuiApplication.clipboard().setText("\t".join(words))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = event.size().width()
        for column, room in _ROOM.items():
            self.setColumnHidden(column, width < room)
        bare = self.isColumnHidden(Column.STATE)
        self._delegate.mark_column = int(Column.WHAT if bare else Column.STATE)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 3 * _ROW)

    def _set_up(self) -> None:
        self.setAccessibleName("Lines of the ledger")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setStyleSheet("QTableView::item { padding: 0 4px; }")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(48)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(Column.WHEN, Qt.SortOrder.DescendingOrder)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(Column.WHAT, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)

    def _choose_one(self) -> None:
        """Where the keyboard is, it is on a line, which Qt alone would not show."""
        if self.hasFocus() and self.lines.rowCount() and not self.selectionModel().hasSelection():
            self.selectRow(max(self.currentIndex().row(), 0))

    def _ordered(self, column: int, direction: Qt.SortOrder) -> None:
        if column in _ORDERS:
            self.order_requested.emit(_ORDERS[column], direction == Qt.SortOrder.DescendingOrder)

    def _open(self, index: QModelIndex) -> None:
        found = index.data(LINE_ROLE)
        if isinstance(found, Line):
            self.open_requested.emit(found.id)

    def _stay(self, _: QModelIndex, first: int, last: int) -> None:
        """Who reads further down keeps the lines under their eyes when others come on top."""
        bar = self.verticalScrollBar()
        if first == 0 and bar.value() > 0:
            bar.setValue(bar.value() + (last - first + 1) * _ROW)
