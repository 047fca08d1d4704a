"""Which lines are shown: words, kinds, states, an agent, and the span that was chosen in the chart."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.parts import button, glyph_button, row
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.history_question import (
    TYPES_BOOKED,
    TYPES_HELD,
    TYPES_IN,
    TYPES_OUT,
    Question,
)

_FILTER_AFTER_MS = 200
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Everything", ()),
    ("Money in", TYPES_IN),
    ("Money out", TYPES_OUT),
    ("Set aside and back", TYPES_HELD),
    ("Corrections", TYPES_BOOKED),
)
_STATES: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    ("Any state", (), False),
    ("Open or in doubt", ("pending",), False),
    ("Settled", ("settled",), False),
    ("Failed", ("failed",), False),
    ("Expired", ("expired",), False),
    ("Late or a wrong amount", (), True),
)


class FilterBar(QWidget):
    """`changed` comes a moment after the last key, and at once after a choice."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._extra = Question()
        self._low = False
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a line")
        self.search.setAccessibleName("Find a line")
        self.search.setToolTip("Words of the memo, an agent, a payment hash, a preimage ( / )")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.kind = _choice("Which kind of lines", [words for words, _ in _KINDS])
        self.state = _choice("Lines in which state", [words for words, *_ in _STATES])
        self.agent = _choice("Lines of which agent", ["Every agent"])
        self.chip = button("", self.clear_extra, variant="quiet", glyph="close")
        self.chip.hide()
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(_FILTER_AFTER_MS)
        self._debounce.timeout.connect(self.changed)
        self.search.textChanged.connect(lambda _: self._debounce.start())
        for choice in (self.kind, self.state, self.agent):
            choice.currentIndexChanged.connect(lambda _: self._chosen())
        self.more = glyph_button("filter", "Filter by kind, state and agent", checkable=True)
        self.more.toggled.connect(lambda _: self._show_choices())
        self.choices = QWidget()
        self.choices.setLayout(row(self.kind, self.state, self.agent, gap=TIGHT + 2))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GAP + TIGHT, GAP, GAP + TIGHT, TIGHT)
        layout.setSpacing(TIGHT + 2)
        layout.addLayout(row(self.search, self.more, gap=TIGHT))
        layout.addWidget(self.choices)
        layout.addLayout(row(self.chip, None))
        self._show_choices()

    def offer_agents(self, names: Mapping[str, str]) -> None:
        """Who can be chosen: names by identifier."""
        wanted = sorted(names.items(), key=lambda item: item[1].casefold())
        known = [self.agent.itemData(place) for place in range(1, self.agent.count())]
        if known == [agent_id for agent_id, _ in wanted]:
            return
        chosen = self.agent.currentData()
        self.agent.blockSignals(True)
        while self.agent.count() > 1:
            self.agent.removeItem(1)
        for agent_id, name in wanted:
            self.agent.addItem(inert_line(name, 30), agent_id)
        self.agent.setCurrentIndex(max(0, self.agent.findData(chosen)))
        self.agent.blockSignals(False)

    def question(self, before: Question) -> Question:
        """What is asked for now, in the order of `before`."""
        _, states, flagged = _STATES[self.state.currentIndex()]
        extra = self._extra
        return Question(
            text=self.search.text().strip(), types=_KINDS[self.kind.currentIndex()][1], states=states,
            flagged=flagged, agent_id=str(self.agent.currentData() or ""), purpose=extra.purpose,
            task_id=extra.task_id, since_us=extra.since_us, until_us=extra.until_us, order=before.order,
            descending=before.descending,
        )  # fmt: skip

    def show_extra(self, words: str, extra: Question) -> None:
        """A span, a purpose or a task that was chosen elsewhere; its chip takes it away."""
        self._extra = extra
        self.chip.setText(f" {inert_line(words, 40)}")
        self.chip.setAccessibleName(f"Show lines of {words} no longer only")
        self.chip.setVisible(bool(words))
        self._chosen()

    def clear_extra(self) -> None:
        """Only what stands in the fields counts again."""
        self.show_extra("", Question())

    def choose_agent(self, agent_id: str) -> None:
        """Only this agent's lines."""
        place = self.agent.findData(agent_id)
        if place >= 0:
            self.agent.setCurrentIndex(place)

    def clear(self) -> None:
        """Everything is shown again."""
        fields = (self.search, self.kind, self.state, self.agent)
        for field in fields:
            field.blockSignals(True)
        self.search.clear()
        for choice in (self.kind, self.state, self.agent):
            choice.setCurrentIndex(0)
        for field in fields:
            field.blockSignals(False)
        self.clear_extra()

    @property
    def filters(self) -> bool:
        """Whether a line may be left out."""
        return self.question(Question()).filters

    def make_room(self, *, low: bool) -> None:
        """In little height the choices show when they are asked for."""
        if self._low != low:
            self._low = low
            self._show_choices()

    def _show_choices(self) -> None:
        chosen = any(choice.currentIndex() > 0 for choice in (self.kind, self.state, self.agent))
        self.more.setVisible(self._low)
        self.choices.setVisible(not self._low or chosen or self.more.isChecked())

    def stop(self) -> None:
        self._debounce.stop()

    def _chosen(self) -> None:
        self._debounce.stop()
        self.changed.emit()


def _choice(name: str, words: list[str]) -> Choice:
    made = Choice()
    made.setAccessibleName(name)
    made.setProperty("variant", "compact")
    made.addItems(words)
    made.setMinimumContentsLength(5)
    made.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    made.view().setMinimumWidth(made.view().sizeHintForColumn(0) + 2 * GAP)
    return made
