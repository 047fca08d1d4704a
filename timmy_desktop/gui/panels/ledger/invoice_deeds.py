"""Invoices from the dock: made, shown until they are paid, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panels.ledger.desk import Desk, is_open
from timmy_desktop.gui.wording import sats
from timmy_desktop.ledger.history_lines import Line
from timmy_desktop.ledger.types import OpenInvoice

if TYPE_CHECKING:
    from timmy_desktop.gui.panels.ledger.decisions import NoteDialog
    from timmy_desktop.gui.panels.ledger.invoice_dialog import InvoiceDialog


class InvoiceDeeds:
    """Dialogs open without a loop of their own, and are imported when they are first wanted."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._dialog: InvoiceDialog | None = None

    def new(self, shown: OpenInvoice | None = None) -> InvoiceDialog:
        """Asks for an amount, or shows an invoice that is open already."""
        from timmy_desktop.gui.panels.ledger.invoice_dialog import InvoiceDialog

        dialog = InvoiceDialog(
            self._desk.window,
            create=lambda amount, memo, seconds: self._create(dialog, amount, memo, seconds),
            pretend=self._play_payer if self._desk.book.is_simulated else None,
            fiat=self._desk.fiat,
            now_us=self._desk.now_us,
        )
        self._dialog = dialog
        dialog.finished.connect(lambda _: self._forget(dialog))
        if shown is not None:
            dialog.show_invoice(shown)
        dialog.open()
        return dialog

    def show(self, line: Line) -> InvoiceDialog:
        """The open invoice of a line."""
        return self.new(
            OpenInvoice(
                ledger_id=line.id, bolt11=line.bolt11, payment_hash=line.payment_hash,
                amount_msat=line.amount_msat, memo=line.memo, created_us=line.created_us,
                expires_us=line.expires_us, simulated=line.simulated,
            )
        )  # fmt: skip

    def follow(self) -> None:
        """Something happened: the invoice on screen may have been paid."""
        dialog = self._dialog
        if dialog is not None and dialog.ledger_id:
            line = self._desk.history.line(dialog.ledger_id)
            self._desk.starter.start("invoice line", line, lambda found: self._followed(dialog, found))

    def cancel(self, line: Line) -> NoteDialog:
        """Asks before an open invoice is taken back."""
        from timmy_desktop.gui.panels.ledger.decisions import NoteDialog

        book, said = self._desk.book, "The invoice is cancelled."
        words = f"{sats(line.amount_msat)}. Nobody can pay it then; what still comes is recorded and flagged."
        dialog = NoteDialog(
            self._desk.window,
            "Cancel the invoice?",
            [words],
            go="Cancel the invoice",
            needs_note=False,
            variant="danger",
            done=lambda note, _: self._desk.do("cancel", book.cancel_invoice(line.id, note), said, dialog),
        )
        dialog.open()
        return dialog

    def _create(self, dialog: InvoiceDialog, amount: int, memo: str, seconds: int) -> None:
        def created(made: OpenInvoice) -> None:
            self._desk.changed()
            if is_open(dialog):
                dialog.show_invoice(made)

        def fault(error: Exception) -> None:
            if is_open(dialog):
                dialog.show_fault(str(error))

        work = self._desk.book.create_invoice(amount, memo, expiry_s=seconds)
        self._desk.starter.start("create invoice", work, created, failed=fault)

    def _followed(self, dialog: InvoiceDialog, line: Line) -> None:
        if is_open(dialog) and dialog.ledger_id == line.id:
            dialog.show_line(line)

    def _play_payer(self, ledger_id: str) -> None:
        self._desk.starter.start(
            "play a payer", self._desk.book.simulate_receipt(ledger_id), lambda _: self._desk.changed()
        )

    def _forget(self, dialog: InvoiceDialog) -> None:
        if self._dialog is dialog:
            self._dialog = None
