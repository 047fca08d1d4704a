"""The Facts page: tell one, nod to what was proposed, correct what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QWidget

from timmy_desktop.gui.panels.memory.facts_model import Column, FactRow, FactsModel, fact_row
from timmy_desktop.gui.panels.memory.facts_table import FactsTable
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, column, label, row
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import PERSON, PERSON_OWNER, Contradiction, Filters

PAGE = 200
_PROPOSED = Filters(types=("fact",), states=("proposed",))
_OWN = Filters(types=("fact",), owners=(PERSON_OWNER,))
_MEDIUM, _NARROW = 640, 420


class FactsPage(QWidget):
    """Reads what it shows by itself; what is done to a fact is the panel's business."""

    told = Signal(str)
    act_requested = Signal(str)
    proposed_changed = Signal(int)

    def __init__(self, memory: Memory, starter: SlotTasks) -> None:
        super().__init__()
        self._memory, self._starter = memory, starter
        self.model = FactsModel(self)
        self.table = FactsTable(self.model)
        self.tell = QLineEdit()
        self.tell.setPlaceholderText("Tell a fact, as in “My boat is called Wilma”")
        self.tell.setAccessibleName("Tell a fact")
        self.tell.setMaxLength(2000)
        self.tell_button = button("Remember", self._tell, hint="Return")
        self.rival = NoticeBar()
        self.waiting = label(strong=True)
        self.accept_button = button(
            "Accept all", lambda: self.act_requested.emit("accept-all"), hint="They are true"
        )
        self.reject_button = button("Reject all", lambda: self.act_requested.emit("reject-all"))
        self.state = EmptyState("fact", "Reading the facts", "They come from the database on this computer.")
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        self._waiting_room = QWidget()
        keys = label("A accepts, R rejects", tone="muted", size="small")
        self._keys = keys
        self._waiting_room.setLayout(
            row(self.waiting, keys, None, self.accept_button, self.reject_button, margins=(12, GAP, 12, 0))
        )
        self._waiting_room.hide()
        self._rival_room = QWidget()
        self._rival_room.setLayout(column(self.rival, gap=0, margins=(12, GAP, 12, 0)))
        self._rival_room.hide()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.table)
        self.stack.addWidget(self.state)
        self.stack.setCurrentWidget(self.state)
        head = row(self.tell, self.tell_button, margins=(12, GAP, 12, 0))
        head.setStretch(0, 1)
        layout = column(gap=0, margins=(0, 0, 0, 0))
        layout.addLayout(head)
        layout.addWidget(self._rival_room)
        layout.addWidget(self._waiting_room)
        layout.addSpacing(GAP)
        layout.addWidget(self.stack, 1)
        self.setLayout(layout)
        header = self.table.horizontalHeader()
        for place, width in ((Column.SOURCE, 150), (Column.USED, 96), (Column.SINCE, 96)):
            header.resizeSection(place, width)

    def _wire(self) -> None:
        self.tell.returnPressed.connect(self._tell)
        self.table.act_requested.connect(self.act_requested)
        self.model.more_wanted.connect(self._more)

    # Reading

    def load(self) -> None:
        """Reads the newest facts and every proposed one."""
        self._starter.start("facts", self._read(0), self._show, failed=self._failed)

    def _more(self) -> None:
        self._starter.start(
            "facts",
            self._read(self.model.rows[-1].row.number),
            lambda found: self.model.append(*found),
            failed=self._failed,
        )

    async def _read(self, before: int) -> tuple[list[FactRow], bool]:
        own = await self._memory.entries(asker=PERSON, filters=_OWN, limit=PAGE, before=before)
        proposed = [] if before else await self._memory.entries(asker=PERSON, filters=_PROPOSED, limit=PAGE)
        return [fact_row(entry) for entry in (*proposed, *own)], len(own) >= PAGE

    def _show(self, found: tuple[list[FactRow], bool]) -> None:
        place = self.table.currentIndex().row()
        had_focus = self.table.hasFocus()
        self.model.show_facts(*found)
        proposed = len(self.model.proposed)
        self._say_waiting(proposed)
        self._waiting_room.setVisible(proposed > 0)
        self.proposed_changed.emit(proposed)
        if self.model.rows:
            self.stack.setCurrentWidget(self.table)
            if place >= 0:
                self.table.choose_place(place)
            if had_focus:
                self.table.setFocus()
            return
        self.state.show_state(
            "fact",
            "No facts yet",
            "Tell one above, or talk to Timmy: what you say of yourself is proposed here, for your nod.",
            (("Tell a fact", self.tell.setFocus),),
        )
        self.stack.setCurrentWidget(self.state)

    def _say_waiting(self, proposed: int) -> None:
        words = f"{count(proposed, 'fact')} {'waits' if proposed == 1 else 'wait'}"
        self.waiting.setText(words if self.width() < _NARROW else f"{words} for your nod")

    def _failed(self, error: Exception) -> None:
        self.state.show_state(
            "bad",
            "The facts can't be read",
            inert_line(str(error), 300),
            (("Try again", self.load),),
            tone="bad",
        )
        self.stack.setCurrentWidget(self.state)

    def forget(self, ids: Iterable[str]) -> None:
        """Entries that are gone leave the screen at once."""
        gone = frozenset(ids)
        left = [fact for fact in self.model.rows if fact.id not in gone]
        self.model.show_facts(left, self.model.more_to_come)
        self.say_rival("")

    # Telling

    def _tell(self) -> None:
        text = self.tell.text().strip()
        if text:
            self.told.emit(text)

    def show_told(self) -> None:
        """It is remembered; the next one can be told."""
        self.tell.clear()
        self.tell.setFocus()

    def show_rivals(self, rivals: Iterable[Contradiction], replace: Callable[[str], object]) -> None:
        """What the fact that was told may contradict, though it does not simply replace it."""
        first = next(iter(rivals), None)
        if first is None:
            self.say_rival("")
            return
        old = first.entry
        words = f"Remembered. An older one may contradict it: “{inert_line(old.content, 120)}”."
        self.say_rival(words, "Replace the older")
        self._replace: Callable[[], object] = lambda: replace(old.id)

    def say_rival(self, words: str, action: str = "") -> None:
        """Shows or hides the line below the box."""
        self.rival.say(words, "warn", action)
        self._rival_room.setVisible(bool(words))

    def replace_rival(self) -> None:
        """The person wants the older one replaced."""
        self._replace()
        self.say_rival("")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # On a narrow page the fact itself needs the room.
        self.table.setColumnHidden(Column.SOURCE, self.width() < _MEDIUM)
        self.table.setColumnHidden(Column.USED, self.width() < _NARROW)
        self.table.setColumnHidden(Column.SINCE, self.width() < _NARROW)
        self._keys.setVisible(self.width() >= _MEDIUM)
        self._say_waiting(len(self.model.proposed))

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)
