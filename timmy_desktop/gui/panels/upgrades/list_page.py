"""The queue: what waits for a decision, then what became of the others; found by words and by state."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListView, QStackedWidget, QWidget

from timmy_desktop.gui.panels.upgrades.list_model import PROPOSAL_ROLE, ProposalsModel
from timmy_desktop.gui.panels.upgrades.row_delegate import proposal_delegate
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.parts import column, row
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.gui.widgets.two_line_rows import quiet_list
from timmy_desktop.upgrades.types import Proposal

_TYPING_MS = 150
_STATES = (
    ("All", ""),
    ("Waiting", "pending"),
    ("Applied", "applied"),
    ("Not applied", "failed"),
    ("Rejected", "rejected"),
    ("Expired", "expired"),
    ("Rolled back", "rolled_back"),
)


class ListPage(QWidget):
    """Emits what was chosen; what is shown of it is the panel's business."""

    chosen = Signal(str)
    """The cursor is on this proposal."""
    entered = Signal(str)
    """Enter, or a double click, on this proposal."""
    open_repository_wanted = Signal()
    try_again_wanted = Signal()

    def __init__(self, model: ProposalsModel, now_us: Callable[[], int]) -> None:
        super().__init__()
        self.model = model
        self.search = QLineEdit()
        self.search.setPlaceholderText("Filter")
        self.search.setAccessibleName("Filter the proposals by words")
        self.search.setClearButtonEnabled(True)
        self.state = Choice()
        self.state.setAccessibleName("Which proposals to show")
        for words, value in _STATES:
            self.state.addItem(words, value)
        self.list = _List()
        self.empty = EmptyState("upgrades", "Loading", "The queue is being read.")
        self.stack = QStackedWidget()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._is_loaded = False
        self._targets = 0
        self._set_up(now_us)

    def _set_up(self, now_us: Callable[[], int]) -> None:
        quiet_list(self.list, "Proposals")
        self.list.setModel(self.model)
        self.list.setItemDelegate(proposal_delegate(now_us, self.list))
        TickWhileVisible(self.list, self.list.viewport().update)
        for page in (self.list, self.empty):
            self.stack.addWidget(page)
        filters = row(self.search, self.state, margins=(GAP, GAP, GAP, TIGHT))
        filters.setStretch(0, 1)
        layout = column(gap=0, margins=(0, 0, 0, 0))
        layout.addLayout(filters)
        layout.addWidget(self.stack, 1)
        self.setLayout(layout)
        self.stack.setCurrentWidget(self.empty)
        self._typing.timeout.connect(self._filter)
        self.search.textChanged.connect(lambda _: self._typing.start())
        self.state.currentIndexChanged.connect(lambda _: self._filter())
        self.list.selectionModel().currentChanged.connect(self._current)
        self.list.doubleClicked.connect(self._enter)
        self.list.entered_by_key.connect(self._enter)
        self.search.returnPressed.connect(self.focus_list)
        for changed in (self.model.layoutChanged, self.model.rowsInserted, self.model.modelReset):
            changed.connect(self.show_what_there_is)

    def show_loaded(self, targets: int) -> None:
        """The queue was read; `targets` repositories are open to proposals."""
        self._is_loaded, self._targets = True, targets
        self.show_what_there_is()

    def show_fault(self, words: str) -> None:
        self.empty.show_state(
            "bad", "The queue can't be read", words, [("Try again", self.try_again_wanted.emit)], tone="bad"
        )
        self.stack.setCurrentWidget(self.empty)

    def show_what_there_is(self) -> None:
        """The list, or why there is none."""
        if self.model.rowCount():
            self.stack.setCurrentWidget(self.list)
            return
        if self._is_loaded:
            self._show_empty()
        self.stack.setCurrentWidget(self.empty)

    def focus_list(self) -> None:
        self.list.setFocus()
        if not self.list.currentIndex().isValid() and self.model.rowCount():
            self.list.setCurrentIndex(self.model.index(0, 0))

    def choose(self, proposal_id: str) -> None:
        """Puts the cursor on this one, whatever the filters say."""
        index = self.model.index_of(proposal_id)
        if not index.isValid():
            self.search.clear()
            self.state.setCurrentIndex(0)
            self._filter()
            index = self.model.index_of(proposal_id)
        self.list.setCurrentIndex(index)

    def stop(self) -> None:
        self._typing.stop()

    def _show_empty(self) -> None:
        if self.model.total:
            self.empty.show_state("filter", "Nothing like that", "No proposal fits these filters.", [
                ("Show all", self._show_all)])  # fmt: skip
        elif self._targets:
            self.empty.show_state(
                "upgrades",
                "Nothing waits for you",
                "When an agent proposes a change to code, it is reviewed here before anything is applied.",
                [("Open another repository…", self.open_repository_wanted.emit)],
            )
        else:
            self.empty.show_state(
                "upgrades",
                "No repository is open to proposals",
                "Agents propose changes only to repositories that you open. Your checkout is not touched.",
                [("Open a repository…", self.open_repository_wanted.emit)],
            )

    def _show_all(self) -> None:
        self.search.clear()
        self.state.setCurrentIndex(0)

    def _filter(self) -> None:
        self._typing.stop()
        self.model.show_only(self.search.text(), str(self.state.currentData()))
        self.show_what_there_is()

    def _current(self, index: QModelIndex, _: QModelIndex) -> None:
        proposal = index.data(PROPOSAL_ROLE)
        if isinstance(proposal, Proposal):
            self.chosen.emit(proposal.id)

    def _enter(self, index: QModelIndex) -> None:
        proposal = index.data(PROPOSAL_ROLE)
        if isinstance(proposal, Proposal):
            self.entered.emit(proposal.id)


class _List(QListView):
    entered_by_key = Signal(QModelIndex)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.entered_by_key.emit(self.currentIndex())
            return
        super().keyPressEvent(event)
