"""The Ledger: what needs a person, what is available, where it came from and went, and every line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLayout

from timmy_desktop.gui.bridge import Bus, EventBridge
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import OpenPayment, OpenPreferences, OpenTask, Panel, Say, Wish
from timmy_desktop.gui.panels.ledger.chart_page import ChartPage
from timmy_desktop.gui.panels.ledger.commands import palette_commands
from timmy_desktop.gui.panels.ledger.controller import LedgerController
from timmy_desktop.gui.panels.ledger.decision_deeds import DecisionDeeds
from timmy_desktop.gui.panels.ledger.desk import Desk
from timmy_desktop.gui.panels.ledger.export_acts import ExportActs
from timmy_desktop.gui.panels.ledger.faces import Book, Exporter, History
from timmy_desktop.gui.panels.ledger.followed import FOLLOWED
from timmy_desktop.gui.panels.ledger.head import HeadBar
from timmy_desktop.gui.panels.ledger.invoice_deeds import InvoiceDeeds
from timmy_desktop.gui.panels.ledger.keys import NEW_INVOICE, is_for_all
from timmy_desktop.gui.panels.ledger.line_view import LineView
from timmy_desktop.gui.panels.ledger.lines_desk import LinesDesk
from timmy_desktop.gui.panels.ledger.lines_model import LinesModel
from timmy_desktop.gui.panels.ledger.lines_page import LinesPage
from timmy_desktop.gui.panels.ledger.menu import ledger_menu, line_menu
from timmy_desktop.gui.panels.ledger.needs_box import NeedsBox
from timmy_desktop.gui.panels.ledger.node_deeds import NodeDeeds
from timmy_desktop.gui.panels.ledger.pay_deeds import PayDeeds
from timmy_desktop.gui.panels.ledger.screen import LedgerScreen
from timmy_desktop.gui.panels.ledger.shares_page import SharesPage
from timmy_desktop.gui.panels.ledger.sheet import Sheet
from timmy_desktop.gui.panels.ledger.thoughts import ThoughtsPage
from timmy_desktop.gui.panels.ledger.words import Worth
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.parts import column
from timmy_desktop.gui.wording import short_id
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.settings import Settings
from timmy_desktop.supervisor import TaskSupervisor

_LOW, _NEEDS_SHARE = 480, 0.38


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
        self._started = False
        self.bridge = EventBridge(bus, self, types=FOLLOWED, interval_ms=200)
        self.slot_tasks = SlotTasks.of(self, supervisor, "ledger")
        self.lines = LinesModel(self.name_of, now_us, self)
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
            give_up=lambda: self.desk.give_up(), first_step=self.invoices.new,
        )  # fmt: skip
        self.sheet = Sheet(
            self.chart_page,
            {"Lines": self.lines_page, "In and out": self.shares_page, "Cost of thought": self.thoughts_page},
        )
        self.tabs = self.sheet.tabs
        self.answers = LedgerScreen(
            head=self.head, needs=self.needs, chart=self.chart_page, lines=self.lines,
            lines_page=self.lines_page, shares=self.shares_page, thoughts=self.thoughts_page,
            simulated=lambda: book.is_simulated, name_of=self.name_of, now_us=now_us, parent=self,
        )  # fmt: skip
        self.controller = LedgerController(
            book=book,
            history=history,
            starter=self.slot_tasks,
            screen=self.answers,
            now_us=now_us,
            parent=self,
        )
        self.desk = LinesDesk(self.tabs, self.lines_page, self.controller, lambda: self._started)
        self.export_busy = BusyBar(lambda: self.exports.cancel())
        self.exports = ExportActs(self, exporter, self.slot_tasks, self.export_busy, self.say)
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        layout = column(self.needs, self.head, self.export_busy, gap=0, margins=(0, 0, 0, 0))
        layout.addWidget(self.sheet, 1)
        # Side by side it asks for more width than one below the other: that must not keep it wide.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setLayout(layout)

    def _wire(self) -> None:
        chart, page = self.chart_page, self.lines_page
        self.bridge.batch_ready.connect(lambda _: self._news())
        self.needs.act_requested.connect(self._meet_need)
        self.answers.needs_shown.connect(self._show_needs)
        self.answers.retry_requested.connect(self.controller.read_money)
        chart.span_changed.connect(self._choose_span)
        chart.span_chosen.connect(self.desk.show_span)
        self.shares_page.by_changed.connect(self._choose_by)
        self.shares_page.chosen.connect(self.desk.show_share)
        self.thoughts_page.list.opened.connect(lambda row: self.wished.emit(OpenTask(row.task_id)))
        self.lines.pages_wanted.connect(self.controller.want_pages)
        page.filters.changed.connect(self.desk.find)
        page.table.order_requested.connect(self.desk.order)
        page.table.open_requested.connect(self.desk.open_line)
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
            self.desk.open_line(wish.payment_hash)
        else:
            self.lines_page.filters.clear()
            self.desk.show_extra(f"task {short_id(wish.task_id)}", Question(task_id=wish.task_id))
        return True

    def palette_actions(self) -> list[QAction]:
        return palette_commands(self)

    def focus_first(self) -> None:
        if self.needs.cards:
            self.needs.cards[0].buttons[0].setFocus()
        elif self.tabs.currentWidget() is self.lines_page:
            self.lines_page.focus_page()
        else:
            self.tabs.tabBar().setFocus()

    def unfinished(self) -> str:
        if self.payments.is_paying:
            return "a payment is being sent; its outcome is looked up at the next start"
        return "an export of the ledger is being written" if self.exports.running else ""

    def show_part(self, part: str) -> bool:
        """`lines`, `line:ID`, `flows`, `thought`; `pay`: its dialog with an invoice of the simulated shop."""
        name, _, ledger_id = part.partition(":")
        parts: dict[str, Callable[[], object]] = {
            "lines": lambda: self.tabs.setCurrentWidget(self.lines_page),
            "line": lambda: self.desk.open_line(ledger_id),
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

    def export(self, kind: str, only_found: bool = False) -> None:
        """Asks where to, then writes."""
        question = self.controller.question if only_found else Question()
        self.exports.ask_where(kind, replace(question, order="time", descending=True), only_found=only_found)  # type: ignore[arg-type]

    def _show_needs(self, many: int) -> None:
        self._fit()
        self.subtitle_changed.emit(f"{many} need{'s' if many == 1 else ''} you" if many else "")

    def _changed(self) -> None:
        self.controller.note_news()
        self.invoices.follow()

    def _news(self) -> None:
        if self._started:
            self._measure()
            self._changed()
            self.controller.read_line_again()

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
            "open": lambda: self.desk.open_line(line.id),
            "ask": lambda: self.node.ask(line.id),
            "show": lambda: self.invoices.show(line),
            "cancel": lambda: self.invoices.cancel(line),
            "receipt": lambda: self.node.receipt(line),
            "task": lambda: self.wished.emit(OpenTask(line.task_id)),
            "agent": lambda: self.lines_page.filters.choose_agent(line.agent_id),
        }
        acts[act]()

    def _meet_need(self, act: str, key: str) -> None:
        found = self.answers.attention
        acts: dict[str, Callable[[], object]] = {
            "open": lambda: self.desk.open_line(key),
            "ask": lambda: self.node.ask(key),
            "health": self.node.compare,
            "preferences": lambda: self.wished.emit(OpenPreferences("Ledger")),
            "approval": lambda: [self.decisions.decide(one) for one in found.approvals if one.id == key],
            "difference": lambda: [self.decisions.explain(one) for one in found.differences if one.id == key],
            "release": lambda: [self.decisions.release(one) for one in found.held if one.ledger_id == key],
        }
        acts[act]()

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

    def _fit(self) -> None:
        self.needs.most_height = round(self.height() * _NEEDS_SHARE)
        self.needs.fit()
        self.sheet.place_chart(self.width(), self.height(), low=self._is_low)
        self.head.make_room(low=self._is_low)
        self.lines_page.filters.make_room(low=self._is_low)

    @property
    def _is_low(self) -> bool:
        """Whether there is little height beside what needs a person."""
        return self.height() - (0 if self.needs.isHidden() else self.needs.height()) < _LOW

    def _measure(self) -> None:
        self.controller.most_bars = self.chart_page.chart.most_bars
        self.controller.steps = self.chart_page.chart.steps
