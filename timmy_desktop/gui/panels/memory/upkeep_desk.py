"""Does what the Upkeep page wishes: self-test, rebuilding, pruning, export and import."""

from __future__ import annotations

from collections.abc import Callable

from timmy_desktop.gui.panels.memory.acts import Acts
from timmy_desktop.gui.panels.memory.upkeep_page import UpkeepPage
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import Progress


class UpkeepDesk:
    """`show()` brings the page to the front, `say(words, tone)` tells what has no place there."""

    def __init__(
        self,
        memory: Memory,
        starter: SlotTasks,
        page: UpkeepPage,
        acts: Acts,
        *,
        now_us: Callable[[], int],
        show: Callable[[], object],
        say: Callable[[str, str], object],
    ) -> None:
        self._memory, self._starter, self._page, self._acts = memory, starter, page, acts
        self._now_us, self._show, self._say = now_us, show, say
        self.is_rebuilding = False
        page.test.start_requested.connect(self.run_self_test)
        page.test.stop_requested.connect(self._stop_self_test)
        page.index.rebuild_requested.connect(self.rebuild)
        page.prune.prune_requested.connect(self.prune)
        page.export_requested.connect(lambda: acts.ask_where_to_export())
        page.import_requested.connect(acts.ask_what_to_import)

    def run_self_test(self) -> None:
        """Asks the facts in other words."""
        self._show()
        test = self._page.test
        self._page.ensureWidgetVisible(test)
        test.show_progress(Progress("Asking", 0, 0))
        self._starter.start(
            "self-test",
            self._memory.self_test(tell=test.show_progress),
            test.show_report,
            failed=lambda error: test.show_fault(str(error)),
        )

    def rebuild(self) -> None:
        """Builds the index anew; searching goes on meanwhile."""
        if self.is_rebuilding:
            return
        self.is_rebuilding = True
        self._show()
        index = self._page.index
        self._page.ensureWidgetVisible(index)
        index.show_progress(Progress("Building the index anew. Searching goes on meanwhile", 0, 0))
        self._starter.start(
            "rebuild",
            self._memory.rebuild(tell=index.show_progress),
            lambda number: self._rebuilt(f"The index was built anew and holds {number:,} memories.", "good"),
            failed=lambda error: self._rebuilt(
                f"The index was not built. {error} Words still search.", "bad"
            ),
        )

    def prune(self) -> None:
        """Asks, then forgets what is that old."""
        chosen = self._page.prune
        self._acts.prune(chosen.preview_count, chosen.before_us(self._now_us()), chosen.types)

    def _rebuilt(self, words: str, tone: str) -> None:
        self.is_rebuilding = False
        self._page.index.show_progress(None)
        self._say(words, tone)

    def _stop_self_test(self) -> None:
        self._starter.cancel("self-test")
        self._page.test.show_progress(None)
