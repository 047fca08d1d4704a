"""What the runner in the sandbox reported, read strictly: counts and exit status must tell the same story.

Nothing is ever read out of the words that a run printed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from timmy_desktop.inert import inert, inert_line
from timmy_desktop.upgrades.confined.runner import BROKEN, NO_RUNNER
from timmy_desktop.upgrades.sandbox_process import Ran
from timmy_desktop.upgrades.types import CaseOutcome, TestCase, TestKind, TestOutcome, TestReport

PASSED, FAILED, NOTHING_FOUND = 0, 1, 5
MOST_CASES = 20_000
# Characters of all details together: a report is kept for good.
MOST_DETAILS = 2_000_000
_MOST_OUTPUT = 16_000
_OUTCOMES = frozenset(get_args(CaseOutcome))
# Which of two words about one test counts: a test can pass and then fail to clean up.
_WEIGHT = {"error": 5, "failed": 4, "xpassed": 3, "xfailed": 2, "skipped": 1, "passed": 0}


@dataclass(slots=True)
class Told:
    """The lines of a report, sorted. `problem`: why they can't be trusted."""

    cases: dict[str, TestCase] = field(default_factory=dict)
    collected: set[str] = field(default_factory=set)
    cover: dict[str, Any] = field(default_factory=dict)
    runner: str = ""
    end: int | None = None
    room: int = MOST_DETAILS
    problem: str = ""


def report_of(ran: Ran, kind: TestKind, tree: str, sandbox: str, time_us: int) -> TestReport:
    """The report of one run."""
    told = read(ran.report)
    counts = Counter[str](case.outcome for case in told.cases.values())
    outcome, detail = _judged(ran, told, counts)
    return TestReport(
        kind=kind,
        tree=tree,
        outcome=outcome,
        detail=detail,
        passed=counts["passed"] + counts["xfailed"],
        failed=counts["failed"] + counts["xpassed"] * (outcome == "failed"),
        errors=counts["error"],
        skipped=counts["skipped"],
        exit_status=ran.status,
        duration_ms=ran.duration_ms,
        runner=inert_line(told.runner, 80),
        sandbox=sandbox,
        cases=tuple(told.cases.values()),
        output=inert(ran.output[-_MOST_OUTPUT:]),
        time_us=time_us,
    )


def read(report: bytes) -> Told:
    """The lines of a report; the first one that is none ends the reading."""
    told = Told()
    for line in report.split(b"\n"):
        if not line:
            continue
        try:
            value = json.loads(line)
            if told.end is not None or not isinstance(value, dict):
                raise ValueError("a line after the end")  # noqa: TRY301 - one way out
            _take(told, value)
        except (ValueError, RecursionError, KeyError, TypeError):
            told.problem = "The report holds what the runner did not write."
            break
    return told


def _take(told: Told, value: dict[str, Any]) -> None:
    if "test" in value:
        name, outcome = str(value["test"]), value["outcome"]
        if outcome not in _OUTCOMES:
            raise ValueError(outcome)
        known = told.cases.get(name)
        if (known is None and len(told.cases) < MOST_CASES) or (
            known is not None and _WEIGHT[outcome] > _WEIGHT[known.outcome]
        ):
            detail = inert(str(value["detail"]))[: max(told.room, 0)]
            told.room -= len(detail)
            told.cases[name] = TestCase(
                inert_line(name, 500), cast(CaseOutcome, outcome), detail, int(value["ms"])
            )
    elif "collected" in value:
        told.collected.add(str(value["collected"]))
    elif "cover" in value:
        told.cover = dict(value["cover"])
    elif "runner" in value:
        told.runner = str(value["runner"])
    elif "end" in value:
        told.end = int(value["end"])


def _judged(ran: Ran, told: Told, counts: Counter[str]) -> tuple[TestOutcome, str]:
    """What the run comes to. Whatever does not fit together is broken, never passed."""
    if ran.ended:
        return "broken", f"The tests did not end by themselves: {ran.ended}."
    if ran.status == BROKEN:
        return "broken", f"The sandbox did not work: {inert_line(ran.output, 300)}"
    if ran.status == NO_RUNNER:
        return "none", "There is nothing here that runs tests."
    if not ran.report and ran.output.startswith(("bwrap: ", "sandbox-exec: ")):
        return "broken", f"The sandbox did not work: {inert_line(ran.output, 300)}"
    if problem := _mismatch(ran, told, counts):
        return "broken", problem
    bad = counts["failed"] + counts["error"]
    if ran.status == NOTHING_FOUND:
        return "none", "There are no tests here."
    if ran.status == FAILED:
        return "failed", f"{bad or counts['xpassed']:,} of {len(told.cases):,} tests failed."
    return "passed", "All tests passed."


def _mismatch(ran: Ran, told: Told, counts: Counter[str]) -> str:
    """Why exit status and report tell different stories; empty when they agree."""
    if told.problem:
        return told.problem
    if told.end is None:
        return f"The test run broke off without a report (exit status {ran.status})."
    if told.end != ran.status:
        return f"The report ends with {told.end} and the run with {ran.status}; neither is believed."
    bad = counts["failed"] + counts["error"]
    if ran.status not in (PASSED, FAILED, NOTHING_FOUND):
        return f"The test runner gave up (exit status {ran.status})."
    if ran.status == PASSED and bad:
        return f"The run says that all passed, and the report names {bad:,} failures; neither is believed."
    if ran.status == FAILED and not bad + counts["xpassed"]:
        return "The run says that tests failed, and the report names none; neither is believed."
    if ran.status == NOTHING_FOUND and told.cases:
        return "The run says that there are no tests, and the report names some; neither is believed."
    missing = told.collected - told.cases.keys()
    if ran.status == PASSED and (missing or not told.cases):
        return f"{len(missing):,} tests were found and never reported; the run is not believed."
    return ""


def names(cases: Iterable[TestCase], *outcomes: CaseOutcome) -> set[str]:
    """The names of the tests with one of these outcomes; of all where none is given."""
    return {case.name for case in cases if not outcomes or case.outcome in outcomes}
