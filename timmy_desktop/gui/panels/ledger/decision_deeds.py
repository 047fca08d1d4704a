"""Decisions from the dock: payments above a limit, alarms, sats that nobody knew where to put."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panels.ledger.desk import Desk, is_open
from timmy_desktop.gui.panels.ledger.needs import difference_words
from timmy_desktop.gui.wording import sats
from timmy_desktop.ledger.types import Approval, Difference, Held, PaymentOutcome

if TYPE_CHECKING:
    from timmy_desktop.gui.panels.ledger.decisions import ApprovalDialog, NoteDialog


class DecisionDeeds:
    """Dialogs open without a loop of their own, and are imported when they are first wanted."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def decide(self, approval: Approval) -> ApprovalDialog:
        """Shows the payment that waits, whole."""
        from timmy_desktop.gui.panels.ledger.decisions import ApprovalDialog
        from timmy_desktop.gui.panels.ledger.pay_dialog import outcome_words

        def answered(outcome: PaymentOutcome) -> None:
            self._desk.changed()
            if is_open(dialog):
                dialog.show_outcome(outcome)
            else:
                self._desk.say(*outcome_words(outcome))

        def refused(_: None) -> None:
            self._desk.changed()
            if is_open(dialog):
                dialog.close()
            self._desk.say("Refused. Nothing was sent.", "good")

        def fault(error: Exception) -> None:
            if is_open(dialog):
                dialog.show_fault(str(error))
            else:
                self._desk.say(f"Nothing was sent: {error}", "bad")

        dialog = ApprovalDialog(
            self._desk.window, approval, self._desk.name_of, fiat=self._desk.fiat,
            approve=lambda one: self._desk.starter.start(
                "approve", self._desk.book.approve(one.id, one.digest), answered, failed=fault),
            refuse=lambda one, why: self._desk.starter.start(
                "refuse", self._desk.book.refuse(one.id, why), refused, failed=fault),
        )  # fmt: skip
        dialog.open()
        return dialog

    def explain(self, difference: Difference) -> NoteDialog:
        """An alarm: what differs, and a word on it that is kept; or the node's word is booked."""
        from timmy_desktop.gui.panels.ledger.decisions import NoteDialog

        lines = [difference_words(difference)]
        if difference.explanation:
            lines.append(difference.explanation)
        lines.append("Nothing is corrected by itself. Find out which side is right, then say it here.")
        dialog = NoteDialog(
            self._desk.window, "Book and node differ", lines, go="Keep this explanation",
            book="Record in the book what the node says" if difference.can_be_booked else "",
            done=lambda note, book: self._desk.do(
                "resolve", self._desk.book.resolve_difference(difference.id, note, book=book),
                "Explained; the word is kept with the alarm.", dialog),
        )  # fmt: skip
        dialog.open()
        return dialog

    def release(self, held: Held) -> NoteDialog:
        """Sats in suspense go to the treasury, because a person says so."""
        from timmy_desktop.gui.panels.ledger.decisions import NoteDialog

        book, amount = self._desk.book, sats(held.amount_msat)
        dialog = NoteDialog(
            self._desk.window,
            "Release to the treasury?",
            [f"{amount} are set aside. Released, they are available as the treasury's."],
            go="Release",
            done=lambda note, _: self._desk.do(
                "release", book.release(held.ledger_id, note), f"{amount} released.", dialog
            ),
        )
        dialog.open()
        return dialog
