"""A page of cards one below the other that scrolls: for test results, the proof packet and the history."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.parts import card, column, label, row, selectable
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.inert import inert

MOST_LINES = 60
"""Of a list that is longer the rest is counted."""


class Sheet(QScrollArea):
    """Emptied and filled anew whenever something changes; there are never many cards."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._column: QVBoxLayout | None = None
        self.fill([])

    def fill(self, cards: Sequence[QWidget]) -> None:
        """These cards and no others; where the person had scrolled to stays."""
        place = self.verticalScrollBar().value()
        body = QWidget()
        body.setLayout(column(*cards, None, gap=GAP, margins=(ROOM, GAP, ROOM, ROOM)))
        self.setWidget(body)
        self.verticalScrollBar().setValue(place)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 80)

    def text(self) -> str:
        """Every word on it, for who copies it or tests it."""
        body = self.widget()
        found = body.findChildren(QLabel) if body is not None else []
        return "\n".join(one.text() for one in found)


def section(title: str, *parts: QWidget, pill: Pill | None = None) -> QFrame:
    """A card with a title and what belongs under it."""
    made = card()
    head = (
        row(label(title, strong=True), pill, gap=GAP) if pill is not None else row(label(title, strong=True))
    )
    head.addStretch(1)
    layout = column(gap=TIGHT, margins=(12, GAP, 12, GAP + TIGHT))
    layout.addLayout(head)
    for part in parts:
        layout.addWidget(part)
    made.setLayout(layout)
    made.setAccessibleName(title)
    return made


def told(text: str, tone: str = "", size: str = "body") -> QLabel:
    """Words that wrap and can be selected."""
    made = selectable(label(inert(text), tone=tone, wrap=True, size="small" if size == "small" else "body"))
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
    return made


def listed(lines: Sequence[str], tone: str = "") -> QLabel:
    """Short lines one below the other, each with a dash; many are counted."""
    shown = [f"–  {inert(line)}" for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(f"and {len(lines) - MOST_LINES:,} more")
    return told("\n".join(shown), tone)
