"""The proof packet: what speaks for a change and against it; what weakens the tests is red, and says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.panels.upgrades.sheet import Sheet, listed, section, told
from timmy_desktop.gui.panels.upgrades.words import OUTCOMES, TESTED
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.types import Coverage, ProofPacket, Revision, TestReport, Weakening

_WITHOUT = {
    "yes": ("The new tests fail without the change, so they test it.", "good"),
    "no": ("The new tests also pass without the change: they don't test it.", "warn"),
    "none": ("There are no new tests.", "warn"),
    "unknown": ("It is not known whether new tests fail without the change.", "muted"),
}


class ProofPage(Sheet):
    """Red things first, then the tests before and after, then the rest."""

    def __init__(self) -> None:
        super().__init__("Proof packet")

    def show_proof(self, proof: ProofPacket | None, revision: Revision, *, doing: str = "") -> None:
        if proof is None:
            words = f"{doing}…" if doing else "The tests run first; what they prove is shown here."
            self.fill([EmptyState("shield", "The proof is being made", words)])
            return
        self.fill([*_red(proof), *_tests(proof), *_around(proof, revision)])


def _red(proof: ProofPacket) -> Iterator[QWidget]:
    lists: tuple[tuple[str, str, Sequence[str]], ...] = (
        ("Tests removed", "They ran before and are gone.", proof.removed_tests),
        ("Tests weakened", "They ask less than before.", [_weakening(found) for found in proof.weakened]),
        ("Tests skipped", "They ran before and are skipped now.", proof.skipped_tests),
        ("Tests broken", "They passed before and fail now.", proof.broken_tests),
        ("What runs the tests is changed", "These files tell the runner what to do.", proof.steering),
    )
    for title, words, found in lists:
        if found:
            lines = [inert_line(line, 240) for line in found]
            pill = Pill(f"{len(found):,}", "bad")
            yield section(title, told(words, "muted"), listed(lines, "bad"), pill=pill)
    if not any(found for _, _, found in lists):
        words = "No test was removed, weakened, skipped or broken."
        yield section("Tests ask as much as before", told(words, "muted"), pill=Pill("whole", "good"))


def _tests(proof: ProofPacket) -> Iterator[QWidget]:
    runs = [
        ("base", proof.base),
        ("branch", proof.branch),
        ("merge", proof.merge),
        ("old_tests", proof.old_tests),
    ]
    lines = [_run(kind, report) for kind, report in runs if report is not None]
    worst = next(
        (report for _, report in runs if report is not None and report.outcome in ("failed", "broken")), None
    )
    after = worst or proof.merge
    pill = Pill(*OUTCOMES[after.outcome][:2], shape=OUTCOMES[after.outcome][2]) if after is not None else None
    words, tone = _WITHOUT[proof.fails_without]
    if proof.fails_without_detail:
        words = f"{words} {inert_line(proof.fails_without_detail, 300)}"
    yield section("Tests before and after", listed(lines), told(words, tone), pill=pill)
    if proof.new_tests:
        names = [inert_line(name, 200) for name in proof.new_tests]
        yield section(f"New tests: {len(names):,}", listed(names, "muted"))


def _around(proof: ProofPacket, revision: Revision) -> Iterator[QWidget]:
    if proof.coverage or proof.coverage_note:
        note = [told(inert_line(proof.coverage_note, 300), "muted")] if proof.coverage_note else []
        lines = [_covered(found) for found in proof.coverage]
        yield section("Changed lines that ran in the tests", *note, *([listed(lines)] if lines else []))
    if proof.outside:
        words = "The description does not speak of them."
        files = [inert_line(path, 200) for path in proof.outside]
        yield section("Files outside the stated purpose", told(words, "muted"), listed(files, "warn"))
    if proof.dependencies:
        names = [inert_line(name, 120) for name in proof.dependencies]
        yield section("Dependencies added", listed(names, "warn"), pill=Pill(f"{len(names):,}", "warn"))
    if revision.risk_reasons:
        reasons = [inert_line(reason, 240) for reason in revision.risk_reasons]
        tone = {"low": "good", "medium": "warn", "high": "bad"}[revision.risk]
        yield section("Risk by its files", listed(reasons), pill=Pill(revision.risk, tone))


def _run(kind: str, report: TestReport) -> str:
    summary = inert_line(report.summary, 200)
    word = "" if report.outcome in ("passed", "failed") else f"{OUTCOMES[report.outcome][0]}, "
    return f"{TESTED[kind]}: {word}{summary}"


def _weakening(found: Weakening) -> str:
    place = f"{found.path}, line {found.line:,}" if found.line else found.path
    return f"{place}: {found.what}"


def _covered(found: Coverage) -> str:
    missed = f"; never ran: {', '.join(map(str, found.missed[:12]))}" if found.missed else ""
    more = " and more" if len(found.missed) > 12 else ""
    return f"{inert_line(found.path, 160)}: {found.covered:,} of {count(found.lines, 'line')}{missed}{more}"
