"""The story of one task as stretches of time: auction, attempts, steps, tools, models, payment. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from timmy_desktop.gui.panels.events.columns import Names, agent_name, value_text
from timmy_desktop.gui.wording import count, sats
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.event_filter import severity_of
from timmy_desktop.storage.event_rows import LogRow

_TONES = {"warning": "warn", "error": "bad"}


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took from `start_us` to `end_us`; `seq` is the event that tells of its end."""

    title: str
    glyph: str
    tone: str
    start_us: int
    end_us: int
    seq: int
    detail: str = ""
    depth: int = 0
    is_open: bool = False

    @property
    def microseconds(self) -> int:
        return self.end_us - self.start_us


def story_of(rows: Sequence[LogRow], names: Names) -> list[Span]:
    """In the order in which things began; what has not ended ends with the last event."""
    teller = _Teller(names)
    for row in rows:
        teller.hear(row)
    spans = teller.spans
    last = rows[-1].time_us if rows else 0
    spans = [replace(span, end_us=last) if span.is_open else span for span in spans]
    return sorted(spans, key=lambda span: (span.start_us, span.depth, span.seq))


class _Teller:
    """Keeps what has begun until the event of its end comes."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.spans: list[Span] = []
        self._open: dict[str, int] = {}

    def hear(self, row: LogRow) -> None:
        values = row.values()
        told = getattr(self, f"_{row.type.replace('.', '_')}", None)
        if told is None:
            self._moment(row, row.type, "events", detail=_pairs(values))
        else:
            told(row, values)

    # Opening and closing

    def _begin(self, key: str, row: LogRow, title: str, glyph: str, depth: int, detail: str = "") -> None:
        self._open[key] = len(self.spans)
        span = Span(
            inert_line(title, 120), glyph, "accent", row.time_us, row.time_us, row.seq, detail, depth, True
        )
        self.spans.append(span)

    def _end(self, key: str, row: LogRow, tone: str = "good", title: str = "", detail: str = "") -> bool:
        place = self._open.pop(key, None)
        if place is None:
            return False
        begun = self.spans[place]
        self.spans[place] = replace(
            begun, end_us=row.time_us, seq=row.seq, tone=tone, is_open=False,
            title=inert_line(title, 120) or begun.title, detail=inert_line(detail, 300) or begun.detail,
        )  # fmt: skip
        return True

    def _task_over(self, row: LogRow, tone: str, reason: str = "", result: str = "") -> None:
        """The work and the task end; so does what nobody will tell the end of any more."""
        self._end("work", row, tone, detail=reason)
        self._break_off(row)
        self._end("task", row, tone, detail=reason or result)

    def _break_off(self, row: LogRow) -> None:
        """A call that was under way, or an auction; the payment goes on after the task."""
        for key in [key for key in self._open if key not in ("task", "payment")]:
            self._end(key, row, "muted", f"{self.spans[self._open[key]].title}, broken off")

    def _moment(
        self,
        row: LogRow,
        title: str,
        glyph: str,
        depth: int = 0,
        detail: str = "",
        tone: str = "",
        took_us: int = 0,
    ) -> None:
        tone = tone or _TONES.get(severity_of(row.type), "muted")
        span = Span(
            inert_line(title, 120), glyph, tone, row.time_us - took_us, row.time_us, row.seq,
            inert_line(detail, 300), depth,
        )  # fmt: skip
        self.spans.append(span)

    # What each event tells

    def _task_created(self, row: LogRow, values: dict[str, Any]) -> None:
        self._begin("task", row, f"Task: {_text(values, 'text')}", "tasks", 0)

    def _task_bidding(self, row: LogRow, values: dict[str, Any]) -> None:
        self._begin("auction", row, f"Auction, round {values.get('round', 1)}", "bid", 1)

    def _bid_submitted(self, row: LogRow, values: dict[str, Any]) -> None:
        bid = sats(_number(values, "amount_msat"))
        self._moment(row, f"{agent_name(row, self._names)} bids {bid}", "bid", 2)

    def _auction_closed(self, row: LogRow, values: dict[str, Any]) -> None:
        won = f"won by {agent_name(row, self._names)} for {sats(_number(values, 'amount_msat'))}"
        words = f"Auction {won if _text(values, 'winner') else 'without a bid'}"
        self._end(
            "auction", row, "good" if _text(values, "winner") else "warn", words, _text(values, "reason")
        )

    def _payment_reserved(self, row: LogRow, values: dict[str, Any]) -> None:
        self._moment(row, f"{sats(_number(values, 'amount_msat'))} put into escrow", "sats", 1)

    def _task_assigned(self, row: LogRow, _: dict[str, Any]) -> None:
        self._moment(row, f"Assigned to {agent_name(row, self._names)}", "agent", 1)

    def _task_started(self, row: LogRow, values: dict[str, Any]) -> None:
        words = f"{agent_name(row, self._names)} works, attempt {values.get('attempt', 1)}"
        self._begin("work", row, words, "agent", 1)

    def _task_stepped(self, row: LogRow, values: dict[str, Any]) -> None:
        took = _number(values, "duration_ms") * 1000
        self._moment(
            row,
            f"Step {values.get('step', '')}",
            "activity",
            2,
            _text(values, "text"),
            "accent",
            took_us=took,
        )

    def _tool_called(self, row: LogRow, values: dict[str, Any]) -> None:
        key = f"tool {_text(values, 'call_id')}"
        self._begin(key, row, f"Tool {_text(values, 'tool')}", "tool", 3, _pairs(values.get("arguments")))

    def _tool_completed(self, row: LogRow, values: dict[str, Any]) -> None:
        self._end(f"tool {_text(values, 'call_id')}", row, "good", detail=_text(values, "summary"))

    def _tool_failed(self, row: LogRow, values: dict[str, Any]) -> None:
        title = f"Tool {_text(values, 'tool')} failed"
        self._end(f"tool {_text(values, 'call_id')}", row, "warn", title, _text(values, "reason"))

    def _provider_called(self, row: LogRow, values: dict[str, Any]) -> None:
        answered = _text(values, "outcome") == "ok"
        tokens = f"{_number(values, 'tokens_in')} tokens in, {_number(values, 'tokens_out')} out"
        self._moment(
            row,
            f"{_text(values, 'provider')} · {_text(values, 'model')}" + ("" if answered else ", no answer"),
            "router", 3, tokens if answered else _text(values, "detail"), "good" if answered else "warn",
            took_us=_number(values, "total_ms") * 1000,
        )  # fmt: skip

    def _task_completed(self, row: LogRow, values: dict[str, Any]) -> None:
        self._task_over(row, "good", result=_text(values, "result"))

    def _task_failed(self, row: LogRow, values: dict[str, Any]) -> None:
        self._task_over(row, "bad", _text(values, "reason"))

    def _task_cancelled(self, row: LogRow, values: dict[str, Any]) -> None:
        self._task_over(row, "muted", _text(values, "reason"))

    def _task_retried(self, row: LogRow, values: dict[str, Any]) -> None:
        if not self._end("work", row, "warn", detail=_text(values, "reason")):
            self._moment(row, "Goes back to auction", "retry", 1, _text(values, "reason"))
        self._break_off(row)

    def _memory_stored(self, row: LogRow, values: dict[str, Any]) -> None:
        entries = values.get("entries")
        number = len(entries) if isinstance(entries, list) else 0
        self._moment(
            row, f"Remembered: {count(number, 'entry', 'entries')}", "memory", 1, _text(values, "owner")
        )

    def _provider_failed_over(self, row: LogRow, values: dict[str, Any]) -> None:
        onward = _text(values, "to_provider") or "nobody"
        words = f"Moved on from {_text(values, 'from_provider')} to {onward}"
        self._moment(row, words, "router", 3, _text(values, "reason"))

    def _payment_refunded(self, row: LogRow, values: dict[str, Any]) -> None:
        self._moment(
            row, f"{sats(_number(values, 'amount_msat'))} given back", "sats", 1, _text(values, "reason")
        )

    def _invoice_created(self, row: LogRow, values: dict[str, Any]) -> None:
        words = f"{agent_name(row, self._names)} asks for {sats(_number(values, 'amount_msat'))}"
        self._moment(row, words, "sats", 1)

    def _payment_sent(self, row: LogRow, values: dict[str, Any]) -> None:
        self._begin("payment", row, f"Payment of {sats(_number(values, 'amount_msat'))}", "sats", 1)

    def _payment_settled(self, row: LogRow, values: dict[str, Any]) -> None:
        self._end("payment", row, "good", detail=f"fee {sats(_number(values, 'fee_msat'))}")

    def _payment_failed(self, row: LogRow, values: dict[str, Any]) -> None:
        self._end("payment", row, "bad", detail=_text(values, "reason"))

    def _payment_expired(self, row: LogRow, _: dict[str, Any]) -> None:
        self._end("payment", row, "warn", detail="The invoice ran out.")


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _number(values: dict[str, Any], name: str) -> int:
    value = values.get(name)
    return value if isinstance(value, int) else 0


def _pairs(values: Any) -> str:
    if not isinstance(values, dict):
        return ""
    return inert_line(
        ", ".join(f"{name} {value_text(value)}" for name, value in list(values.items())[:6]), 300
    )
