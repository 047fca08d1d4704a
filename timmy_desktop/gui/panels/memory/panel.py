"""Memory: search what is remembered, read where it came from, correct it, and forget it for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QCursor,
    QResizeEvent,
)
from PySide6.QtWidgets import QLayout, QSplitter, QWidget

from timmy_desktop.gui.bridge import Bus
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import OpenMemory, Panel, Say, Wish
from timmy_desktop.gui.panels.memory.acts import Acts
from timmy_desktop.gui.panels.memory.commands import palette_commands
from timmy_desktop.gui.panels.memory.deeds import Deeds
from timmy_desktop.gui.panels.memory.desk import ReadingDesk
from timmy_desktop.gui.panels.memory.drops import DropTarget
from timmy_desktop.gui.panels.memory.entry_view import EntryView
from timmy_desktop.gui.panels.memory.facts_desk import FactsDesk
from timmy_desktop.gui.panels.memory.filters import Chosen
from timmy_desktop.gui.panels.memory.finder import Finder
from timmy_desktop.gui.panels.memory.importing import Importing
from timmy_desktop.gui.panels.memory.menu import menu_of
from timmy_desktop.gui.panels.memory.model import ResultsModel
from timmy_desktop.gui.panels.memory.news import News
from timmy_desktop.gui.panels.memory.pages import Pages
from timmy_desktop.gui.panels.memory.rows import Row
from timmy_desktop.gui.panels.memory.sentences import indexing_said, status_said, subtitle
from timmy_desktop.gui.panels.memory.told import Told
from timmy_desktop.gui.panels.memory.undo import UndoStack
from timmy_desktop.gui.panels.memory.upkeep_desk import UpkeepDesk
from timmy_desktop.gui.panels.memory.wiring import wire
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.parts import column, glyph_button
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import PERSON, MemoryStatus, Statistics
from timmy_desktop.supervisor import TaskSupervisor

_WIDE = 760


class MemoryPanel(Panel):
    """Pages at the left, the reading pane at the right; on a narrow dock one at a time."""

    def __init__(
        self,
        *,
        memory: Memory,
        bus: Bus,
        supervisor: TaskSupervisor,
        keepsakes: Keepsakes,
        now_us: Callable[[], int],
    ) -> None:
        super().__init__()
        self.memory, self._keepsakes = memory, keepsakes
        self.slot_tasks = SlotTasks.of(self, supervisor, "memory")
        self.model = ResultsModel(self)
        self.tabs = Pages(memory, self.slot_tasks, self.model, now_us)
        self.page, self.facts, self.documents = self.tabs.memories, self.tabs.facts, self.tabs.documents
        self.map, self.upkeep = self.tabs.map, self.tabs.upkeep
        self.reader = EntryView(now_us)
        self.told = Told(self, self._mend, self.undo)
        self.import_button = glyph_button("plus", "Import documents…", self.tabs.ask_for_files, side=26)
        self.undo_stack = UndoStack()
        self.deeds = Deeds(memory, self.slot_tasks, self.undo_stack, self._did, self._not_done)
        self.acts = Acts(self, memory, self.slot_tasks, self.deeds, self.say)
        self._make_desks(bus, now_us)
        self._status: MemoryStatus | None = None
        self._owners: set[str] = set()
        self._commands: list[QAction] = []
        self._reading = self._started = False
        self._wide = True
        self._unsubscribe: Callable[[], None] = lambda: None
        self._lay_out()
        wire(self)

    def _make_desks(self, bus: Bus, now_us: Callable[[], int]) -> None:
        memory, starter = self.memory, self.slot_tasks
        self.finder = Finder(memory, starter, self.model, self.page, now_us)
        self.desk = ReadingDesk(
            memory, starter, self.reader, self.model, self.deeds,
            act=self.act, menu=self.show_menu, wish=self.wished.emit, shown=self.map.map.choose,
        )  # fmt: skip
        self.facts_desk = FactsDesk(memory, starter, self.facts, self.deeds, act=self.act, say=self.say)
        self.upkeep_desk = UpkeepDesk(
            memory, starter, self.upkeep, self.acts,
            now_us=now_us, show=lambda: self.tabs.setCurrentWidget(self.upkeep), say=self.say,
        )  # fmt: skip
        self.importing = Importing(
            memory, starter, progress=self.documents.progress.show_progress,
            outcomes=self.documents.show_outcomes, ended=self.documents.show_ended,
            failed=lambda words: self.say(words, "bad"),
        )  # fmt: skip
        self.news = News(bus, self, forgotten=self._let_go, changed=self._bring_up)

    def _lay_out(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.tabs)
        self.splitter.addWidget(self.reader)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setSizes([600, 400])
        layout = column(self.told.above, self.splitter, self.told.below, gap=0, margins=(0, 0, 0, 0))
        layout.setStretch(1, 1)
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setLayout(layout)
        DropTarget(self, self._hovered, self._dropped)

    # What the window asks of a panel

    def start(self) -> None:
        """Reads what there is; once the services run."""
        if self._started:
            return
        self._started = True
        self._unsubscribe = self.memory.on_status(self._show_status)
        self._show_status(self.memory.status())
        self.tabs.restore(self._keepsakes)
        sizes = [int(part) for part in self._keepsakes.text("split").split(",") if part.isdecimal()]
        if len(sizes) == 2:
            self.splitter.setSizes(sizes)
        self.page.ask_now()
        self.facts.load()
        self.slot_tasks.start("owners", self.memory.statistics(asker=PERSON), self._know_owners)

    def title_tools(self) -> list[QWidget]:
        return [self.import_button]

    def fulfil(self, wish: Wish) -> bool:
        if isinstance(wish, OpenMemory):
            self.tabs.setCurrentWidget(self.page)
            self.open_entry(wish.entry_id)
            return True
        return False

    def focus_first(self) -> None:
        self.tabs.setCurrentWidget(self.page)
        self.page.search.setFocus()

    def palette_actions(self) -> list[QAction]:
        if not self._commands:
            self._commands = palette_commands(self)
        return self._commands

    def unfinished(self) -> str:
        if self.acts.is_forgetting:
            return "something is being forgotten, and the check after it would be missing"
        return "documents are being imported" if self.importing.is_running else ""

    def show_part(self, part: str) -> bool:
        name, _, words = part.partition(":")
        if name == "search":
            self.slot_tasks.start(
                "part", self._first_of(words), lambda found: self._show_search(words, found)
            )
            return True
        if name == "rebuilding":
            self.upkeep_desk.rebuild()
            return True
        return self.tabs.turn_to(name)

    async def _first_of(self, words: str) -> str:
        await self.memory.warm_up()
        result = await self.memory.search(words, asker=PERSON, limit=1)
        return result.hits[0].entry.id if result.hits else ""

    def _show_search(self, words: str, first: str) -> None:
        self.look_for(words)
        self.page.search.deselect()
        self.page.ask_now()
        if first:
            self.preview(first)

    def settle(self) -> bool:
        # A rebuilding under way is what is to be seen, as soon as it says how far it is.
        is_seen = self.slot_tasks.running("rebuild") and self.upkeep.index.is_telling
        is_waiting = self.slot_tasks.running(but="rebuild" if is_seen else "")
        return self._started and not is_waiting and not self.news.is_waiting

    def stop(self) -> None:
        self._unsubscribe()
        self._unsubscribe = lambda: None
        if self._started:
            # What is looked for is not kept: it may be what is forgotten next.
            self.tabs.keep(self._keepsakes)
            if not self.reader.isHidden() and not self.tabs.isHidden():
                self._keepsakes.put("split", ",".join(str(size) for size in self.splitter.sizes()))
            self._keepsakes.save()
        self.news.stop()
        self.told.stop()
        self.tabs.stop()
        self.slot_tasks.stop()

    # Reading

    def look_for(self, words: str | None = None) -> None:
        """Puts the keyboard into the search box."""
        self.tabs.setCurrentWidget(self.page)
        self._reading = self._reading and self._wide
        self._arrange()
        self.page.look_for(words)

    def open_entry(self, entry_id: str) -> None:
        """Shows a memory in the reading pane; on a narrow dock in the list's place."""
        self._read()
        self.desk.open(entry_id)

    def close_entry(self) -> None:
        """Back to the page."""
        self._reading = False
        self._arrange()
        self.tabs.focus_page()

    def follow(self, entry_id: str) -> None:
        """The cursor went to another fact: the pane follows where it is open."""
        if self._reading and self._wide:
            self.desk.open(entry_id)

    def ask(self, words: str, chosen: Chosen) -> None:
        """What the search box and the filters say."""
        if self._started:
            self.finder.ask(words, chosen)

    def show_place(self, kind: str, identifier: str, words: str) -> None:
        """Only what belongs to one task, conversation or document."""
        self.tabs.setCurrentWidget(self.page)
        self._reading = self._reading and self._wide
        self._arrange()
        self.page.search.clear()
        self.page.filters.show_place(kind, identifier, words)

    def tell_a_fact(self) -> None:
        """Puts the keyboard where a fact is told."""
        self.tabs.setCurrentWidget(self.facts)
        self.facts.tell.setFocus()

    def preview(self, entry_id: str) -> None:
        """Where there is room beside the list, what the cursor is on is read at once."""
        if self._wide:
            self.desk.open(entry_id)

    def _read(self) -> None:
        self._reading = True
        self._arrange()
        if not self._wide:
            self.reader.back_button.setFocus()

    # Acting

    def act(self, name: str, rows: Sequence[Row]) -> None:
        """Does by name what a key, a menu or a button wants with these rows."""
        if name == "open" and rows:
            self.open_entry(rows[0].id)
        elif name.startswith("open "):
            self.open_entry(name.removeprefix("open "))
        elif name == "edit" and rows:
            self._read()
            self.desk.open(rows[0].id, to_edit=True)
        else:
            self.acts.do(name, rows)

    def undo(self) -> None:
        """Takes back what was done last, if that is possible."""
        if self.undo_stack.next_words:
            self.deeds.undo()
        else:
            self.say("There is nothing to undo here. Forgetting can't be undone.", "info")

    def say(self, words: str, tone: str) -> None:
        self.wished.emit(Say(words, tone))

    def act_on_several(self, name: str) -> None:
        """What the bar below the list wants with what is chosen."""
        if name == "more":
            self.show_menu(self.page.list.chosen, QCursor.pos())
        else:
            self.act(name, self.page.list.chosen)

    def show_menu(self, rows: Sequence[Row], place: QPoint) -> None:
        """What can be done with these rows."""
        if rows:
            menu_of(self, rows, lambda name: self.act(name, rows)).popup(place)

    def _did(self, words: str) -> None:
        can_undo = bool(self.undo_stack.next_words) and not words.startswith("Undone")
        self.told.say_done(words, can_undo=can_undo)

    def _not_done(self, words: str) -> None:
        self.say(f"Nothing was changed. {words}", "bad")

    def _mend(self) -> None:
        """The next step that the line above offers."""
        if self._status is not None and self._status.index == "broken":
            self.upkeep_desk.rebuild()
        else:
            self.slot_tasks.start("warm-up", self.memory.warm_up())

    def _hovered(self, is_over: bool) -> None:
        if is_over:
            self.told.say_status("Drop to import into the memory.", "info")
        else:
            self._show_status(self.memory.status())

    def _dropped(self, files: Sequence[Path]) -> None:
        self.tabs.setCurrentWidget(self.documents)
        self.importing.add(files)

    # What happens

    def _let_go(self, ids: Iterable[str]) -> None:
        """Forgotten: no part of the panel keeps a word of it."""
        gone = set(ids)
        self.finder.forget(gone)
        self.tabs.forget(gone)
        self.undo_stack.forget(gone)
        if self.reader.entry is not None and self.reader.entry.id in gone:
            self.reader.clear()
            self._reading = False
            self._arrange()

    def _bring_up(self, changed: set[str], owners: set[str]) -> None:
        self._know(owners)
        self.finder.refresh()
        self.facts.load()
        self.map.is_stale = True
        self.desk.bring_up(changed)
        self.tabs.load_shown()

    def turn(self, _: int) -> None:
        """Another page is looked at."""
        self._reading = self._reading and self._wide and self.tabs.currentWidget() is self.page
        self._arrange()
        if self._started:
            self.tabs.load_shown()

    def _show_status(self, status: MemoryStatus) -> None:
        was, self._status = self._status, status
        self.told.say_status(*status_said(status))
        self.told.indexing.show_progress(None if self.upkeep_desk.is_rebuilding else indexing_said(status))
        self.upkeep.index.show_status(status)
        self.subtitle_changed.emit(subtitle(status))
        if was is None or bool(was.entries) != bool(status.entries):
            self._arrange()
        if was is not None and self.finder.query and _finds_more(was, status):
            self.finder.refresh()

    def _know_owners(self, told: Statistics) -> None:
        self._know(name for name, _ in told.by_owner)

    def _know(self, owners: Iterable[str]) -> None:
        self._owners.update(owners)
        self.page.filters.offer_owners(sorted(self._owners))

    # Room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 240)

    def _arrange(self) -> None:
        """Both beside each other where there is room, else the one that is being read."""
        self._wide = self.width() >= _WIDE
        beside = self._wide and self.tabs.currentWidget() is self.page
        has_some = self._status is None or self._status.entries > 0
        self.reader.setVisible(self._reading or (beside and has_some))
        self.tabs.setVisible(self._wide or not self._reading)
        self.reader.show_back(self._reading and not beside, "Close" if self._wide else "‹ Back")


def _finds_more(was: MemoryStatus, status: MemoryStatus) -> bool:
    """Whether meanings answer that did not a moment ago."""
    is_ready = was.embedder != "ready" and status.embedder == "ready"
    return is_ready or (was.pending > 0 and status.pending == 0)
