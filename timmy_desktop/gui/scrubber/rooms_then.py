"""Router, memory, upgrades and the last events, as they were."""

from __future__ import annotations

from itertools import islice

from timmy_desktop.gui.scrubber.content import MOST_ROWS, Content, Moment, Row, Table
from timmy_desktop.gui.wording import count, duration, exact_time, provider_words, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.scrubber.world import MemoryThen, ProviderThen, UpgradeThen

_CIRCUITS = {"CLOSED": "closed", "OPEN": "open: left out", "HALF_OPEN": "half open: tried again"}
_CIRCUIT_TONES = {"OPEN": "bad", "HALF_OPEN": "warn"}
_UPGRADE_TONES = {"applied": "good", "failed": "bad", "proposed": "accent", "approved": "accent"}
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
    """How much was remembered, and which entries; never what they said."""
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
    rows = tuple(_memory(one) for one in islice(world.memories.newest(), MOST_ROWS))
    table = Table(
        "Entries", ("Stored", "Type", "Owner", "Seen by", "State", "Entry"), rows, frozenset(),
        "Nothing was remembered.", len(world.memories), wide=5,
    )  # fmt: skip
    note = "The log holds no word of what was remembered, so that it can be forgotten."
    return Content(facts, (table,), note)


def _memory(one: MemoryThen) -> Row:
    sight = "everybody" if one.visibility == "shared" else "its owner"
    when = exact_time(one.stored_us)[5:19]
    marks = [one.state, *(["pinned"] if one.pinned else []), *(["replaced"] if one.superseded_by else [])]
    cells = (when, one.type, inert_line(one.owner, 40), sight, ", ".join(marks), short_id(one.id))
    whole = f"{one.type} {one.id}, of {inert_line(one.owner, 80)}, seen by {sight}, {', '.join(marks)}"
    by = f" by {inert_line(one.superseded_by, 80)}" if one.superseded_by else ""
    return Row(cells, whole + by)


def upgrades_then(moment: Moment) -> Content:
    """Proposals by state."""
    world = moment.world
    counts = world.upgrades.counts
    facts = tuple((f"{number:,}", name.replace("_", " "), "") for name, number in counts.items() if number)
    rows = tuple(_upgrade(one) for one in islice(world.upgrades.newest(), MOST_ROWS))
    table = Table(
        "Proposals", ("Proposal", "State", "By", "Revision", "Risk", "Files", "Lines"), rows,
        frozenset({3, 5, 6}), "Nothing had been proposed.", len(world.upgrades),
    )  # fmt: skip
    return Content(facts, (table,))


def _upgrade(one: UpgradeThen) -> Row:
    cells = (
        inert_line(one.title, 120), one.state.replace("_", " "), inert_line(one.proposer, 40),
        str(one.revision), one.risk, str(one.files), f"+{one.added} −{one.removed}",
    )  # fmt: skip
    lines = [
        inert_line(one.title, 300),
        f"{one.state.replace('_', ' ')} · {short_id(one.id)} · revision {one.revision}",
    ]
    if one.by:
        lines.append(f"Decided by {inert_line(one.by, 80)}{' (automatically)' if one.automatic else ''}")
    lines += [f"Tests: {one.tests}"] if one.tests else []
    lines += [f"Commit {one.commit[:12]}"] if one.commit else []
    lines += [f"Undone by {one.undone_by[:12]}"] if one.undone_by else []
    lines += [inert_line(one.reason, 500)] if one.reason else []
    return Row(cells, "\n".join(lines), _UPGRADE_TONES.get(one.state, ""))


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
