"""Every event type has a sentence; nothing hostile gets through; the unknown is still readable."""

from __future__ import annotations

import unicodedata
from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.events import payments, routing, system, tasks
from timmy_desktop.events.base import Event, EventRecord, UnknownEvent
from timmy_desktop.events.codec import event_types
from timmy_desktop.gui.panels.activity.sentences import sentence, tone_of, topic_of

NAMES = {"a1": "Forge"}
HOSTILE = "evil\x1b[2J\u202eline\nsecond\x00"
_VALUES: dict[str, Any] = {
    "str": "words",
    "int": 1,
    "bool": True,
    "list[str]": ["a", "b"],
    "dict[str, Any]": {"k": 1},
    "dict[str, int]": {"k": 1},
}


def record(event: Event) -> EventRecord:
    return EventRecord(1, 0, event, b"")


def example(kind: type[Event], /, **values: Any) -> Event:
    given = {
        field.name: _VALUES[str(field.type)]
        for field in fields(kind)
        if field.default is MISSING and field.name not in values
    }
    return kind(**given, **values)


@pytest.mark.parametrize("kind", event_types().values(), ids=event_types().keys())
def test_every_event_has_words(kind: type[Event]) -> None:
    said = sentence(record(example(kind, agent_id="a1", task_id="t1")), NAMES)
    assert said.text
    assert said.glyph != "unknown"
    assert topic_of(kind.type) != "other"
    assert not said.text.startswith(kind.type), "falls back to the generic form"


@pytest.mark.parametrize("kind", event_types().values(), ids=event_types().keys())
def test_foreign_text_is_inert(kind: type[Event]) -> None:
    strings = {field.name: HOSTILE for field in fields(kind) if str(field.type) == "str"}
    said = sentence(record(example(kind, **strings)), {})
    assert all(unicodedata.category(char) not in ("Cc", "Cf") for char in said.text)


def test_unknown_events_show_their_data() -> None:
    event = UnknownEvent(type_name="memory.stored", type_version=3, data={"text": HOSTILE, "size": 5})
    said = sentence(record(event), NAMES)
    assert said.text.startswith("memory.stored: text evil")
    assert "size 5" in said.text
    assert "\n" not in said.text


@given(
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=50), max_size=6),
)
def test_no_unknown_event_breaks_the_feed(name: str, data: dict[str, Any]) -> None:
    event = UnknownEvent(type_name=name, type_version=1, data=data)
    sentence(record(event), NAMES)
    topic_of(name)


def test_names_replace_identifiers() -> None:
    bid = example(tasks.BidSubmitted, agent_id="a1", amount_msat=8_000)
    assert sentence(record(bid), NAMES).text == "Forge bids 8 sat"
    assert sentence(record(bid), {"a1": "Quill"}).text == "Quill bids 8 sat"


def test_tones_follow_severity_and_outcome() -> None:
    assert tone_of(example(tasks.TaskFailed)) == "bad"
    assert tone_of(example(tasks.TaskCompleted)) == "good"
    assert tone_of(example(routing.CircuitOpened)) == "warn"
    assert tone_of(example(routing.ProviderCalled, outcome="ok")) == "muted"
    assert tone_of(example(routing.ProviderCalled, outcome="refused")) == "warn"
    assert tone_of(example(system.LogVerified, intact=False)) == "bad"


def test_simulated_money_says_so() -> None:
    paid = example(payments.PaymentSettled, agent_id="a1", amount_msat=8_000, fee_msat=0, simulated=True)
    assert sentence(record(paid), NAMES).text == "Forge was paid 8 sat (simulated)"


def test_providers_are_named_as_people_know_them() -> None:
    opened = routing.CircuitOpened(provider="ollama", reason="away", failures=1)
    assert sentence(record(opened), NAMES).text.startswith("Ollama is left out")
    moved = routing.ProviderFailedOver(
        request_id="r", from_provider="embedded", to_provider="my lab", reason="slow"
    )
    assert sentence(record(moved), NAMES).text == "Moved on from Embedded model to my lab: slow"
