from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.gui.wording import count, duration, exact_time, relative_time, sats, short_id, size

NOW = 1_800_000_000_000_000
S = 1_000_000


@pytest.mark.parametrize(
    ("ago_us", "words"),
    [
        (0, "now"),
        (-5 * S, "now"),
        (12 * S, "12 s ago"),
        (60 * S, "1 min ago"),
        (3599 * S, "59 min ago"),
        (3 * 3600 * S, "3 h ago"),
        (2 * 86_400 * S, "2 d ago"),
    ],
)
def test_relative_time(ago_us: int, words: str) -> None:
    assert relative_time(NOW - ago_us, NOW) == words


def test_long_ago_is_a_date() -> None:
    assert relative_time(NOW - 30 * 86_400 * S, NOW).startswith("2026-12-")
    assert exact_time(NOW).count(":") == 2


@pytest.mark.parametrize(
    ("msat", "words"),
    [
        (0, "0 sat"),
        (1_234_000, "1,234 sat"),
        (1_234, "1.234 sat"),
        (12_500, "12.5 sat"),
        (-8_000, "−8 sat"),
        (1, "0.001 sat"),
    ],
)
def test_sats(msat: int, words: str) -> None:
    assert sats(msat) == words


def test_signed_sats() -> None:
    assert sats(5_000, sign=True) == "+5 sat"
    assert sats(0, sign=True) == "0 sat"


@given(st.integers(-(10**15), 10**15))
def test_no_sat_is_lost_in_words(msat: int) -> None:
    digits = sats(msat).removesuffix(" sat").replace(",", "").replace("−", "-")
    whole, _, rest = digits.lstrip("-").partition(".")
    assert (int(whole) * 1000 + int(rest.ljust(3, "0") or 0)) * (-1 if digits.startswith("-") else 1) == msat


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (-5, "0 ms"),
        (240, "240 ms"),
        (1_200, "1.2 s"),
        (45_000, "45 s"),
        (185_000, "3 min 5 s"),
        (7_800_000, "2 h 10 min"),
    ],
)
def test_duration(milliseconds: int, words: str) -> None:
    assert duration(milliseconds) == words


def test_counts_ids_and_sizes() -> None:
    assert count(1, "task") == "1 task"
    assert count(2310, "task") == "2,310 tasks"
    assert count(2, "reply", "replies") == "2 replies"
    assert short_id("0192abcd-1111-7222-8333-444455556666") == "55556666"
    assert short_id("echo") == "echo"
    assert "\x1b" not in short_id("\x1b[31mred")
    assert (size(980), size(12_400), size(3_100_000)) == ("980 B", "12.4 kB", "3.1 MB")
