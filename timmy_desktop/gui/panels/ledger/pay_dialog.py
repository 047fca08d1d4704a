"""Pays an invoice: read strictly, shown in words, confirmed by a click on its amount, and only then sent."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QPlainTextEdit, QWidget

from timmy_desktop.gui.dialogs import WindowDialog
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT, WIDE, Theme
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.copyable_id import CopyableId
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, column, label, row, selectable
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.gui.wording import sats
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.types import CheckedInvoice, PaymentOutcome

_CHECK_AFTER_MS = 250
_WIDTH = 470
_URI = "lightning:"
Pay = Callable[[CheckedInvoice], object]


class PayDialog(WindowDialog):
    """Closing it while it pays only hides how it ends: what was sent can't be called back."""

    def __init__(
        self,
        parent: QWidget,
        *,
        check: Callable[[str], object],
        pay: Pay,
        fiat: Callable[[int], str],
        now_us: Callable[[], int],
        simulated: bool,
    ) -> None:
        """`check(text)` reads it; its answer comes by `show_checked` or `show_unreadable`."""
        super().__init__(parent, "Pay an invoice")
        self._check, self._pay, self._fiat, self._now_us = check, pay, fiat, now_us
        self._simulated = simulated
        self.checked: CheckedInvoice | None = None
        self.paying = False
        self.text = _InvoiceField()
        self.notice = NoticeBar()
        self.cautions = NoticeBar()
        self.amount = label(size="title")
        self.worth = label(tone="muted")
        self.memo = label(wrap=True)
        self.details = QWidget()
        self.fee, self.after, self.until = label(), label(), label()
        self.payee = CopyableId(what="payee")
        self.payee.setStyleSheet("padding: 0; min-height: 0;")  # it stands in a column of plain words
        self.busy = BusyBar()
        self.close_button = button("Close", self.close)
        self.pay_button = button("Pay", self._confirm, variant="primary")
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(_CHECK_AFTER_MS)
        self._debounce.timeout.connect(self._ask)
        self._lay_out()
        self.text.textChanged.connect(self._changed)
        self.finished.connect(lambda _: self._leave())
        TickWhileVisible(self, self._tick)
        self._clear()
        self.text.setFocus()

    @property
    def waiting(self) -> bool:
        """Whether what was typed is about to be read."""
        return self._debounce.isActive()

    # What the panel tells

    def show_checked(self, checked: CheckedInvoice) -> None:
        """What it asks for, and everything that speaks against paying it."""
        self.checked = checked
        self.busy.finish()
        self.amount.setText(sats(checked.amount_msat))
        self.worth.setText(self._fiat(checked.amount_msat))
        memo = inert_line(checked.memo, 300)
        self.memo.setText(memo or "No description.")
        self.payee.show_id(checked.payee, short=f"{checked.payee[:10]}…{checked.payee[-8:]}")
        self.fee.setText(f"{sats(checked.fee_cap_msat)} at most" if checked.fee_cap_msat else "none")
        left = checked.available_msat - checked.amount_msat - checked.fee_cap_msat
        self.after.setText(f"{sats(left)} at least" if checked.fee_cap_msat else sats(left))
        self.notice.say(" ".join(checked.problems), "bad")
        self.cautions.say(" ".join(checked.cautions), "warn")
        self.details.setVisible(True)
        self.pay_button.setText(f"Pay {sats(checked.amount_msat)}")
        self.pay_button.setEnabled(checked.can_be_paid and not self.paying)
        self._tick()
        self.adjustSize()

    def show_unreadable(self, words: str) -> None:
        """It is no invoice, or a forged one."""
        self._clear()
        self.notice.say(words, "bad")

    def show_outcome(self, outcome: PaymentOutcome) -> None:
        """How it ended, or that nobody knows yet."""
        self.paying = False
        self.busy.finish()
        self.cautions.say("")
        self.notice.say(*outcome_words(outcome))
        self.pay_button.setVisible(False)
        self.close_button.setFocus()
        self.adjustSize()

    def show_fault(self, words: str) -> None:
        """It was not sent."""
        self.paying = False
        self.busy.finish()
        self.notice.say(words, "bad")
        self.text.setReadOnly(False)
        self.pay_button.setEnabled(False)

    # Its own parts

    def _lay_out(self) -> None:
        head = row(label("Pay an invoice", size="title"), None)
        if self._simulated:
            head.addWidget(Pill("Simulated", "muted", shape="none"))
        facts = QGridLayout()
        facts.setHorizontalSpacing(ROOM)
        facts.setVerticalSpacing(TIGHT + 2)
        facts.setColumnStretch(1, 1)
        shown = (
            ("To", self.payee),
            ("Fee", self.fee),
            ("Available after", self.after),
            ("Open for", self.until),
        )
        for place, (words, part) in enumerate(shown):
            facts.addWidget(label(words, tone="muted"), place, 0)
            facts.addWidget(part, place, 1, Qt.AlignmentFlag.AlignLeft)
        selectable(self.memo)
        details = column(gap=GAP, margins=(0, 0, 0, 0))
        details.addLayout(row(self.amount, self.worth, None))
        details.addWidget(self.memo)
        details.addLayout(facts)
        self.details.setLayout(details)
        paste = button("Paste", self._paste, glyph="copy")
        layout = column(gap=GAP + 4, margins=(WIDE, WIDE, WIDE, ROOM))
        layout.addLayout(head)
        layout.addWidget(label("The invoice as text. It begins with ln.", tone="muted"))
        layout.addWidget(self.text)
        for part in (self.details, self.notice, self.cautions, self.busy):
            layout.addWidget(part)
        layout.addLayout(row(paste, None, self.close_button, self.pay_button))
        self.setLayout(layout)
        self.setMinimumWidth(_WIDTH)

    def _changed(self) -> None:
        if self.paying:
            return
        self._clear()
        if self._words:
            self._debounce.start()

    @property
    def _words(self) -> str:
        words = "".join(self.text.toPlainText().split())
        return words[len(_URI) :] if words.lower().startswith(_URI) else words

    def _clear(self) -> None:
        self.checked = None
        self._debounce.stop()
        self.busy.finish()
        self.notice.say("")
        self.cautions.say("")
        self.details.setVisible(False)
        self.pay_button.setText("Pay")
        self.pay_button.setEnabled(False)

    def _ask(self) -> None:
        self.busy.start("Reading the invoice")
        self._check(self._words)

    def _confirm(self) -> None:
        if self.checked is None or self.paying or not self.checked.can_be_paid:
            return
        self.paying = True
        self.text.setReadOnly(True)
        self.pay_button.setEnabled(False)
        self.busy.start(f"Paying {sats(self.checked.amount_msat)}")
        self._pay(self.checked)

    def _paste(self) -> None:
        self.text.setPlainText(QGuiApplication.clipboard().text())

    def _tick(self) -> None:
        if self.checked is None:
            return
        left = (self.checked.expires_us - self._now_us()) // 1_000_000
        self.until.setText(f"another {left // 60}:{left % 60:02}" if 0 < left < 86_400 else _days(left))

    def _leave(self) -> None:
        self._debounce.stop()
        self.busy.finish()

    def minimumSizeHint(self) -> QSize:
        return QSize(_WIDTH, 220)


