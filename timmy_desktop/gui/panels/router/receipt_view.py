"""A receipt on screen: how it ended, what it took, why it went there, its attempts, its prompt."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.router.receipt_text import (
    as_text,
    attempt_head,
    attempt_lines,
    choice_lines,
    facts_of,
    message_text,
)
from timmy_desktop.gui.panels.router.words import outcome_look
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.code_block import CodeBlock
from timmy_desktop.gui.widgets.copyable_id import CopyableId
from timmy_desktop.gui.widgets.facts_strip import FactsStrip
from timmy_desktop.gui.widgets.parts import card, column, glyph_button, label, row, selectable
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.widgets.relative_time import RelativeTime
from timmy_desktop.inert import inert_line
from timmy_desktop.routing.records import AttemptRecord, Receipt

_MOST_CHARACTERS = 6_000
_MOST_MESSAGES = 40


class ReceiptView(QWidget):
    """Escape goes back to the list; Copy takes the whole of it, however long."""

    back_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.receipt: Receipt | None = None
        self.back = glyph_button("close", "Back to the requests", self.back_requested.emit)
        self.pill = Pill()
        self.when = RelativeTime()
        self.identifier = CopyableId(what="request id")
        self.copy_button = glyph_button("copy", "Copy the receipt", self._copy)
        self.facts = FactsStrip()
        self._body = QWidget()
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName("Receipt")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        head = row(
            self.pill,
            self.when,
            self.identifier,
            None,
            self.copy_button,
            self.back,
            margins=(GAP + TIGHT, GAP, GAP, TIGHT),
        )
        layout.addLayout(head)
        layout.addWidget(self._scroll, 1)

    def show_receipt(self, receipt: Receipt) -> None:
        """Shows this one from its top."""
        self.receipt = receipt
        look = outcome_look(receipt.outcome)
        self.pill.show_status(look.word, look.tone, shape=look.shape)
        self.when.show_time(receipt.time_us)
        self.identifier.show_id(receipt.request_id)
        self.facts = FactsStrip()
        self.facts.show_facts(facts_of(receipt))
        body = QWidget()
        layout = column(self.facts, gap=GAP, margins=(GAP + TIGHT, GAP, GAP + TIGHT, ROOM))
        _section(layout, "Why it went there", [_words(line) for line in choice_lines(receipt)])
        _section(layout, "Attempts", [_attempt(attempt) for attempt in receipt.attempts])
        _section(layout, "Prompt as sent", _messages(receipt))
        layout.addStretch(1)
        body.setLayout(layout)
        self._scroll.setWidget(body)
        self._body = body

    def show_opening(self, words: str, tone: str = "muted") -> None:
        """Words in the receipt's place, until it comes or because it can't."""
        self.receipt = None
        body = QWidget()
        body.setLayout(column(label(words, tone=tone, wrap=True), None))
        self._scroll.setWidget(body)
        self.pill.show_status("…" if tone == "muted" else "Not shown", tone)

    @property
    def text(self) -> str:
        """What Copy takes."""
        return as_text(self.receipt) if self.receipt is not None else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.back_requested.emit()
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)


def _section(layout: QVBoxLayout, title: str, parts: list[QWidget]) -> None:
    if not parts:
        return
    layout.addSpacing(TIGHT)
    layout.addWidget(label(title, tone="muted", size="small", strong=True))
    for part in parts:
        layout.addWidget(part)


def _words(text: str) -> QWidget:
    return selectable(label(text, wrap=True))


def _attempt(attempt: AttemptRecord) -> QWidget:
    look = outcome_look(attempt.outcome)
    made = card()
    head = selectable(label(attempt_head(attempt), strong=True))
    pill = Pill(look.word, look.tone, shape=look.shape)
    layout = column(gap=TIGHT, margins=(GAP + TIGHT, GAP, GAP + TIGHT, GAP))
    layout.addLayout(row(head, None, pill))
    for place, line in enumerate(attempt_lines(attempt)):
        layout.addWidget(selectable(label(line, tone="" if place == 0 else "muted", size="small", wrap=True)))
    made.setLayout(layout)
    return made


def _messages(receipt: Receipt) -> list[QWidget]:
    """The newest messages whole enough to read; what is cut says so, and Copy has it all."""
    parts: list[QWidget] = []
    left_out = len(receipt.messages) - _MOST_MESSAGES
    if left_out > 0:
        parts.append(
            label(
                f"{left_out} earlier messages are not shown here; Copy takes them all.",
                tone="muted",
                wrap=True,
            )
        )
    for message in receipt.messages[-_MOST_MESSAGES:]:
        block = CodeBlock()
        text = message_text(message)
        block.show_code(text[:_MOST_CHARACTERS], inert_line(message.role, 20))
        parts.append(block)
        if len(text) > _MOST_CHARACTERS:
            words = f"{len(text) - _MOST_CHARACTERS:,} more characters; Copy takes them all."
            parts.append(label(words, tone="muted", size="small", wrap=True))
    return parts
