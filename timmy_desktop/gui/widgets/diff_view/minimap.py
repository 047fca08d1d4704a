"""A narrow map of a diff beside it: where something changed, what was found, and what is on screen."""

from __future__ import annotations

import time
from bisect import bisect_right
from operator import itemgetter

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.diff_view.parts import PartKind
from timmy_desktop.gui.widgets.diff_view.view import DiffView

_WIDTH = 14
_PLACES = {"+": (7, 5), "-": (2, 5)}
_LOOKED_AT = 24
# So long after the rows have changed: the lines come first, and many changes are one.
_AGAIN_MS = 30
_SLICE_SECONDS = 0.003


class Minimap(QWidget):
    """A click or a drag goes there. For the eye and the mouse only: keys go from change to change."""

    def __init__(self, view: DiffView) -> None:
        super().__init__()
        self._view = view
        self._drawn: QPixmap | None = None
        self._begun: QPixmap | None = None
        self._next = 0
        self._is_stale = True
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self.draw_anew)
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.setInterval(0)
        self._more.timeout.connect(self.update)
        self.setFixedWidth(_WIDTH)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName("Map of the changes")
        self.setToolTip("Where something changed. Click to go there; N and P do it by key.")
        view.rows_changed.connect(self._forget)
        view.verticalScrollBar().valueChanged.connect(lambda _: self.update())
        view.verticalScrollBar().rangeChanged.connect(lambda *_: self._forget())
        Theme.current().changed.connect(self._forget)

    @property
    def is_drawn(self) -> bool:
        """Whether it shows the rows as they are now."""
        return not self._again.isActive() and not self._more.isActive()

    def stop(self) -> None:
        self._again.stop()
        self._more.stop()

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH, 100)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        if self._drawn is None or self._drawn.size() != self.size() * self.devicePixelRatioF():
            self._is_stale = True
        if self._begun is not None and self._begun.size() != self.size() * self.devicePixelRatioF():
            self._begun = None
        if self._is_stale:
            self._draw_on()
        painter, theme = QPainter(self), Theme.current()
        painter.fillRect(self.rect(), theme.color("sunken"))
        if self._drawn is not None:
            painter.drawPixmap(0, 0, self._drawn)
        window = self._window()
        if window.height() < self.height() - 1:
            color = theme.color("outline")
            painter.setPen(color)
            painter.drawRect(window.adjusted(0.5, 0.5, -0.5, -0.5))
            painter.setOpacity(0.16)
            painter.fillRect(window, color)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._scroll_to(event.position().y())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._scroll_to(event.position().y())

    def _scroll_to(self, y: float) -> None:
        bar = self._view.verticalScrollBar()
        whole = bar.maximum() + bar.pageStep()
        bar.setValue(round(y / max(self.height(), 1) * whole - bar.pageStep() / 2))

    def _window(self) -> QRectF:
        bar = self._view.verticalScrollBar()
        whole = max(bar.maximum() + bar.pageStep(), 1)
        top, height = bar.value() / whole * self.height(), bar.pageStep() / whole * self.height()
        return QRectF(0, top, self.width(), max(height, 8.0))

    def _draw_on(self) -> None:
        """For a slice of time: all of a large diff takes long, and until then the old picture stays."""
        until = time.perf_counter() + _SLICE_SECONDS
        if not self._view.document.prepare_changes(_SLICE_SECONDS) or not self._draw_rows(until):
            self._more.start()
            return
        self._drawn, self._begun = self._begun, None
        self._is_stale = False
        self._more.stop()

    def _draw_rows(self, until: float) -> bool:
        """Goes on with the picture that was begun; whether it is finished. One row at least, to get there."""
        if self._begun is None:
            ratio = self.devicePixelRatioF()
            self._begun, self._next = QPixmap(self.size() * ratio), 0
            self._begun.setDevicePixelRatio(ratio)
            self._begun.fill(Theme.current().color("sunken"))
        painter = QPainter(self._begun)
        whole = max(self._view.geometry_now.height, self._view.viewport().height(), 1)
        scale = self.height() / whole
        end = min(self.height(), round(self._view.geometry_now.height * scale) + 1)
        while self._next < end:
            self._draw_row(painter, self._next, scale)
            self._next += 1
            if time.perf_counter() > until:
                break
        if self._next >= end:
            self._draw_marks(painter, scale)
        painter.end()
        return self._next >= end

    def _draw_row(self, painter: QPainter, y: int, scale: float) -> None:
        theme = Theme.current()
        for kind in self._kinds(y / scale, (y + 1) / scale):
            left, width = _PLACES[kind]
            painter.fillRect(QRectF(left, y, width, 1), theme.color("good" if kind == "+" else "bad"))

    def _kinds(self, top: float, bottom: float) -> set[str]:
        """What changed between two heights. Asked for each pixel: there may be a thousand changes to one."""
        geometry, changes = self._view.geometry_now, self._view.document.changes
        first, last = geometry.row_at(int(top)), geometry.row_at(int(bottom - 0.001))
        place = max(bisect_right(changes, first, key=itemgetter(0)) - 1, 0)
        kinds: set[str] = set()
        for start, end, kind in changes[place : place + _LOOKED_AT]:
            if start > last or len(kinds) > 1:
                break
            if end > first:
                kinds.update("+-" if kind == "±" else kind)
        return kinds

    def _draw_marks(self, painter: QPainter, scale: float) -> None:
        view, theme = self._view, Theme.current()
        if view.found is not None:
            for row in dict.fromkeys(hit.row for hit in view.found.hits):
                painter.fillRect(
                    QRectF(0, view.geometry_now.top(row) * scale, self.width(), 2), theme.color("warn")
                )
        for place, part in enumerate(view.document.parts):
            if part.kind is PartKind.COMMENT:
                y = view.geometry_now.tops[place] * scale
                painter.fillRect(QRectF(0, y, self.width(), 3), theme.color("accent"))

    def _forget(self) -> None:
        if not self._again.isActive():
            self._again.start()

    def draw_anew(self) -> None:
        """Of the rows as they are now, from the top."""
        self._again.stop()
        self._is_stale, self._begun = True, None
        self._more.start()
