"""One line of the ledger: what it is, how it stands, what proves it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.ledger.words import (
    Names,
    agent_words,
    amount_words,
    proof_words,
    purpose_words,
    state_look,
    what_words,
)
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.copyable_id import CopyableId
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, label, row, selectable
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.wording import exact_time, sats, short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.history_lines import Line

Fact = tuple[str, str]
_IDENTIFIERS = (
    ("Payment hash", "payment_hash"),
    ("Preimage", "preimage"),
    ("Payee", "payee"),
    ("Invoice", "bolt11"),
    ("Line", "id"),
    ("Refers to", "refers_to"),
)


class LineView(QWidget):
    """Shows ready words; what a button asks for goes out as `act_requested`, with the line's identifier."""

    back_requested = Signal()
    act_requested = Signal(str, str)
    """`ask`, `receipt`, `show`, `cancel`, `release`, `task` or `agent`; and the line's identifier."""

    def __init__(
        self, name_of: Names, proves: Callable[[str, str], bool], fiat: Callable[[int], str]
    ) -> None:
        """`proves(preimage, payment_hash)`; `fiat(msat)` is "" where no rate is set."""
        super().__init__()
        self._name_of, self._proves, self._fiat = name_of, proves, fiat
        self.line: Line | None = None
        self.back = button("Back to the lines", self.back_requested.emit, variant="quiet")
        self.simulated = Pill("Simulated", "muted", shape="none")
        self.title = label(strong=True, wrap=True)
        self.amount = label(size="title")
        self.fiat = label(tone="muted")
        self.state = Pill()
        self.meaning = label(tone="muted", wrap=True)
        self.proof = NoticeBar()
        self.facts = QGridLayout()
        self._lay_out()

    def show_opening(self, words: str, tone: str = "muted") -> None:
        """Something else stands here until the line comes."""
        self.line = None
        self.title.setText(words)
        for part in (self.amount, self.fiat, self.meaning):
            part.setText("")
        self.state.setVisible(False)
        self.simulated.setVisible(False)
        self.proof.say("")
        self._fill([], [])
        self._offer([])
        self.title.setProperty("tone", tone)

    def show_line(self, line: Line) -> None:
        """All about it."""
        self.line = line
        look = state_look(line)
        self.title.setText(what_words(line, self._name_of))
        self.amount.setText(amount_words(line))
        self.fiat.setText(self._fiat(line.received_msat or line.amount_msat))
        self.state.setVisible(True)
        self.state.show_status(look.word, look.tone)
        self.simulated.setVisible(line.simulated)
        reason = inert_line(line.reason, 500)
        self.meaning.setText(f"{look.meaning} {reason}".strip())
        fits = bool(line.preimage) and self._proves(line.preimage, line.payment_hash)
        self.proof.say(*proof_words(line, fits=fits))
        self._fill(
            _facts(line, self._name_of), [(name, str(getattr(line, field))) for name, field in _IDENTIFIERS]
        )
        self._offer(_acts(line))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Backspace):
            self.back_requested.emit()
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 140)

    def _lay_out(self) -> None:
        body = QWidget()
        inner = QVBoxLayout(body)
        inner.setContentsMargins(ROOM, GAP, ROOM, ROOM)
        inner.setSpacing(GAP)
        inner.addWidget(self.title)
        inner.addLayout(row(self.amount, self.fiat, None, gap=GAP))
        inner.addLayout(row(self.state, self.simulated, None, gap=TIGHT + 2))
        inner.addWidget(self.meaning)
        inner.addWidget(self.proof)
        self._acts = QWidget()
        self._acts_layout = FlowLayout(gap=TIGHT + 2)
        self._acts.setLayout(self._acts_layout)
        inner.addWidget(self._acts)
        self.facts.setHorizontalSpacing(ROOM)
        self.facts.setVerticalSpacing(TIGHT)
        self.facts.setColumnStretch(1, 1)
        inner.addLayout(self.facts)
        inner.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row(self.back, None, margins=(GAP, TIGHT, GAP, 0)))
        layout.addWidget(scroll, 1)

    def _fill(self, facts: Sequence[Fact], identifiers: Sequence[Fact]) -> None:
        while (item := self.facts.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        place = 0
        for name, value in facts:
            if value:
                self._add(place, name, selectable(label(value, wrap=True)))
                place += 1
        for name, value in identifiers:
            if value:
                self._add(place, name, CopyableId(value, what=name.lower(), short=_shortened(value)))
                place += 1

    def _add(self, place: int, name: str, shown: QWidget) -> None:
        caption: QLabel = label(name, tone="muted")
        top = Qt.AlignmentFlag.AlignTop
        is_button = isinstance(shown, CopyableId)
        self.facts.addWidget(caption, place, 0, Qt.AlignmentFlag.AlignVCenter if is_button else top)
        self.facts.addWidget(shown, place, 1, Qt.AlignmentFlag.AlignLeft if is_button else top)

    def _offer(self, acts: Sequence[tuple[str, str]]) -> None:
        while (item := self._acts_layout.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for words, act in acts:
            made = button(words, partial(self._act, act))
            self._acts_layout.addWidget(made)
        self._acts.setVisible(bool(acts))

    def _act(self, act: str) -> None:
        if self.line is not None:
            self.act_requested.emit(act, self.line.id)


def _shortened(value: str) -> str:
    return f"{value[:10]}…{value[-8:]}" if len(value) > 24 else short_id(value)


def _facts(line: Line, name_of: Names) -> list[Fact]:
    open_until = exact_time(line.expires_us)[:19] if line.expires_us else ""
    return [
        ("Memo", inert_line(line.memo, 600)),
        ("For", purpose_words(line.purpose)),
        ("Agent", agent_words(line.agent_id, name_of)),
        ("Booked", exact_time(line.created_us)[:19]),
        ("Settled", exact_time(line.settled_us)[:19] if line.settled_us else ""),
        ("Open until", open_until if line.type == "invoice" else ""),
        ("Asked for", sats(line.amount_msat) if line.received_msat not in (0, line.amount_msat) else ""),
        ("Fee", sats(line.fee_msat) if line.fee_msat else ""),
        ("Fee at most", sats(line.fee_cap_msat) if line.state == "pending" and line.fee_cap_msat else ""),
        ("Available after", sats(line.available_msat) if line.available_msat is not None else ""),
        ("Number", f"{line.number:,}"),
    ]


def _acts(line: Line) -> list[tuple[str, str]]:
    acts: list[tuple[str, str]] = []
    if line.state == "pending" and line.type == "payment":
        acts.append(("Ask the node again", "ask"))
    if line.state == "pending" and line.type == "invoice":
        acts += [("Show the invoice", "show"), ("Cancel the invoice…", "cancel")]
    if line.state == "settled" and line.preimage:
        acts.append(("Receipt…", "receipt"))
    if line.task_id:
        acts.append(("Show the task", "task"))
    return acts
