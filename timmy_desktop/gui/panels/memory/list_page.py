"""The Memories page: what to look for, what to look among, and what was found."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QStackedWidget, QWidget

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.memory.bulk_bar import BulkBar
from timmy_desktop.gui.panels.memory.filter_bar import FilterBar
from timmy_desktop.gui.panels.memory.filters import Chosen
from timmy_desktop.gui.panels.memory.memory_list import MemoryList
from timmy_desktop.gui.panels.memory.model import ResultsModel
from timmy_desktop.gui.panels.memory.wording import memories
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import column, glyph_button, label, row
from timmy_desktop.inert import inert_line

TYPING_MS = 120
_LOW = 260


class ListPage(QWidget):
    """Holds the parts together; what the memory answers, the finder shows here."""

    asked = Signal(str, object)
    """The words and the Chosen filters."""

    def __init__(self, model: ResultsModel, now_us: Callable[[], int]) -> None:
        super().__init__()
        self.model = model
        self.choices_when_empty: tuple[tuple[str, Callable[[], object]], ...] = ()
        self.retry: Callable[[], object] = lambda: None
        self.entries: Callable[[], int] = lambda: 0
        self.is_told_above: Callable[[], bool] = lambda: False
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search by meaning, words, names or numbers")
        self.search.setAccessibleName("Search the memory")
        self.search.setToolTip('Words in "quotes" are found as they stand  ( / )')
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter_button = glyph_button("filter", "Show the filters", checkable=True, side=32)
        self.filters = FilterBar()
        self._by_words_alone = False
        self.busy = BusyBar()
        self.note = NoticeBar()
        self.told = label(tone="muted", size="small")
        self.list = MemoryList(model, now_us)
        self.bulk = BulkBar()
        self.state = EmptyState("memory", "Opening the memory", "The newest entries are being read.")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        self.stack.addWidget(self.list)
        self.stack.addWidget(self.state)
        self.stack.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.stack.setCurrentWidget(self.state)
        edges = (GAP + TIGHT, GAP, GAP + TIGHT, 0)
        head = row(self.search, self.filter_button, gap=TIGHT, margins=edges)
        head.setStretch(0, 1)
        self._filter_room = QWidget()
        self._filter_room.setLayout(column(self.filters, gap=0, margins=edges))
        self._note_room = QWidget()
        self._note_room.setLayout(column(self.note, gap=0, margins=edges))
        self._told_room = QWidget()
        self._told_room.setLayout(row(self.told, None, margins=(GAP + TIGHT + TIGHT, TIGHT, GAP, 0)))
        layout = column(gap=0, margins=(0, 0, 0, 0))
        layout.addLayout(head)
        layout.addWidget(self._filter_room)
        layout.addWidget(self._note_room)
        layout.addWidget(self._told_room)
        layout.addSpacing(TIGHT)
        layout.addWidget(self.busy)
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.bulk)
        self.setLayout(layout)
        self._note_room.hide()
        self._told_room.hide()
        self.filter_button.setChecked(True)

    def _wire(self) -> None:
        self.search.textChanged.connect(lambda _: self._typing.start())
        self.search.returnPressed.connect(self._to_list)
        self._typing.timeout.connect(self.ask_now)
        self.filters.changed.connect(self.ask_now)
        self.filter_button.toggled.connect(lambda _: self._fit())
        self.list.search_wanted.connect(self.look_for)
        self.list.chosen_changed.connect(lambda: self.bulk.show_chosen(len(self.list.selectedIndexes())))
        for change in (self.model.rowsInserted, self.model.rowsRemoved):
            change.connect(lambda *_: self._show_list())

    # What the person does

    def look_for(self, words: str | None = None) -> None:
        """Puts the keyboard into the search box."""
        if words is not None:
            self.search.setText(words)
        self.search.setFocus()
        self.search.selectAll()

    def ask_now(self) -> None:
        """Asks without waiting for more letters."""
        self._typing.stop()
        self._fit()
        self.asked.emit(self.search.text(), self.filters.chosen)

    def clear(self) -> None:
        """Everything that is in use, newest first."""
        self.search.clear()
        self.filters.choose(Chosen())

    def stop(self) -> None:
        """Lets go of the timers."""
        self._typing.stop()
        self.busy.finish()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search.hasFocus() and self.search.text():
            self.search.clear()
        elif event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self._to_list()
        else:
            super().keyPressEvent(event)

    # What the finder tells

    def show_searching(self) -> None:
        self.busy.start("Searching the memory")

    def show_found(self, note: str, took_ms: float, *, is_new: bool) -> None:
        self.busy.finish()
        self._by_words_alone = bool(note)
        note = "" if self.is_told_above() else note
        self.note.say(inert_line(note, 400))
        self._note_room.setVisible(bool(note))
        number, more = self.model.rowCount(), self.model.more_to_come
        asked = bool(self.search.text().strip())
        self.told.setText(f"{memories(number)}{' or more' if more else ''} in {took_ms:.0f} ms, best first")
        self._told_room.setVisible(asked and number > 0)
        if is_new:
            self.list.scrollToTop()
        self._show_list()

    def show_fault(self, words: str) -> None:
        self.busy.finish()
        text = f"{inert_line(words, 300)} Nothing is lost: the memories are on the disk."
        self.state.show_state(
            "bad", "The memory can't be read", text, (("Try again", self.retry),), tone="bad"
        )
        self.stack.setCurrentWidget(self.state)

    def _show_list(self) -> None:
        """The list, or in words why it is empty."""
        if self.model.rowCount():
            self.stack.setCurrentWidget(self.list)
            return
        if self.busy.busy:
            return
        if not self.entries():
            self.state.show_state(
                "memory",
                "Nothing is remembered yet",
                "Talk to Timmy, tell a fact or import documents. What is remembered is found here by "
                "meaning, and stays on this computer.",
                self.choices_when_empty,
            )
        else:
            self._say_nothing_found()
        self.stack.setCurrentWidget(self.state)

    def _say_nothing_found(self) -> None:
        words = inert_line(self.search.text(), 60)
        narrowed = not self.filters.chosen.is_default
        text = "Other words may find it; meaning is searched as well as words."
        if self._by_words_alone:
            text = "Words that stand in it find it; meaning was not searched."
        if narrowed:
            text = "The filters leave it out, or it was never told. Look among all, or use other words."
        title = f"Nothing fits “{words}”" if words else "Nothing passes these filters"
        self.state.show_state("search", title, text, (("Show everything in use", self.clear),))

    # Room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)

    def _fit(self) -> None:
        """On a low dock the filters give way unless they are in use."""
        wanted = self.filter_button.isChecked()
        low = self.height() < _LOW and self.filters.chosen.is_default
        shown = wanted and not low
        if self._filter_room.isHidden() == shown:
            self._filter_room.setVisible(shown)
        words = "Hide the filters" if wanted else "Show the filters"
        self.filter_button.setToolTip(words)
        self.filter_button.setAccessibleName(words)

    def _to_list(self) -> None:
        if self._typing.isActive():
            self.ask_now()
        self.list.setFocus()
        if not self.list.currentIndex().isValid() and self.model.rowCount():
            self.list.setCurrentIndex(self.model.index(0))
