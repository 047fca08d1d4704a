"""Paints a proposal in two lines: what it is, its age and risk; how it stands, where, and when it expires."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QPainter

from timmy_desktop.gui.panels.upgrades.list_model import PROPOSAL_ROLE
from timmy_desktop.gui.panels.upgrades.words import LOOKS, RISKS, age, expiry, second_line
from timmy_desktop.gui.widgets.two_line_rows import TwoLineDelegate, left_words, right_words
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.types import Proposal


def proposal_delegate(now_us: Callable[[], int], parent: QObject | None = None) -> TwoLineDelegate:
    """For a model that gives Proposals by PROPOSAL_ROLE."""

    def mark(proposal: Proposal) -> tuple[str, str]:
        return LOOKS[proposal.state].glyph, LOOKS[proposal.state].role

    def lines(painter: QPainter, first: QRect, second: QRect, proposal: Proposal) -> None:
        _paint_lines(painter, first, second, proposal, now_us())

    return TwoLineDelegate(PROPOSAL_ROLE, Proposal, lines, mark=mark, parent=parent)


def _paint_lines(painter: QPainter, first: QRect, second: QRect, proposal: Proposal, now: int) -> None:
    look = LOOKS[proposal.state]
    left = right_words(painter, first, age(proposal, now), "muted")
    left_words(painter, left, inert_line(proposal.title, 200), "text", strong=proposal.state == "proposed")
    words, role = expiry(proposal, now)
    if not words and proposal.revision.risk != "low":
        words, role = RISKS[proposal.revision.risk]
    left = right_words(painter, second, words, role)
    left = left_words(painter, left, look.word, look.role, small=True)
    left_words(painter, left, f" · {second_line(proposal, now)}", "muted", small=True)
