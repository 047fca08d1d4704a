"""What stands in a dock while one looks at the past: framed, told in words, and read only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from timmy_desktop.gui.scrubber.content import Content, Moment, Render, Table
from timmy_desktop.gui.scrubber.table import ThenTable
from timmy_desktop.gui.theme import GAP, HAIR, RADIUS, TIGHT, Theme
from timmy_desktop.gui.widgets.facts_strip import FactsStrip
from timmy_desktop.gui.widgets.parts import button, label, selectable
from timmy_desktop.gui.wording import count


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
        self._detail.setMaximumHeight(160)
        self._detail.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._detail.hide()
        self._tables: list[_Part] = []
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        layout = _column(self)
        for part in (self._when, self._facts, self._note):
            layout.addWidget(part)
        layout.addWidget(self._split, 1)
        layout.addWidget(self._detail)

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
        return [part.view for part in self._tables]

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

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_content()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        paint_frame(self)

    def _show_content(self) -> None:
        if self._moment is None or self._moment is self._rendered:
            return
        self._rendered = self._moment
        content = self._render(self._moment)
        self._facts.show_facts(content.facts)
        self._facts.setVisible(bool(content.facts))
        self._note.setText(content.note)
        self._note.setVisible(bool(content.note))
        for table in content.tables[len(self._tables) :]:
            self._add(table)
        for part, table in zip(self._tables, content.tables, strict=False):
            part.show_table(table)

    def _add(self, table: Table) -> None:
        part = _Part(table)
        part.view.told.connect(self._tell)
        self._tables.append(part)
        self._split.addWidget(part)
        self._split.setStretchFactor(self._split.count() - 1, 3 if len(self._tables) == 1 else 1)

    def _tell(self, detail: str) -> None:
        self._detail.setText(detail)
        self._detail.setVisible(bool(detail))


class NoPast(QFrame):
    """In front of a dock whose past is not shown: nothing in it can be used meanwhile."""

    def __init__(self, title: str, back: Callable[[], object]) -> None:
        super().__init__()
        self._when = label("", tone="warn", strong=True, wrap=True)
        text = label(f"{title} goes on, and is not shown as it was.", tone="muted", wrap=True)
        layout = _column(self)
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


class _Part(QWidget):
    """A table under its title, or a word where it is empty."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._title = label("", strong=True, size="small", tone="muted")
        self._nothing = label("", tone="muted")
        self.view = ThenTable(table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(TIGHT)
        layout.addWidget(self._title)
        layout.addWidget(self._nothing)
        layout.addWidget(self.view, 1)
        layout.addStretch()

    def show_table(self, table: Table) -> None:
        shown, total = len(table.rows), max(table.total, len(table.rows))
        more = f"the newest {shown:,} of {total:,}" if total > shown else count(total, "row")
        self._title.setText(f"{table.title} · {more}" if total else table.title)
        self._nothing.setText(table.nothing)
        self._nothing.setVisible(not table.rows)
        self.view.setVisible(bool(table.rows))
        self.view.show_table(table)


def paint_frame(page: QWidget) -> None:
    """A line all around, in the tone of what one should not take for the present."""
    painter = QPainter(page)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(Theme.current().color("warn"), HAIR, Qt.PenStyle.DashLine))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(page.rect().adjusted(TIGHT, TIGHT, -TIGHT, -TIGHT), RADIUS, RADIUS)


def _column(page: QFrame) -> QVBoxLayout:
    page.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
    page.setMinimumSize(0, 0)
    layout = QVBoxLayout(page)
    layout.setContentsMargins(GAP + TIGHT, GAP + TIGHT, GAP + TIGHT, GAP + TIGHT)
    layout.setSpacing(GAP)
    return layout
