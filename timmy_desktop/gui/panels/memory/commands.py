"""What the command palette offers of the memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction

from timmy_desktop.gui.palette_actions import palette_actions
from timmy_desktop.gui.panels.memory.filters import Chosen

if TYPE_CHECKING:
    from timmy_desktop.gui.panels.memory.panel import MemoryPanel


def palette_commands(panel: MemoryPanel) -> list[QAction]:
    """In the order in which they are likely to be wanted."""
    documents, acts, desk = panel.documents, panel.acts, panel.upkeep_desk
    commands: tuple[tuple[str, Callable[[], object]], ...] = (
        ("Search the memory", panel.look_for),
        ("Tell a fact", panel.tell_a_fact),
        ("Show facts that wait for a nod", lambda: _turn_to(panel, 1)),
        ("Import documents into the memory…", documents.ask_for_files),
        ("Import a folder into the memory…", documents.ask_for_folder),
        ("Show the map of memories", lambda: _turn_to(panel, 3)),
        ("Show pinned memories", lambda: _show_chosen(panel, Chosen(pinned=True))),
        ("Undo the last change of a memory", panel.undo),
        ("Test how well facts are recalled", desk.run_self_test),
        ("Rebuild the index of memories", desk.rebuild),
        ("Prune old memories…", lambda: _turn_to(panel, 4)),
        ("Export the memory…", acts.ask_where_to_export),
        ("Import an export of a memory…", acts.ask_what_to_import),
    )
    return palette_actions(panel, commands)


def _turn_to(panel: MemoryPanel, page: int) -> None:
    panel.tabs.setCurrentIndex(page)
    panel.tabs.focus_page()


def _show_chosen(panel: MemoryPanel, chosen: Chosen) -> None:
    panel.tabs.setCurrentIndex(0)
    panel.page.search.clear()
    panel.page.filters.choose(chosen)
    panel.page.list.setFocus()
