"""What events make of a task, of its timeline and of its bids."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.bus import FakeBus
from tests.fakes.coordinator import FakeCoordinator, name_of
from timmy_desktop.events import payments, tasks
from timmy_desktop.events.base import EventRecord, UnknownEvent
from timmy_desktop.gui.panels.tasks.export import as_json, as_markdown, file_name
from timmy_desktop.gui.panels.tasks.facts import facts_of
from timmy_desktop.gui.panels.tasks.life import Life, life_of
from timmy_desktop.gui.panels.tasks.reduce import after, created
from timmy_desktop.gui.panels.tasks.row_delegate import second_line
from timmy_desktop.gui.panels.tasks.status_look import LOOKS, can_retry
from timmy_desktop.swarm.task import TaskStatus, TaskView


def lived(until: TaskStatus, **facts: object) -> tuple[TaskView, list[EventRecord]]:
    bus = FakeBus()
    swarm = FakeCoordinator(bus)
    swarm.live("t1", "Do it", until, **facts)  # type: ignore[arg-type]
    return swarm.views["t1"], bus.records


@pytest.mark.parametrize(
    "status", [TaskStatus.CREATED, TaskStatus.BIDDING, TaskStatus.RUNNING, TaskStatus.FAILED]
)
def test_the_row_follows_the_events(status: TaskStatus) -> None:
    view, _ = lived(status)
    assert view.status is status
    assert view.agent_name == ("" if status in (TaskStatus.CREATED, TaskStatus.BIDDING) else "Forge")


def test_a_finished_row_knows_result_and_price() -> None:
    view, records = lived(TaskStatus.COMPLETED, result="42", price_msat=12_500)
    assert (view.result, view.paid_msat, view.tokens_in) == ("42", 12_500, 812)
    facts = {name: value for value, name, _ in facts_of(view, simulated=life_of(records, name_of).simulated)}
    assert facts["paid · simulated"] == "12.5 sat"
    assert facts["Embedded"] == "gemma3-270m"


def test_what_is_not_of_the_task_changes_nothing() -> None:
    view, records = lived(TaskStatus.RUNNING)
    late = EventRecord(99, view.updated_us - 1, tasks.TaskFailed(task_id="t1", reason="late"), b"")
    other = EventRecord(
        99, view.updated_us + 1, payments.SatsReserved(task_id="t1", amount_msat=1, simulated=True), b""
    )
    assert after(view, late, name_of) is view
    assert after(view, other, name_of) is view
    assert created(records[1]) is None


def test_bids_are_ranked_with_the_winner_first() -> None:
    bids = life_of(lived(TaskStatus.COMPLETED)[1], name_of).bids
    assert [bid.rank for bid in bids] == [1, 2, 3, 4]
    assert [bid.won for bid in bids] == [True, False, False, False]
    assert (bids[0].agent, bids[0].amount_msat) == ("Forge", 12_000)


def test_the_last_auction_counts() -> None:
    bus = FakeBus()
    for number, agent in ((1, "forge"), (2, "seer")):
        bus.publish_now(
            tasks.TaskBidding(task_id="t", eligible=[agent], round=number),
            tasks.BidSubmitted(task_id="t", agent_id=agent, amount_msat=5, score_milli=1),
        )
    assert [bid.agent for bid in life_of(bus.records, name_of).bids] == ["Seer"]
    assert life_of([], name_of) == Life()


def test_bids_stand_in_the_timeline_only_while_the_auction_is_open() -> None:
    def titles(until: TaskStatus) -> list[str]:
        return [moment.title for moment in life_of(lived(until)[1], name_of).moments]

    assert "Forge bids 12 sat" in titles(TaskStatus.BIDDING)
    assert "Forge bids 12 sat" not in titles(TaskStatus.RUNNING)


def test_events_from_a_newer_version_are_shown_as_they_are() -> None:
    event = UnknownEvent(type_name="task.praised", type_version=1, data={"by": "\x1bme", "n": 3}, task_id="t")
    moment = life_of([EventRecord(1, 1, event, b"")], name_of).moments[0]
    assert moment.title == "task.praised"
    assert moment.detail == "by: \\u{1b}me\nn: 3"


@given(st.text())
def test_no_text_reaches_the_timeline_alive(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    record = EventRecord(1, 1, tasks.TaskFailed(task_id="t", reason=text), b"")
    moment = life_of([record], name_of).moments[0]
    assert not set(moment.detail) & set("\x00\x07\x1b\u202e\u200b\u2028")


def test_exports_are_whole_and_hold_no_preimage() -> None:
    view, records = lived(TaskStatus.COMPLETED, result="\u202eout")
    document = json.loads(as_json(view, records))
    assert document["task"]["id"] == "t1"
    assert len(document["events"]) == len(records)
    assert "preimage" not in json.dumps(document)
    text = as_markdown(view, records, name_of)
    assert "\\u{202e}out" in text
    assert "- Status: Completed" in text


def test_a_file_name_is_safe_everywhere() -> None:
    view, _ = lived(TaskStatus.CREATED)
    assert file_name(view, "md") == "task-do-it-t1.md"


def test_every_status_has_a_word_a_glyph_and_a_role() -> None:
    assert set(LOOKS) == set(TaskStatus)
    assert len({(look.glyph, look.word) for look in LOOKS.values()}) == len(LOOKS)
    assert [status for status in TaskStatus if can_retry(status)] == [TaskStatus.FAILED, TaskStatus.CANCELLED]


def test_only_amounts_are_labelled() -> None:
    nobody = tasks.AuctionClosed(
        task_id="t", winner="", amount_msat=0, bids=0, reason="nobody bid", duration_ms=5
    )
    bid = tasks.BidSubmitted(task_id="t", agent_id="seer", amount_msat=5_000, score_milli=750)
    records = [EventRecord(1, 1, nobody, b""), EventRecord(2, 2, bid, b"")]
    moments = life_of(records, name_of, simulated=True).moments
    assert [moment.title for moment in moments] == [
        "The auction ended without a winner",
        "Seer bids 5 sat (simulated)",
    ]
    assert moments[1].detail == "score 750"


def test_a_row_says_that_a_task_waits_for_the_model() -> None:
    view = replace(lived(TaskStatus.RUNNING)[0], agent_name="Forge", provider="")
    assert second_line(view, view.updated_us + 1_000_000) == ("Running", " · Forge · 1.0 s")
    waits = second_line(view, view.updated_us + 5_000_000)
    assert waits == ("Running", " · Forge · 5.0 s · waits for the model")
    answered = replace(view, provider="embedded")
    assert second_line(answered, view.updated_us + 5_000_000) == ("Running", " · Forge · 5.0 s")
