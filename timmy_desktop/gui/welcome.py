"""What stands above the docks while no model can be reached: what was found, and the next step."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from timmy_desktop.gui.findings import OLLAMA_HELP, OLLAMA_STEPS, Finding
from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.theme import GAP, RADIUS, ROOM, TIGHT, Theme
from timmy_desktop.gui.widgets.empty_state import GlyphMedallion
from timmy_desktop.gui.widgets.parts import button, code_line, glyph_button, label, row, selectable
from timmy_desktop.gui.widgets.pill import paint_mark
from timmy_desktop.inert import inert_line


class Welcome(QWidget):
    """A card that doesn't block: the docks below stay usable, and it goes when a model answers."""

    check_requested = Signal()
    workspace_requested = Signal()
    models_requested = Signal()
    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._medallion = GlyphMedallion("timmy", "accent", 44)
        self._title = label(strong=True)
        self._text = label(tone="muted", wrap=True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._findings = FindingsGrid()
        self._steps = code_line(OLLAMA_STEPS)
        self.check_button = button("Check again", self.check_requested.emit, glyph="retry")
        self._models = button("Get a model…", self.models_requested.emit, variant="primary", glyph="router")
        self._folder = button("Open workspace…", self.workspace_requested.emit, glyph="folder")
        self._how = button("How to install Ollama", self._open_help, variant="quiet", hint=OLLAMA_HELP)
        close = glyph_button("close", "Hide this", self.dismissed.emit, side=26)
        words = QVBoxLayout()
        words.setSpacing(TIGHT)
        words.addLayout(row(self._title, None, close))
        words.addWidget(self._text)
        words.addSpacing(TIGHT)
        words.addWidget(self._findings)
        words.addSpacing(TIGHT)
        words.addLayout(row(self._models, self.check_button, self._folder, self._how, self._steps, None))
        layout = row(gap=ROOM, margins=(ROOM, GAP, GAP, 12))
        layout.addWidget(self._medallion, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)

    def show_first_run(self, findings: Sequence[Finding]) -> None:
        """Welcomes the person: nothing has ever answered here."""
        self._say(
            "Welcome. One thing is missing: a model to think with.",
            "Everything runs on this machine. As soon as one of these answers, Timmy and the agents work.",
            findings,
        )

    def show_offline(self, findings: Sequence[Finding]) -> None:
        """Says that models were there and are gone."""
        self._say(
            "No model can be reached.",
            "Tasks wait and nothing is lost; work goes on by itself as soon as one of these answers again.",
            findings,
        )

    def show_checking(self, checking: bool) -> None:
        """While the providers are asked again."""
        self.check_button.setEnabled(not checking)
        self.check_button.setText(" Checking…" if checking else " Check again")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.tint("accent", 0.3), 1))
        painter.setBrush(theme.tint("accent", 0.07))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)

    def _say(self, title: str, text: str, findings: Sequence[Finding]) -> None:
        findings = [finding for finding in findings if finding.tone != "good"]
        self._title.setText(title)
        self._text.setText(text)
        self.setAccessibleName(f"{title} {text}")
        self._findings.show_findings(findings)

    def _open_help(self) -> None:
        QDesktopServices.openUrl(QUrl(OLLAMA_HELP))


class FindingsGrid(QWidget):
    """Findings in rows: mark, name, words."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GAP + TIGHT)
        self._grid.setVerticalSpacing(TIGHT + 2)
        self._grid.setColumnStretch(2, 1)
        self._shown: Sequence[Finding] = ()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Replaces what is shown, if it differs."""
        if list(findings) == list(self._shown):
            return
        self._shown = tuple(findings)
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for place, finding in enumerate(findings):
            text = selectable(label(inert_line(finding.text, 400), tone="muted", wrap=True))
            text.setAccessibleName(f"{finding.name}: {finding.text}")
            self._grid.addWidget(_Mark(finding.tone), place, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(label(finding.name), place, 1, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(text, place, 2)


class _Mark(QWidget):
    def __init__(self, tone: str) -> None:
        super().__init__()
        self._tone = tone
        self.setFixedSize(16, 20)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter, theme = QPainter(self), Theme.current()
        if self._tone in ("good", "warn", "bad"):
            paint_glyph(painter, self._tone, QRectF(0, 2, 16, 16), theme.color(self._tone))
        else:
            paint_mark(painter, QRectF(4, 6, 8, 8), self._tone)
