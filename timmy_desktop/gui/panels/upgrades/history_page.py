"""Where a proposal comes from and what became of it: its words, revisions to compare, decisions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from timmy_desktop.gui.panels.upgrades.loading import Evidence
from timmy_desktop.gui.panels.upgrades.sheet import Sheet, section, told
from timmy_desktop.gui.panels.upgrades.words import RISKS, decision_words, size_words
from timmy_desktop.gui.widgets.copyable_id import CopyableId
from timmy_desktop.gui.widgets.parts import button, label, row
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.wording import exact_time
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.upgrades.types import Comment, Decision, Proposal, Revision


class HistoryPage(Sheet):
    """Everything that is known besides the lines and the tests."""

    compare_wanted = Signal(int, int)
    """The older and the newer revision."""
    take_back_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__("History")

    def show_history(self, proposal: Proposal, evidence: Evidence, comments: Sequence[Comment]) -> None:
        cards: list[QWidget] = [_about(proposal)]
        said = [comment for comment in comments if not comment.path]
        cards += [self._comment(comment) for comment in said]
        cards.append(_decisions(proposal, evidence.decisions))
        revisions = list(reversed(evidence.revisions))
        cards += [self._revision(revision) for revision in revisions]
        self.fill(cards)

    def _revision(self, revision: Revision) -> QFrame:
        word, tone = RISKS[revision.risk]
        parts: list[QWidget] = [
            told(f"{size_words(revision)} · {exact_time(revision.created_us)[:16]}", "muted")
        ]
        if revision.note:
            parts.append(told(inert_line(revision.note, 400)))
        if revision.conflicts:
            parts.append(
                told(
                    f"Can't be merged: {', '.join(map(inert_line, revision.conflicts))}",
                    "bad",
                )
            )
        parts.append(_identifiers(revision))
        made = section(f"Revision {revision.number}", *parts, pill=Pill(word, tone))
        if revision.number > 1:
            words = f"Compare with revision {revision.number - 1}"
            compare = button(
                words, lambda: self.compare_wanted.emit(revision.number - 1, revision.number), variant="quiet"
            )
            layout = made.layout()
            if layout is not None:
                layout.addWidget(compare)
        return made

    def _comment(self, comment: Comment) -> QFrame:
        state = f"answered in revision {comment.answered_in}" if comment.answered_in else "open"
        made = section(
            f"{inert_line(comment.author, 60)} said of the whole",
            told(inert(comment.text)),
            told(state, "muted", "small"),
        )
        layout = made.layout()
        if not comment.answered_in and layout is not None:
            layout.addWidget(
                button("Take back", lambda: self.take_back_wanted.emit(comment.id), variant="quiet")
            )
        return made


def _about(proposal: Proposal) -> QFrame:
    parts: list[QWidget] = []
    if proposal.description:
        parts.append(told(inert(proposal.description)))
    if proposal.reasoning:
        parts += [told("Why", "muted", "small"), told(inert(proposal.reasoning))]
    who = inert_line(proposal.proposer, 60) or "somebody"
    words = f"Proposed by {who} at {exact_time(proposal.created_us)[:16]}"
    parts.append(told(words, "muted", "small"))
    return section("What it is for", *parts)


def _decisions(proposal: Proposal, decisions: Sequence[Decision]) -> QFrame:
    parts: list[QWidget] = []
    for decision in decisions:
        parts.append(told(f"{exact_time(decision.time_us)[:16]}  {decision_words(decision)}"))
        if decision.reason:
            parts.append(told(f"“{inert_line(decision.reason, 400)}”", "muted"))
        if decision.digest:
            parts.append(_identifier("digest", decision.digest))
    for what, commit in (
        ("applied as", proposal.applied_commit),
        ("rolled back by", proposal.rolled_back_commit),
    ):
        if commit:
            parts.append(_identifier(what, commit))
    return section("Decisions", *(parts or [told("Nothing was decided yet.", "muted")]))


def _identifiers(revision: Revision) -> QWidget:
    made = QWidget()
    made.setLayout(
        row(
            label("digest", tone="muted", size="small"),
            CopyableId(revision.digest, what="digest", short=revision.digest[:12]),
            label("on", tone="muted", size="small"),
            CopyableId(revision.target_head, what="commit", short=revision.target_head[:10]),
            None,
        )
    )
    return made


def _identifier(what: str, identifier: str) -> QWidget:
    made = QWidget()
    short = CopyableId(identifier, what=what, short=identifier[:12])
    made.setLayout(row(label(what, tone="muted", size="small"), short, None))
    return made
