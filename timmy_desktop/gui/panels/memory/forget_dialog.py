"""Asks before forgetting, shows how far it is, and then what the check of every file has found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from timmy_desktop.gui.dialogs import WindowDialog
from timmy_desktop.gui.panels.memory.progress_line import ProgressLine
from timmy_desktop.gui.panels.memory.sentences import (
    EVENTS_COST,
    GOES,
    SOURCES,
    STAYS,
    events_wish,
    forget_details,
    forget_said,
)
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT, WIDE
from timmy_desktop.gui.widgets.fields import CheckBox
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, card, column, label, line, row, selectable
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import ForgetReport, Progress

_SAMPLES, _WIDTH = 3, 540


class ForgetDialog(WindowDialog):
    """Closing it while it works only hides how far it is: what has begun is finished."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        samples: Sequence[str],
        number: int,
        *,
        start: Callable[[bool, bool], object],
        offer_sources: bool = True,
        words: str = "",
    ) -> None:
        """`start(sources, events)` begins; `samples` are the beginnings of what goes."""
        super().__init__(parent, title)
        self._start = start
        self._title = label(title, size="title", wrap=True)
        self.pages = QStackedWidget()
        self.sources = CheckBox(SOURCES)
        self.sources.setVisible(offer_sources)
        self.events = CheckBox("")
        self._events_cost = label(EVENTS_COST, tone="muted", size="small", wrap=True)
        self.sources.toggled.connect(self._allow_events)
        self.offer_events(0)
        self.stay_button = button("Keep", self.close, variant="primary")
        self.go_button = button("Forget for good", self._go, variant="danger")
        self.progress = ProgressLine()
        self.notice = NoticeBar()
        self.details = selectable(label(tone="muted", wrap=True))
        self.copy_button = button("Copy the report", self._copy, glyph="copy")
        self.close_button = button("Close", self.close, variant="primary")
        self._pages = (self._question(samples, number, words), self._working(), self._report())
        for page in self._pages:
            self.pages.addWidget(page)
        self._all = column(self._title, self.pages, gap=ROOM, margins=(WIDE, WIDE, WIDE, ROOM))
        self.setLayout(self._all)
        self.setMinimumWidth(_WIDTH)
        self.stay_button.setFocus()

    def offer_events(self, number: int) -> None:
        """So many events of the log hold words of what it was made from, and can go too."""
        self.events.setText(events_wish(number))
        self._events_cost.setVisible(number > 0)
        self.events.setVisible(number > 0)
        self._allow_events(self.sources.isChecked())
        if self.isVisible():
            self._fit()

    def show_progress(self, progress: Progress) -> None:
        """How far it is."""
        self.progress.show_progress(progress)

    def show_report(self, report: ForgetReport) -> None:
        """What was found after it."""
        words, tone = forget_said(report)
        self._title.setText("Forgotten" if report.is_gone else "Forgotten, and something is left")
        self.notice.say(words, tone)
        self.details.setText("\n".join(forget_details(report)))
        self._turn_to(2)
        self.close_button.setFocus()

    def show_fault(self, words: str) -> None:
        """It did not work."""
        self._title.setText("Not everything was forgotten")
        self.notice.say(inert_line(words, 400), "bad")
        self.details.setText("Try again; what is forgotten already stays forgotten.")
        self._turn_to(2)
        self.close_button.setFocus()

    def _question(self, samples: Sequence[str], number: int, words: str) -> QWidget:
        page = QWidget()
        layout = column(gap=GAP + 4, margins=(0, 0, 0, 0))
        if words:
            layout.addWidget(label(words, wrap=True))
        if samples:
            shown = card()
            lines = column(gap=GAP, margins=(12, GAP, 12, GAP))
            for sample in samples[:_SAMPLES]:
                lines.addWidget(label(inert_line(sample, 160), wrap=True))
            if number > _SAMPLES:
                lines.addWidget(label(f"and {number - _SAMPLES:,} more", tone="muted", size="small"))
            shown.setLayout(lines)
            layout.addWidget(shown)
        for text in (GOES, STAYS):
            layout.addWidget(label(text, wrap=True, tone="muted" if text is STAYS else ""))
        layout.addWidget(label("It can't be undone.", strong=True))
        layout.addWidget(self.sources)
        layout.addLayout(column(self.events, self._events_cost, gap=TIGHT, margins=(WIDE, 0, 0, 0)))
        layout.addWidget(line())
        layout.addLayout(row(None, self.go_button, self.stay_button))
        page.setLayout(layout)
        return page

    def _working(self) -> QWidget:
        page = QWidget()
        told = label(
            "What has begun is finished, also when this window is closed. It says here what was found after.",
            tone="muted",
            wrap=True,
        )
        page.setLayout(column(self.progress, told, None, gap=GAP, margins=(0, 0, 0, 0)))
        return page

    def _report(self) -> QWidget:
        page = QWidget()
        layout = column(self.notice, self.details, None, gap=ROOM, margins=(0, 0, 0, 0))
        layout.addLayout(row(self.copy_button, None, self.close_button))
        page.setLayout(layout)
        return page

    def _go(self) -> None:
        self._title.setText("Forgetting")
        self.progress.show_progress(Progress("Starting", 0, 0))
        self._turn_to(1)
        self._start(self.sources.isChecked(), self.events.isChecked())

    def _allow_events(self, sources: bool) -> None:
        """An event goes only with what it tells of."""
        self.events.setEnabled(sources)
        if not sources:
            self.events.setChecked(False)

    def _turn_to(self, place: int) -> None:
        # What was asked needs more room than what is told of it.
        for other, page in enumerate(self._pages):
            policy = QSizePolicy.Policy.Preferred if other == place else QSizePolicy.Policy.Ignored
            page.setSizePolicy(policy, policy)
        self.pages.setCurrentIndex(place)
        self.adjustSize()

    def _fit(self) -> None:
        # What wraps is as high as the width makes it, which a hint does not know.
        self._all.activate()
        self.resize(self.width(), max(self.height(), self._all.totalHeightForWidth(self.width())))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.notice.words}\n{self.details.text()}")
