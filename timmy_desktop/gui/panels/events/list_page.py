"""The list with its histogram, its filters and the details beside it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.events.bar import FilterBar
from timmy_desktop.gui.panels.events.chips import ChipBar
from timmy_desktop.gui.panels.events.columns import Names
from timmy_desktop.gui.panels.events.detail import DetailView
from timmy_desktop.gui.panels.events.histogram_view import HistogramView
from timmy_desktop.gui.panels.events.model import EventsModel
from timmy_desktop.gui.panels.events.table import EventsTable
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, label, row
from timmy_desktop.gui.wording import count

_BESIDE, _HIGH, _LOW = 760, 240, 460
"""From this width on the details stand beside the list; below these heights there is no histogram, and no
room for details below the list."""


class ListPage(QWidget):
    """Arranges; the panel wires."""

    def __init__(self, model: EventsModel, names: Names) -> None:
        super().__init__()
        self.bar, self.chips = FilterBar(names), ChipBar()
        self.histogram, self.table, self.detail = HistogramView(), EventsTable(model), DetailView(names)
        self.busy, self.notice = BusyBar(), NoticeBar("Back to the log")
        self.state = EmptyState("events", "Events", "Reading the log…")
        self.total, self.hint = label(tone="muted", size="small"), label(tone="muted", size="small")
        self.new_button = button("", glyph="top", hint="Show the newest (Home)")
        self.new_button.setProperty("variant", "floating")
        self.new_button.setParent(self.table)
        self.new_button.hide()
        self._build()

    def show_new(self, number: int, at_most: int) -> None:
        """So many events wait above."""
        more = "+" if number >= at_most else ""
        self.new_button.setText(f" {number:,}{more} new")
        self.new_button.setAccessibleName(f"Show {count(number, 'new event')}")
        self.new_button.setVisible(number > 0)
        self._place_new_button()

    def show_list(self) -> None:
        self.stack.setCurrentWidget(self.table)

    def show_state(self) -> None:
        self.stack.setCurrentWidget(self.state)

    def show_detail(self, shown: bool) -> None:
        self.detail.setVisible(shown)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        self._place_new_button()

    def _arrange(self) -> None:
        """Beside each other, or below, or the details alone where there is room for one only."""
        beside, low = self.width() >= _BESIDE, self.height() < _LOW
        self.splitter.setOrientation(Qt.Orientation.Horizontal if beside else Qt.Orientation.Vertical)
        detailed = not self.detail.isHidden()
        self.stack.setVisible(beside or not low or not detailed)
        self.histogram.setVisible(self.height() >= _HIGH and not (low and detailed and not beside))

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 110)

    def _place_new_button(self) -> None:
        self.new_button.adjustSize()
        left = (self.table.width() - self.new_button.width()) // 2
        self.new_button.move(left, self.table.horizontalHeader().height() + GAP)
        self.new_button.raise_()

    def _build(self) -> None:
        self.stack = QStackedWidget()
        for page in (self.table, self.state):
            self.stack.addWidget(page)
        self.stack.setCurrentWidget(self.state)
        self.splitter = QSplitter()
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.stack)
        self.splitter.addWidget(self.detail)
        self.splitter.setStretchFactor(0, 5)
        self.splitter.setStretchFactor(1, 2)
        self.detail.hide()
        chips, bars = QVBoxLayout(), QVBoxLayout()
        chips.setContentsMargins(GAP + TIGHT, 0, GAP, 0)
        chips.addWidget(self.chips)
        bars.setContentsMargins(GAP + TIGHT, TIGHT, GAP + TIGHT, TIGHT)
        bars.addWidget(self.histogram)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notice)
        layout.addWidget(self.bar)
        layout.addLayout(chips)
        layout.addLayout(bars)
        layout.addWidget(self.busy)
        layout.addWidget(self.splitter, 1)
        layout.addLayout(row(self.total, None, self.hint, margins=(GAP + TIGHT, TIGHT, GAP + TIGHT, TIGHT)))
