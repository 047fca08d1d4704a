"""The Ledger: what needs a person, what is available, where it came from and went, and every line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLayout, QSplitter, QTabWidget

from timmy_desktop.gui.bridge import Bus, EventBridge
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import OpenPayment, OpenPreferences, OpenTask, Panel, Say, Wish
from timmy_desktop.gui.panels.ledger.chart_page import ChartPage
from timmy_desktop.gui.panels.ledger.commands import palette_commands
from timmy_desktop.gui.panels.ledger.controller import LedgerController, Money, Standing, Thinking
from timmy_desktop.gui.panels.ledger.decision_deeds import DecisionDeeds
from timmy_desktop.gui.panels.ledger.desk import Desk
from timmy_desktop.gui.panels.ledger.export_acts import ExportActs
from timmy_desktop.gui.panels.ledger.faces import Book, Exporter, History
from timmy_desktop.gui.panels.ledger.followed import FOLLOWED
from timmy_desktop.gui.panels.ledger.head import HeadBar
from timmy_desktop.gui.panels.ledger.invoice_deeds import InvoiceDeeds
from timmy_desktop.gui.panels.ledger.keys import NEW_INVOICE, is_for_all
from timmy_desktop.gui.panels.ledger.line_view import LineView
from timmy_desktop.gui.panels.ledger.lines_model import LinesModel
from timmy_desktop.gui.panels.ledger.lines_page import LinesPage
from timmy_desktop.gui.panels.ledger.menu import ledger_menu, line_menu
from timmy_desktop.gui.panels.ledger.needs import needs_of
from timmy_desktop.gui.panels.ledger.needs_box import NeedsBox
from timmy_desktop.gui.panels.ledger.node_deeds import NodeDeeds
from timmy_desktop.gui.panels.ledger.pay_deeds import PayDeeds
from timmy_desktop.gui.panels.ledger.shares_page import SharesPage
from timmy_desktop.gui.panels.ledger.thoughts import ThoughtsPage
from timmy_desktop.gui.panels.ledger.words import Worth
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.parts import column
from timmy_desktop.gui.wording import short_id
from timmy_desktop.ledger.history_lines import Found, Line
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.ledger.history_sums import DAY_US
from timmy_desktop.ledger.types import Attention
from timmy_desktop.settings import Settings
from timmy_desktop.supervisor import TaskSupervisor

_WIDE, _LOW, _NEEDS_SHARE = 820, 480, 0.38


class LedgerPanel(Panel):
    """Chart above, lists below; beside each other where the dock is wide."""

    def __init__(
        self,
        *,
        book: Book,
        history: History,
        exporter: Exporter,
        bus: Bus,
        supervisor: TaskSupervisor,
        keepsakes: Keepsakes,
        now_us: Callable[[], int],
        names: Mapping[str, str],
        proves: Callable[[str, str], bool],
        worth: Worth,
    ) -> None:
        """`names` of agents by identifier; `proves(preimage, payment_hash)`."""
        super().__init__()
        self._book, self._keepsakes, self._now_us, self._names = book, keepsakes, now_us, names
        self._worth = worth
        self._attention = Attention()
        self._started = False
        self.bridge = EventBridge(bus, self, types=FOLLOWED, interval_ms=200)
        self.slot_tasks = SlotTasks.of(self, supervisor, "ledger")
        self.lines = LinesModel(self.name_of, now_us, self)
        self.controller = LedgerController(
            book=book, history=history, starter=self.slot_tasks, screen=self, now_us=now_us, parent=self
        )
        desk = Desk(
            window=self, book=book, history=history, starter=self.slot_tasks, say=self.say,
            name_of=self.name_of, fiat=worth, now_us=now_us, changed=self._changed,
        )  # fmt: skip
        self.invoices, self.payments = InvoiceDeeds(desk), PayDeeds(desk)
        self.decisions, self.node = DecisionDeeds(desk), NodeDeeds(desk)
        self.needs = NeedsBox()
        self.head = HeadBar(invoice=self.invoices.new, pay=self.payments.pay, menu=self._menu, fiat=worth)
        self.chart_page = ChartPage()
        self.shares_page, self.thoughts_page = SharesPage(self.name_of), ThoughtsPage(self.name_of)
        self.lines_page = LinesPage(
            self.lines, LineView(self.name_of, proves, worth),
            retry=lambda: self.controller.find(self.controller.question),
            give_up=self._give_up, first_step=self.invoices.new,
        )  # fmt: skip
        self.export_busy = BusyBar(lambda: self.exports.cancel())
        self.exports = ExportActs(self, exporter, self.slot_tasks, self.export_busy, self.say)
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.lines_page, "Lines")
        self.tabs.addTab(self.shares_page, "In and out")
        self.tabs.addTab(self.thoughts_page, "Cost of thought")
        self.tabs.tabBar().setAccessibleName("Lines, in and out, cost of thought")
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.chart_page)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(0, 2)
        self.splitter.setStretchFactor(1, 3)
        layout = column(self.needs, self.head, self.export_busy, gap=0, margins=(0, 0, 0, 0))
        layout.addWidget(self.splitter, 1)
        # Side by side it asks for more width than one below the other: that must not keep it wide.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setLayout(layout)

    def _wire(self) -> None:
        chart, page = self.chart_page, self.lines_page
        self.bridge.batch_ready.connect(lambda _: self._news())
        self.needs.act_requested.connect(self._meet_need)
        chart.span_changed.connect(self._choose_span)
        chart.span_chosen.connect(self._show_span)
        self.shares_page.by_changed.connect(self._choose_by)
        self.shares_page.chosen.connect(self._show_share)
        self.thoughts_page.list.open_requested.connect(lambda task_id: self.wished.emit(OpenTask(task_id)))
        self.lines.pages_wanted.connect(self.controller.want_pages)
        page.filters.changed.connect(self._find)
        page.table.order_requested.connect(self._order)
        page.table.open_requested.connect(self.open_line)
        page.table.menu_requested.connect(self._line_menu)
        page.view.act_requested.connect(self._act)
        page.view.back_requested.connect(self.controller.leave_line)

    # What the window asks of a panel

    def start(self) -> None:
        """Reads what there is."""
        if self._started:
            return
        self._started = True
        kept = self._keepsakes
        if days := kept.text("days"):
            self.chart_page.choose_days(int(days) if days.isdecimal() else self.chart_page.days)
        by = kept.text("by")
        self.controller.by = by if by in ("day", "agent", "purpose") else "agent"  # type: ignore[assignment]
        self.controller.days = self.chart_page.days
        self.shares_page.choose_way(self.controller.by)
        self.head.show_simulated(self._book.is_simulated)
        self.lines_page.filters.offer_agents(self._names)
        self.lines_page.show_searching()
        self._measure()
        self.controller.start()

    def fulfil(self, wish: Wish) -> bool:
        if not isinstance(wish, OpenPayment):
            return False
        if wish.payment_hash:
            self.open_line(wish.payment_hash)
        else:
            self.lines_page.filters.clear()
            self._show_extra(f"task {short_id(wish.task_id)}", Question(task_id=wish.task_id))
        return True

    def palette_actions(self) -> list[QAction]:
        return palette_commands(self)

    def focus_first(self) -> None:
        if self.needs.cards:
            self.needs.cards[0].buttons[0].setFocus()
        else:
            self.lines_page.table.setFocus()

    def unfinished(self) -> str:
        if self.payments.is_paying:
            return "a payment is being sent; its outcome is looked up at the next start"
        return "an export of the ledger is being written" if self.exports.running else ""

    def show_part(self, part: str) -> bool:
        """`lines`, `line:ID`, `flows`, `thought`; `pay`: its dialog with an invoice of the simulated shop."""
        name, _, ledger_id = part.partition(":")
        parts: dict[str, Callable[[], object]] = {
            "lines": lambda: self.tabs.setCurrentWidget(self.lines_page),
            "line": lambda: self.open_line(ledger_id),
            "flows": lambda: self.tabs.setCurrentWidget(self.shares_page),
            "thought": lambda: self.tabs.setCurrentWidget(self.thoughts_page),
            "pay": self.payments.try_paying,
        }
        if name in parts:
            parts[name]()
        return name in parts

    def take_settings(self, settings: Settings) -> None:
        """Another rate shows beside what is on screen."""
        self._worth.rate = settings.fiat_cents_per_bitcoin, settings.fiat_currency
        self.head.show_worth()
        self.controller.read_line_again()

    def settle(self) -> bool:
        asking = self.lines.asking or self.bridge.waiting or self.payments.is_waiting
        return self._started and self.controller.settled and not asking

    def stop(self) -> None:
        self._keepsakes.save()
        self.bridge.stop()
        self.exports.stop()
        self.controller.stop()
        self.lines.stop()
        self.lines_page.stop()
        self.chart_page.busy.finish()
        self.slot_tasks.stop()

    def name_of(self, agent_id: str) -> str:
        """An agent's name; its identifier where nobody knows it."""
        return self._names.get(agent_id, agent_id)

    def say(self, words: str, tone: str) -> None:
        self.wished.emit(Say(words, tone))

    # Wishes of its own parts

    def open_line(self, ledger_id: str) -> None:
        """Shows one line with its proof; the hash of a payment names one too."""
        self.tabs.setCurrentWidget(self.lines_page)
        view = self.lines_page.view
        view.show_opening("Reading the line…")
        self.lines_page.show_line()
        self.controller.read_line(ledger_id)

    def look_for(self) -> None:
        """Puts the keyboard where lines are searched."""
        self.tabs.setCurrentWidget(self.lines_page)
        self.lines_page.show_list()
        self.lines_page.filters.search.setFocus()

    def export(self, kind: str, only_found: bool = False) -> None:
        """Asks where to, then writes."""
        question = self.controller.question if only_found else Question()
        self.exports.ask_where(kind, replace(question, order="time", descending=True), only_found=only_found)  # type: ignore[arg-type]

    def _changed(self) -> None:
        self.controller.note_news()
        self.invoices.follow()

    def _news(self) -> None:
        if self._started:
            self._measure()
            self._changed()
            self.controller.read_line_again()

    def _find(self) -> None:
        self._ask(self.lines_page.filters.question(self.controller.question))

    def _order(self, order: str, descending: bool) -> None:
        self._ask(replace(self.controller.question, order=order, descending=descending))  # type: ignore[arg-type]

    def _ask(self, question: Question) -> None:
        if self._started and question != self.controller.question:
            self.lines_page.show_searching()
            self.controller.find(question)

    def _give_up(self) -> None:
        self.lines_page.filters.clear()

    def _choose_span(self, days: int) -> None:
        self._keepsakes.put("days", str(days))
        self.controller.days = days
        if self._started:
            self._measure()
            self.chart_page.busy.start("Reading the ledger")
            self.controller.read_money()
            self.controller.read_thinking()

    def _choose_by(self, by: str) -> None:
        self._keepsakes.put("by", by)
        self.controller.by = by  # type: ignore[assignment]
        self.shares_page.choose_way(self.controller.by)
        self.controller.read_money()

    def _show_span(self, since: float, until: float, words: str) -> None:
        self._show_extra(words, Question(since_us=round(since * 1e6), until_us=round(until * 1e6)))

    def _show_share(self, by: str, key: str, words: str) -> None:
        if by == "day":
            since = int(key) * DAY_US
            self._show_extra(words, Question(since_us=since, until_us=since + DAY_US))
        elif by == "purpose":
            self._show_extra(words, Question(purpose=key))
        else:
            self.tabs.setCurrentWidget(self.lines_page)
            self.lines_page.filters.choose_agent(key)

    def _show_extra(self, words: str, extra: Question) -> None:
        self.tabs.setCurrentWidget(self.lines_page)
        self.lines_page.show_list()
        self.lines_page.filters.show_extra(words, extra)

    def _menu(self) -> None:
        menu = ledger_menu(
            self,
            compare=self.node.compare,
            export=self.export,
            try_paying=self.payments.try_paying if self._book.is_simulated else None,
            filtered=self.controller.question.filters,
        )
        menu.popup(self.head.more.mapToGlobal(self.head.more.rect().bottomLeft()))

    def _line_menu(self, place: object) -> None:
        line = self.lines_page.table.current_line
        if line is not None:
            copy = self.lines_page.table.copy_line
            line_menu(self, line, lambda act: self._act(act, line.id), copy).popup(place)  # type: ignore[arg-type]

    def _act(self, act: str, ledger_id: str) -> None:
        shown = self.lines_page.view.line
        line = shown if shown is not None and shown.id == ledger_id else self.lines_page.table.current_line
        if line is None or line.id != ledger_id:
            return
        acts: dict[str, Callable[[], object]] = {
            "open": lambda: self.open_line(line.id),
            "ask": lambda: self.node.ask(line.id),
            "show": lambda: self.invoices.show(line),
            "cancel": lambda: self.invoices.cancel(line),
            "receipt": lambda: self.node.receipt(line),
            "task": lambda: self.wished.emit(OpenTask(line.task_id)),
            "agent": lambda: self.lines_page.filters.choose_agent(line.agent_id),
        }
        acts[act]()

    def _meet_need(self, act: str, key: str) -> None:
        found = self._attention
        acts: dict[str, Callable[[], object]] = {
            "open": lambda: self.open_line(key),
            "ask": lambda: self.node.ask(key),
            "health": self.node.compare,
            "preferences": lambda: self.wished.emit(OpenPreferences("Ledger")),
            "approval": lambda: [self.decisions.decide(one) for one in found.approvals if one.id == key],
            "difference": lambda: [self.decisions.explain(one) for one in found.differences if one.id == key],
            "release": lambda: [self.decisions.release(one) for one in found.held if one.ledger_id == key],
        }
        acts[act]()

    # What the controller tells

    def show_standing(self, standing: Standing) -> None:
        self._attention = standing.attention
        self.head.show_standing(standing, simulated=self._book.is_simulated)
        needs = needs_of(standing.attention, self.name_of, self._now_us())
        self.needs.show_needs(needs)
        self._fit()
        self.subtitle_changed.emit(f"{len(needs)} need{'s' if len(needs) == 1 else ''} you" if needs else "")

    def show_standing_fault(self, words: str) -> None:
        self.head.show_fault(words)

    def show_found(self, found: Found) -> None:
        self.lines.show_count(found.total)
        self.lines_page.show_found(found.total)

    def show_newer(self, found: Found, many: int) -> None:
        was_empty = self.lines.rowCount() == 0
        self.lines.add_on_top(many)
        self.lines.refresh()
        if was_empty and many:
            self.lines_page.show_found(found.total)
        else:
            self.lines_page.show_total(found.total)

    def show_page(self, page: int, lines: Sequence[Line]) -> None:
        self.lines.put_page(page, lines)

    def show_lines_fault(self, words: str) -> None:
        self.lines_page.show_fault(words)

    def show_line(self, line: Line) -> None:
        self.lines_page.view.show_line(line)

    def show_line_fault(self, words: str) -> None:
        self.lines_page.view.show_opening(words, "bad")

    def show_money(self, money: Money) -> None:
        self.shares_page.show_flows(money.by, money.flows)
        if money.is_empty:
            self.chart_page.show_state(
                "ledger",
                "No balance to draw yet",
                "What is available, and what comes in and goes out, is drawn here.",
            )
        else:
            self.chart_page.show_picture(money.picture)

    def show_money_fault(self, words: str) -> None:
        choices = [("Try again", self.controller.read_money)]
        self.chart_page.show_state("bad", "The sums can't be read", words, choices, tone="bad")
        self.shares_page.show_fault(words)

    def show_thinking(self, thinking: Thinking) -> None:
        self.thoughts_page.show_thinking(thinking.thoughts, thinking.sums)

    def show_thinking_fault(self, words: str) -> None:
        self.thoughts_page.show_fault(words)

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not is_for_all(event):
            super().keyPressEvent(event)
        elif event.key() == NEW_INVOICE:
            self.invoices.new()
        else:
            self.payments.pay()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 300)

    def _place_chart(self) -> None:
        """Beside the lists, above them, or, where it is low, a page among them."""
        wide = self.width() >= _WIDE
        wanted = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        paged = not wide and self._is_low
        is_paged = self.tabs.indexOf(self.chart_page) >= 0
        if paged and not is_paged:
            self.tabs.addTab(self.chart_page, "Balance")
        elif is_paged and not paged:
            self.tabs.removeTab(self.tabs.indexOf(self.chart_page))
            self.splitter.insertWidget(0, self.chart_page)
            self.chart_page.show()
        if self.splitter.orientation() != wanted or is_paged != paged:
            self.splitter.setOrientation(wanted)
            total = self.width() if wide else self.height()
            share = 45 if wide else 38
            self.splitter.setSizes([total * share // 100, total * (100 - share) // 100])

    def _fit(self) -> None:
        self.needs.most_height = round(self.height() * _NEEDS_SHARE)
        self.needs.fit()
        self._place_chart()
        self.head.make_room(low=self._is_low)
        self.lines_page.filters.make_room(low=self._is_low)

    @property
    def _is_low(self) -> bool:
        """Whether there is little height beside what needs a person."""
        return self.height() - (0 if self.needs.isHidden() else self.needs.height()) < _LOW

    def _measure(self) -> None:
        self.controller.most_bars = self.chart_page.chart.most_bars
        self.controller.steps = self.chart_page.chart.steps
