"""The Map page: memories in two dimensions, a legend that hides types, and the same as a list."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QToolButton, QWidget

from timmy_desktop.gui.panels.memory.map_view import MapView, map_mark
from timmy_desktop.gui.panels.memory.table import Cells, Table
from timmy_desktop.gui.panels.memory.wording import TYPES, memories, share
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.parts import button, column, glyph_button, label, row
from timmy_desktop.inert import inert_line
from timmy_desktop.memory import Memory
from timmy_desktop.memory.types import ENTRY_TYPES, PERSON, Projection

_NARROW = 560


class MapPage(QWidget):
    """Reads the projection by itself when it is shown and something has changed."""

    opened = Signal(str)

    def __init__(self, memory: Memory, starter: SlotTasks) -> None:
        super().__init__()
        self._memory, self._starter = memory, starter
        self.is_stale = True
        self.projection: Projection | None = None
        self.map = MapView()
        self.list = Table("Memories on the map", ("Memory", "Type"), stretch=0)
        self.busy = BusyBar(lambda: self._starter.cancel("map"))
        self.state = EmptyState("memory", "Drawing the map", "Similar memories are put near each other.")
        self.told = label(tone="muted", size="small")
        self.chips = {kind: self._chip(kind) for kind in ENTRY_TYPES}
        self.list_button = glyph_button("events", "Show as a list", self._show_page, checkable=True)
        self.nearer = glyph_button("plus", "Nearer ( + )", lambda: self.map.zoom(1.5))
        self.further = glyph_button("minus", "Further ( − )", lambda: self.map.zoom(1 / 1.5))
        self.whole = button("Whole map", self.map.zoom_out_whole, variant="quiet", hint="0")
        self._lay_out()
        self.map.opened.connect(self.opened)
        self.list.opened.connect(self.opened)
        Theme.current().changed.connect(self._restyle)

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        for part in (self.map, self.list, self.state):
            self.stack.addWidget(part)
        self.stack.setCurrentWidget(self.state)
        tools = (self.told, self.nearer, self.further, self.whole, self.list_button)
        layout = column(gap=0, margins=(0, 0, 0, 0))
        layout.addLayout(row(*self.chips.values(), None, *tools, gap=TIGHT, margins=(12, GAP, GAP, GAP)))
        layout.addWidget(self.busy)
        layout.addWidget(self.stack, 1)
        self.setLayout(layout)
        self.list.horizontalHeader().resizeSection(1, 120)

    def load(self) -> None:
        """Asks for the map, if what is shown is not as it is any more."""
        if self.is_stale and not self._starter.running("map"):
            self.is_stale = False
            self.busy.start("Computing the map, in the background")
            self._starter.start("map", self._memory.projection(asker=PERSON), self._show, failed=self._failed)

    def forget(self, ids: Iterable[str]) -> None:
        """Points of entries that are gone leave at once, with their words."""
        gone = frozenset(ids)
        if self.projection is not None:
            left = tuple(point for point in self.projection.points if point.entry_id not in gone)
            self._show(Projection(left, self.projection.explained, self.projection.left_out))
        self.is_stale = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _NARROW
        for part in (self.told, self.whole):
            part.setVisible(wide)
        for kind, chip in self.chips.items():
            chip.setToolButtonStyle(
                Qt.ToolButtonStyle.ToolButtonTextBesideIcon
                if self.width() >= 420
                else Qt.ToolButtonStyle.ToolButtonIconOnly
            )
            chip.setToolTip(f"Show or hide {TYPES[kind].many.casefold()}")

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)

    def _show(self, projection: Projection) -> None:
        self.busy.finish()
        self.projection = projection
        self.map.show_points(projection.points)
        self._show_list()
        for kind, chip in self.chips.items():
            number = sum(point.type == kind for point in projection.points)
            chip.setText(f" {TYPES[kind].many} {number:,}")
        left = f", {memories(projection.left_out)} not on it" if projection.left_out else ""
        self.told.setText(f"two dimensions show {share(projection.explained)} of the differences{left}")
        self.told.setToolTip("Near points mean similar things; two dimensions can't show all that differs.")
        if not projection.points:
            self.state.show_state(
                "memory",
                "Nothing to draw yet",
                "A memory comes onto the map as soon as its meaning is indexed.",
                (("Look again", self._again),),
            )
        self._show_page()

    def _show_list(self) -> None:
        points = self.projection.points if self.projection else ()
        self.list.cells.show_rows(
            [
                Cells(point.entry_id, (inert_line(point.label, 160), TYPES[point.type].word))
                for point in sorted(points, key=lambda point: (point.type, point.x, point.y))
                if point.type not in self.map.hidden
            ]
        )

    def _failed(self, error: Exception) -> None:
        self.busy.finish()
        self.is_stale = True
        text = f"{inert_line(str(error), 300)} The memories themselves are not touched."
        self.state.show_state("bad", "The map can't be drawn", text, (("Try again", self.load),), tone="bad")
        self.stack.setCurrentWidget(self.state)

    def _again(self) -> None:
        self.is_stale = True
        self.load()

    def _show_page(self) -> None:
        if self.projection is None or not self.projection.points:
            self.stack.setCurrentWidget(self.state)
        else:
            self.stack.setCurrentWidget(self.list if self.list_button.isChecked() else self.map)
        words = "Show as a map" if self.list_button.isChecked() else "Show as a list"
        self.list_button.setToolTip(words)
        self.list_button.setAccessibleName(words)

    def _hide_types(self) -> None:
        hidden = frozenset(kind for kind, chip in self.chips.items() if not chip.isChecked())
        self.map.hide_types(hidden)
        self._show_list()

    def _chip(self, kind: str) -> QToolButton:
        made = QToolButton()
        made.setText(f" {TYPES[kind].many}")
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        made.setIcon(QIcon(map_mark(kind)))
        made.setIconSize(QSize(14, 14))
        made.setCheckable(True)
        made.setChecked(True)
        made.setProperty("variant", "chip")
        made.setAccessibleName(f"Show {TYPES[kind].many.casefold()} on the map")
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        made.toggled.connect(partial(self._toggled))
        return made

    def _toggled(self, _: bool) -> None:
        self._hide_types()

    def _restyle(self) -> None:
        for kind, chip in self.chips.items():
            chip.setIcon(QIcon(map_mark(kind)))
