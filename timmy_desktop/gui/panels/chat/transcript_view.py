"""The conversation on screen: real widgets for what is near, none for the rest, however long it is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.chat.message_widget import MessageWidget, message_widget
from timmy_desktop.gui.panels.chat.transcript import Change, Transcript
from timmy_desktop.gui.theme import GAP, ROOM
from timmy_desktop.gui.widgets.parts import button

REDRAW_MS = 50
"""A streaming message is laid out again at most twenty times a second."""
_FIRST, _MORE, _MOST = 16, 6, 48
_NEAR = 400
COLUMN = 780


class TranscriptView(QScrollArea):
    """Follows the end while the person is there; keeps what they read in place while they are not."""

    retry_requested = Signal(str)
    task_requested = Signal(str)
    recalled_requested = Signal(str)
    memory_requested = Signal(str)

    def __init__(self, transcript: Transcript, now_us: Callable[[], int]) -> None:
        super().__init__()
        self._transcript, self._now_us = transcript, now_us
        self._first = self._wanted_first = self._wanted_end = 0
        self._widgets: list[MessageWidget] = []
        self._dirty: set[int] = set()
        self._follows = True
        self._anchor: tuple[MessageWidget, int] | None = None
        self._moving = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Conversation")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._body = QWidget()
        self._layout = QVBoxLayout(self._body)
        self._layout.setSpacing(ROOM)
        self._layout.addStretch(1)
        self.setWidget(self._body)
        self.jump_button = button("Jump to latest", self.jump_to_latest, glyph="down")
        self.jump_button.setParent(self)
        self.jump_button.hide()
        self._make_timers()
        self._body.installEventFilter(self)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().rangeChanged.connect(self._keep_place)

    def _make_timers(self) -> None:
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(REDRAW_MS)
        self._redraw.timeout.connect(self._draw_dirty)
        # Older messages are made a few at a time, so that none of it holds the window.
        self._fill = QTimer(self)
        self._fill.setSingleShot(True)
        self._fill.setInterval(0)
        self._fill.timeout.connect(self._fill_up)

    @property
    def follows(self) -> bool:
        """Whether new text scrolls into view by itself."""
        return self._follows

    @property
    def shown(self) -> list[MessageWidget]:
        """The widgets that exist now, in order."""
        return list(self._widgets)

    @property
    def busy(self) -> bool:
        """Whether something known is not on screen yet."""
        return self._redraw.isActive() or self._fill.isActive()

    def show_all(self) -> None:
        """Another conversation: its end first, the rest as it is needed."""
        self._clear()
        self._first = self._wanted_first = self._wanted_end = len(self._transcript)
        self._follows = True
        self._want_earlier(_FIRST)
        self._fill_up()
        self._show_jump()

    def show_change(self, change: Change) -> None:
        """A message came, or the one that streams has grown."""
        if change.added:
            if change.index == self._end and self._wanted_end == self._end:
                self._insert(len(self._widgets), change.index)
                self._wanted_end = self._end
                self._drop_first()
            self._show_jump()
            return
        self._dirty.add(change.index)
        if not self._redraw.isActive():
            self._redraw.start()

    def jump_to_latest(self) -> None:
        """To the end, and following it again."""
        if self._end < len(self._transcript):
            self.show_all()
        self._follows = True
        self._to_end()
        self._show_jump()

    def tick(self) -> None:
        """Once a second: an answer that is waited for says how long by now."""
        if self._widgets and self._widgets[-1].entry.message.state == "streaming":
            self._widgets[-1].refresh(self._widgets[-1].entry)

    def stop(self) -> None:
        """No timer runs on."""
        self._redraw.stop()
        self._fill.stop()

    # Building

    def _clear(self) -> None:
        self.stop()
        self._dirty.clear()
        self._anchor = None
        for widget in self._widgets:
            self._drop(widget)
        self._widgets.clear()

    @property
    def _end(self) -> int:
        return self._first + len(self._widgets)

    def _want_earlier(self, count: int) -> None:
        self._wanted_first = max(0, min(self._wanted_first, self._first - count))
        self._start_filling()

    def _want_later(self, count: int) -> None:
        self._wanted_end = min(len(self._transcript), max(self._wanted_end, self._end + count))
        self._start_filling()

    def _start_filling(self) -> None:
        lacking = self._wanted_first < self._first or self._end < self._wanted_end
        if lacking and not self._fill.isActive():
            self._fill.start()

    def _fill_up(self) -> None:
        """One message more; what is far from it at the other end goes."""
        self._remember_place()
        if self._wanted_first < self._first:
            self._first -= 1
            self._insert(0, self._first)
            self._drop_last()
        elif self._end < self._wanted_end:
            self._insert(len(self._widgets), self._end)
            self._drop_first()
        self._start_filling()

    def _insert(self, place: int, index: int) -> None:
        widget = message_widget(self._transcript[index], self._now_us)
        widget.retry_requested.connect(self.retry_requested)
        widget.task_requested.connect(self.task_requested)
        widget.recalled_requested.connect(self.recalled_requested)
        widget.memory_requested.connect(self.memory_requested)
        self._widgets.insert(place, widget)
        self._layout.insertWidget(place + 1, widget)

    def _drop_first(self) -> None:
        while len(self._widgets) > _MOST:
            self._drop(self._widgets.pop(0))
            self._first += 1
        self._wanted_first = max(self._wanted_first, self._first)

    def _drop_last(self) -> None:
        while len(self._widgets) > _MOST and not self._follows:
            self._drop(self._widgets.pop())
        self._wanted_end = min(self._wanted_end, self._end)

    def _drop(self, widget: MessageWidget) -> None:
        if self._anchor is not None and self._anchor[0] is widget:
            self._anchor = None
        self._layout.removeWidget(widget)
        widget.hide()
        widget.deleteLater()

    def _draw_dirty(self) -> None:
        dirty, self._dirty = self._dirty, set()
        for index in dirty:
            place = index - self._first
            if 0 <= place < len(self._widgets):
                self._widgets[place].refresh(self._transcript[index])

    # Scrolling

    def _scrolled(self, value: int) -> None:
        if self._moving:
            return
        bar = self.verticalScrollBar()
        self._follows = self._end == len(self._transcript) and value >= bar.maximum() - GAP
        self._remember_place()
        if value < _NEAR and self._first > 0:
            self._want_earlier(_MORE)
        elif bar.maximum() - value < _NEAR and self._end < len(self._transcript):
            self._want_later(_MORE)
        self._show_jump()

    def _remember_place(self) -> None:
        """The message at the top of the view stays where it is while others change their height."""
        if self._follows:
            self._anchor = None
            return
        top = self.verticalScrollBar().value()
        for widget in self._widgets:
            if widget.y() + widget.height() > top:
                self._anchor = (widget, widget.y() - top)
                return

    def _keep_place(self) -> None:
        if self._follows:
            self._to_end()
        elif self._anchor is not None:
            widget, offset = self._anchor
            self._move_to(widget.y() - offset)

    def _to_end(self) -> None:
        self._move_to(self.verticalScrollBar().maximum())

    def _move_to(self, value: int) -> None:
        self._moving = True
        self.verticalScrollBar().setValue(value)
        self._moving = False

    def _show_jump(self) -> None:
        shown = not self._follows and bool(self._transcript)
        if self.jump_button.isVisible() != shown:
            self.jump_button.setVisible(shown)
        if shown:
            self._place_jump()

    def _place_jump(self) -> None:
        self.jump_button.adjustSize()
        size, room = self.jump_button.size(), self.viewport().size()
        self.jump_button.move(QPoint((room.width() - size.width()) // 2, room.height() - size.height() - GAP))
        self.jump_button.raise_()

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._remember_place()
        # The column stays where it is when the bar comes or goes.
        taken, bar = self.width() - self.viewport().width(), self.verticalScrollBar().sizeHint().width()
        side = max(GAP + 4, (self.width() - bar - COLUMN) // 2)
        self._layout.setContentsMargins(side, ROOM, max(0, side + bar - taken), ROOM)
        super().resizeEvent(event)
        self._place_jump()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._body and event.type() == QEvent.Type.LayoutRequest:
            QTimer.singleShot(0, self, self._keep_place)
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_End:
            self.jump_to_latest()
        elif event.key() == Qt.Key.Key_Home:
            self.verticalScrollBar().setValue(0)
        else:
            super().keyPressEvent(event)
