"""The place where the chain is broken, with the events around it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from timmy_desktop.gui.panels.events.chain_desk import Verdict
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT, Theme
from timmy_desktop.gui.widgets.parts import column, label
from timmy_desktop.gui.widgets.pill import paint_mark
from timmy_desktop.gui.wording import exact_time
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.event_rows import LogRow

_MARK = 9


class BrokenLink(QFrame):
    """Hidden while the chain is whole."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("variant", "card")
        self._title = label(strong=True, tone="bad")
        self.links = _Links()
        self.setLayout(
            column(self._title, self.links, gap=GAP, margins=(ROOM, GAP + TIGHT, ROOM, GAP + TIGHT))
        )
        self.hide()

    def show_verdict(self, verdict: Verdict) -> None:
        broken = verdict.report.broken_seq
        self.setVisible(broken is not None)
        if broken is None:
            return
        self._title.setText(f"Broken at event {broken:,}")
        self.links.show_links(broken, list(verdict.neighbours))


class _Links(QWidget):
    """A thread of events down the left; red where it does not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.broken, self.rows = 0, list[LogRow | None]()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_links(self, broken: int, rows: list[LogRow]) -> None:
        """A place stands empty where the event itself is gone."""
        self.broken = broken
        self.rows = list(rows)
        if all(row.seq != broken for row in rows):
            place = sum(row.seq < broken for row in rows)
            self.rows.insert(place, None)
        self.setAccessibleName("; ".join(self.words_of(row) for row in self.rows))
        self.updateGeometry()
        self.update()

    def words_of(self, row: LogRow | None) -> str:
        if row is None:
            return f"{self.broken:,}  is not there"
        broken = "  does not fit" if row.seq == self.broken else ""
        parts = (f"{row.seq:,}", exact_time(row.time_us), inert_line(row.type, 60), row.hash.hex()[:12])
        return "  ".join(parts) + broken

    def sizeHint(self) -> QSize:
        return QSize(300, self._height * len(self.rows))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self._height * len(self.rows))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("small", mono=True))
        for place, row in enumerate(self.rows):
            box = QRect(0, place * self._height, self.width(), self._height)
            bad = row is None or row.seq == self.broken
            after = row is not None and row.seq > self.broken
            if bad:
                painter.fillRect(box, theme.tint("bad", 0.12, "raised"))
            middle = box.center().y()
            painter.setPen(theme.color("bad" if bad else "border"))
            if place:
                painter.drawLine(GAP + 4, box.top(), GAP + 4, middle - _MARK // 2 - 1)
            if place + 1 < len(self.rows) and not bad:
                painter.drawLine(GAP + 4, middle + _MARK // 2 + 2, GAP + 4, box.bottom() + 1)
            mark = QRect(GAP, middle - _MARK // 2, _MARK, _MARK).toRectF()
            # Of what comes after the break nothing can be said.
            paint_mark(painter, mark, "bad" if bad else "muted" if after else "good")
            painter.setPen(theme.color("bad" if bad else "muted" if after else "text"))
            words = box.adjusted(GAP + _MARK + GAP, 0, -GAP, 0)
            text = QFontMetrics(painter.font()).elidedText(
                self.words_of(row), Qt.TextElideMode.ElideRight, words.width()
            )
            painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    @property
    def _height(self) -> int:
        return QFontMetrics(Theme.current().font("small", mono=True)).height() + TIGHT + 2
