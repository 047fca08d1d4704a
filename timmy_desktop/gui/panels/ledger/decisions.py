"""Dialogs in which a person decides: a payment above a limit, and a word that is kept with a decision."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from timmy_desktop.gui.dialogs import WindowDialog
from timmy_desktop.gui.panels.ledger.pay_dialog import outcome_words
from timmy_desktop.gui.panels.ledger.words import Names, agent_words, purpose_words
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT, WIDE
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.copyable_id import CopyableId
from timmy_desktop.gui.widgets.fields import CheckBox
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import Variant, button, column, label, row, selectable
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.wording import exact_time, sats, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.types import Approval, PaymentOutcome

_WIDTH = 440
_LONGEST_NOTE = 200


class ApprovalDialog(WindowDialog):
    """Everything that the approval's digest is of, and three ways: not now, refuse, approve and pay."""

    def __init__(
        self,
        parent: QWidget,
        approval: Approval,
        name_of: Names,
        *,
        approve: Callable[[Approval], object],
        refuse: Callable[[Approval, str], object],
        fiat: Callable[[int], str],
    ) -> None:
        super().__init__(parent, "Approve a payment")
        self.approval = approval
        self._approve, self._refuse = approve, refuse
        self.why = NoticeBar()
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Why not, for the record (may stay empty)")
        self.reason.setAccessibleName("Reason for refusing")
        self.reason.setMaxLength(_LONGEST_NOTE)
        self.busy = BusyBar()
        self.stay_button = button("Not now", self.close, variant="primary")
        self.refuse_button = button("Refuse", self._no, variant="danger")
        self.approve_button = button(f"Approve and pay {sats(approval.amount_msat)}", self._yes)
        head = row(label("A payment waits for you", size="title"), None)
        if approval.simulated:
            head.addWidget(Pill("Simulated", "muted", shape="none"))
        layout = column(gap=GAP + 4, margins=(WIDE, WIDE, WIDE, ROOM))
        layout.addLayout(head)
        fiat_worth = fiat(approval.amount_msat)
        layout.addLayout(
            row(label(sats(approval.amount_msat), size="title"), label(fiat_worth, tone="muted"), None)
        )
        layout.addLayout(_facts(approval, name_of))
        layout.addWidget(self.why)
        layout.addWidget(self.reason)
        layout.addWidget(self.busy)
        layout.addLayout(row(self.stay_button, None, self.refuse_button, self.approve_button))
        self.setLayout(layout)
        self.setMinimumWidth(_WIDTH)
        self.why.say(inert_line(approval.why, 300), "accent")
        self.finished.connect(lambda _: self.busy.finish())
        self.stay_button.setFocus()

    def show_outcome(self, outcome: PaymentOutcome) -> None:
        """What became of the payment."""
        self.busy.finish()
        self.why.say(*outcome_words(outcome))
        for part in (self.reason, self.refuse_button, self.approve_button):
            part.setVisible(False)
        self.stay_button.setText("Close")
        self.stay_button.setFocus()

    def show_fault(self, words: str) -> None:
        """It was refused by the ledger, and nothing was sent."""
        self.busy.finish()
        self.why.say(words, "bad")
        self._enable(True)

    def _yes(self) -> None:
        self._enable(False)
        self.busy.start(f"Paying {sats(self.approval.amount_msat)}")
        self._approve(self.approval)

    def _no(self) -> None:
        self._enable(False)
        self._refuse(self.approval, self.reason.text().strip())

    def _enable(self, on: bool) -> None:
        self.refuse_button.setEnabled(on)
        self.approve_button.setEnabled(on)


class NoteDialog(WindowDialog):
    """Asks for a word that is kept with what is decided; optionally whether something is booked, too."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        lines: Sequence[str],
        *,
        go: str,
        done: Callable[[str, bool], object],
        book: str = "",
        needs_note: bool = True,
        variant: Variant = "plain",
    ) -> None:
        """`done(note, book)` follows the second button; `book`: the words of a check box, if there is one."""
        super().__init__(parent, title)
        self._done, self._needs_note = done, needs_note
        self.note = QLineEdit()
        self.note.setAccessibleName("Note that is kept with it")
        self.note.setPlaceholderText(
            "A note that is kept with it" + ("" if needs_note else " (may stay empty)")
        )
        self.note.setMaxLength(_LONGEST_NOTE)
        self.book = CheckBox(book)
        self.book.setVisible(bool(book))
        self.fault = NoticeBar()
        self.stay_button = button("Not now", self.close, variant="primary")
        self.go_button = button(go, self._go, variant=variant)
        layout = column(label(title, size="title"), gap=GAP + 4, margins=(WIDE, WIDE, WIDE, ROOM))
        for line in lines:
            layout.addWidget(selectable(label(line, wrap=True)))
        for part in (self.note, self.book, self.fault):
            layout.addWidget(part)
        layout.addLayout(row(self.stay_button, None, self.go_button))
        self.setLayout(layout)
        self.setMinimumWidth(_WIDTH)
        self.note.returnPressed.connect(self._go)
        self.note.setFocus()

    def show_fault(self, words: str) -> None:
        """The ledger refused; nothing was changed."""
        self.go_button.setEnabled(True)
        self.fault.say(words, "bad")

    def _go(self) -> None:
        note = self.note.text().strip()
        if self._needs_note and not note:
            self.fault.say("Write a few words first: they are what explains it later.", "warn")
            self.note.setFocus()
            return
        self.go_button.setEnabled(False)
        self._done(note, self.book.isChecked())


def _facts(approval: Approval, name_of: Names) -> QGridLayout:
    made = QGridLayout()
    made.setHorizontalSpacing(ROOM)
    made.setVerticalSpacing(TIGHT + 2)
    made.setColumnStretch(1, 1)
    who = agent_words(approval.agent_id, name_of) or inert_line(approval.requested_by, 60)
    facts = (
        ("Asked by", who),
        ("For", purpose_words(approval.purpose)),
        ("Memo", inert_line(approval.memo, 300)),
        ("Fee", f"{sats(approval.fee_cap_msat)} at most" if approval.fee_cap_msat else "none"),
        ("From", "the treasury" if approval.account == "treasury" else "the agent's own sats"),
        ("Task", short_id(approval.task_id) if approval.task_id else ""),
        ("Asked", exact_time(approval.requested_us)[:19]),
        ("Decide before", exact_time(approval.expires_us)[:19] if approval.expires_us else ""),
    )
    place = 0
    for name, value in facts:
        if value:
            made.addWidget(label(name, tone="muted"), place, 0, Qt.AlignmentFlag.AlignTop)
            made.addWidget(selectable(label(value, wrap=True)), place, 1)
            place += 1
    if approval.payee:
        shown = CopyableId(approval.payee, what="payee", short=f"{approval.payee[:10]}…{approval.payee[-8:]}")
        made.addWidget(label("To", tone="muted"), place, 0)
        made.addWidget(shown, place, 1, Qt.AlignmentFlag.AlignLeft)
    return made
