"""The pages of the dock as tabs; what costs something is read when its page is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QTableView, QTabWidget

from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panels.memory.documents_page import DocumentsPage
from timmy_desktop.gui.panels.memory.facts_page import FactsPage
from timmy_desktop.gui.panels.memory.list_page import ListPage
from timmy_desktop.gui.panels.memory.map_page import MapPage
from timmy_desktop.gui.panels.memory.model import ResultsModel
from timmy_desktop.gui.panels.memory.table import set_widths, widths_of
from timmy_desktop.gui.panels.memory.upkeep_page import UpkeepPage
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import PERSON

_NARROW = 430
_EDGES = 30  # what a tab has around its words
_TIGHT = "QTabBar::tab { padding: 6px 4px; }"
_WORDS = (
    ("Memories", "Search"),
    ("Facts", "Facts"),
    ("Documents", "Files"),
    ("Map", "Map"),
    ("Upkeep", "Upkeep"),
)
"""What the tabs say, and what on a narrow dock."""


class Pages(QTabWidget):
    """Memories, facts, documents, map, upkeep."""

    def __init__(
        self, memory: Memory, starter: SlotTasks, model: ResultsModel, now_us: Callable[[], int]
    ) -> None:
        super().__init__()
        self._memory, self._starter = memory, starter
        self.memories = ListPage(model, now_us)
        self.facts = FactsPage(memory, starter)
        self.documents = DocumentsPage()
        self.map = MapPage(memory, starter)
        self.upkeep = UpkeepPage(memory, starter, now_us)
        self._proposed = 0
        self.setDocumentMode(True)
        self.setAccessibleName("Memory")
        self.tabBar().setAccessibleName("Parts of the memory")
        self.tabBar().setUsesScrollButtons(False)
        self.tabBar().setElideMode(Qt.TextElideMode.ElideRight)
        for page in (self.memories, self.facts, self.documents, self.map, self.upkeep):
            self.addTab(page, "")
        self.facts.proposed_changed.connect(self._show_proposed)
        self._name_tabs()

    def load_shown(self) -> None:
        """Reads what the page that is looked at shows."""
        shown = self.currentWidget()
        if shown is self.map:
            self.map.load()
        elif shown is self.upkeep:
            self.upkeep.load()
        elif shown is self.documents:
            self._starter.start(
                "documents",
                self._memory.documents(asker=PERSON),
                self.documents.show_documents,
                failed=lambda error: self.documents.show_fault(str(error)),
            )

    def forget(self, ids: Iterable[str]) -> None:
        """Entries that are gone leave every page but the first, which the finder looks after."""
        gone = set(ids)
        self.facts.forget(gone)
        self.map.forget(gone)
        self.upkeep.forget(gone)
        self.documents.forget()

    def turn_to(self, name: str) -> bool:
        """Shows the page that is called so; False where none is."""
        names = [words.casefold() for words, _ in _WORDS]
        if name not in names:
            return False
        self.setCurrentIndex(names.index(name))
        return True

    def ask_for_files(self) -> None:
        """Lets the person choose files to import."""
        self.setCurrentWidget(self.documents)
        self.documents.ask_for_files()

    def focus_page(self) -> None:
        """Puts the keyboard into what the page is about."""
        shown = self.currentWidget()
        for page, part in (
            (self.memories, self.memories.list),
            (self.facts, self.facts.table),
            (self.map, self.map.map),
        ):
            if shown is page:
                part.setFocus()
                return
        if shown is not None:
            shown.setFocus()

    def restore(self, kept: Keepsakes) -> None:
        """Columns and filters as they were."""
        for name, table in self._tables().items():
            set_widths(table, kept.text(f"widths-{name}"))
        self.memories.filter_button.setChecked(kept.text("filters") != "hidden")

    def keep(self, kept: Keepsakes) -> None:
        """Keeps them."""
        for name, table in self._tables().items():
            kept.put(f"widths-{name}", widths_of(table))
        kept.put("filters", "shown" if self.memories.filter_button.isChecked() else "hidden")

    def stop(self) -> None:
        """Lets go of the timers."""
        self.memories.stop()
        self.map.busy.finish()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._name_tabs()

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 160)

    def _show_proposed(self, number: int) -> None:
        self._proposed = number
        self._name_tabs()

    def _name_tabs(self) -> None:
        """As long words as there is room for, and at last with less around them."""
        narrow = self.width() < _NARROW
        words = [short if narrow else long for long, short in _WORDS]
        if self._proposed:
            words[1] += f" ({self._proposed})"
        for place, one in enumerate(words):
            if one != self.tabText(place):
                self.setTabText(place, one)
        metrics = self.tabBar().fontMetrics()
        needed = sum(metrics.horizontalAdvance(one) + _EDGES for one in words)
        style = _TIGHT if needed > self.width() else ""
        if style != self.tabBar().styleSheet():
            self.tabBar().setStyleSheet(style)

    def _tables(self) -> dict[str, QTableView]:
        documents = self.documents
        return {"facts": self.facts.table, "documents": documents.table, "outcomes": documents.outcomes}
