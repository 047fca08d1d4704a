"""The line under a review: what can be decided, and in words why something can't be yet."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.panels.upgrades.words import Readiness
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import button, column, label, set_tone
from timmy_desktop.gui.wording import count

# What is out of date is said, with its next step, above the review.
MENDS = {
    "show_space": "Show white space",
    "take_all": "Accept all hunks",
    "draw_all": "Show long lines to the end",
}


class DecisionBar(QWidget):
    """Emits wishes by name: `approve`, `reject`, `accept_part`, `revise`, `comment`, `roll_back`, a mend."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.approve = button(
            "Approve…", lambda: self.wanted.emit("approve"), variant="primary", glyph="check"
        )
        self.part = button("Accept a part…", lambda: self.wanted.emit("accept_part"))
        self.revise = button("Send back", lambda: self.wanted.emit("revise"), glyph="retry")
        self.comment = button("Comment on the whole…", lambda: self.wanted.emit("comment"), variant="quiet")
        self.reject = button("Reject…", lambda: self.wanted.emit("reject"), variant="danger")
        self.roll_back = button("Roll back…", lambda: self.wanted.emit("roll_back"), glyph="retry")
        self.dismiss = button(
            "It is all right", lambda: self.wanted.emit("dismiss"), variant="quiet",
            hint="Withdraws the offer to roll back, and ends the watch that raised it",
        )  # fmt: skip
        self.mend = button("", self._mend)
        self.words = label(tone="muted", wrap=True)
        self._mends = ""
        self._is_low = self._is_proposed = False
        buttons = FlowLayout(
            self.approve,
            self.part,
            self.mend,
            self.revise,
            self.reject,
            self.roll_back,
            self.dismiss,
            self.comment,
            gap=GAP,
        )
        layout = column(self.words, gap=TIGHT, margins=(GAP + TIGHT, GAP, GAP + TIGHT, GAP))
        layout.addLayout(buttons)
        self.setLayout(layout)

    def show_state(
        self,
        readiness: Readiness,
        *,
        state: str,
        left_out: int,
        hunks: int,
        open_comments: int,
        by_agent: bool,
        busy: bool,
        suspected: bool = False,
    ) -> None:
        """What can be done with this proposal now."""
        proposed = state == "proposed"
        self.approve.setVisible(proposed)
        self.approve.setEnabled(not readiness.obstacle and not busy)
        self.part.setVisible(proposed and 0 < left_out < hunks)
        self.part.setText(f"Accept {hunks - left_out:,} of {hunks:,} hunks…")
        self.part.setEnabled(not busy and readiness.mend in ("", "take_all"))
        self.reject.setVisible(proposed)
        self._is_proposed = proposed
        self.show_low(self._is_low)
        self.revise.setVisible(proposed and by_agent)
        self.revise.setText(
            f" Send back {count(open_comments, 'comment')}" if open_comments else " Send back"
        )
        self.revise.setEnabled(bool(open_comments) and not busy)
        self.revise.setToolTip("" if open_comments else "Comment on a line first: C")
        self.roll_back.setVisible(state == "applied")
        self.roll_back.setEnabled(not busy)
        self.dismiss.setVisible(state == "applied" and suspected)
        self.dismiss.setEnabled(not busy)
        self._mends = readiness.mend if proposed and readiness.mend in MENDS else ""
        self.mend.setVisible(bool(self._mends))
        self.mend.setText(MENDS.get(self._mends, ""))
        self._say(readiness, proposed=proposed)
        self.setVisible(proposed or state == "applied")

    def show_low(self, low: bool) -> None:
        """With little room only what decides is offered."""
        self._is_low = low
        self.comment.setVisible(self._is_proposed and not low)

    def _say(self, readiness: Readiness, *, proposed: bool) -> None:
        said = proposed and bool(readiness.obstacle) and readiness.mend not in ("look_again", "show_newest")
        self.words.setText(readiness.obstacle if said else "")
        self.words.setVisible(said)
        set_tone(self.words, "warn" if readiness.obstacle else "muted")
        self.approve.setToolTip(
            readiness.obstacle or "Says what will happen, and asks once more (Ctrl+Enter)"
        )

    def _mend(self) -> None:
        self.wanted.emit(self._mends)
