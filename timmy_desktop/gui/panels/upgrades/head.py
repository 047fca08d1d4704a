"""The head of a review: what it is, how it stands, where it goes, and how long there is to decide."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QSizePolicy, QWidget

from timmy_desktop.gui.panels.upgrades.words import LOOKS, RISKS, expiry, red_words, size_words
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import button, column, label, row, set_tone
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.gui.wording import exact_time, relative_time
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.types import Proposal

_SHAPES = {"accent": "half", "good": "dot", "bad": "cross", "warn": "triangle", "muted": "ring"}


class ReviewHead(QWidget):
    """Keeps its ages true while it is on screen."""

    back_wanted = Signal()

    def __init__(self, now_us: Callable[[], int]) -> None:
        super().__init__()
        self._now_us = now_us
        self._proposal: Proposal | None = None
        self.back_button = button("‹ Queue", self.back_wanted.emit, variant="quiet")
        self._title = label(strong=True)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.state = Pill()
        self.risk, self.red = Pill(), Pill()
        self.risk.setToolTip(
            "What the change touches, and how much of it. What its tests prove is told beside it."
        )
        self.red.setToolTip("What weakens the tests, or breaks them. The proof packet names it.")
        self._where, self._age, self._expiry = (label(tone="muted", size="small") for _ in range(3))
        top = row(self.back_button, self._title, gap=TIGHT)
        top.setStretch(1, 1)
        layout = column(gap=TIGHT, margins=(GAP + TIGHT, GAP, GAP, TIGHT))
        layout.addLayout(top)
        layout.addLayout(FlowLayout(self.state, self.risk, self.red, self._where, self._age, self._expiry))
        self.setLayout(layout)
        TickWhileVisible(self, self._tick)

    def show_proposal(self, proposal: Proposal, revision: int) -> None:
        self._proposal = proposal
        self._title.setText(inert_line(proposal.title, 300))
        self._title.setToolTip(inert_line(proposal.title, 600))
        look = LOOKS[proposal.state]
        self.state.show_status(look.word, look.role, shape=_SHAPES[look.role])
        word, tone = RISKS[proposal.revision.risk]
        self.risk.show_status(word, tone)
        self.red.show_status(red_words(proposal.revision.reds), "bad", shape="triangle")
        self.red.setVisible(bool(proposal.revision.reds))
        of = f"revision {revision} of {proposal.revisions}" if proposal.revisions > 1 else ""
        where = f"{inert_line(proposal.target_name, 40)} · {inert_line(proposal.target_branch, 40)}"
        who = inert_line(proposal.proposer, 40)
        self._where.setText(
            "  ·  ".join(part for part in (where, size_words(proposal.revision), of, who) if part)
        )
        self._tick()

    def show_back(self, shown: bool) -> None:
        self.back_button.setVisible(shown)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, super().minimumSizeHint().height())

    def _tick(self) -> None:
        if self._proposal is None:
            return
        self._age.setText(relative_time(self._proposal.created_us, self._now_us()))
        self._age.setToolTip(exact_time(self._proposal.created_us))
        words, tone = expiry(self._proposal, self._now_us())
        self._expiry.setText(words)
        self._expiry.setVisible(bool(words))
        set_tone(self._expiry, tone)
