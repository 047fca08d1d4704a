"""The Ledger dock as a person uses it: over a made-up month in a real database, with a ledger that does as told."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.bus import FakeBus
from tests.fakes.ledger_book import (
    AGREES,
    BOLT11,
    NOW_US,
    SECOND,
    FakeBook,
    a_difference,
    a_doubt,
    an_approval,
    bad_health,
    some_held,
)
from tests.fakes.ledger_story import DAY, healthy_month
from tests.gui.panels.conftest import Place
from timmy_desktop.events.payments import SatsDeposited
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import OpenPreferences, OpenTask, Panel, Say
from timmy_desktop.gui.panels.ledger.chart_canvas import ChartCanvas
from timmy_desktop.gui.panels.ledger.lines_model import LINE_ROLE, Column
from timmy_desktop.gui.panels.ledger.panel import LedgerPanel
from timmy_desktop.gui.panels.ledger.words import Worth
from timmy_desktop.gui.theme import Theme
from timmy_desktop.ledger import book, invoice
from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.export import LedgerExport
from timmy_desktop.ledger.export.booked import restore
from timmy_desktop.ledger.history import LedgerHistory
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.ledger.types import Attention, PaymentOutcome
from timmy_desktop.settings import Settings
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.supervisor import TaskSupervisor

NAMES = {name: name for name in ("Echo", "Forge", "Quill", "Seer", "Helm", "Mace")}
Stand = Callable[[Panel, list[Any]], Place]


class FaultyHistory(LedgerHistory):
    """Raises `fault` while it is set."""

    fault: Exception | None = None

    async def find(self, question: Question) -> Any:
        self._raise()
        return await super().find(question)

    async def balance(self, *arguments: Any) -> Any:
        self._raise()
        return await super().balance(*arguments)

    async def thoughts(self, *arguments: Any) -> Any:
        self._raise()
        return await super().thoughts(*arguments)

    def _raise(self) -> None:
        if self.fault is not None:
            raise self.fault


class World:
    """A Ledger panel, what stands behind it, and its database."""

    def __init__(self, db: Database, stand: Stand, supervisor: TaskSupervisor, keepsakes: Keepsakes) -> None:
        self.db, self.bus, self.book = db, FakeBus(NOW_US), FakeBook()
        self.history = FaultyHistory(db)
        self.now_us = NOW_US
        self.panel = LedgerPanel(
            book=self.book,
            history=self.history,
            exporter=LedgerExport(db),
            bus=self.bus,
            supervisor=supervisor,
            keepsakes=keepsakes,
            now_us=lambda: self.now_us,
            names=NAMES,
            proves=invoice.proves,
            worth=Worth(9_512_300, "EUR"),
        )
        self.place = stand(self.panel, [])

    async def begin(self) -> LedgerPanel:
        self.book.standing = await self.db.read(book.balances)
        self.panel.start()
        await eventually(self.panel.settle)
        return self.panel

    async def shown(self) -> list[str]:
        """What the top rows of the table are about."""
        await eventually(self.panel.settle)
        model = self.panel.lines
        many = min(model.rowCount(), 5)
        await eventually(lambda: all(model.index(row, Column.WHAT).data() for row in range(many)))
        return [str(model.index(row, Column.WHAT).data()) for row in range(many)]

    def said(self) -> list[str]:
        return [wish.text for wish in self.place.wishes if isinstance(wish, Say)]


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(tmp_path / "swarm.db")
    await made.open(lambda session: migrate(session, tmp_path / "backups"))
    yield made
    await made.close()


@pytest.fixture
async def month(db: Database, stand: Stand, supervisor: TaskSupervisor, keepsakes: Keepsakes) -> World:
    await db.write(lambda session: restore(session, healthy_month(NOW_US)))
    return World(db, stand, supervisor, keepsakes)


@pytest.fixture
def empty(db: Database, stand: Stand, supervisor: TaskSupervisor, keepsakes: Keepsakes) -> World:
    return World(db, stand, supervisor, keepsakes)


def at_rest(test: Callable[..., Any]) -> Callable[..., Any]:
    """Ends with nothing under way: what starts after a test's last line has no loop to run on."""

    @functools.wraps(test)
    async def run(**given: Any) -> None:
        await test(**given)
        for world in given.values():
            if isinstance(world, World):
                await eventually(world.panel.settle)
                world.panel.stop()

    return run


