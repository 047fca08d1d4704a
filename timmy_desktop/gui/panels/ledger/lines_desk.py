"""What leads to lines: the filters, a stretch of the chart, a sum, a task, or a line by its identifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtWidgets import QTabWidget

from timmy_desktop.gui.panels.ledger.controller import LedgerController
from timmy_desktop.gui.panels.ledger.lines_page import LinesPage
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.ledger.history_sums import DAY_US


class LinesDesk:
    """Brings their page to the front and asks for them."""

    def __init__(
        self,
        tabs: QTabWidget,
        page: LinesPage,
        controller: LedgerController,
        is_ready: Callable[[], bool],
    ) -> None:
        """`is_ready()`: whether the dock has begun to ask at all."""
        self._tabs, self._page, self._controller, self._is_ready = tabs, page, controller, is_ready

    def open_line(self, ledger_id: str) -> None:
        """Shows one line with its proof; the hash of a payment names one too."""
        self._tabs.setCurrentWidget(self._page)
        view = self._page.view
        view.show_opening("Reading the line…")
        self._page.show_line()
        self._controller.read_line(ledger_id)

    def look_for(self) -> None:
        """Puts the keyboard where lines are searched."""
        self._tabs.setCurrentWidget(self._page)
        self._page.show_list()
        self._page.filters.search.setFocus()

    def find(self) -> None:
        """What the filters say."""
        self._ask(self._page.filters.question(self._controller.question))

    def order(self, order: str, descending: bool) -> None:
        """The same lines in another order."""
        self._ask(replace(self._controller.question, order=order, descending=descending))  # type: ignore[arg-type]

    def _ask(self, question: Question) -> None:
        if self._is_ready() and question != self._controller.question:
            self._page.show_searching()
            self._controller.find(question)

    def give_up(self) -> None:
        """Every line again."""
        self._page.filters.clear()

    def show_span(self, since: float, until: float, words: str) -> None:
        """The lines of a stretch of the chart, in seconds."""
        self.show_extra(words, Question(since_us=round(since * 1e6), until_us=round(until * 1e6)))

    def show_share(self, by: str, key: str, words: str) -> None:
        """The lines behind one sum."""
        if by == "day":
            since = int(key) * DAY_US
            self.show_extra(words, Question(since_us=since, until_us=since + DAY_US))
        elif by == "purpose":
            self.show_extra(words, Question(purpose=key))
        else:
            self._tabs.setCurrentWidget(self._page)
            self._page.filters.choose_agent(key)

    def show_extra(self, words: str, extra: Question) -> None:
        """Only these, and `words` that say which."""
        self._tabs.setCurrentWidget(self._page)
        self._page.show_list()
        self._page.filters.show_extra(words, extra)
