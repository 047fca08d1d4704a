"""Does what the Facts page wishes: tells a fact, looks for what it contradicts, nods and refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from timmy_desktop.gui.panels.memory.deeds import Deeds
from timmy_desktop.gui.panels.memory.facts_page import FactsPage
from timmy_desktop.gui.panels.memory.rows import Row
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import PERSON, Contradiction, Entry

Act = Callable[[str, Sequence[Row]], object]


class FactsDesk:
    """`act(name, rows)` does what a key or a button wants; `say(words, tone)` tells."""

    def __init__(
        self,
        memory: Memory,
        starter: SlotTasks,
        page: FactsPage,
        deeds: Deeds,
        *,
        act: Act,
        say: Callable[[str, str], object],
    ) -> None:
        self._memory, self._starter, self._page, self._deeds = memory, starter, page, deeds
        self._act, self._say = act, say
        page.told.connect(self._tell)
        page.rival.action_button.clicked.connect(lambda _: page.replace_rival())
        page.act_requested.connect(self._wanted)
        page.model.edit_requested.connect(deeds.edit)
        page.table.nodded.connect(self._nod)

    def _wanted(self, name: str) -> None:
        if name.endswith("-all"):
            self._act(name.removesuffix("-all"), self._page.model.proposed)
        else:
            self._act(name, self._page.table.chosen)

    def _nod(self, name: str, entry_id: str) -> None:
        self._act(name, [row for row in self._page.model.proposed if row.id == entry_id])

    def _tell(self, content: str) -> None:
        self._deeds.remember(content, then=self._told, failed=self._page.say_rival)

    def _told(self, entry: Entry) -> None:
        page = self._page
        page.show_told()
        self._say("Remembered. Every agent finds it from now on.", "good")
        self._starter.start(
            "rivals",
            self._rivals(entry),
            lambda found: page.show_rivals(found, lambda old: self._deeds.supersede(old, entry.id)),
        )

    async def _rivals(self, entry: Entry) -> tuple[Contradiction, ...]:
        found = await self._memory.contradictions(entry.content, asker=PERSON)
        return tuple(one for one in found if one.entry.id != entry.id)
