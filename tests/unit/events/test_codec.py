"""Every event type has a golden case; what is unknown is still readable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.events.base import UnknownEvent
from timmy_desktop.events.codec import EncodingError, decode, encode_data, event_types
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.events.tasks import TaskCompleted

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden.json").read_text())
ENVELOPE = {"source": "test", "task_id": "t1", "agent_id": "a1"}


def test_every_type_has_a_golden_case() -> None:
    assert set(GOLDEN) == set(event_types())


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_golden(name: str) -> None:
    case = GOLDEN[name]
    event = event_types()[name](**case["fields"])
    assert encode_data(event).decode() == case["data"]
    assert event.version == case["version"]
    assert decode(name, case["version"], ENVELOPE, case["data"]) == event


@pytest.mark.parametrize(
    ("type_name", "version", "data"),
    [
        ("system.info", 2, '{"message":"newer"}'),
        ("system.info", 1, '{"message":"x","added_later":1}'),
        ("system.info", 1, "{}"),
        ("system.info", 1, '["not", "an", "object"]'),
        ("system.info", 1, "not json at all"),
        ("robot.rebelled", 1, '{"why":"boredom"}'),
    ],
)
def test_what_is_not_known_stays_readable(type_name: str, version: int, data: str) -> None:
    event = decode(type_name, version, ENVELOPE, data)
    assert isinstance(event, UnknownEvent)
    assert (event.type_name, event.type_version, event.task_id) == (type_name, version, "t1")
    assert event.data or data == "{}"


def test_keys_are_sorted_and_packed() -> None:
    event = TaskCompleted(
        result="ü", provider="p", model="m", duration_ms=1, tokens_in=2, tokens_out=3, task_id="t"
    )
    assert (
        encode_data(event).decode()
        == '{"duration_ms":1,"model":"m","note":"","provider":"p","result":"ü","tokens_in":2,"tokens_out":3}'
    )


@given(st.text())
def test_any_text_survives_or_is_refused(text: str) -> None:
    event = SystemInfo(message=text)
    try:
        data = encode_data(event)
    except EncodingError:
        assert any("\ud800" <= char <= "\udfff" for char in text)
        return
    assert decode("system.info", 1, {}, data) == event
    assert b"\x1f" not in data
