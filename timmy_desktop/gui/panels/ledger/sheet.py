"""The chart and the lists of the dock: beside each other, one above the other, or the chart as a page."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget, QWidget

_WIDE = 820
_BESIDE, _ABOVE = 45, 38
"""The chart's share of the room, in hundredths."""


class Sheet(QSplitter):
    """`place_chart` after each change of size."""

    def __init__(self, chart: QWidget, pages: Mapping[str, QWidget]) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._chart = chart
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for title, page in pages.items():
            self.tabs.addTab(page, title)
        names = ", ".join(pages)
        self.tabs.tabBar().setAccessibleName(names.capitalize())
        self.setChildrenCollapsible(False)
        self.addWidget(chart)
        self.addWidget(self.tabs)
        self.setStretchFactor(0, 2)
        self.setStretchFactor(1, 3)

    def place_chart(self, width: int, height: int, *, low: bool) -> None:
        """In a dock of that size; `low` where there is little height for both."""
        wide = width >= _WIDE
        wanted = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        paged = not wide and low
        is_paged = self.tabs.indexOf(self._chart) >= 0
        if paged and not is_paged:
            self.tabs.addTab(self._chart, "Balance")
        elif is_paged and not paged:
            self.tabs.removeTab(self.tabs.indexOf(self._chart))
            self.insertWidget(0, self._chart)
            self._chart.show()
        if self.orientation() != wanted or is_paged != paged:
            self.setOrientation(wanted)
            total, share = (width, _BESIDE) if wide else (height, _ABOVE)
            self.setSizes([total * share // 100, total * (100 - share) // 100])
