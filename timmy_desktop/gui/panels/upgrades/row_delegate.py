"""Paints a proposal in two lines: what it is, its age and risk; how it stands, where, and when it expires."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.upgrades.list_model import PROPOSAL_ROLE
from timmy_desktop.gui.panels.upgrades.words import LOOKS, RISKS, age, expiry, second_line
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.two_line_rows import left_words, paint_ground, right_words, two_line_size
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.types import Proposal

_MARK = 18
_Index = QModelIndex | QPersistentModelIndex


class ProposalDelegate(QStyledItemDelegate):
    """Needs a model that gives Proposals by PROPOSAL_ROLE."""

    def __init__(self, now_us: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now_us = now_us

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return two_line_size()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        proposal = index.data(PROPOSAL_ROLE)
        if not isinstance(proposal, Proposal):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        box = option.rect.adjusted(GAP + TIGHT, GAP, -GAP - TIGHT, -GAP)
        self._paint(painter, box, proposal)
        painter.restore()

    def _paint(self, painter: QPainter, box: QRect, proposal: Proposal) -> None:
        theme, look, now = Theme.current(), LOOKS[proposal.state], self._now_us()
        body, small = QFontMetrics(theme.font()), QFontMetrics(theme.font("small"))
        top = box.top() + (body.height() - _MARK) // 2
        paint_glyph(painter, look.glyph, QRect(box.left(), top, _MARK, _MARK), theme.color(look.role))
        box = box.adjusted(_MARK + GAP + 2, 0, 0, 0)
        first = QRect(box.left(), box.top(), box.width(), body.height())
        second = QRect(box.left(), first.bottom() + 1 + TIGHT, box.width(), small.height())
        left = right_words(painter, first, age(proposal, now), "muted")
        left_words(
            painter, left, inert_line(proposal.title, 200), "text", strong=proposal.state == "proposed"
        )
        words, role = expiry(proposal, now)
        if not words and proposal.revision.risk != "low":
            words, role = RISKS[proposal.revision.risk]
        left = right_words(painter, second, words, role)
        left = left_words(painter, left, look.word, look.role, small=True)
        left_words(painter, left, f" · {second_line(proposal, now)}", "muted", small=True)