def click(qtbot: QtBot, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def buttons(panel: LedgerPanel) -> dict[str, QPushButton]:
    return {button.text(): button for card in panel.needs.cards for button in card.buttons}


def test_what_is_heavy_is_not_loaded_with_the_window() -> None:
    code = (
        "import sys, timmy_desktop.app, timmy_desktop.gui.panels.ledger.panel\n"
        "sys.exit(any(name in sys.modules for name in ('segno', 'pyqtgraph', 'numpy', 'bolt11', 'coincurve')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@at_rest
async def test_a_month_is_told_at_a_glance(month: World) -> None:
    panel = await month.begin()
    assert panel.head.available.text() == "44,993.977 sat"
    assert panel.head.simulated.isVisible()
    assert panel.head.worth.text() == "≈ 42.80 EUR"
    assert panel.head.agreed.text().startswith("Book and node agreed on")
    assert ("5.023 sat", "fees") in panel.head.facts.facts
    assert panel.needs.isHidden()
    assert panel.lines.rowCount() == 312
    assert panel.chart_page.stack.currentWidget() is panel.chart_page.chart
    assert panel.chart_page.readout.text() == "1 month: in 19,363 sat, out 73,249.023 sat"
    top = (await month.shown())[0]
    assert top == "Invoice: Notes read aloud"
    row = [str(panel.lines.index(0, column).data()) for column in Column]
    assert row[1:] == ["Received", top, "+2,141 sat", "", "44,993.977"]


@at_rest
async def test_the_table_keeps_the_promises_of_a_model(month: World) -> None:
    tester = QAbstractItemModelTester(month.panel.lines, QAbstractItemModelTester.FailureReportingMode.Fatal)
    panel = await month.begin()
    await month.shown()
    panel.lines_page.filters.search.setText("quill")
    await eventually(lambda: 0 < panel.lines.rowCount() < 312)
    await month.shown()
    assert tester.model() is panel.lines
    assert "Paid Quill, 640 sat, Paid, " in str(
        panel.lines.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    )


@at_rest
async def test_lines_are_searched_filtered_and_sorted(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    filters, table = panel.lines_page.filters, panel.lines_page.table
    qtbot.keyClicks(filters.search, "weather")
    await eventually(lambda: "found" in panel.lines_page.total.text())
    assert all("Weather data" in what for what in await month.shown())
    filters.search.clear()
    filters.kind.setCurrentIndex(1)
    await eventually(lambda: panel.controller.question.types == ("deposit", "invoice"))
    assert all(what.startswith(("Invoice", "Simulated")) for what in await month.shown())
    filters.state.setCurrentIndex(4)
    await eventually(lambda: panel.controller.question.states == ("expired",))
    await month.shown()
    assert {str(panel.lines.index(row, Column.STATE).data()) for row in range(panel.lines.rowCount())} == {
        "Expired"
    }
    filters.clear()
    await eventually(lambda: panel.lines.rowCount() == 312)
    header = table.horizontalHeader()
    header.setSortIndicator(Column.AMOUNT, Qt.SortOrder.DescendingOrder)
    await eventually(lambda: panel.controller.question.order == "amount")
    assert (await month.shown())[0] == "Simulated starting balance"
    header.setSortIndicator(Column.AMOUNT, Qt.SortOrder.AscendingOrder)
    await eventually(lambda: not panel.controller.question.descending)
    await month.shown()
    amounts = [panel.lines.index(row, 0).data(LINE_ROLE).amount_msat for row in range(5)]
    assert amounts == sorted(amounts)


@at_rest
async def test_words_that_match_nothing_offer_everything(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    panel.lines_page.filters.search.setText("zebra")
    await eventually(lambda: panel.lines_page.stack.currentWidget() is panel.lines_page.state)
    assert "No line matches" in panel.lines_page.state.accessibleName()
    click(qtbot, panel.lines_page.state.findChild(QPushButton))
    await eventually(lambda: panel.lines.rowCount() == 312)


@at_rest
async def test_a_line_opens_with_its_proof_and_copies(month: World, qtbot: QtBot, clipboard: Any) -> None:
    panel = await month.begin()
    await month.shown()
    table, view = panel.lines_page.table, panel.lines_page.view
    table.selectRow(0)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text().split("\t")[2] == "Invoice: Notes read aloud"
    qtbot.keyClick(table, Qt.Key.Key_Return)
    await eventually(lambda: view.line is not None)
    assert panel.lines_page.pages.currentWidget() is view
    assert view.state.text == "Received"
    assert view.proof.words.startswith("Proven: the preimage hashes to the payment hash")
    assert view.simulated.isVisibleTo(view)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert panel.lines_page.pages.currentWidget() is panel.lines_page.list_side


@at_rest
async def test_a_proof_that_does_not_fit_is_told_in_red(month: World) -> None:
    panel = await month.begin()
    line = panel.lines.row_at(0) or (await month.history.line("01900000-0000-7000-8000-000000000312"))
    panel.answers.show_line(replace(line, preimage="00" * 32))
    assert "was changed" in panel.lines_page.view.proof.words


@at_rest
async def test_the_menu_of_a_line_asks_copies_and_filters(month: World, clipboard: Any) -> None:
    panel = await month.begin()
    await month.shown()
    row = next(row for row in range(20) if panel.lines.row_at(row).type == "payment")
    panel.lines_page.table.selectRow(row)
    line = panel.lines.row_at(row)
    panel.lines_page.table.menu_requested.emit(panel.mapToGlobal(panel.rect().center()))
    menu = panel.findChild(QMenu)
    acts = {action.text().partition("\t")[0]: action for action in menu.actions()}
    acts["Copy the payment hash"].trigger()
    assert clipboard.text() == line.payment_hash
    acts["Show the task"].trigger()
    assert OpenTask(line.task_id) in month.place.wishes
    acts["Only this agent's lines"].trigger()
    menu.close()
    await eventually(lambda: panel.controller.question.agent_id == line.agent_id)


@at_rest
async def test_news_come_on_top_and_what_is_read_stays(month: World) -> None:
    panel = await month.begin()
    await month.shown()
    table = panel.lines_page.table
    table.scrollTo(panel.lines.index(100, 0), table.ScrollHint.PositionAtTop)
    reading = table.rowAt(5)
    await month.db.write(_deposit)
    month.bus.publish_now(SatsDeposited(source="ledger", amount_msat=7000, memo="More", simulated=True))
    await eventually(lambda: panel.lines.rowCount() == 313)
    assert table.rowAt(5) == reading + 1
    table.scrollToTop()
    await eventually(lambda: panel.lines.index(0, Column.WHAT).data() == "More")
    assert panel.lines.index(0, Column.AVAILABLE).data() == "45,000.977"


def _deposit(session: Any) -> None:
    book.record(
        session,
        book.Transaction(
            id="more", type="deposit", amount_msat=book.Msat(7000), simulated=True, time_us=NOW_US, memo="More",
            purpose="funding", moves=(book.Move(book.OUTSIDE, book.TREASURY, book.Msat(7000)),),
        ),
    )  # fmt: skip


@at_rest
async def test_the_chart_is_read_by_mouse_and_keys_and_leads_to_its_lines(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    chart, page = panel.chart_page.chart, panel.chart_page
    assert chart.picture is not None
    chart.setFocus()
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    last = chart.picture.bars[-1]
    assert chart.bar == len(chart.picture.bars) - 1
    assert page.readout.text() == last.words
    assert chart.accessibleDescription() == last.words
    qtbot.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.bar == -1
    x = ChartCanvas(chart.picture, chart.width(), chart.height()).x(last.since + 3600)
    qtbot.mouseClick(chart, Qt.MouseButton.LeftButton, pos=chart.rect().center().__class__(round(x), 40))
    await eventually(lambda: panel.controller.question.since_us == round(last.since * 1e6))
    await eventually(lambda: 0 < panel.lines.rowCount() < 40)
    assert panel.lines_page.filters.chip.isVisibleTo(panel)
    click(qtbot, panel.lines_page.filters.chip)
    await eventually(lambda: panel.lines.rowCount() == 312)


@at_rest
async def test_the_span_and_the_sums_are_kept(
    month: World, reopen: Callable[[], Keepsakes], qtbot: QtBot
) -> None:
    panel = await month.begin()
    panel.chart_page.choose_days(7)
    await eventually(lambda: panel.chart_page.readout.text().startswith("1 week"))
    panel.tabs.setCurrentWidget(panel.shares_page)
    click(qtbot, panel.shares_page.ways["purpose"])
    await eventually(lambda: panel.shares_page.by == "purpose" and panel.settle())
    assert {share.name for share in panel.shares_page.model.rows} == {"Sales", "Expenses", "Tasks"}
    panel.stop()
    assert (reopen().text("days"), reopen().text("by")) == ("7", "purpose")


@at_rest
async def test_shares_lead_to_their_lines(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    page = panel.shares_page
    names = [share.name for share in page.model.rows]
    assert names[0] == "Not an agent's"
    assert "Forge" in names
    page.list.setCurrentIndex(page.model.index(names.index("Forge")))
    qtbot.keyClick(page.list, Qt.Key.Key_Return)
    await eventually(lambda: panel.controller.question.agent_id == "Forge")
    click(qtbot, page.ways["day"])
    await eventually(lambda: page.model.rows[0].name.endswith("2026") and panel.settle())
    page.list.setCurrentIndex(page.model.index(1))
    qtbot.keyClick(page.list, Qt.Key.Key_Return)
    await eventually(lambda: panel.controller.question.until_us - panel.controller.question.since_us == DAY)


@at_rest
async def test_an_empty_ledger_says_what_will_be_here(empty: World, qtbot: QtBot) -> None:
    empty.book.compared = None
    panel = await empty.begin()
    assert "Nothing was booked yet" in panel.lines_page.state.accessibleName()
    assert "No balance to draw yet" in panel.chart_page.state.accessibleName()
    assert panel.head.agreed.text() == "Book and node were not compared yet."
    click(qtbot, panel.lines_page.state.findChild(QPushButton))
    assert panel.invoices._dialog is not None
    panel.invoices._dialog.close()


@at_rest
async def test_a_ledger_that_cannot_be_read_offers_another_try(
    month: World, qtbot: QtBot, expected_log: Callable[[str], None]
) -> None:
    for name in ("find", "money", "thinking"):
        expected_log(f"ledger.{name} failed")
    month.history.fault = StorageError("The disk is full.")
    panel = await month.begin()
    assert "The disk is full." in panel.lines_page.state.accessibleName()
    assert "The disk is full." in panel.chart_page.state.accessibleName()
    month.history.fault = None
    click(qtbot, panel.lines_page.state.findChild(QPushButton))
    click(qtbot, panel.chart_page.state.findChild(QPushButton))
    await eventually(lambda: panel.lines.rowCount() == 312)
    await eventually(lambda: panel.chart_page.stack.currentWidget() is panel.chart_page.chart)


@at_rest
async def test_a_node_that_is_away_is_an_ordinary_state(month: World, qtbot: QtBot) -> None:
    month.book.needs = Attention(health=bad_health())
    panel = await month.begin()
    assert "LND refuses the connection" in panel.needs.cards[0].accessibleName()
    click(qtbot, buttons(panel)["Preferences"])
    assert OpenPreferences("Ledger") in month.place.wishes
    month.book.compared = replace(AGREES, state="unreachable", detail="Connection refused.")
    click(qtbot, buttons(panel)["Check again"])
    await eventually(lambda: any("nothing was compared" in words for words in month.said()))


@at_rest
async def test_a_payment_in_doubt_is_on_top_and_can_be_asked_about(month: World, qtbot: QtBot) -> None:
    doubt = a_doubt("01900000-0000-7000-8000-000000000003")
    month.book.needs = Attention(doubts=(doubt,))
    panel = await month.begin()
    assert "640 sat to Forge are in flight" in panel.needs.cards[0].accessibleName()
    click(qtbot, buttons(panel)["Show"])
    await eventually(lambda: panel.lines_page.view.line is not None)
    assert panel.lines_page.view.line.id == doubt.ledger_id
    month.book.needs = Attention()
    click(qtbot, buttons(panel)["Ask again"])
    await eventually(lambda: panel.needs.isHidden())
    assert ("ask", doubt.ledger_id) in month.book.done
    assert any("1,234 sat arrived" in words for words in month.said())


@at_rest
async def test_a_payment_that_is_just_being_asked_about_bothers_nobody(month: World) -> None:
    month.book.needs = Attention(doubts=(replace(a_doubt(), under_way=True, since_us=NOW_US - SECOND),))
    panel = await month.begin()
    assert panel.needs.isHidden()


@at_rest
async def test_the_dock_s_key_shows_where_the_keyboard_is(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    panel.activateWindow()
    table = panel.lines_page.table
    before = table.grab().toImage()
    panel.focus_first()
    await eventually(lambda: table.hasFocus() and table.currentIndex().row() == 0)
    row = table.visualRect(table.currentIndex())
    line = table.viewport().grab().toImage().pixelColor(row.center().x(), row.top())
    assert line == Theme.current().color("accent")
    assert table.grab().toImage() != before
    panel.tabs.setCurrentWidget(panel.shares_page)
    panel.focus_first()
    assert panel.tabs.tabBar().hasFocus()
    panel.desk.look_for()
    qtbot.keyClicks(panel.lines_page.filters.search, "no such words")
    await eventually(lambda: panel.lines_page.stack.currentWidget() is panel.lines_page.state)
    panel.focus_first()
    focused = QApplication.focusWidget()
    assert isinstance(focused, QPushButton)
    assert "Show everything" in focused.text()


@at_rest
async def test_an_approval_shows_everything_and_pays_only_on_a_yes(month: World, qtbot: QtBot) -> None:
    month.book.needs = Attention(approvals=(an_approval(),))
    panel = await month.begin()
    assert panel.focus_first() is None
    assert QApplication.focusWidget() in (None, *panel.needs.cards[0].buttons)
    dialog = panel.decisions.decide(an_approval())
    assert dialog.why.words == "It is above the limit of a task, 10,000 sat."
    assert dialog.stay_button.text() == "Not now"
    click(qtbot, dialog.approve_button)
    await eventually(lambda: "arrived" in dialog.why.words)
    assert ("approve", "approval-1", "e" * 64) in month.book.done
    dialog.close()
    await eventually(lambda: panel.needs.isHidden())


@at_rest
async def test_an_approval_can_be_refused_with_a_reason(month: World, qtbot: QtBot) -> None:
    month.book.needs = Attention(approvals=(an_approval(),))
    panel = await month.begin()
    dialog = panel.decisions.decide(an_approval())
    qtbot.keyClicks(dialog.reason, "Too dear")
    click(qtbot, dialog.refuse_button)
    await eventually(lambda: any(words.startswith("Refused") for words in month.said()))
    assert ("refuse", "approval-1", "Too dear") in month.book.done
    await eventually(lambda: panel.needs.isHidden())


@at_rest
async def test_an_approval_that_the_ledger_declines_says_why(
    month: World, qtbot: QtBot, expected_log: Callable[[str], None]
) -> None:
    expected_log("ledger.approve failed")
    panel = await month.begin()
    month.book.fault = LedgerError("It is not waiting any more.")
    dialog = panel.decisions.decide(an_approval())
    click(qtbot, dialog.approve_button)
    await eventually(lambda: dialog.why.words == "It is not waiting any more.")
    assert dialog.approve_button.isEnabled()
    dialog.close()


@at_rest
async def test_an_alarm_is_explained_in_a_persons_words(month: World, qtbot: QtBot) -> None:
    month.book.needs = Attention(differences=(a_difference(),))
    panel = await month.begin()
    click(qtbot, buttons(panel)["Look into it…"])
    dialog = panel.decisions.explain(a_difference())
    click(qtbot, dialog.go_button)
    assert "Write a few words first" in dialog.fault.words
    qtbot.keyClicks(dialog.note, "It came back late")
    dialog.book.setChecked(True)
    click(qtbot, dialog.go_button)
    await eventually(lambda: panel.needs.isHidden())
    assert ("resolve", "difference-1", "It came back late", True) in month.book.done


@at_rest
async def test_sats_set_aside_are_released_with_a_note(month: World, qtbot: QtBot) -> None:
    month.book.needs = Attention(held=(some_held(),))
    panel = await month.begin()
    assert "too much was paid" in panel.needs.cards[0].accessibleName()
    dialog = panel.decisions.release(some_held())
    qtbot.keyClicks(dialog.note, "A tip")
    qtbot.keyClick(dialog.note, Qt.Key.Key_Return)
    await eventually(lambda: panel.needs.isHidden())
    assert ("release", some_held().ledger_id, "A tip") in month.book.done


@at_rest
async def test_alarms_stand_above_what_waits(month: World) -> None:
    month.book.needs = Attention(
        approvals=(an_approval(),), doubts=(a_doubt(),), differences=(a_difference(),), held=(some_held(),)
    )
    panel = await month.begin()
    assert [card.need.tone for card in panel.needs.cards] == ["bad", "accent", "warn", "warn"]
    assert panel.needs.height() <= panel.height() * 0.4


@at_rest
async def test_an_invoice_is_made_shown_and_counted_down(
    month: World, qtbot: QtBot, clipboard: Any, expected_log: Callable[[str], None]
) -> None:
    expected_log("There is no such line")  # of the fake's invoice in the real book
    panel = await month.begin()
    dialog = panel.invoices.new()
    qtbot.keyClicks(dialog.amount, "lots")
    click(qtbot, dialog.create_button)
    assert "is no amount" in dialog.fault.words
    dialog.amount.clear()
    qtbot.keyClicks(dialog.amount, "1,500")
    assert dialog.worth.text() == "≈ 1.43 EUR"
    qtbot.keyClicks(dialog.memo, "Two pages")
    click(qtbot, dialog.create_button)
    await eventually(lambda: dialog.invoice is not None)
    assert ("create", 1_500_000, "Two pages", 3600) in month.book.done
    assert dialog.qr.rows
    assert dialog.left.text() == "Open for another 1:00:00"
    month.now_us += 61 * SECOND
    dialog._tick()
    assert dialog.left.text() == "Open for another 58:59"
    click(qtbot, dialog.copy_button)
    assert clipboard.text() == BOLT11
    click(qtbot, dialog.pretend_button)
    await eventually(lambda: ("play", "made") in month.book.done)
    month.now_us += 3600 * SECOND
    dialog._tick()
    assert (dialog.left.text(), dialog.state.text) == ("It has run out.", "Expired")
    dialog.close()


@at_rest
async def test_the_invoice_on_screen_turns_to_paid(month: World) -> None:
    panel = await month.begin()
    row = next(
        row for row in range(60) if (line := panel.lines.row_at(row)) is None or line.type == "invoice"
    )
    await month.shown()
    line = panel.lines.row_at(row)
    dialog = panel.invoices.show(replace(line, state="pending", expires_us=NOW_US + SECOND))
    assert dialog.state.text == "Open"
    month.bus.publish_now(SatsDeposited(source="ledger", amount_msat=1, memo="", simulated=True))
    await eventually(lambda: dialog.state.text == "Received")
    assert dialog.ledger_id == ""
    dialog.close()


@at_rest
async def test_an_invoice_is_taken_back_only_after_a_question(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    await month.shown()
    dialog = panel.invoices.cancel(panel.lines.row_at(0))
    assert dialog.stay_button.text() == "Not now"
    click(qtbot, dialog.go_button)
    await eventually(lambda: "The invoice is cancelled." in month.said())


@at_rest
async def test_a_payment_is_read_confirmed_and_told(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    month.book.cautions = ("You never paid this payee before.",)
    dialog = panel.payments.pay()
    assert not dialog.pay_button.isEnabled()
    dialog.text.setPlainText(f"  lightning:{BOLT11}\n")
    await eventually(lambda: dialog.checked is not None)
    assert month.book.done[-1] == ("check", BOLT11)
    assert dialog.amount.text() == "1,234 sat"
    assert dialog.pay_button.text() == "Pay 1,234 sat"
    assert dialog.cautions.words == "You never paid this payee before."
    assert "at most" in dialog.fee.text()
    month.book.gate = asyncio.Event()
    click(qtbot, dialog.pay_button)
    await eventually(lambda: ("pay", BOLT11, "d" * 64) in month.book.done)
    assert not dialog.pay_button.isEnabled()
    assert panel.unfinished().startswith("a payment is being sent")
    click(qtbot, dialog.pay_button)
    dialog._confirm()
    month.book.gate.set()
    await eventually(lambda: "1,234 sat arrived" in dialog.notice.words)
    assert [deed[0] for deed in month.book.done].count("pay") == 1
    assert panel.unfinished() == ""
    dialog.close()


@at_rest
async def test_what_is_no_invoice_is_said_in_words(month: World, expected_log: Callable[[str], None]) -> None:
    expected_log("ledger.check invoice failed")
    panel = await month.begin()
    dialog = panel.payments.pay()
    dialog.text.setPlainText("hello")
    await eventually(lambda: dialog.notice.words == "This is no BOLT 11 invoice.")
    assert not dialog.pay_button.isEnabled()
    dialog.close()


@at_rest
async def test_an_invoice_that_must_not_be_paid_can_not_be(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    month.book.problems = ("The invoice has expired.",)
    dialog = panel.payments.pay(BOLT11)
    await eventually(lambda: dialog.notice.words == "The invoice has expired.")
    assert not dialog.pay_button.isEnabled()
    dialog._confirm()
    assert "pay" not in [deed[0] for deed in month.book.done]
    dialog.close()


@at_rest
async def test_closing_the_dialog_does_not_lose_how_a_payment_ended(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    month.book.gate = asyncio.Event()
    month.book.outcome = PaymentOutcome("unknown", reason="The node did not answer in time.")
    dialog = panel.payments.pay(BOLT11)
    await eventually(lambda: dialog.checked is not None)
    click(qtbot, dialog.pay_button)
    dialog.close()
    month.book.gate.set()
    await eventually(lambda: any("don't pay it a second time" in words for words in month.said()))


@at_rest
async def test_exports_are_of_all_or_of_what_was_found(
    month: World, tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("ledger.export failed")
    panel = await month.begin()
    panel.export("csv")
    dialog = panel.findChild(QFileDialog)
    target = tmp_path / "all.csv"
    dialog.fileSelected.emit(str(target))
    dialog.close()
    await eventually(lambda: any("312 lines written" in words for words in month.said()))
    assert len(target.read_text().splitlines()) == 313
    panel.lines_page.filters.search.setText("weather")
    await eventually(lambda: panel.controller.question.text == "weather" and panel.settle())
    panel.exports.write(tmp_path / "no" / "some.jsonl", "jsonl", panel.controller.question)
    await eventually(lambda: any("Choose another place" in words for words in month.said()))


@at_rest
async def test_the_keyboard_reaches_what_matters(month: World, qtbot: QtBot) -> None:
    panel = await month.begin()
    panel.lines_page.table.setFocus()
    qtbot.keyClick(panel.lines_page.table, Qt.Key.Key_Slash)
    assert panel.focusWidget() is panel.lines_page.filters.search
    texts = [action.text() for action in panel.palette_actions()]
    assert texts[:2] == ["Create an invoice", "Pay an invoice"]
    lists = (panel.lines_page.table, panel.shares_page.list, panel.thoughts_page.list)
    for place in (panel, *lists):
        qtbot.keyClick(place, Qt.Key.Key_P)
        assert panel.payments._dialog is not None, place
        panel.payments._dialog.close()
        await eventually(lambda: panel.payments._dialog is None)


@at_rest
async def test_it_fits_its_room(month: World) -> None:
    panel = await month.begin()
    table = panel.lines_page.table
    panel.resize(390, 330)
    await eventually(lambda: panel.tabs.indexOf(panel.chart_page) >= 0)
    assert table.isColumnHidden(Column.AVAILABLE)
    assert not table.isColumnHidden(Column.AMOUNT)
    assert not panel.lines_page.filters.choices.isVisibleTo(panel)
    panel.resize(400, 700)
    await eventually(lambda: panel.tabs.indexOf(panel.chart_page) < 0)
    assert panel.sheet.orientation() is Qt.Orientation.Vertical
    panel.resize(1500, 800)
    await eventually(lambda: panel.sheet.orientation() is Qt.Orientation.Horizontal)
    assert not any(table.isColumnHidden(column) for column in Column)


@at_rest
async def test_comparing_says_what_it_found(month: World) -> None:
    panel = await month.begin()
    panel.node.compare()
    await eventually(lambda: any("Book and node agree" in words for words in month.said()))
    month.book.compared = replace(AGREES, state="differs", open=2)
    panel.node.compare()
    await eventually(lambda: any("2 to look into" in words for words in month.said()))


@at_rest
async def test_a_simulated_invoice_can_be_tried(month: World) -> None:
    panel = await month.begin()
    panel.payments.try_paying()
    await eventually(
        lambda: panel.payments._dialog is not None and panel.payments._dialog.checked is not None
    )
    assert panel.payments._dialog.text.toPlainText() == BOLT11
    panel.payments._dialog.close()


async def test_another_rate_shows_at_once(month: World) -> None:
    panel = await month.begin()
    before = panel.head.worth.text()
    assert before.endswith("EUR")
    panel.take_settings(Settings(fiat_currency="USD", fiat_cents_per_bitcoin=10_000_000))
    assert panel.head.worth.text().endswith("USD")
    assert not panel.head.worth.isHidden()
    panel.take_settings(Settings())
    assert panel.head.worth.isHidden()
