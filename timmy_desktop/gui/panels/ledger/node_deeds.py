"""Questions to the node from the dock, and the proof that a payment was made."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from timmy_desktop.gui.panels.ledger.desk import Desk
from timmy_desktop.gui.wording import sats
from timmy_desktop.ledger.history_lines import Line
from timmy_desktop.ledger.types import PaymentOutcome, Reconciliation


class NodeDeeds:
    """Answers are told in the window's message bar."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ask(self, ledger_id: str) -> None:
        """Asks the node about a payment in doubt."""
        from timmy_desktop.gui.panels.ledger.pay_dialog import outcome_words

        def told(outcome: PaymentOutcome) -> None:
            self._desk.changed()
            self._desk.say(*outcome_words(outcome))

        self._desk.starter.start(f"ask {ledger_id}", self._desk.book.ask(ledger_id), told)

    def compare(self) -> None:
        """Compares book and node now."""

        def told(found: Reconciliation) -> None:
            self._desk.changed()
            self._desk.say(*compared_words(found))

        self._desk.starter.start("reconcile", self._desk.book.reconcile(), told)

    def receipt(self, line: Line) -> None:
        """Writes the signed receipt to a file that the person names."""
        self._desk.starter.start("receipt", self._desk.book.receipt(line.id), partial(self._ask_where, line))

    def _ask_where(self, line: Line, text: str) -> None:
        start = str(Path.home() / f"receipt-{line.payment_hash[:12]}.json")
        dialog = QFileDialog(self._desk.window, "Keep the receipt", start, "Receipt (*.json)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("json")
        dialog.fileSelected.connect(lambda path: self._keep(Path(path), text))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _keep(self, path: Path, text: str) -> None:
        self._desk.starter.start(
            "keep receipt",
            asyncio.to_thread(path.write_text, text, encoding="utf-8"),
            lambda _: self._desk.say(
                f"The receipt is at {path}. timmy-desktop verify-receipt checks it anywhere.", "good"
            ),
            failed=lambda error: self._desk.say(
                f"The receipt was not written: {error}. Choose another place.", "bad"
            ),
        )


def compared_words(found: Reconciliation) -> tuple[str, str]:
    """What comparing book and node found, and its tone."""
    if found.state == "unreachable":
        return f"The node could not be asked, so nothing was compared. {found.detail}".strip(), "warn"
    if found.open:
        return f"Book and node differ: {found.open} to look into, at the top of the Ledger.", "bad"
    node = f" The node holds {sats(found.node_msat)}." if found.node_msat is not None else ""
    return f"Book and node agree: {found.checked:,} lines checked.{node}", "good"
