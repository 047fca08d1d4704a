"""Router, memory and the last events, as they were."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from timmy_desktop.gui.scrubber.content import MOST_ROWS, Content, Moment, Row, Table
from timmy_desktop.gui.wording import count, duration, exact_time, provider_words, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.scrubber.things import MemoryThen, ProviderThen

_CIRCUITS = {"CLOSED": "closed", "OPEN": "open: left out", "HALF_OPEN": "half open: tried again"}
_CIRCUIT_TONES = {"OPEN": "bad", "HALF_OPEN": "warn"}
_SEVERITY_TONES = {"warning": "warn", "error": "bad"}


def router_then(moment: Moment) -> Content:
    """Providers: circuits, and what their last attempt took."""
    world = moment.world
    providers = list(world.providers)
    answers = sum(one.answers for one in providers)
    failures = sum(one.failures for one in providers)
    facts = (
        (f"{answers:,}", "answers", "Attempts that gave an answer, since the log begins"),
        (f"{failures:,}", "failures", "Attempts that failed, since the log begins"),
        (f"{sum(one.failed_over for one in providers):,}", "failovers", ""),
        (f"{world.providers.counts.get('OPEN', 0)}", "circuits open", ""),
    )
    if world.order:
        providers.sort(key=lambda one: world.order.index(one.name) if one.name in world.order else 99)
    table = Table(
        "Providers", ("Provider", "Circuit", "Last attempt", "First token", "Total", "Answers", "Failures"),
        tuple(_provider(one) for one in providers), frozenset({3, 4, 5, 6}), "No provider had been asked.",
        len(providers),
    )  # fmt: skip
    return Content(facts, (table,))


def _provider(one: ProviderThen) -> Row:
    circuit = "disabled" if one.disabled else _CIRCUITS.get(one.circuit, one.circuit)
    asked = bool(one.outcome)
    cells = (
        provider_words(one.name), circuit, one.outcome or "none yet",
        duration(one.ttft_ms) if one.ttft_ms >= 0 and asked else "", duration(one.total_ms) if asked else "",
        f"{one.answers:,}", f"{one.failures:,}",
    )  # fmt: skip
    lines = [f"{provider_words(one.name, one.model)}: circuit {circuit}"]
    lines += [f"Opened because: {inert_line(one.reason, 300)}"] if one.reason else []
    if asked:
        tokens = count(one.tokens_in + one.tokens_out, "token")
        when, why = exact_time(one.asked_us)[:19], inert_line(one.detail, 300)
        lines.append(f"Last asked {when}: {one.outcome}, {tokens}. {why}")
    return Row(cells, "\n".join(lines), _CIRCUIT_TONES.get(one.circuit, ""))


def memory_then(moment: Moment) -> Content:
    """How much was remembered, and what; of what was forgotten since, only that it was there."""
    world = moment.world
    kinds: dict[str, int] = {}
    seen = {"shared": 0, "private": 0}
    for key, number in world.memories.counts.items():
        kind, visibility, _ = key.split("/")
        kinds[kind] = kinds.get(kind, 0) + number
        seen[visibility] = seen.get(visibility, 0) + number
    facts = (
        (f"{len(world.memories):,}", "memories", ""),
        *((f"{number:,}", name, "") for name, number in (*sorted(kinds.items()), *seen.items()) if number),
    )
    rows = tuple(
        _memory(one, moment.kept.memories.get(one.id)) for one in islice(world.memories.newest(), MOST_ROWS)
    )
    table = Table(
        "Entries", ("Stored", "Type", "Owner", "Seen by", "State", "Said"), rows, frozenset(),
        "Nothing was remembered.", len(world.memories), wide=5,
    )  # fmt: skip
    note = "The log holds no word of what was remembered: what was forgotten since is in no past either."
    return Content(facts, (table,), note)


def _memory(one: MemoryThen, kept: Mapping[str, Any] | None) -> Row:
    sight = "everybody" if one.visibility == "shared" else "its owner"
    when = exact_time(one.stored_us)[5:19]
    marks = [one.state, *(["pinned"] if one.pinned else []), *(["replaced"] if one.superseded_by else [])]
    said = str(kept["content"]) if kept is not None else "forgotten since"
    cells = (when, one.type, inert_line(one.owner, 40), sight, ", ".join(marks), inert_line(said, 200))
    lines = [f"{one.type} {one.id}, of {inert_line(one.owner, 80)}, seen by {sight}, {', '.join(marks)}"]
    lines += [f"Replaced by {inert_line(one.superseded_by, 80)}"] if one.superseded_by else []
    lines += [f"Edited {count(one.edits, 'time')} by then"] if one.edits else []
    if kept is not None:
        lines += [f"From {inert_line(kept['source'], 200)}"] if kept["source"] else []
        lines += [f"Made from task {short_id(kept['task_id'])}"] if kept["task_id"] else []
    return Row(cells, "\n".join([*lines, said]), "" if kept is not None else "muted")


def events_then(moment: Moment) -> Content:
    """The last events before the moment."""
    rows = tuple(
        Row(
            (exact_time(one.time_us)[11:23], one.type, short_id(one.event.task_id), f"{one.seq:,}"),
            inert_line(repr(one.event), 1000),
            _SEVERITY_TONES.get(one.event.severity, ""),
        )
        for one in moment.events
    )
    table = Table(
        "The last events",
        ("Time", "Event", "Task", "Number"),
        rows,
        frozenset({3}),
        "None.",
        len(rows),
        wide=1,
    )
    return Content((), (table,))
