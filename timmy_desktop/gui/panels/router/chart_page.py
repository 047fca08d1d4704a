"""The chart with its tools: which window, live or paused, which scale; and what stands there without one."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QPixmap, QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from timmy_desktop.gui.paced_import import import_paced
from timmy_desktop.gui.panels.router.readings import ReadingTable
from timmy_desktop.gui.panels.router.readout import Readout
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import Choice as Step
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.parts import glyph_button, row

if TYPE_CHECKING:
    from timmy_desktop.gui.widgets.time_series import ChartPicture
    from timmy_desktop.gui.widgets.time_series_plot import TimeSeriesPlot

WINDOWS: tuple[tuple[str, int], ...] = (
    ("1 min", 60),
    ("5 min", 300),
    ("15 min", 900),
    ("1 hour", 3600),
    ("6 hours", 21_600),
    ("1 day", 86_400),
    ("1 week", 604_800),
    ("1 month", 2_592_000),
)
FIRST_WINDOW = 3600
_LEAST_FOR_READOUT = 260
"""In a lower page the numbers would leave the curves no room; pointing at a curve still says them."""
_PLOT_MODULE = "timmy_desktop.gui.widgets.time_series_plot"
_OF_PYQTGRAPH = (
    "numpy", "decimal", "importlib.resources", "locale", "multiprocessing.connection", "pydoc", "subprocess",
    "xml.etree.ElementTree",
)  # fmt: skip


class ChartPage(QWidget):
    """Says what the person wants; the panel asks for it and gives the ready picture back."""

    window_changed = Signal(int)
    live_changed = Signal(bool)
    scale_changed = Signal(bool)
    looked_at = Signal(float, float)
    export_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.plot: TimeSeriesPlot | None = None
        self._picture: ChartPicture | None = None
        self._table: ReadingTable | None = None
        self._words = ""
        self._make_tools()
        self.readout = Readout()
        self._has_numbers = True
        self.busy = BusyBar()
        self.state = EmptyState("router", "Latency over time", "Loading the chart…")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.state)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        tools = row(
            self.window_choice, self.live, self.log, self.first, None, self.more, gap=TIGHT + 2,
            margins=(GAP + TIGHT, GAP, GAP, TIGHT),
        )  # fmt: skip
        layout.addLayout(tools)
        layout.addWidget(self.busy)
        layout.addWidget(self.stack, 1)
        layout.addLayout(row(self.readout, margins=(TIGHT, 0, GAP, 0)))
        self.readout.shown_changed.connect(self._leave_out)

    async def load(self) -> None:
        """Brings the plotting library in, in small steps, and puts the plot in its place."""
        await import_paced("pyqtgraph", plain=_OF_PYQTGRAPH)
        module = importlib.import_module(_PLOT_MODULE)
        plot: TimeSeriesPlot = module.TimeSeriesPlot()
        plot.looked_at.connect(self._moved)
        plot.pointed_at.connect(self._point)
        plot.home_requested.connect(lambda: self.live.setChecked(True))
        plot.show_second(self.first.isChecked())
        self.plot = plot
        self.stack.addWidget(plot)
        self._turn_to(self.state)

    # What the panel tells

    def show_picture(self, picture: ChartPicture, table: ReadingTable, words: str, *, move: bool) -> None:
        """The chart and its numbers; nothing is computed here."""
        if self.plot is None:
            return
        self._picture, self._table, self._words = picture, table, words
        self.plot.show_picture(picture, move=move)
        self._turn_to(self.plot)
        self._point(self.plot.step)

    def show_state(
        self, glyph: str, title: str, text: str, choices: Sequence[Step], *, tone: str = "muted"
    ) -> None:
        """Words in the chart's place."""
        self.state.show_state(glyph, title, text, choices, tone=tone)
        self._turn_to(self.state)

    def _turn_to(self, page: QWidget) -> None:
        """Only what is shown asks for room: words need less than a chart."""
        if self.plot is not None:
            chart = QSizePolicy.Policy.Expanding if page is self.plot else QSizePolicy.Policy.Ignored
            self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, chart)
        if self.stack.currentWidget() is not page:
            self.stack.setCurrentWidget(page)

    def show_live(self, live: bool) -> None:
        """Says whether the chart follows the clock, without asking for it again."""
        self.live.blockSignals(True)
        self.live.setChecked(live)
        self.live.blockSignals(False)
        self._name_live(live)

    @property
    def window_s(self) -> int:
        return int(self.window_choice.currentData())

    @property
    def buckets(self) -> int:
        """As many steps as can be told apart in the room there is."""
        width = self.plot.plot_width if self.plot is not None else 300
        return max(60, min(400, width // 3))

    @property
    def columns(self) -> int:
        """Pixels across the chart; 0 before it is there."""
        return self.plot.plot_width if self.plot is not None else 0

    def picture_of_it(self) -> QPixmap:
        """Chart and numbers as they are on screen, at twice the resolution."""
        target = QPixmap(self.size() * 2)
        target.setDevicePixelRatio(2)
        self.render(target)
        return target

    def show_readout(self, wanted: bool) -> None:
        """The numbers stand beneath the curves, where there is room for both."""
        self._has_numbers = wanted
        self._fit_readout()

    # Its own parts

    def _fit_readout(self) -> None:
        self.readout.setVisible(self._has_numbers and self.height() >= _LEAST_FOR_READOUT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_readout()

    def _make_tools(self) -> None:
        self.window_choice = Choice()
        self.window_choice.setAccessibleName("How much time the chart shows")
        for words, seconds in WINDOWS:
            self.window_choice.addItem(words, seconds)
        self.window_choice.setCurrentIndex(self.window_choice.findData(FIRST_WINDOW))
        self.window_choice.currentIndexChanged.connect(lambda _: self.window_changed.emit(self.window_s))
        self.live = _chip("Live", "Follow the clock (Space)")
        self.live.setChecked(True)
        self.live.toggled.connect(self._live_toggled)
        self.log = _chip("Log", "A logarithmic scale: fast and slow providers in one picture")
        self.log.setChecked(True)
        self.log.toggled.connect(self.scale_changed.emit)
        self.first = _chip("First", "The time to the first token, as a dotted line")
        self.first.setAccessibleName("First token")
        self.first.setChecked(True)
        self.first.toggled.connect(lambda on: self.plot.show_second(on) if self.plot else None)
        self.more = glyph_button("more", "Export the chart", self._menu)
        self.export_actions = [
            QAction("Export as a picture (PNG)…", self),
            QAction("Export the numbers (CSV)…", self),
        ]
        for action, ending in zip(self.export_actions, ("png", "csv"), strict=True):
            action.triggered.connect(lambda _=False, ending=ending: self.export_requested.emit(ending))

    def _menu(self) -> None:
        menu = QMenu(self)
        menu.addActions(self.export_actions)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _live_toggled(self, live: bool) -> None:
        self._name_live(live)
        self.live_changed.emit(live)

    def _name_live(self, live: bool) -> None:
        self.live.setText("Live" if live else "Paused")
        self.live.setAccessibleName("The chart is live" if live else "The chart is paused")

    def _moved(self, since: float, until: float) -> None:
        self.show_live(False)
        self.looked_at.emit(since, until)

    def _point(self, step: int) -> None:
        if self._picture is None or self._table is None:
            return
        moment = self._picture.steps[step] if 0 <= step < len(self._picture.steps) else None
        words = self._table.words(moment, self._words)
        self.readout.readings.show_rows(self._table.rows(moment), words)
        if self.plot is not None and moment is not None:
            said = (
                f"{row.name} p50 {row.p50}, p95 {row.p95}" for row in self._table.rows(moment) if row.asked
            )
            self.plot.setAccessibleDescription(f"{words}: " + "; ".join(said))

    def _leave_out(self, names: frozenset[str]) -> None:
        if self.plot is not None:
            shown = frozenset(self.readout.readings.names) - names
            self.plot.show_only(shown if names else None)


def _chip(words: str, hint: str) -> QToolButton:
    made = QToolButton()
    made.setText(words)
    made.setProperty("variant", "chip")
    made.setCheckable(True)
    made.setToolTip(hint)
    made.setAccessibleName(words)
    return made
