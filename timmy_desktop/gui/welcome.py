"""What stands above the docks while no model can be reached: what was found, and the next step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QLayout, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from timmy_desktop.gui.findings import OLLAMA_HELP, Finding
from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.theme import GAP, RADIUS, ROOM, TIGHT, Theme
from timmy_desktop.gui.widgets.empty_state import GlyphMedallion
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import button, glyph_button, label, row, selectable
from timmy_desktop.gui.widgets.pill import paint_mark
from timmy_desktop.inert import inert_line
from timmy_desktop.routing.airllm_folder import gigabytes

if TYPE_CHECKING:
    from timmy_desktop.gui.preferences.models.pulls import Pull
    from timmy_desktop.routing.model_catalogue import CatalogueModel

_OPTIONAL = frozenset({"AirLLM", "API provider"})


class Welcome(QWidget):
    """A card that doesn't block: the docks below stay usable, and it goes when a model answers.

    Low, so that the docks keep their room: each finding is two words, and the rest of it under the mouse.
    """

    check_requested = Signal()
    workspace_requested = Signal()
    models_requested = Signal()
    fetch_requested = Signal()
    stop_requested = Signal()
    details_requested = Signal()
    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._layout: QLayout | None = None
        self._medallion = GlyphMedallion("timmy", "accent", 36)
        self._title = label(strong=True)
        self._text = label(tone="muted", wrap=True)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._findings = FindingChips()
        self.fetch_button = button("Fetch", self.fetch_requested.emit, variant="primary", glyph="router")
        self.fetch_button.hide()
        self.check_button = button("Check again", self.check_requested.emit, glyph="retry")
        self._models = button("Models…", self.models_requested.emit)
        self._folder = button("Open workspace…", self.workspace_requested.emit, glyph="folder")
        self._how = button("Get Ollama", self._open_help, variant="quiet", hint=OLLAMA_HELP)
        self._details = button("Details", self.details_requested.emit, variant="quiet")
        self._coming = _Coming(self.stop_requested.emit)
        close = glyph_button("close", "Hide this", self.dismissed.emit, side=26)
        words = QVBoxLayout()
        words.setSpacing(TIGHT + 2)
        words.addLayout(row(self._title, None, close))
        words.addWidget(self._text)
        words.addWidget(self._findings)
        words.addSpacing(2)
        words.addLayout(
            FlowLayout(
                self._coming, self.fetch_button, self._models, self.check_button,
                self._folder, self._how, self._details,
            )
        )  # fmt: skip
        self._layout = layout = row(gap=ROOM, margins=(ROOM, 10, GAP, 12))
        layout.addWidget(self._medallion, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        self.setLayout(layout)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._offer = ""

    def show_offer(self, model: CatalogueModel) -> None:
        """The model that one click fetches; where it is never called there is no such button."""
        if self._offer:
            return
        size = gigabytes(model.about_bytes)
        self._offer = f" ({model.licence}, from huggingface.co, its checksum verified)"
        self.fetch_button.setText(f" Fetch a small model ({size})")
        self.fetch_button.setToolTip(f"{model.name}: {model.good_for}. Licence: {model.licence}.")
        self.fetch_button.show()

    def show_first_run(self, findings: Sequence[Finding]) -> None:
        """Welcomes the person: nothing has ever answered here."""
        self._say(
            "Welcome. One thing is missing: a model to think with.",
            f"Everything runs on this machine. Fetch a model here{self._offer}, or start Ollama.",
            findings,
        )

    def show_offline(self, findings: Sequence[Finding]) -> None:
        """Says that models were there and are gone."""
        self._say(
            "No model can be reached.",
            "Tasks wait and nothing is lost; work goes on by itself as soon as a model answers again.",
            findings,
        )

    def show_checking(self, checking: bool) -> None:
        """While the providers are asked again."""
        self.check_button.setEnabled(not checking)
        self.check_button.setText(" Checking…" if checking else " Check again")

    def show_pull(self, pull: Pull | None) -> None:
        """How far the fetching is; None when there is none. One that broke off can be tried again."""
        is_coming = pull is not None and not pull.problem
        self._coming.setVisible(is_coming)
        self.fetch_button.setVisible(bool(self._offer) and not is_coming)
        if pull is not None and is_coming:
            self._coming.show_pull(pull)
        elif pull is not None:
            self.fetch_button.setText(" Go on fetching")

    def event(self, event: QEvent) -> bool:
        is_about_room = event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize)
        handled = super().event(event)
        if is_about_room and self._layout is not None:
            # The window gives what is above its docks the height of a hint that knows no width.
            self.setFixedHeight(self._layout.totalHeightForWidth(self.width()))
            self._layout.setGeometry(self.rect())
        return handled

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.tint("accent", 0.3), 1))
        painter.setBrush(theme.tint("accent", 0.07))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)

    def _say(self, title: str, text: str, findings: Sequence[Finding]) -> None:
        self._title.setText(title)
        self._text.setText(text)
        self.setAccessibleName(f"{title} {text}")
        # What is off because nobody set it up is not missed here; the details have it.
        self._findings.show_findings(
            [one for one in findings if one.name not in _OPTIONAL or one.tone != "muted"]
        )

    def _open_help(self) -> None:
        QDesktopServices.openUrl(QUrl(OLLAMA_HELP))


class _Coming(QWidget):
    """A model on its way: how far it is, and a way to stop it."""

    def __init__(self, stop: Callable[[], object]) -> None:
        super().__init__()
        self._words, self._bar = label(), QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(160)
        self.setLayout(row(self._words, self._bar, button("Stop", stop), margins=(0, 0, 0, 0)))
        self.hide()

    def show_pull(self, pull: Pull) -> None:
        share = f", {100 * pull.done // pull.total} %" if pull.total else ""
        so_far = f"{gigabytes(pull.done)} of {gigabytes(pull.total)}{share}" if pull.total else "beginning"
        self._words.setText(f"{inert_line(pull.name, 60)}: {so_far}")
        self._bar.setRange(0, 1000)
        self._bar.setValue(round(1000 * pull.done / pull.total) if pull.total else 0)


class FindingChips(QWidget):
    """Findings side by side: mark, name, two words; the whole sentence under the mouse and for a reader."""

    def __init__(self) -> None:
        super().__init__()
        self._flow = FlowLayout(gap=ROOM + TIGHT, line_gap=2)
        self.setLayout(self._flow)
        self._shown: Sequence[Finding] = ()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Replaces what is shown, if it differs."""
        if list(findings) == list(self._shown):
            return
        self._shown = tuple(findings)
        while (item := self._flow.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for finding in findings:
            self._flow.addWidget(_chip(finding))
        self.updateGeometry()


def _chip(finding: Finding) -> QWidget:
    made, words = QWidget(), inert_line(finding.brief or finding.text, 40)
    made.setLayout(row(_Mark(finding.tone), label(finding.name), label(words, tone="muted"), gap=6))
    made.setToolTip(inert_line(finding.text, 400))
    made.setAccessibleName(f"{finding.name}: {inert_line(finding.text, 400)}")
    return made


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
