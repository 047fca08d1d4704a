"""One message on screen: the person's in a card, Timmy's as plain prose, reports as a slim line."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.chat.transcript import Entry
from timmy_desktop.gui.panels.chat.wording import footer_words
from timmy_desktop.gui.recalled import counts_words
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.markdown_view import MarkdownView
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, card, column, glyph_button, label, row
from timmy_desktop.gui.widgets.recalled_view import RecalledView
from timmy_desktop.gui.wording import exact_time

_GLYPH = 18
_GUTTER = _GLYPH + GAP + TIGHT
_CARD_SHARE = 0.82
_SPOKEN = {"user": "You", "assistant": "Timmy", "notice": "Report"}


class MessageWidget(QWidget):
    """Shows an entry; `refresh` after it changed. Takes the focus, so that keys can copy it."""

    retry_requested = Signal(str)
    task_requested = Signal(str)
    recalled_requested = Signal(str)
    memory_requested = Signal(str)

    def __init__(self, entry: Entry, now_us: Callable[[], int]) -> None:
        super().__init__()
        self._entry, self._now_us = entry, now_us
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.body = MarkdownView()
        self.body.memory_requested.connect(self.memory_requested)
        self.outer = QVBoxLayout(self)
        self.outer.setSpacing(0)
        self.outer.setContentsMargins(0, 0, 0, 0)
        self.build()
        self.refresh(entry)

    def build(self) -> None:
        """Each kind of message lays itself out."""

    def refresh(self, entry: Entry) -> None:
        """Shows what changed, and only that."""
        self._entry = entry
        self.setAccessibleName(f"{_SPOKEN.get(entry.message.role, '')}: {entry.text[:400]}")
        self.setToolTip("")

    @property
    def entry(self) -> Entry:
        return self._entry

    def copy(self) -> None:
        """The whole message as it was written, Markdown and all."""
        QGuiApplication.clipboard().setText(self._entry.text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._entry.message.task_id:
            self.task_requested.emit(self._entry.message.task_id)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        if self.hasFocus():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Theme.current().color("accent"))
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)


class UserMessage(MessageWidget):
    """A card at the right, as wide as its words need."""

    def build(self) -> None:
        self.card = card()
        self.card.setLayout(column(self.body, margins=(GAP + TIGHT, GAP, GAP + TIGHT, GAP)))
        line = row(None, self.card, gap=0)
        self.outer.addLayout(line)

    def refresh(self, entry: Entry) -> None:
        super().refresh(entry)
        if entry.text != self.body.text or not self.body.text:
            self.body.show_text(entry.text, plain=True)
        self.card.setToolTip(exact_time(entry.message.created_us))
        self._fit()

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def _fit(self) -> None:
        most = int(self.width() * _CARD_SHARE)
        metrics = self.fontMetrics()
        lines = self._entry.text[:2_000].splitlines() or [""]
        needed = max(metrics.horizontalAdvance(line[:400]) for line in lines[:60]) + 2 * (GAP + TIGHT) + 8
        width = max(56, min(most, needed))
        if self.card.width() != width or self.card.minimumWidth() != width:
            self.card.setFixedWidth(width)


class AssistantMessage(MessageWidget):
    """Prose beside Timmy's face; under it who answered and in how long."""

    def build(self) -> None:
        self.failure: NoticeBar | None = None
        self.notes: QLabel | None = None
        self.recalled: RecalledView | None = None
        self.setMinimumHeight(_GLYPH + TIGHT)
        self.footer = label(tone="muted", size="small", wrap=True)
        self.footer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.copy_button = glyph_button("copy", "Copy the answer", self.copy, side=24)
        below = row(self.footer, self.copy_button, gap=GAP)
        self._column = column(self.body, gap=TIGHT + 2, margins=(_GUTTER, 0, 0, 0))
        self._column.addLayout(below)
        self.outer.addLayout(self._column)

    def refresh(self, entry: Entry) -> None:
        super().refresh(entry)
        text, message = entry.text, entry.message
        failed = message.state == "failed"
        if text != self.body.text:
            self.body.show_text(text)
        self.body.setVisible(bool(text))
        self._show_notes(entry.notes)
        self._show_failure(failure_words(entry) if failed else "")
        self.footer.setText(footer_words(message, self._now_us()))
        self.footer.setToolTip(exact_time(message.created_us))
        self.footer.setVisible(bool(self.footer.text()))
        self.copy_button.setVisible(bool(text and self.footer.text()) and message.state != "streaming")
        self._show_recalled(entry)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        role = "muted" if self._entry.message.state == "failed" else "accent"
        paint_glyph(QPainter(self), "timmy", QRect(0, 2, _GLYPH, _GLYPH), Theme.current().color(role))

    # Most answers need none of these: a widget that is not there costs nothing.

    def _show_notes(self, words: str) -> None:
        if words and self.notes is None:
            self.notes = label(tone="warn", size="small", wrap=True)
            self._column.insertWidget(0, self.notes)
        if self.notes is not None:
            self.notes.setText(words)
            self.notes.setVisible(bool(words))

    def _show_failure(self, words: str) -> None:
        if words and self.failure is None:
            self.failure = NoticeBar("Try again", self._retry)
            self._column.insertWidget(self._column.indexOf(self.body) + 1, self.failure)
        if self.failure is not None:
            self.failure.say(words, "bad")

    def _show_recalled(self, entry: Entry) -> None:
        words = counts_words(entry.recalled)
        if words and self.recalled is None:
            self.recalled = RecalledView()
            self.recalled.turned.connect(self._turn_recalled)
            self.recalled.entry_requested.connect(self.memory_requested)
            self._column.addWidget(self.recalled)
        if self.recalled is not None:
            self.recalled.show_words(words)
            self.recalled.setVisible(bool(words))
            self.recalled.show_groups(entry.groups)

    def _turn_recalled(self) -> None:
        self.recalled_requested.emit(self._entry.message.id)

    def _retry(self) -> None:
        self.retry_requested.emit(self._entry.message.id)


class NoticeMessage(MessageWidget):
    """The swarm reports on a task; one click shows it."""

    def build(self) -> None:
        self.card = card()
        self.task_button = button("Open the task", self._open, variant="quiet", glyph="tasks")
        layout = column(self.body, gap=TIGHT, margins=(GAP + TIGHT, GAP, GAP + TIGHT, TIGHT))
        layout.addLayout(row(self.task_button, None))
        self.card.setLayout(layout)
        line = row(self.card, gap=0, margins=(_GUTTER, 0, 0, 0))
        self.outer.addLayout(line)

    def refresh(self, entry: Entry) -> None:
        super().refresh(entry)
        if entry.text != self.body.text:
            self.body.show_text(entry.text)
        self.task_button.setVisible(bool(entry.message.task_id))

    def _open(self) -> None:
        self.task_requested.emit(self._entry.message.task_id)


def failure_words(entry: Entry) -> str:
    """Why there is no answer, as far as it was told."""
    return (
        entry.message.reason or "The answer broke off. Try again, or look at the Router for what is missing."
    )


_KINDS: dict[str, type[MessageWidget]] = {
    "user": UserMessage,
    "assistant": AssistantMessage,
    "notice": NoticeMessage,
}


def message_widget(entry: Entry, now_us: Callable[[], int]) -> MessageWidget:
    """The widget for the entry's role; what is not known shows as a report."""
    return _KINDS.get(entry.message.role, NoticeMessage)(entry, now_us)
