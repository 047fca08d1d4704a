"""The list of memories: several can be chosen, and every key that works here is said on hover."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView

from timmy_desktop.gui.panels.memory.model import ROW_ROLE, ResultsModel
from timmy_desktop.gui.panels.memory.row_delegate import memory_delegate
from timmy_desktop.gui.panels.memory.rows import Row
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible

KEYS: dict[int, str] = {
    Qt.Key.Key_P: "pin",
    Qt.Key.Key_E: "edit",
    Qt.Key.Key_F2: "edit",
    Qt.Key.Key_A: "accept",
    Qt.Key.Key_R: "reject",
    Qt.Key.Key_M: "merge",
    Qt.Key.Key_Delete: "forget",
}
"""What each key does with the chosen rows."""


class MemoryList(QListView):
    """Return opens, / searches, letters act on what is chosen."""

    open_requested = Signal(str)
    current_changed = Signal(str)
    chosen_changed = Signal()
    act_requested = Signal(str)
    search_wanted = Signal()
    menu_requested = Signal(QPoint)

    def __init__(self, model: ResultsModel, now_us: Callable[[], int]) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(memory_delegate(now_us, self))
        self.setAccessibleName("Memories")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda point: self.menu_requested.emit(self.viewport().mapToGlobal(point))
        )
        self.clicked.connect(self._clicked)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())
        TickWhileVisible(self, self.viewport().update)

    @property
    def chosen(self) -> list[Row]:
        """The chosen rows, in their order."""
        indexes = sorted(self.selectedIndexes(), key=QModelIndex.row)
        return [row for index in indexes if isinstance(row := index.data(ROW_ROLE), Row)]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
        row = self.currentIndex().data(ROW_ROLE)
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(row, Row):
            self.open_requested.emit(row.id)
        elif plain and event.key() == Qt.Key.Key_Slash:
            self.search_wanted.emit()
        elif plain and event.key() in KEYS and self.chosen:
            self.act_requested.emit(KEYS[event.key()])
        elif plain and event.key() == Qt.Key.Key_Menu:
            self.menu_requested.emit(
                self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
            )
        elif event.matches(QKeySequence.StandardKey.Copy) and self.chosen:
            QGuiApplication.clipboard().setText("\n".join(chosen.text for chosen in self.chosen))
        else:
            super().keyPressEvent(event)

    def _current_changed(self, current: QModelIndex, _: QModelIndex) -> None:
        row = current.data(ROW_ROLE)
        if isinstance(row, Row):
            self.current_changed.emit(row.id)

    def choose(self, entry_id: str) -> bool:
        """Selects the row of the entry, where it is here."""
        model = self.model()
        index = model.index_of(entry_id) if isinstance(model, ResultsModel) else QModelIndex()
        if not index.isValid():
            return False
        if index != self.currentIndex():
            self.setCurrentIndex(index)
        self.scrollTo(index)
        return True

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 60)

    def _clicked(self, index: QModelIndex) -> None:
        row = index.data(ROW_ROLE)
        if isinstance(row, Row) and len(self.selectedIndexes()) == 1:
            self.open_requested.emit(row.id)
