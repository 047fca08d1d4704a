"""What stands in a dock while one looks at the past: framed, told in words, and read only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy, QStackedWidget, QTabBar, QWidget

from timmy_desktop.gui.scrubber.content import Content, Moment, Render, Table
from timmy_desktop.gui.scrubber.table import ThenTable
from timmy_desktop.gui.theme import GAP, RADIUS, TIGHT, Theme
from timmy_desktop.gui.widgets.facts_strip import FactsStrip
from timmy_desktop.gui.widgets.parts import button, column, label, selectable
from timmy_desktop.inert import inert_line

_LOW, _BROAD, _HEAD_WIDTH, _ANY = 260, 620, 300, 16_777_215
"""In a low and broad dock the facts stand beside the table."""
_MOST_LINES, _LONGEST = 12, 600


class ThenPage(QFrame):
    """Renders a moment only when it is on screen, and again when it comes there."""

    def __init__(self, render: Render) -> None:
        super().__init__()
        self._render = render
        self._moment: Moment | None = None
        self._rendered: Moment | None = None
        self._when = label("", tone="warn", strong=True, wrap=True)
        self._facts = FactsStrip()
        self._note = label("", tone="muted", size="small", wrap=True)
        self._detail = selectable(label("", size="small", wrap=True))
        self._detail.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._detail.hide()
        self._tabs = QTabBar()
        self._tabs.setExpanding(False)
        # In a narrow dock their names are cut, so that each can still be reached.
        self._tabs.setUsesScrollButtons(False)
        self._tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self._tabs.setAccessibleName("Which table")
        self._parts: list[_Part] = []
        self._stack = QStackedWidget()
        self._stack.setMinimumSize(0, 0)
        self._tabs.currentChanged.connect(self._stack.setCurrentIndex)
        self._compose()

    @property
    def words(self) -> str:
        """What the head of the page says."""
        return self._when.text()

    @property
    def content(self) -> Content | None:
        """What it shows now; None before it was on screen."""
        return self._render(self._rendered) if self._rendered is not None else None

    @property
    def tables(self) -> list[ThenTable]:
        return [part.view for part in self._parts]

    @property
    def detail(self) -> str:
        """What is told of the chosen row."""
        return self._detail.text()

    @property
    def is_current(self) -> bool:
        """Whether what was asked for is on screen, or would be."""
        return self._moment is self._rendered or not self.isVisible()

    def show_moment(self, moment: Moment, words: str) -> None:
        """Shows the dock as it was; `words` say when."""
        self._moment = moment
        self._when.setText(f"{words} · read only")
        if self.isVisible():
            self._show_content()

    def show_table(self, title: str) -> None:
        """Brings the table of that title to the front."""
        for number, part in enumerate(self._parts):
            if part.view.table.title == title:
                self._tabs.setCurrentIndex(number)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_content()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_low = event.size().height() < _LOW and event.size().width() > _BROAD
        way = QBoxLayout.Direction.LeftToRight if is_low else QBoxLayout.Direction.TopToBottom
        self._layout.setDirection(way)
        self._head.setMaximumWidth(_HEAD_WIDTH if is_low else _ANY)
        self._note.setVisible(bool(self._note.text()) and not is_low)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_frame(self)

    def _compose(self) -> None:
        self._head = QWidget()
        self._head.setLayout(column(self._when, self._facts, self._note, gap=GAP, margins=(0, 0, 0, 0)))
        body = QWidget()
        rest = column(self._tabs, gap=TIGHT, margins=(0, 0, 0, 0))
        rest.addWidget(self._stack, 1)
        rest.addWidget(self._detail)
        body.setLayout(rest)
        body.setMinimumSize(0, 0)
        self._layout = _framed(self)
        self._layout.addWidget(self._head, 0, Qt.AlignmentFlag.AlignTop)
        self._layout.addWidget(body, 1)

    def _show_content(self) -> None:
        if self._moment is None or self._moment is self._rendered:
            return
        self._rendered = self._moment
        content = self._render(self._moment)
        self._facts.show_facts(content.facts)
        self._facts.setVisible(bool(content.facts))
        self._note.setText(content.note)
        is_beside = self._layout.direction() is QBoxLayout.Direction.LeftToRight
        self._note.setVisible(bool(content.note) and not is_beside)
        for table in content.tables[len(self._parts) :]:
            self._add(table)
        for number, (part, table) in enumerate(zip(self._parts, content.tables, strict=True)):
            part.show_table(table)
            self._tabs.setTabText(number, _title(table))
            self._tabs.setTabToolTip(number, _title(table))

    def _add(self, table: Table) -> None:
        part = _Part(table)
        part.view.told.connect(self._tell)
        self._parts.append(part)
        self._stack.addWidget(part)
        self._tabs.addTab("")

    def _tell(self, detail: str) -> None:
        lines = [inert_line(line, _LONGEST) for line in detail.splitlines()[:_MOST_LINES]]
        self._detail.setText("\n".join(lines))
        self._detail.setVisible(bool(detail))


class NoPast(QFrame):
    """In front of a dock whose past is not shown: nothing in it can be used meanwhile."""

    def __init__(self, title: str, back: Callable[[], object]) -> None:
        super().__init__()
        self._when = label("", tone="warn", strong=True, wrap=True)
        text = label(f"{title} goes on, and is not shown as it was.", tone="muted", wrap=True)
        layout = _framed(self)
        layout.addWidget(self._when)
        layout.addWidget(text)
        layout.addWidget(button("Back to now", back), 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)
        self.is_current = True

    def show_moment(self, _: Moment, words: str) -> None:
        self._when.setText(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_frame(self)


class _Part(QStackedWidget):
    """A table, or a word where it is empty."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._nothing = label("", tone="muted")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.view = ThenTable(table)
        self.addWidget(self.view)
        self.addWidget(self._nothing)

    def show_table(self, table: Table) -> None:
        self._nothing.setText(table.nothing)
        self.setCurrentIndex(0 if table.rows else 1)
        self.view.show_table(table)


def _title(table: Table) -> str:
    shown, total = len(table.rows), max(table.total, len(table.rows))
    return f"{table.title} · newest {shown:,} of {total:,}" if total > shown else f"{table.title} · {total:,}"


def paint_frame(page: QWidget) -> None:
    """A line all around, in the tone of what one should not take for the present."""
    painter = QPainter(page)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(Theme.current().color("warn"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(page.rect()).adjusted(3.5, 3.5, -3.5, -3.5), RADIUS, RADIUS)


def _framed(page: QFrame) -> QBoxLayout:
    page.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
    layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, page)
    layout.setSizeConstraint(QBoxLayout.SizeConstraint.SetNoConstraint)
    layout.setContentsMargins(GAP + TIGHT, GAP + TIGHT, GAP + TIGHT, GAP + TIGHT)
    layout.setSpacing(GAP)
    return layout
