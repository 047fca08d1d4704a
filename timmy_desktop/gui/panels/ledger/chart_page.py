"""The chart with its tools: how much time it shows, what is read, and what stands there without one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.ledger.chart import MoneyChart
from timmy_desktop.gui.panels.ledger.snapshot import MoneyPicture
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import Choice as Step
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.parts import label, row
from timmy_desktop.gui.wording import sats

SPANS: tuple[tuple[str, int], ...] = (
    ("1 week", 7), ("1 month", 30), ("3 months", 91), ("1 year", 365), ("All", 0),
)  # fmt: skip
FIRST_SPAN = 30


class ChartPage(QWidget):
    """Says what the person wants; the panel asks for it and gives the ready picture back."""

    span_changed = Signal(int)
    """Days; 0 for all."""
    span_chosen = Signal(float, float, str)
    """Seconds from and to, and their words: the person wants to see the lines of this bar."""

    def __init__(self) -> None:
        super().__init__()
        self.chart = MoneyChart()
        self.span = Choice()
        self.span.setAccessibleName("How much time the chart shows")
        self.span.setProperty("variant", "compact")
        for words, days in SPANS:
            self.span.addItem(words, days)
        self.span.setCurrentIndex(self.span.findData(FIRST_SPAN))
        self.span.currentIndexChanged.connect(lambda _: self.span_changed.emit(self.days))
        self.readout = label(tone="muted", size="small")
        self.readout.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.busy = BusyBar()
        self.state = EmptyState("ledger", "Balance over time", "Reading the ledger…")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.state)
        self.stack.addWidget(self.chart)
        keys = [
            _Key(role, words)
            for role, words in (("series1", "available"), ("series3", "in"), ("series2", "out"))
        ]
        tools = row(self.span, *keys, None, gap=GAP, margins=(GAP + TIGHT, GAP, GAP, 0))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TIGHT)
        layout.addLayout(tools)
        layout.addWidget(self.busy)
        layout.addWidget(self.stack, 1)
        layout.addLayout(row(self.readout, margins=(GAP + TIGHT, 0, GAP, TIGHT)))
        self.chart.pointed_at.connect(self._read)
        self.chart.chosen.connect(self._choose)

    def show_picture(self, picture: MoneyPicture) -> None:
        """The chart; nothing is computed here."""
        self.busy.finish()
        self.chart.show_picture(picture)
        self.stack.setCurrentWidget(self.chart)
        self._read(self.chart.bar)

    def show_state(
        self, glyph: str, title: str, text: str, choices: Sequence[Step] = (), *, tone: str = "muted"
    ) -> None:
        """Words in the chart's place."""
        self.busy.finish()
        self.readout.setText("")
        self.state.show_state(glyph, title, text, choices, tone=tone)
        self.stack.setCurrentWidget(self.state)

    @property
    def days(self) -> int:
        return int(self.span.currentData())

    def choose_days(self, days: int) -> None:
        """Another span, where there is such a choice."""
        if (place := self.span.findData(days)) >= 0:
            self.span.setCurrentIndex(place)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 150)

    def _read(self, place: int) -> None:
        picture = self.chart.picture
        if picture is None:
            return
        if place >= 0:
            self.readout.setText(picture.bars[place].words)
            self.readout.setToolTip("Click, or press Return, to see these lines")
            return
        received = sum(bar.in_msat for bar in picture.bars)
        out = sum(bar.out_msat for bar in picture.bars)
        a_bar = "" if picture.days_a_bar == 1 else f"; a bar is {picture.days_a_bar} days"
        self.readout.setText(f"{self.span.currentText()}: in {sats(received)}, out {sats(out)}{a_bar}")
        self.readout.setToolTip("Days are of UTC. What agents earn counts as out.")

    def _choose(self, place: int) -> None:
        if self.chart.picture is not None:
            bar = self.chart.picture.bars[place]
            self.span_chosen.emit(bar.since, bar.until, bar.words.partition(":")[0])


class _Key(QWidget):
    """A spot of colour and what it stands for."""

    def __init__(self, role: str, words: str) -> None:
        super().__init__()
        self._role, self._words = role, words
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(10 + TIGHT + metrics.horizontalAdvance(self._words) + 2, metrics.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(self._role))
        painter.drawRoundedRect(QRectF(0, self.height() / 2 - 4, 8, 8), 2, 2)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        words = self.rect().adjusted(8 + TIGHT, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._words)
