"""The ledger's words, its chart's picture and its sums: pure functions."""

from __future__ import annotations

from typing import Any

import pytest

from timmy_desktop.gui.panels.ledger.invoice_dialog import _clock
from timmy_desktop.gui.panels.ledger.pay_dialog import outcome_words
from timmy_desktop.gui.panels.ledger.qr import modules_of
from timmy_desktop.gui.panels.ledger.shares import shares_of
from timmy_desktop.gui.panels.ledger.snapshot import picture_of, short_sats
from timmy_desktop.gui.panels.ledger.words import (
    amount_tone,
    amount_words,
    fiat_words,
    proof_words,
    state_look,
    what_words,
)
from timmy_desktop.ledger.history_lines import Line
from timmy_desktop.ledger.history_sums import DAY_US, BalanceSeries, Flow, Step
from timmy_desktop.ledger.money import Msat
from timmy_desktop.ledger.types import PaymentOutcome

NAMES = {"a1": "Forge"}
HOSTILE = "=1+1\x1b[31m\u202egnp"


def name_of(agent_id: str) -> str:
    return NAMES.get(agent_id, agent_id)


def line(**values: Any) -> Line:
    row: dict[str, Any] = {
        "number": 1, "id": "i", "type": "payment", "state": "settled", "purpose": "expense", "account": "treasury",
        "payment_hash": "", "amount_msat": 5000, "fee_msat": 0, "fee_cap_msat": 0, "received_msat": 0, "memo": "",
        "bolt11": "", "payee": "", "preimage": "", "proof": "", "flags": "", "refers_to": "", "source": "", "task_id": "",
        "agent_id": "", "simulated": True, "reason": "", "created_us": 1, "updated_us": 1, "expires_us": 0, "settled_us": 0,
        "available_msat": 0, "moved_msat": 0, "task_text": "",
    }  # fmt: skip
    return Line(**{**row, **values})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"type": "reserve", "agent_id": "a1", "task_text": "Mend it"}, "Reserved for Forge: Mend it"),
        ({"type": "refund", "reason": "Cancelled."}, "Returned: Cancelled."),
        ({"type": "reward", "purpose": "task", "agent_id": "a1"}, "Paid Forge"),
        ({"memo": "Map data", "payee": "02" + "cd" * 32}, "To cdcdcdcd: Map data"),
        ({}, "A payment"),
        ({"type": "invoice", "memo": "Two pages"}, "Invoice: Two pages"),
        ({"type": "deposit"}, "Funding"),
        ({"type": "closing"}, "Book closed"),
        ({"type": "adjustment", "memo": "As the node says"}, "Correction: As the node says"),
        ({"type": "invoice", "memo": HOSTILE}, "Invoice: =1+1\\u{1b}[31m\\u{202e}gnp"),
        ({"type": "something new"}, "something new"),
    ],
)
def test_a_line_says_what_it_is_about(values: dict[str, Any], words: str) -> None:
    assert what_words(line(**values), name_of) == words


def test_a_state_is_a_word_with_a_meaning() -> None:
    assert state_look(line(state="pending")).word == "In doubt"
    assert state_look(line(type="invoice", state="pending")).word == "Open"
    late = state_look(line(type="invoice", flags="late overpaid"))
    assert (late.word, late.tone) == ("Received, late", "warn")
    assert "came late, more than was asked for" in late.meaning
    assert state_look(line(state="unheard of")).word == "unheard of"


def test_an_amount_has_the_sign_of_what_it_did_to_the_available_sats() -> None:
    assert amount_words(line(type="deposit", moved_msat=5000)) == "+5 sat"
    assert amount_words(line(moved_msat=-5003)) == "−5 sat"
    assert amount_words(line(type="reward", moved_msat=0)) == "5 sat"
    assert amount_words(line(type="invoice", received_msat=6000, moved_msat=5000)) == "+6 sat"
    assert amount_words(line(state="failed", moved_msat=0)) == "5 sat"
    assert amount_tone(line(state="failed")) == "muted"
    assert amount_tone(line(type="invoice", moved_msat=1)) == "good"


def test_a_proof_is_believed_only_where_it_fits() -> None:
    proven = line(preimage="aa", proof="node:02ab")
    assert proof_words(proven, fits=True)[1] == "good"
    assert proof_words(proven, fits=False)[1] == "bad"
    assert proof_words(line(proof="book"), fits=False)[0].startswith("It moved within this book")
    assert proof_words(line(state="pending"), fits=False) == ("No proof yet.", "muted")
    assert proof_words(line(state="failed"), fits=False) == ("", "")


