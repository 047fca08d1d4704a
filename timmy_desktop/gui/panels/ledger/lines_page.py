"""The lines: what to look for, the table, and one line with its proof in its place when it is opened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.ledger.filters import FilterBar
from timmy_desktop.gui.panels.ledger.line_view import LineView
from timmy_desktop.gui.panels.ledger.lines_model import LinesModel
from timmy_desktop.gui.panels.ledger.lines_table import LinesTable
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.parts import label, row
from timmy_desktop.gui.wording import count


class LinesPage(QWidget):
    """What to do about it the panel knows."""

    def __init__(
        self,
        model: LinesModel,
        view: LineView,
        *,
        retry: Callable[[], object],
        give_up: Callable[[], object],
        first_step: Callable[[], object],
    ) -> None:
        """`give_up` ends a search; `first_step` is offered where the book is empty."""
        super().__init__()
        self._model, self._retry, self._first_step = model, retry, first_step
        self.filters = FilterBar()
        self.table = LinesTable(model)
        self.view = view
        self.busy = BusyBar(give_up)
        self.state = EmptyState("ledger", "Lines", "Reading the ledger…")
        self.total = label(tone="muted", size="small")
        self.stack = QStackedWidget()
        self.stack.addWidget(self.state)
        self.stack.addWidget(self.table)
        self.list_side = QWidget()
        side = QVBoxLayout(self.list_side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(0)
        side.addWidget(self.filters)
        side.addWidget(self.busy)
        side.addWidget(self.stack, 1)
        side.addLayout(row(self.total, None, margins=(GAP + TIGHT, TIGHT, GAP, TIGHT)))
        self.pages = QStackedWidget()
        self.pages.addWidget(self.list_side)
        self.pages.addWidget(view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.table.filter_wanted.connect(self.filters.search.setFocus)
        view.back_requested.connect(self.show_list)

    def show_list(self) -> None:
        """Back from a line."""
        self.pages.setCurrentWidget(self.list_side)
        self.focus_page()

    def focus_page(self) -> None:
        """Puts the keyboard on the lines, on the open one's way back, or on the next step where none is."""
        if self.pages.currentWidget() is self.view:
            self.view.back.setFocus()
        elif self.stack.currentWidget() is self.table:
            self.table.setFocus()
        elif not self.state.focus_choice():
            self.filters.search.setFocus()

    def show_line(self) -> None:
        """The line in the table's place."""
        self.pages.setCurrentWidget(self.view)
        self.view.back.setFocus()

    def show_searching(self) -> None:
        self.busy.start("Searching the ledger")

    def show_found(self, total: int) -> None:
        """The table, or why it is empty."""
        self.busy.finish()
        self.show_total(total)
        if total:
            self.stack.setCurrentWidget(self.table)
            return
        if self.filters.filters:
            choices = [("Show everything", self.filters.clear)]
            self.state.show_state("search", "No line matches", "Other words or another filter may.", choices)
        else:
            self.state.show_state(
                "ledger",
                "Nothing was booked yet",
                "Every sat that comes in, is set aside, paid or given back is a line here.",
                [("Create an invoice", self._first_step)],
            )
        self.stack.setCurrentWidget(self.state)

    def show_total(self, total: int) -> None:
        """How many lines there are."""
        words = count(total, "line") if total else ""
        self.total.setText(f"{words} found" if words and self.filters.filters else words)

    def show_fault(self, words: str) -> None:
        self.busy.finish()
        self.state.show_state(
            "bad", "The ledger can't be read", words, [("Try again", self._retry)], tone="bad"
        )
        self.stack.setCurrentWidget(self.state)

    def minimumSizeHint(self) -> QSize:
        return QSize(280, 150)

    def stop(self) -> None:
        self.filters.stop()
        self.busy.finish()
