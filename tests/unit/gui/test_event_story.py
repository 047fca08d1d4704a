"""What the story of a task tells, from its events alone."""

from __future__ import annotations

import json
from typing import Any

from timmy_desktop.gui.panels.events.story import Span, story_of
from timmy_desktop.gui.panels.events.story_view import took
from timmy_desktop.storage.event_rows import LogRow

SECOND = 1_000_000


def told(*events: tuple[int, str, dict[str, Any]]) -> dict[str, Span]:
    rows = []
    for seq, (second, kind, values) in enumerate(events, 1):
        data = json.dumps(values)
        rows.append(LogRow(seq, second * SECOND, kind, 1, "test", "t", "a", data, b"", len(data)))
    spans = story_of(rows, {"a": "Forge"})
    assert [span.start_us for span in spans] == sorted(span.start_us for span in spans)
    return {span.title: span for span in spans}


def test_each_part_of_a_task_is_told_with_how_long_it_took() -> None:
    spans = told(
        (0, "task.created", {"text": "Do it"}),
        (1, "task.bidding", {"round": 1}),
        (2, "bid.submitted", {"amount_msat": 5000}),
        (3, "auction.closed", {"winner": "a", "amount_msat": 5000}),
        (4, "task.started", {"attempt": 1}),
        (9, "provider.called", {"provider": "ollama", "model": "m", "outcome": "refused", "total_ms": 2000}),
        (12, "provider.called", {"provider": "api", "model": "n", "outcome": "ok", "total_ms": 3000}),
        (13, "task.stepped", {"step": 1, "text": "Looks", "duration_ms": 8000}),
        (14, "tool.called", {"call_id": "c", "tool": "read_file"}),
        (16, "tool.completed", {"call_id": "c", "summary": "7 lines"}),
        (20, "task.completed", {"result": "Done"}),
        (21, "payment.sent", {"amount_msat": 5000}),
        (24, "payment.settled", {"fee_msat": 1000}),
    )
    assert {title: span.microseconds // SECOND for title, span in spans.items()} == {
        "Task: Do it": 20,
        "Auction won by Forge for 5 sat": 2,
        "Forge bids 5 sat": 0,
        "Forge works, attempt 1": 16,
        "ollama · m, no answer": 2,
        "api · n": 3,
        "Step 1": 8,
        "Tool read_file": 2,
        "Payment of 5 sat": 3,
    }
    assert not any(span.is_open for span in spans.values())


def test_nothing_goes_on_in_a_task_that_is_over() -> None:
    spans = told(
        (0, "task.created", {"text": "Do it"}),
        (1, "task.bidding", {"round": 1}),
        (5, "task.cancelled", {"reason": "Not wanted any more."}),
        (9, "memory.stored", {"entries": ["m"]}),
    )
    assert took(spans["Auction, round 1, broken off"]) == "4.0 s"
    assert not any(span.is_open for span in spans.values())


def test_a_call_that_a_crash_broke_off_ends_with_its_attempt() -> None:
    spans = told(
        (0, "task.created", {"text": "Do it"}),
        (1, "task.started", {"attempt": 1}),
        (2, "tool.called", {"call_id": "c", "tool": "read_file"}),
        (6, "task.retried", {"reason": "The application went down."}),
        (7, "task.bidding", {"round": 2}),
    )
    assert spans["Tool read_file, broken off"].microseconds == 4 * SECOND
    assert spans["Forge works, attempt 1"].microseconds == 5 * SECOND
    assert [title for title, span in spans.items() if span.is_open] == ["Task: Do it", "Auction, round 2"]
