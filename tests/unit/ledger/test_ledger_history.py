"""The ledger read back: lines by place, filters, running balances, sums and the cost of thought."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ledger_story import DAY, MINUTE, Story, healthy_month
from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.export.booked import restore
from timmy_desktop.ledger.history import LedgerHistory
from timmy_desktop.ledger.history_lines import Found, Line, Scan
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.migrations import migrate

NOW = 1_790_000_000_000_000


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(tmp_path / "swarm.db")
    await made.open(lambda session: migrate(session, tmp_path / "backups"))
    yield made
    await made.close()


async def told(db: Database, story: Story) -> LedgerHistory:
    await db.write(lambda session: restore(session, story.told))
    return LedgerHistory(db)


async def lines(history: LedgerHistory, question: Question) -> list[Line]:
    """The answer as a table shows it, from the top."""
    found = await history.find(question)
    return list(reversed(await history.page(found, 0, found.total)))


def a_story() -> Story:
    story = Story(NOW - 3 * DAY)
    story.funding(1_000_000)
    story.task("Forge", 200_000)
    story.task("Echo", 100_000, ends="refunded")
    story.invoice(50_000, "Two pages, 100 % checked", received=60_000, flags="overpaid")
    story.sent(30_000, "Weather_data", fee=500)
    story.sent(20_000, "Never arrives", ends="failed")
    story.task("Forge", 70_000, ends="doubt")
    return story


async def test_every_line_says_what_was_available_after_it(db: Database) -> None:
    history = await told(db, a_story())
    found = await history.find(Question())
    assert found == Found(Question(), 10)
    shown = await history.page(found, 0, 256)
    assert [(line.type, line.state, line.moved_msat, line.available_msat) for line in shown] == [
        ("deposit", "settled", 1_000_000, 1_000_000),
        ("reserve", "settled", -200_000, 800_000),
        ("payment", "settled", 0, 800_000),
        ("reserve", "settled", -100_000, 700_000),
        ("refund", "settled", 100_000, 800_000),
        ("invoice", "settled", 60_000, 860_000),
        ("payment", "settled", -30_500, 829_500),
        ("payment", "failed", 0, 829_500),
        ("reserve", "settled", -70_000, 759_500),
        ("payment", "pending", 0, 759_500),
    ]
    treasury = await db.read(
        lambda session: session.sql("SELECT balance_msat FROM accounts WHERE name = 'treasury'")
    )
    assert shown[-1].available_msat == treasury[0][0]


@pytest.mark.parametrize(
    ("question", "memos"),
    [
        (Question(types=("invoice",)), ["Two pages, 100 % checked"]),
        (Question(text="weather_DATA"), ["Weather_data"]),
        (Question(text="weatherXdata"), []),
        (Question(text="100 % two"), ["Two pages, 100 % checked"]),
        (Question(flagged=True), ["Two pages, 100 % checked"]),
        (Question(states=("failed",)), ["Never arrives"]),
        (Question(purpose="funding"), ["Simulated starting balance"]),
        (Question(purpose="expense", order="amount"), ["Weather_data", "Never arrives"]),
        (Question(purpose="expense", order="amount", descending=False), ["Never arrives", "Weather_data"]),
        (Question(purpose="expense", order="fee"), ["Weather_data", "Never arrives"]),
        (Question(purpose="expense", descending=False), ["Weather_data", "Never arrives"]),
        (Question(text="' OR 1=1 --"), []),
    ],
)
async def test_a_question_leaves_out_and_orders(db: Database, question: Question, memos: list[str]) -> None:
    history = await told(db, a_story())
    assert [line.memo for line in await lines(history, question)] == memos


async def test_identifiers_agents_and_tasks_are_found_by_what_a_person_sees(db: Database) -> None:
    story = a_story()
    history = await told(db, story)
    paid = next(line for line in story.told if line.values["type"] == "payment")

    def name(session: Session) -> None:
        session.sql(
            "INSERT INTO agents(id, name, role, status, joined_us) VALUES ('Forge', 'Vulcan', 'code', 'idle', 1)"
        )
        session.sql(
            "INSERT INTO tasks(id, text, status, created_us, updated_us) VALUES (?, 'Mend the gate', 'completed', 1, 1)",
            (paid.values["task_id"],),
        )

    await db.write(name)
    digest = str(paid.values["payment_hash"])
    assert [line.id for line in await lines(history, Question(text=digest[:20].upper()))] == [
        paid.values["id"]
    ]
    assert {line.agent_id for line in await lines(history, Question(text="vulcan"))} == {"Forge"}
    assert [line.task_text for line in await lines(history, Question(text="mend gate"))] == [
        "Mend the gate"
    ] * 2


async def test_a_span_and_an_agent(db: Database) -> None:
    history = await told(db, a_story())
    all_lines = await lines(history, Question())
    middle = all_lines[5].created_us
    late = await lines(history, Question(since_us=middle))
    early = await lines(history, Question(until_us=middle))
    assert late + early == all_lines
    assert {line.agent_id for line in await lines(history, Question(agent_id="Echo"))} == {"Echo"}


async def test_pages_hold_their_places_when_lines_come(db: Database) -> None:
    history = await told(db, a_story())
    question = Question(purpose="task")
    found = await history.find(question)
    before = await history.page(found, 2, 2)
    everything = await history.newer(Question(), 0)
    count = everything.count
    assert everything.numbers == (), "a number for each of a million lines would stall the window"
    await db.write(_one_more)
    assert await history.page(found, 2, 2) == before
    newer = await history.newer(question, count)
    assert (newer.count, newer.numbers) == (count + 1, (count + 1,))
    assert (await history.newer(Question(purpose="sale"), count)).numbers == ()


def _one_more(session: Session) -> None:
    session.sql(
        "INSERT INTO ledger(id, type, state, purpose, amount_msat, simulated, created_us, updated_us)"
        " VALUES ('more', 'reserve', 'settled', 'task', 0, 1, ?, ?)",
        (NOW, NOW),
    )


async def test_a_line_that_is_not_there_is_said_in_words(db: Database) -> None:
    with pytest.raises(LedgerError, match="no such line"):
        await LedgerHistory(db).line("nothing")


async def test_a_search_that_was_given_up_ends(db: Database) -> None:
    await told(db, a_story())
    scan = Scan(Question(text="x"))
    scan.give_up()
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        scan.run(await db.read(lambda session: session))
    task = asyncio.ensure_future(LedgerHistory(db).find(Question(text="weather")))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await LedgerHistory(db).find(Question(text="weather"))).total == 1


async def test_the_balance_goes_in_steps_and_keeps_its_extremes(db: Database) -> None:
    story = Story(NOW - 10 * DAY)
    story.funding(1_000_000)
    for _ in range(30):
        story.task("Forge", 10_000)
    story.invoice(500_000, "late")
    history = await told(db, story)
    whole = await history.balance(NOW - 11 * DAY, NOW, 10)
    assert (whole.before_msat, len(whole.steps)) == (0, 1)
    step = whole.steps[0]
    assert (step.least_msat, step.most_msat, step.last_msat) == (700_000, 1_200_000, 1_200_000)
    fine = await history.balance(NOW - 10 * DAY, NOW - 10 * DAY + 40 * MINUTE, 40)
    heights = [step.last_msat for step in fine.steps]
    assert heights[0] == 1_000_000
    assert heights == sorted(heights, reverse=True)
    assert {990_000, 980_000, 970_000} <= set(heights)
    later = await history.balance(NOW - 5 * DAY, NOW, 10)
    assert (later.before_msat, later.steps) == (1_200_000, ())


async def test_sums_by_day_agent_and_purpose_agree_with_the_book(db: Database) -> None:
    await db.write(lambda session: restore(session, healthy_month(NOW)))
    history = LedgerHistory(db)
    totals: dict[str, tuple[int, int, int]] = {}
    for by in ("day", "agent", "purpose"):
        flows = await history.flows(by, NOW - 40 * DAY, NOW, simulated=True)
        totals[by] = (
            sum(flow.received_msat for flow in flows),
            sum(flow.out_msat for flow in flows),
            sum(flow.fee_msat for flow in flows),
        )
    accounts = dict(await db.read(lambda session: session.sql("SELECT name, balance_msat FROM accounts")))
    received, out, fees = totals["day"]
    assert totals["agent"] == totals["purpose"] == totals["day"]
    assert received - out == accounts["treasury"] + accounts["escrow"] + accounts["in_flight"]
    assert fees == accounts["fees"]
    assert await history.flows("day", NOW - 40 * DAY, NOW, simulated=False) == []
    began = await history.began_us()
    assert began <= NOW - 30 * DAY < began + DAY


async def test_the_cost_of_thought_joins_sats_money_tokens_and_tools(db: Database) -> None:
    def write(session: Session) -> None:
        for number in (1, 2):
            session.sql(
                "INSERT INTO tasks(id, text, status, created_us, updated_us, paid_msat, fee_msat, tokens_in, tokens_out)"
                " VALUES (?, 'Read the log', 'completed', ?, 1, 5000, 3, 100, 20)",
                (f"t{number}", NOW + number),
            )
        for task, cost in (("t1", 700), ("t1", 300), ("", 50)):
            _request(session, task, cost)
        for seq, kind in enumerate(("tool.called", "tool.called", "tool.completed"), 1):
            session.sql(
                "INSERT INTO event_log(seq, time_us, type, version, source, task_id, agent_id, data, hash)"
                " VALUES (?, 1, ?, 1, 's', 't1', '', '{}', x'00')",
                (seq, kind),
            )

    await db.write(write)
    history = LedgerHistory(db)
    newest, oldest = await history.thoughts(NOW)
    assert (newest.task_id, newest.cost_microcents, newest.tool_calls) == ("t2", 0, 0)
    assert (oldest.cost_microcents, oldest.tool_calls, oldest.requests) == (1000, 2, 2)
    assert (oldest.paid_msat, oldest.fee_msat, oldest.tokens_in) == (5000, 3, 100)
    assert await history.thoughts(NOW, 1, before="t2") == [oldest]
    sums = await history.thought_sums(NOW)
    assert (sums.tasks, sums.paid_msat, sums.cost_microcents) == (2, 10_000, 1000)
    assert (sums.other_requests, sums.other_tokens, sums.other_cost_microcents) == (1, 9, 50)


def _request(session: Session, task_id: str, cost: int) -> None:
    values: dict[str, Any] = {
        "request_id": f"r{task_id}{cost}", "run": "", "time_us": NOW, "purpose": "agent", "task_id": task_id, "agent_id": "",
        "conversation_id": "", "local_only": 0, "max_tokens": 1, "messages": "", "tools": "", "outcome": "ok", "provider": "api",
        "model": "m", "attempts": 1, "queue_ms": 0, "total_ms": 1, "tokens_in": 4, "tokens_out": 5, "cost_microcents": cost,
        "reason": "", "skipped": "", "notes": "", "budget": "", "journal": "",
    }  # fmt: skip
    marks = ", ".join("?" * len(values))
    session.sql(
        f"INSERT INTO provider_requests({', '.join(values)}) VALUES ({marks})", tuple(values.values())
    )
