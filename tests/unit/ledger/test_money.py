"""Amounts: whole millisatoshi, written for people and read back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.ledger.errors import MoneyError
from timmy_desktop.ledger.money import MOST_MSAT, format_msat, msat, parse_msat, positive

amounts = st.integers(-MOST_MSAT, MOST_MSAT)


@given(amounts, st.booleans())
def test_what_is_written_is_read_back(amount: int, signed: bool) -> None:
    assert parse_msat(format_msat(amount, signed=signed)) == amount


@given(amounts)
def test_the_text_says_the_exact_number(amount: int) -> None:
    number = format_msat(amount).removesuffix(" sat").replace(",", "").replace("−", "-")
    assert Decimal(number) * 1000 == amount


@given(amounts)
def test_millisatoshi_are_read_too(amount: int) -> None:
    assert parse_msat(f"{amount} msat") == amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (1_234_000, "1,234 sat"),
        (500, "0.5 sat"),
        (-12_000, "−12 sat"),
        (0, "0 sat"),
        (1, "0.001 sat"),
        (12_345_678_901, "12,345,678.901 sat"),
    ],
)
def test_amounts_as_people_see_them(amount: int, text: str) -> None:
    assert format_msat(amount) == text


def test_a_sign_is_shown_when_asked_for() -> None:
    assert [format_msat(amount, signed=True) for amount in (12_000, 0, -12_000)] == [
        "+12 sat",
        "0 sat",
        "−12 sat",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sat",
        "1.2345 sat",
        "1,23 sat",
        "1.5 msat",
        "1e3 sat",
        "٣ sat",
        "1 btc",
        "--1",
        "nan",
        "9" * 400,
        "1\n2",
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        parse_msat(text)


@pytest.mark.parametrize("value", [1.0, True, "1", None, MOST_MSAT + 1, -MOST_MSAT - 1])
def test_only_whole_numbers_within_reason_are_money(value: object) -> None:
    with pytest.raises(MoneyError):
        msat(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1])
def test_nothing_and_less_are_not_positive(value: int) -> None:
    with pytest.raises(MoneyError):
        positive(value)
