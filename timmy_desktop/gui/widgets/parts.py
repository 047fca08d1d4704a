"""Labels, buttons, cards and rows in the house's styles, so that panels don't spell them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.theme import GAP, ROOM, Size, Theme
from timmy_desktop.inert import inert

Variant = Literal["plain", "primary", "quiet", "danger", "status"]


def label(
    text: str = "", *, tone: str = "", size: Size = "body", strong: bool = False, wrap: bool = False
) -> QLabel:
    """A label of plain, inert text. `tone` is a role: `muted`, `accent`, `good`, `warn`, `bad`."""
    made = QLabel(inert(text))
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if strong:
        made.setProperty("strong", True)
    if size != "body":
        made.setProperty("type", size)
    if tone:
        made.setProperty("tone", tone)
    return made


def set_tone(widget: QWidget, tone: str) -> None:
    """Changes the tone of a label after it was made."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        _restyle(widget)


def selectable(made: QLabel) -> QLabel:
    """Lets a label's text be selected by mouse and keyboard."""
    made.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return made


def mono(made: QLabel, size: Size = "body") -> QLabel:
    """Sets a label in the monospaced font."""
    made.setFont(Theme.current().font(size, mono=True))
    return made


def code_line(text: str) -> QLabel:
    """A command that can be selected, on a sunken ground."""
    made = selectable(mono(label(text), "small"))
    made.setProperty("variant", "code")
    return made


class _Button(QPushButton):
    """Return presses it where the keyboard stands on it; a default button would take it from every field."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
        if not plain or event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():  # a key that is held since the question came up answers nothing
            self.click()


def button(
    text: str,
    clicked: Callable[[], object] | None = None,
    *,
    variant: Variant = "plain",
    glyph: str = "",
    hint: str = "",
) -> QPushButton:
    """A push button with words; `hint` is the tooltip. One `primary` at most in a panel."""
    made = _Button(f" {text}" if glyph else text)
    made.setAccessibleName(text.replace("&", ""))
    made.setProperty("variant", variant)
    made.setAutoDefault(False)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    if glyph:
        made.setIcon(icon(glyph, "on_fill", "on_fill") if variant == "primary" else icon(glyph))
        made.setIconSize(QSize(16, 16))
    if hint:
        made.setToolTip(hint)
    if clicked is not None:
        made.clicked.connect(lambda *_: clicked())
    return made


def glyph_button(
    glyph: str,
    name: str,
    clicked: Callable[[], object] | None = None,
    *,
    checkable: bool = False,
    side: int = 28,
) -> QToolButton:
    """A small square button with a picture; `name` is its tooltip and its name for screen readers."""
    made = QToolButton()
    made.setIcon(icon(glyph))
    made.setProperty("variant", "glyph")
    made.setIconSize(QSize(16, 16))
    made.setFixedSize(side, side)
    made.setToolTip(name)
    made.setAccessibleName(name)
    made.setCheckable(checkable)
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if clicked is not None:
        made.clicked.connect(lambda *_: clicked())
    return made


def card() -> QFrame:
    """A raised, rounded frame with a hairline; give it a layout of its own."""
    made = QFrame()
    made.setProperty("variant", "card")
    return made


def line() -> QFrame:
    """A horizontal hairline."""
    made = QFrame()
    made.setProperty("variant", "line")
    made.setFixedHeight(1)
    return made


def spring() -> QWidget:
    """Takes the room that is left in a row or column."""
    made = QWidget()
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return made


def row(
    *parts: QWidget | None, gap: int = GAP, margins: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> QHBoxLayout:
    """Widgets side by side; None is a spring."""
    made = QHBoxLayout()
    made.setContentsMargins(*margins)
    made.setSpacing(gap)
    for part in parts:
        made.addStretch(1) if part is None else made.addWidget(part)
    return made


def column(
    *parts: QWidget | None, gap: int = GAP, margins: tuple[int, int, int, int] = (ROOM, ROOM, ROOM, ROOM)
) -> QVBoxLayout:
    """Widgets one below the other; None is a spring."""
    made = QVBoxLayout()
    made.setContentsMargins(*margins)
    made.setSpacing(gap)
    for part in parts:
        made.addStretch(1) if part is None else made.addWidget(part)
    return made


def _restyle(widget: QWidget) -> None:
    widget.style().unpolish(widget)
    widget.style().polish(widget)
