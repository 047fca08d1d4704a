"""Connects the parts of the dock: which wish goes where."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence

if TYPE_CHECKING:
    from timmy_desktop.gui.panels.memory.panel import MemoryPanel


def wire(panel: MemoryPanel) -> None:
    """Once, when every part is there."""
    _wire_list(panel)
    table, reader, upkeep, documents = panel.facts.table, panel.reader, panel.upkeep, panel.documents
    table.menu_requested.connect(lambda place: panel.show_menu(table.chosen, place))
    table.current_changed.connect(panel.follow)
    reader.back_requested.connect(panel.close_entry)
    reader.place_requested.connect(panel.show_place)
    for opened in (
        panel.page.list.open_requested,
        table.open_requested,
        panel.map.opened,
        upkeep.statistics.opened,
        upkeep.test.opened,
    ):
        opened.connect(panel.open_entry)
    documents.import_requested.connect(panel.importing.add)
    documents.stop_requested.connect(panel.importing.stop)
    documents.opened.connect(lambda key, title: panel.show_place("document", key, title))
    documents.forget_requested.connect(panel.acts.forget_document)
    panel.tabs.currentChanged.connect(panel.turn)
    _on_keys(panel, QKeySequence.StandardKey.Undo, panel.undo)
    _on_keys(panel, QKeySequence.StandardKey.Find, panel.look_for)


def _wire_list(panel: MemoryPanel) -> None:
    page, status = panel.page, panel.memory.status
    page.asked.connect(panel.ask)
    page.retry = page.ask_now
    page.entries = lambda: status().entries
    page.is_told_above = lambda: status().embedder == "missing"
    page.choices_when_empty = (
        ("Tell a fact", panel.tell_a_fact),
        ("Import documents…", panel.tabs.ask_for_files),
    )
    page.list.current_changed.connect(panel.preview)
    page.list.act_requested.connect(lambda name: panel.act(name, page.list.chosen))
    page.list.menu_requested.connect(lambda place: panel.show_menu(page.list.chosen, place))
    page.bulk.act_requested.connect(panel.act_on_several)
    panel.model.more_wanted.connect(panel.finder.more)


def _on_keys(panel: MemoryPanel, keys: QKeySequence.StandardKey, act: Callable[[], object]) -> None:
    shortcut = QAction(panel)
    shortcut.setShortcut(QKeySequence(keys))
    shortcut.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    shortcut.triggered.connect(lambda *_: act())
    panel.addAction(shortcut)
