"""What stands where nothing is yet: a picture, what this place is for, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.theme import GAP, TIGHT, WIDE, Theme
from timmy_desktop.gui.widgets.parts import button, column, label, row
from timmy_desktop.inert import inert

Choice = tuple[str, Callable[[], object]]
_TEXT_WIDTH = 340


class GlyphMedallion(QWidget):
    """A glyph in a quiet disc."""

    def __init__(self, glyph: str, tone: str = "muted", side: int = 56) -> None:
        super().__init__()
        self._glyph, self._tone = glyph, tone
        self.setFixedSize(side, side)

    def show_glyph(self, glyph: str, tone: str) -> None:
        """Changes the picture."""
        self._glyph, self._tone = glyph, tone
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.tint(self._tone, 0.12))
        painter.drawEllipse(self.rect())
        inset = round(self.width() * 0.28)
        paint_glyph(
            painter, self._glyph, self.rect().adjusted(inset, inset, -inset, -inset), theme.color(self._tone)
        )


class EmptyState(QWidget):
    """Centred: glyph, one title, one or two sentences, and the next steps as buttons, the first primary.

    Also for the error and offline state of a panel: give it the tone `bad` or `warn`.
    """

    def __init__(
        self, glyph: str, title: str, text: str, choices: Sequence[Choice] = (), *, tone: str = "muted"
    ) -> None:
        super().__init__()
        self._medallion = GlyphMedallion(glyph, tone)
        self._title = label(title, strong=True)
        self._text = label(text, tone="muted", wrap=True)
        self._buttons = row(None, gap=GAP)
        for part in (self._title, self._text):
            part.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            part.setMaximumWidth(_TEXT_WIDTH)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self._layout = layout = column(None, gap=GAP, margins=(WIDE, WIDE, WIDE, WIDE))
        layout.addWidget(self._medallion, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._title, 0, Qt.AlignmentFlag.AlignHCenter)
        text_row = row(gap=0)
        text_row.addStretch(1)
        text_row.addWidget(self._text, 100)
        text_row.addStretch(1)
        layout.addLayout(text_row)
        layout.addLayout(self._buttons)
        layout.addStretch(2)
        self.setLayout(layout)
        self.setAccessibleName(f"{title}. {text}")
        self._offer(choices)

    def show_state(
        self, glyph: str, title: str, text: str, choices: Sequence[Choice] = (), *, tone: str = "muted"
    ) -> None:
        """Says something else in the same place."""
        self._medallion.show_glyph(glyph, tone)
        self._title.setText(inert(title))
        self._text.setText(inert(text))
        self.setAccessibleName(f"{title}. {text}")
        self._offer(choices)

    def focus_choice(self) -> bool:
        """Puts the keyboard on the next step; False where there is none."""
        first = self._buttons.itemAt(1)
        choice = first.widget() if first is not None else None
        if choice is None:
            return False
        choice.setFocus()
        return True

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 96)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        # Sizes of words are known only when they were polished and laid out.
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        """In little room the picture goes first, then the text; the title and the next step stay."""
        words = self._text.heightForWidth(max(1, min(self.width() - 2 * WIDE, _TEXT_WIDTH))) + GAP
        least = self._title.sizeHint().height() + self._buttons.sizeHint().height() + 4 * GAP
        self._text.setVisible(self.height() >= least + words)
        full = least + words + self._medallion.height() + GAP + 2 * WIDE
        self._medallion.setVisible(self.height() >= full)
        edge = WIDE if self.height() >= full else GAP
        self._layout.setContentsMargins(WIDE, edge, WIDE, edge)

    def _offer(self, choices: Sequence[Choice]) -> None:
        while (item := self._buttons.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        self._buttons.addStretch(1)
        for index, (words, action) in enumerate(choices):
            self._buttons.addWidget(_choice(words, action, first=index == 0))
        self._buttons.addStretch(1)
        self._buttons.setContentsMargins(0, TIGHT if choices else 0, 0, 0)
        self._fit()


def _choice(words: str, action: Callable[[], object], *, first: bool) -> QPushButton:
    return button(words, action, variant="primary" if first else "plain")