def test_a_value_in_a_currency_needs_a_rate_and_never_is_exact() -> None:
    assert fiat_words(100_000_000_000, 9_500_000, "EUR") == "≈ 95,000.00 EUR"
    assert fiat_words(-21_000, 9_500_000, "EUR") == "≈ −0.02 EUR"
    assert fiat_words(-1, 9_500_000, "EUR") == "≈ 0.00 EUR"
    assert fiat_words(1, 0, "EUR") == fiat_words(1, 5, "") == ""


@pytest.mark.parametrize(
    ("outcome", "words", "tone"),
    [
        (PaymentOutcome("settled", Msat(5000), Msat(20)), "5 sat arrived, and 0.02 sat for the way", "good"),
        (
            PaymentOutcome("failed", reason="No route."),
            "Not paid. No route. The sats are available again.",
            "bad",
        ),
        (PaymentOutcome("unknown"), "don't pay it a second time", "warn"),
        (PaymentOutcome("waiting", reason="Above the limit."), "waits for your decision", "warn"),
    ],
)
def test_an_outcome_says_what_it_means(outcome: PaymentOutcome, words: str, tone: str) -> None:
    said, told = outcome_words(outcome)
    assert words in said
    assert told == tone


def flow(day: int, received: int, earned: int, fee: int = 0) -> Flow:
    return Flow(str(day), Msat(received), Msat(earned), Msat(0), Msat(0), Msat(fee), 1)


def test_the_picture_holds_each_height_and_groups_days_where_there_is_no_room() -> None:
    since, until = 100 * DAY_US, 130 * DAY_US
    steps = (
        Step(since + DAY_US, Msat(900), Msat(700), Msat(1000), since + DAY_US // 2),
        Step(since + 2 * DAY_US, Msat(800), Msat(800), Msat(800), since + 2 * DAY_US),
    )
    flows = [flow(101, 0, 200), flow(102, 50, 0, 3), flow(129, 10, 0)]
    picture = picture_of(BalanceSeries(since, until, Msat(1000), steps), flows, 40)
    assert [height for _, height in picture.line] == [1000, 900, 800, 800]
    began = (since + DAY_US // 2) / 1_000_000
    assert picture.swing == ((began, (since + DAY_US) / 1_000_000, 700.0, 1000.0),)
    assert picture.days_a_bar == 1
    assert [(bar.in_msat, bar.out_msat) for bar in picture.bars] == [(0, 200), (50, 3), (10, 0)]
    assert picture.bars[1].words == "13 Apr (UTC): in 0.05 sat, out 0.003 sat, of that 0.003 sat fees"
    few = picture_of(BalanceSeries(since, until, Msat(1000), steps), flows, 10)
    assert few.days_a_bar == 3
    assert [(bar.in_msat, bar.out_msat) for bar in few.bars] == [(50, 203), (10, 0)]
    assert few.bars[0].words.startswith("11 Apr to 13 Apr")


def test_a_balance_that_hardly_moved_is_not_shown_from_zero() -> None:
    def low(least: int) -> float:
        step = Step(DAY_US, Msat(least), Msat(least), Msat(least), DAY_US)
        return picture_of(BalanceSeries(0, 2 * DAY_US, Msat(1_000_000), (step,)), [], 10).low

    assert low(950_000) > 0
    assert low(100_000) == 0
    assert picture_of(BalanceSeries(0, DAY_US, Msat(0), ()), [], 10).high == 1000


def test_heights_in_little_room() -> None:
    assert [short_sats(value * 1000) for value in (0, 450, 12_000, 1_250_000)] == ["0", "450", "12k", "1.2M"]


def test_shares_name_their_rows_and_are_as_long_as_they_are_large() -> None:
    rows = shares_of("agent", [Flow("a1", Msat(0), Msat(400), Msat(0), Msat(100), Msat(0), 2), Flow("", Msat(250), Msat(0), Msat(0), Msat(0), Msat(0), 1)], name_of)  # fmt: skip
    assert [(row.name, row.out_msat, row.out_share, row.in_share) for row in rows] == [
        ("Forge", 500, 1.0, 0.0),
        ("Not an agent's", 0, 0.0, 0.5),
    ]
    days = shares_of("day", [flow(100, 1, 0), flow(101, 2, 0), flow(102, 0, 0)], name_of)
    assert [row.name for row in days] == ["Sun 12 Apr 1970", "Sat 11 Apr 1970"]
    assert shares_of("purpose", [flow(0, 1, 0)], name_of)[0].name == "0"


def test_a_qr_code_is_a_square_with_its_corners() -> None:
    rows = modules_of("lnbcrt1" + "q" * 200)
    assert len(rows) == len(rows[0])
    assert all(rows[0][:7])
    assert modules_of("LNBCRT1" + "Q" * 200) == rows


def test_time_that_is_left() -> None:
    assert [_clock(seconds) for seconds in (59, 3599, 3600, 90_000, 604_800)] == [
        "0:59", "59:59", "1:00:00", "25:00:00", "7 d 0 h",
    ]  # fmt: skip
