"""Payments from the dock: an invoice read, confirmed and sent; its outcome is told even after its dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panels.ledger.desk import Desk
from timmy_desktop.ledger.types import CheckedInvoice, PaymentOutcome

if TYPE_CHECKING:
    from timmy_desktop.gui.panels.ledger.pay_dialog import PayDialog

_TRIAL_MSAT = 21_000


class PayDeeds:
    """Dialogs open without a loop of their own, and are imported when they are first wanted."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._dialog: PayDialog | None = None
        self._sending: set[str] = set()

    def pay(self, text: str = "") -> PayDialog:
        """Asks for an invoice, shows it, and pays what was confirmed."""
        from timmy_desktop.gui.panels.ledger.pay_dialog import PayDialog

        dialog = PayDialog(
            self._desk.window,
            check=lambda words: self._check(dialog, words),
            pay=lambda checked: self._send(dialog, checked),
            fiat=self._desk.fiat,
            now_us=self._desk.now_us,
            simulated=self._desk.book.is_simulated,
        )
        self._dialog = dialog
        dialog.finished.connect(lambda _: self._pay_closed(dialog))
        if text:
            dialog.text.setPlainText(text)
        dialog.open()
        return dialog

    def try_paying(self) -> None:
        """An invoice of the simulated shop, in the pay dialog."""
        self._desk.starter.start(
            "bill", self._desk.book.simulated_bill(_TRIAL_MSAT, "A cup of simulated coffee"), self.pay
        )

    @property
    def is_paying(self) -> bool:
        """Whether a payment was sent from a dialog and has not come back."""
        return bool(self._sending)

    @property
    def is_waiting(self) -> bool:
        """Whether the dialog is about to ask what is in it."""
        return self._dialog is not None and self._dialog.waiting

    def _check(self, dialog: PayDialog, words: str) -> None:
        self._desk.starter.start(
            "check invoice",
            self._desk.book.check_invoice(words),
            lambda checked: dialog.show_checked(checked) if self._dialog is dialog else None,
            failed=lambda error: dialog.show_unreadable(str(error)) if self._dialog is dialog else None,
        )

    def _send(self, dialog: PayDialog, checked: CheckedInvoice) -> None:
        name = f"pay {checked.payment_hash}"  # of its own: starting a name again would cancel what it does
        self._sending.add(name)

        def paid(outcome: PaymentOutcome) -> None:
            self._sending.discard(name)
            self._paid(dialog, outcome)

        def fault(error: Exception) -> None:
            self._sending.discard(name)
            self._not_paid(dialog, error)

        self._desk.starter.start(
            name, self._desk.book.pay_invoice(checked.bolt11, checked.digest), paid, failed=fault
        )

    def _paid(self, dialog: PayDialog, outcome: PaymentOutcome) -> None:
        self._desk.changed()
        if self._dialog is dialog:
            dialog.show_outcome(outcome)
            return
        from timmy_desktop.gui.panels.ledger.pay_dialog import outcome_words

        self._desk.say(*outcome_words(outcome))

    def _not_paid(self, dialog: PayDialog, error: Exception) -> None:
        if self._dialog is dialog:
            dialog.show_fault(str(error))
        else:
            self._desk.say(f"The payment was not sent: {error}", "bad")

    def _pay_closed(self, dialog: PayDialog) -> None:
        if self._dialog is dialog:
            self._dialog = None
            self._desk.starter.cancel("check invoice")
