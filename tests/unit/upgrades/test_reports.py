"""What a test run reported: counts and exit status tell the same story, or nothing is believed."""

from __future__ import annotations

import json

import pytest

from tests.fakes.upgrade_world import told
from timmy_desktop.upgrades.reports import MOST_CASES, read, report_of
from timmy_desktop.upgrades.sandbox_process import Ran
from timmy_desktop.upgrades.types import TestReport

GOOD = [("a", "passed"), ("b", "passed")]
BAD = [("a", "passed"), ("b", "failed")]


def judged(report: bytes, status: int, *, output: str = "", ended: str = "") -> TestReport:
    return report_of(Ran(status, ended, report, output, 5), "merge", "tree", "acted", 1)


@pytest.mark.parametrize(
    ("report", "status", "outcome", "words"),
    [
        (told(GOOD, 0), 0, "passed", "All tests passed"),
        (told(BAD, 1), 1, "failed", "1 of 2 tests failed"),
        (told([], 5), 5, "none", "no tests"),
        (told(GOOD, 0), 1, "broken", "neither is believed"),
        (told(BAD, 1), 0, "broken", "neither is believed"),
        (told(BAD, 0), 0, "broken", "names 1 failures"),
        (told(GOOD, 1), 1, "broken", "the report names none"),
        (told([], 0), 0, "broken", "not believed"),
        (told(GOOD, 5), 5, "broken", "names some"),
        (told(GOOD, None), 0, "broken", "without a report"),
        (b"", 0, "broken", "without a report"),
        (
            told(GOOD, 0) + b'{"test": "c", "outcome": "passed", "detail": "", "ms": 1}\n',
            0,
            "broken",
            "did not write",
        ),
        (told(GOOD, 0) + told(GOOD, 0), 0, "broken", "did not write"),
        (b"10 passed\n" + told(GOOD, 0), 0, "broken", "did not write"),
        (told([("a", "splendid")], 0), 0, "broken", "did not write"),
        (b'{"collected": "z"}\n' + told(GOOD, 0), 0, "broken", "never reported"),
        (told(GOOD, 2), 2, "broken", "gave up"),
        (told(GOOD, 97), 97, "broken", "sandbox did not work"),
        (b'{"end": 0' * 10, 0, "broken", "did not write"),
        (b"[" * 100_000 + b"\n", 0, "broken", "did not write"),
    ],
)
def test_what_a_run_comes_to(report: bytes, status: int, outcome: str, words: str) -> None:
    found = judged(report, status, output="3 failed, 10 passed")
    assert (found.outcome, words in found.detail) == (outcome, True), found.detail


def test_a_run_that_was_ended_has_no_result_whatever_it_reported() -> None:
    found = judged(told(GOOD, 0), 0, ended="it took longer than 6 seconds")
    assert (found.outcome, "longer than 6 seconds" in found.detail) == ("broken", True)


def test_the_worst_word_about_a_test_counts() -> None:
    lines = [
        {"test": "a", "outcome": word, "detail": word, "ms": 1} for word in ("passed", "error", "passed")
    ]
    report = "".join(json.dumps(line) + "\n" for line in [*lines, {"end": 1}]).encode()
    found = judged(report, 1)
    assert [(case.name, case.outcome, case.detail) for case in found.cases] == [("a", "error", "error")]
    assert found.summary == "1 with errors"


def test_hostile_names_and_details_are_inert_and_bounded() -> None:
    line = json.dumps({"test": "a\x1b[2J\u202e", "outcome": "passed", "detail": "\x07", "ms": 1}) + "\n"
    (case,) = read(line.encode()).cases.values()
    assert case.name == "a\\u{1b}[2J\\u{202e}"
    assert case.detail == "\\u{7}"
    many = told([(str(number), "passed") for number in range(MOST_CASES + 5)], 0)
    assert len(read(many).cases) == MOST_CASES