class _InvoiceField(QPlainTextEdit):
    """Three lines of hash-like text; Tab goes on to the next field."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Invoice to pay")
        self.setPlaceholderText("lnbc…")
        self.setTabChangesFocus(True)
        self.setFont(Theme.current().font("small", mono=True))
        self.setFixedHeight(3 * self.fontMetrics().lineSpacing() + 2 * GAP + 4)


def outcome_words(outcome: PaymentOutcome) -> tuple[str, str]:
    """What happened, what it means, what to do; and its tone."""
    reason = inert_line(outcome.reason, 400)
    if outcome.status == "settled":
        fee = f", and {sats(outcome.fee_msat)} for the way" if outcome.fee_msat else ""
        return f"Paid: {sats(outcome.paid_msat)} arrived{fee}. The proof is kept with its line.", "good"
    if outcome.status == "failed":
        return f"Not paid. {reason} The sats are available again.", "bad"
    if outcome.status == "waiting":
        return f"Not sent yet: it waits for your decision. {reason}".strip(), "warn"
    words = "Sent, and the node has not said yet whether it arrived. It is asked again until it does; "
    return f"{words}don't pay it a second time. {reason}".strip(), "warn"


def _days(seconds: int) -> str:
    return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h" if seconds > 0 else "no longer: it ran out"
