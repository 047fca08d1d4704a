"""Opens memories in the reading pane, and does what the pane and its links wish."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint

from timmy_desktop.gui.panel import OpenConversation, OpenTask, Wish
from timmy_desktop.gui.panels.memory.deeds import Deeds
from timmy_desktop.gui.panels.memory.entry_view import EntryView
from timmy_desktop.gui.panels.memory.model import ResultsModel
from timmy_desktop.gui.panels.memory.reading import Reading, read
from timmy_desktop.gui.panels.memory.rows import Row, row_of
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.memory import Memory

Act = Callable[[str, Sequence[Row]], object]


class ReadingDesk:
    """The newest entry that was asked for is shown; late ones are dropped."""

    def __init__(
        self,
        memory: Memory,
        starter: SlotTasks,
        view: EntryView,
        model: ResultsModel,
        deeds: Deeds,
        *,
        act: Act,
        menu: Callable[[Sequence[Row], QPoint], object],
        wish: Callable[[Wish], object],
        shown: Callable[[str], object],
    ) -> None:
        """`shown(entry_id)` follows when an entry is on screen."""
        self._memory, self._starter, self._view, self._model = memory, starter, view, model
        self._deeds, self._act, self._menu, self._wish, self._shown = deeds, act, menu, wish, shown
        view.act_requested.connect(self._wanted)
        view.saved.connect(self._save)
        view.uses.reply_requested.connect(self._open_reply)

    def open(self, entry_id: str, *, to_edit: bool = False) -> None:
        """Reads an entry with all that is told of it."""

        def show(reading: Reading) -> None:
            self._show(reading)
            if to_edit:
                self._view.begin_edit()

        self._starter.start("entry", read(self._memory, entry_id), show, failed=self._failed)

    def bring_up(self, changed: set[str]) -> None:
        """Reads the shown entry again where it changed, unless somebody writes in it."""
        entry = self._view.entry
        if entry is not None and entry.id in changed and not self._view.is_editing:
            self.open(entry.id)

    def _show(self, reading: Reading) -> None:
        row = self._model.row_of(reading.entry.id)
        words = tuple(row.text[start : start + length] for start, length in row.marks) if row else ()
        self._view.show_entry(reading, words)
        self._shown(reading.entry.id)

    def _failed(self, error: Exception) -> None:
        self._view.show_fault(str(error) or type(error).__name__)

    def _wanted(self, name: str) -> None:
        entry = self._view.entry
        if entry is None:
            return
        if name == "edit":
            self._view.begin_edit()
        elif name == "menu":
            below = self._view.more_button
            self._menu([row_of(entry)], below.mapToGlobal(below.rect().bottomLeft()))
        elif name == "newer":
            self.open(entry.superseded_by)
        elif name == "conversation":
            self._wish(OpenConversation(entry.conversation_id))
        elif name == "task":
            self._wish(OpenTask(entry.task_id))
        else:
            self._act(name, [row_of(entry)])

    def _save(self, content: str) -> None:
        if self._view.entry is not None:
            self._deeds.edit(
                self._view.entry.id,
                content,
                then=self._view.leave_edit,
                failed=self._view.box.problem.say,
            )

    def _open_reply(self, kind: str, reply_id: str) -> None:
        self._wish(OpenTask(reply_id) if kind == "task" else OpenConversation())
