"""The head of the dock: what is available, what is on its way, and the two things done most."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from timmy_desktop.gui.panels.ledger.controller import Standing
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.facts_strip import Fact, FactsStrip
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import button, glyph_button, label, row, set_tone
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.wording import exact_time, sats
from timmy_desktop.ledger.types import Reconciliation

_NARROW = 470


class HeadBar(QWidget):
    """Shows ready words."""

    def __init__(
        self,
        *,
        invoice: Callable[[], object],
        pay: Callable[[], object],
        menu: Callable[[], object],
        fiat: Callable[[int], str],
    ) -> None:
        super().__init__()
        self._fiat = fiat
        self._available_msat: int | None = None
        self.available = label("…", size="title")
        self.available.setToolTip("Available: not reserved, not in flight")
        self.worth = label(tone="muted")
        self.simulated = Pill("Simulated", "muted", shape="none")
        self.simulated.setToolTip("No real money: the built-in node simulates Lightning.")
        self.simulated.hide()
        self.invoice_button = button("Invoice", invoice, glyph="plus", hint="Create an invoice (I)")
        self.pay_button = button("Pay", pay, glyph="send", hint="Pay an invoice (P)")
        self.more = glyph_button("more", "Compare, export and more", menu)
        self.facts = FactsStrip()
        self.agreed = label(tone="muted", size="small")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP + TIGHT, GAP, GAP + TIGHT, TIGHT)
        layout.setSpacing(TIGHT + 2)
        self._said = QWidget()
        self._said.setLayout(FlowLayout(self.available, self.simulated, self.worth, gap=GAP, line_gap=0))
        buttons = (self.invoice_button, self.pay_button, self.more)
        first = row(self._said, *buttons, gap=TIGHT + 2)
        first.setStretch(0, 1)
        for part in buttons:
            first.setAlignment(part, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(first)
        layout.addWidget(self.facts)
        layout.addWidget(self.agreed)

    def show_standing(self, standing: Standing, *, simulated: bool) -> None:
        """The running totals, and when book and node were last compared."""
        balances = standing.balances
        self.available.setText(sats(balances.available_msat))
        self.available.setAccessibleName(f"Available: {sats(balances.available_msat)}")
        self._available_msat = balances.available_msat
        self.show_worth()
        self.simulated.setVisible(simulated)
        self.facts.show_facts(_facts(standing))
        words, tone = agreement_words(standing.reconciliation)
        self.agreed.setText(words)
        set_tone(self.agreed, tone)

    def show_worth(self) -> None:
        """What is available in the person's currency, where they have set a rate."""
        worth = "" if self._available_msat is None else self._fiat(self._available_msat)
        self.worth.setText(worth)
        self.worth.setVisible(bool(worth))

    def show_fault(self, words: str) -> None:
        """The totals could not be read."""
        self.agreed.setText(f"The totals can't be read: {words}")
        set_tone(self.agreed, "bad")

    def show_simulated(self, simulated: bool) -> None:
        self.simulated.setVisible(simulated)

    def make_room(self, *, low: bool) -> None:
        """In little height only the first line stays."""
        self.facts.setVisible(not low)
        self.agreed.setVisible(not low and bool(self.agreed.text()))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        narrow = self.width() < _NARROW
        for part, words in ((self.invoice_button, "Invoice"), (self.pay_button, "Pay")):
            part.setText("" if narrow else f" {words}")
            part.setProperty("variant", "quiet" if narrow else "plain")
            part.style().polish(part)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, super().minimumSizeHint().height())


def agreement_words(last: Reconciliation | None) -> tuple[str, str]:
    """Whether book and node agree, by the last comparison, and its tone."""
    if last is None:
        return "Book and node were not compared yet.", "muted"
    when = exact_time(last.finished_us)[:16]
    if last.state == "agrees":
        return f"Book and node agreed on {when}.", "muted"
    if last.state == "unreachable":
        return f"The node could not be asked on {when}.", "warn"
    return f"Book and node differed on {when}.", "bad" if last.open else "muted"


def _facts(standing: Standing) -> list[Fact]:
    one = standing.balances
    facts = [
        (sats(one.escrow_msat), "reserved", "In escrow for tasks under way"),
        (sats(one.in_flight_msat), "in flight", "Sent; the node has not said yet what became of it"),
        (sats(one.receivable_msat), "expected", "Open invoices; no money yet"),
        (sats(one.incoming_msat), "came in", "From outside, since the book began"),
        (sats(one.outgoing_msat), "went out", "Earned by agents and sent to others"),
        (sats(one.fees_msat), "fees", "To the network"),
    ]
    if one.suspense_msat:
        hint = "In suspense until a person says where it belongs"
        facts.insert(0, (sats(one.suspense_msat), "set aside", hint))
    return facts
