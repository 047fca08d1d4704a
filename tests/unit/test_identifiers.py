from __future__ import annotations

import time
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop import identifiers
from timmy_desktop.identifiers import new_id, short_id


def _at(monkeypatch: pytest.MonkeyPatch, milliseconds: int, random: bytes) -> str:
    with monkeypatch.context() as patch:
        patch.setattr(identifiers.time, "time_ns", lambda: milliseconds * 1_000_000)
        patch.setattr(identifiers.os, "urandom", lambda count: random[:count])
        return new_id()


@given(milliseconds=st.integers(0, (1 << 48) - 1), random=st.binary(min_size=10, max_size=10))
def test_it_is_a_uuid_of_version_7(monkeypatch: pytest.MonkeyPatch, milliseconds: int, random: bytes) -> None:
    identifier = UUID(_at(monkeypatch, milliseconds, random))

    assert identifier.version == 7
    assert identifier.variant == RFC_4122
    assert identifier.int >> 80 == milliseconds


@given(
    earlier=st.integers(0, (1 << 48) - 2),
    step=st.integers(1, 1 << 20),
    random=st.tuples(st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10)),
)
def test_text_sorts_by_time(
    monkeypatch: pytest.MonkeyPatch, earlier: int, step: int, random: tuple[bytes, bytes]
) -> None:
    later = min(earlier + step, (1 << 48) - 1)

    assert _at(monkeypatch, earlier, random[0]) < _at(monkeypatch, later, random[1])


@given(random=st.tuples(st.integers(0, (1 << 74) - 1), st.integers(0, (1 << 74) - 1)))
def test_no_random_bit_is_lost(monkeypatch: pytest.MonkeyPatch, random: tuple[int, int]) -> None:
    first, second = (_at(monkeypatch, 1, _spread(bits)) for bits in random)

    assert (first == second) == (random[0] == random[1])


def _spread(bits: int) -> bytes:
    """74 bits where `new_id` looks for them: 12 at the top of 80, 62 at the bottom."""
    return ((bits >> 62) << 68 | bits & (1 << 62) - 1).to_bytes(10, "big")


def test_ten_thousand_differ_and_carry_the_present() -> None:
    before = time.time_ns() // 1_000_000

    made = [new_id() for _ in range(10_000)]

    assert len(set(made)) == len(made)
    assert before <= UUID(made[0]).int >> 80 <= time.time_ns() // 1_000_000


def test_short_ids_of_one_millisecond_differ() -> None:
    made = [new_id() for _ in range(100)]

    assert len({short_id(identifier) for identifier in made}) == len(made)
    assert all(identifier.endswith(short_id(identifier)) for identifier in made)
