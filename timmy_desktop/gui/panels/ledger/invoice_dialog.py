"""Creates an invoice and shows it until it is paid or runs out: QR code, text to copy, time that is left."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QStackedWidget, QWidget

from timmy_desktop.gui.dialogs import WindowDialog
from timmy_desktop.gui.panels.ledger.qr import QrCode
from timmy_desktop.gui.panels.ledger.words import state_look
from timmy_desktop.gui.theme import GAP, ROOM, WIDE
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, column, label, mono, row, selectable
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.gui.wording import exact_time, sats
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.errors import MoneyError
from timmy_desktop.ledger.history_lines import Line
from timmy_desktop.ledger.money import parse_msat, positive
from timmy_desktop.ledger.types import OpenInvoice

_EXPIRIES = (("10 minutes", 600), ("1 hour", 3600), ("1 day", 86_400), ("1 week", 604_800))
_LONGEST_MEMO = 120
_WIDTH = 400
Create = Callable[[int, str, int], object]


class InvoiceDialog(WindowDialog):
    """First what for and how much; then the invoice. Closing it leaves the invoice open."""

    def __init__(
        self,
        parent: QWidget,
        *,
        create: Create,
        pretend: Callable[[str], object] | None,
        fiat: Callable[[int], str],
        now_us: Callable[[], int],
    ) -> None:
        """`create(msat, memo, seconds)`; `pretend(ledger_id)` plays a payer, where nothing real moves."""
        super().__init__(parent, "Invoice")
        self._create, self._pretend, self._fiat, self._now_us = create, pretend, fiat, now_us
        self.invoice: OpenInvoice | None = None
        self.amount, self.memo, self.expiry = QLineEdit(), QLineEdit(), Choice()
        self.worth = label(tone="muted", size="small")
        self.fault = NoticeBar()
        self.create_button = button("Create the invoice", self._wish, variant="primary")
        self.qr, self.left = QrCode(), label(tone="muted")
        self.asked, self.about = label(size="title"), label(tone="muted", wrap=True)
        self.text = selectable(mono(label(tone="muted", wrap=True), "small"))
        self.state = Pill("Open", "accent")
        self.copy_button = button("Copy the invoice", self._copy, glyph="copy", variant="primary")
        self.pretend_button = button(
            "Play a payer", self._play, hint="Simulated: somebody pays it, no real money."
        )
        self.pages = QStackedWidget()
        self._pages = (self._form(pretend is not None), self._shown())
        for page in self._pages:
            self.pages.addWidget(page)
        self.setLayout(column(self.pages, gap=ROOM, margins=(WIDE, WIDE, WIDE, ROOM)))
        self.setMinimumWidth(_WIDTH)
        self._turn_to(0)
        TickWhileVisible(self, self._tick)
        self.amount.setFocus()

    # What the panel tells

    def show_invoice(self, invoice: OpenInvoice) -> None:
        """It was created, or is shown again."""
        self.invoice = invoice
        fiat = self._fiat(invoice.amount_msat)
        self.asked.setText(sats(invoice.amount_msat) + (f"  {fiat}" if fiat else ""))
        self.about.setText(inert_line(invoice.memo, 200))
        self.about.setVisible(bool(invoice.memo))
        self.text.setText(f"{invoice.bolt11[:36]}…{invoice.bolt11[-12:]}")
        self.text.setToolTip(invoice.bolt11)
        self.qr.show_text(invoice.bolt11)
        self.pretend_button.setVisible(self._pretend is not None)
        self._turn_to(1)
        self._tick()
        self.copy_button.setFocus()

    def show_line(self, line: Line) -> None:
        """What became of it."""
        look = state_look(line)
        self.state.show_status(look.word, look.tone)
        if line.state == "pending":
            return
        self.invoice = None
        self.left.setText(
            f"{look.meaning} {exact_time(line.settled_us)[:19] if line.settled_us else ''}".strip()
        )
        self.qr.setVisible(line.state == "failed")
        self.copy_button.setVisible(False)
        self.pretend_button.setVisible(False)
        self.adjustSize()

    def show_fault(self, words: str) -> None:
        """It could not be created."""
        self.create_button.setEnabled(True)
        self.fault.say(words, "bad")

    @property
    def ledger_id(self) -> str:
        """Whose invoice is open on screen, "" for none."""
        return self.invoice.ledger_id if self.invoice is not None else ""

    # Its own parts

    def _form(self, simulated: bool) -> QWidget:
        page = QWidget()
        self.amount.setPlaceholderText("1,000 sat")
        self.amount.setAccessibleName("Amount")
        self.amount.textChanged.connect(lambda _: self._weigh())
        self.amount.returnPressed.connect(self._wish)
        self.memo.setPlaceholderText("What it is for")
        self.memo.setAccessibleName("Memo")
        self.memo.setMaxLength(_LONGEST_MEMO)
        self.memo.returnPressed.connect(self._wish)
        self.expiry.setAccessibleName("Open for")
        for words, seconds in _EXPIRIES:
            self.expiry.addItem(words, seconds)
        self.expiry.setCurrentIndex(1)
        head = row(label("New invoice", size="title"), None)
        if simulated:
            head.addWidget(Pill("Simulated", "muted", shape="none"))
        layout = column(gap=GAP, margins=(0, 0, 0, 0))
        layout.addLayout(head)
        for words, field in (("Amount", self.amount), ("Memo", self.memo), ("Open for", self.expiry)):
            layout.addWidget(label(words, tone="muted"))
            layout.addWidget(field)
            if field is self.amount:
                layout.addWidget(self.worth)
        layout.addWidget(self.fault)
        layout.addSpacing(GAP)
        layout.addLayout(row(None, button("Close", self.close), self.create_button))
        page.setLayout(layout)
        return page

    def _shown(self) -> QWidget:
        page = QWidget()
        layout = column(gap=GAP, margins=(0, 0, 0, 0))
        head = row(self.asked, None, self.state)
        if self._pretend is not None:
            head.addWidget(Pill("Simulated", "muted", shape="none"))
        layout.addLayout(head)
        layout.addWidget(self.about)
        layout.addWidget(self.qr, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.left, 0, Qt.AlignmentFlag.AlignHCenter)
        self.text.setMinimumWidth(_WIDTH - 2 * WIDE)
        layout.addWidget(self.text)
        layout.addSpacing(GAP)
        layout.addLayout(row(self.pretend_button, None, button("Close", self.close), self.copy_button))
        page.setLayout(layout)
        return page

    def _turn_to(self, place: int) -> None:
        for other, page in enumerate(self._pages):
            policy = QSizePolicy.Policy.Preferred if other == place else QSizePolicy.Policy.Ignored
            page.setSizePolicy(policy, policy)
        self.pages.setCurrentIndex(place)
        self.adjustSize()

    def _weigh(self) -> None:
        self.fault.say("")
        try:
            self.worth.setText(
                self._fiat(parse_msat(self.amount.text())) if self.amount.text().strip() else ""
            )
        except MoneyError:
            self.worth.setText("")

    def _wish(self) -> None:
        try:
            amount = positive(parse_msat(self.amount.text()))
        except MoneyError as error:
            self.fault.say(str(error), "bad")
            self.amount.setFocus()
            return
        self.create_button.setEnabled(False)
        self._create(amount, self.memo.text().strip(), int(self.expiry.currentData()))

    def _copy(self) -> None:
        if self.invoice is not None:
            QGuiApplication.clipboard().setText(self.invoice.bolt11)
            self.copy_button.setText(" Copied")

    def _play(self) -> None:
        if self.invoice is not None and self._pretend is not None:
            self._pretend(self.invoice.ledger_id)

    def _tick(self) -> None:
        if self.invoice is None or self.pages.currentIndex() == 0:
            return
        left = (self.invoice.expires_us - self._now_us()) // 1_000_000
        self.left.setText(f"Open for another {_clock(left)}" if left > 0 else "It has run out.")
        if left <= 0:
            self.state.show_status("Expired", "muted")

    def minimumSizeHint(self) -> QSize:
        return QSize(_WIDTH, 200)


def _clock(seconds: int) -> str:
    """`59:07`, `23:59:07`, `6 d 23 h`."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
