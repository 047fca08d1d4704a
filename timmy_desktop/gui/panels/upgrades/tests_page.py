"""What the tests said: every tree that was tested, and each test that did not pass."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QWidget

from timmy_desktop.gui.panels.upgrades.sheet import Sheet, listed, section, told
from timmy_desktop.gui.panels.upgrades.words import OUTCOMES, TESTED, report_words
from timmy_desktop.gui.widgets.code_block import CodeBlock
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.upgrades.types import TestReport

_LONGEST_OUTPUT = 20_000
_MOST_FAILURES = 20


class TestsPage(Sheet):
    """The newest run comes first."""

    __test__ = False  # not for pytest to collect

    def __init__(self) -> None:
        super().__init__("Test results")

    def show_reports(self, reports: Sequence[TestReport], *, doing: str = "") -> None:
        cards: list[QWidget] = [told(f"{doing}…", "accent")] if doing else []
        cards += [report_card(report) for report in reversed(reports)]
        self.fill(
            cards
            or [EmptyState("tasks", "No tests yet", "They run in a sandbox, without network or secrets.")]
        )


def report_card(report: TestReport) -> QFrame:
    """One run."""
    word, tone, shape = OUTCOMES[report.outcome]
    parts: list[QWidget] = [told(report_words(report), "muted")]
    failures = [case for case in report.cases if case.outcome in ("failed", "error")]
    for case in failures[:_MOST_FAILURES]:
        parts.append(told(f"{case.outcome}: {inert_line(case.name, 200)}", "bad"))
        if case.detail:
            parts.append(_code(case.detail, "failure"))
    if len(failures) > _MOST_FAILURES:
        parts.append(told(f"and {len(failures) - _MOST_FAILURES:,} more that failed", "bad"))
    skipped = [f"{case.name}: {case.detail}" for case in report.cases if case.outcome == "skipped"]
    if skipped:
        parts.append(told(f"Skipped: {len(skipped):,}", "muted"))
        parts.append(listed([inert_line(line, 200) for line in skipped], "muted"))
    if report.outcome in ("failed", "broken") and report.output and not failures:
        parts.append(_code(report.output[-_LONGEST_OUTPUT:], "output"))
    return section(TESTED[report.kind], *parts, pill=Pill(word, tone, shape=shape))


def _code(text: str, name: str) -> CodeBlock:
    block = CodeBlock()
    block.show_code(inert(text[:_LONGEST_OUTPUT]).rstrip(), name)
    return block
