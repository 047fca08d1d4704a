"""The top of the dock: what needs a person, one card each, as high as it may be without hiding the rest."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.ledger.needs import Need
from timmy_desktop.gui.theme import GAP, RADIUS, TIGHT, Theme
from timmy_desktop.gui.widgets.parts import button, label, row

_GLYPH, _BESIDE, _SCROLL_BAR = 16, 560, 10
_GLYPHS = {"bad": "bad", "warn": "warn", "accent": "info"}


class NeedCard(QWidget):
    """Its words and its next steps."""

    act_requested = Signal(str, str)

    def __init__(self, need: Need) -> None:
        super().__init__()
        self.need = need
        self.setAccessibleName(need.words)
        self._words = words = label(need.words, wrap=True)
        words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.buttons = [
            button(
                text, partial(self.act_requested.emit, act, need.key), variant="plain" if first else "quiet"
            )
            for text, act, first in ((text, act, place == 0) for place, (text, act) in enumerate(need.acts))
        ]
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.setContentsMargins(GAP + TIGHT + _GLYPH + GAP, GAP, GAP, GAP)
        self._layout.setSpacing(TIGHT + 2)
        self._layout.addWidget(words, 1)
        self._layout.addLayout(row(*self.buttons, None, gap=TIGHT + 2))

    def height_at(self, width: int) -> int:
        """Lays its words and steps out for this width, and says how high it is then."""
        beside = width >= _BESIDE
        way = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if self._layout.direction() != way:
            self._layout.setDirection(way)
        return self._layout.heightForWidth(width)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.tint(self.need.tone, 0.35))
        painter.setBrush(theme.tint(self.need.tone, 0.10))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS - 2, RADIUS - 2)
        # Beside the first line of the words, which stand in the middle where steps are higher than they.
        box, line = self._words.geometry(), self._words.fontMetrics().height()
        high = min(self._words.heightForWidth(box.width()), box.height())
        top = box.top() + (box.height() - high) / 2 + (line - _GLYPH) / 2
        place = QRectF(GAP + TIGHT, top, _GLYPH, _GLYPH)
        paint_glyph(painter, _GLYPHS.get(self.need.tone, "info"), place, theme.color(self.need.tone))


class NeedsBox(QScrollArea):
    """Hidden while nothing needs anybody. Cards that stay keep their place and their focus."""

    act_requested = Signal(str, str)
    """What a button asks for, and the key of what it is about."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("What needs you")
        self._body = QWidget()
        self._layout = QVBoxLayout(self._body)
        self._layout.setContentsMargins(GAP + TIGHT, GAP, GAP + TIGHT, 0)
        self._layout.setSpacing(TIGHT + 2)
        self.setWidget(self._body)
        self.cards: list[NeedCard] = []
        self.most_height = 200
        self.hide()

    def show_needs(self, needs: Sequence[Need]) -> None:
        """Shows these, in this order."""
        if [card.need for card in self.cards] == list(needs):
            return
        kept = {card.need: card for card in self.cards}
        for need, card in kept.items():
            if need not in needs:
                self._layout.removeWidget(card)
                card.hide()
                card.deleteLater()
        self.cards = []
        for place, need in enumerate(needs):
            card = kept.get(need) or self._made(need)
            self._layout.insertWidget(place, card)
            self.cards.append(card)
        self.setVisible(bool(needs))
        self.fit()

    def fit(self) -> None:
        """As high as its cards, but no higher than it may be."""
        margins = self._layout.contentsMargins()
        width = max(self.width() - _SCROLL_BAR - margins.left() - margins.right(), 120)
        heights = [card.height_at(width) for card in self.cards]
        wanted = sum(heights) + self._layout.spacing() * max(len(heights) - 1, 0) + margins.top() + 2
        self._body.setFixedHeight(wanted)
        self.setFixedHeight(max(40, min(wanted, self.most_height)))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self.fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 40)

    def _made(self, need: Need) -> NeedCard:
        card = NeedCard(need)
        card.act_requested.connect(self.act_requested)
        return card
