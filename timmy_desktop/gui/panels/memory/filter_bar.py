"""The compact controls that narrow the memories down: type, pinned, owner, time, state, and one place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QWidget

from timmy_desktop.gui.panels.memory.filters import STATES, TIMES, Chosen
from timmy_desktop.gui.panels.memory.wording import TYPES, owner_words
from timmy_desktop.gui.theme import TIGHT
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.memory.types import ENTRY_TYPES


class FilterBar(QWidget):
    """Goes on in the next line where the room ends."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.types = {kind: _chip(TYPES[kind].many, f"Only {TYPES[kind].many}") for kind in ENTRY_TYPES}
        self.pinned = _chip("Pinned", "Only pinned memories")
        self.owner, self.time, self.state = _choice("Owner"), _choice("Stored"), _choice("State")
        self.owner.addItem("Every owner", "")
        for name, words, _ in TIMES:
            self.time.addItem(words, name)
        for name, words, *_ in STATES:
            self.state.addItem(words, name)
        self.place = _chip("", "Show memories from everywhere again")
        self._place = ("", "")
        chips = (*self.types.values(), self.pinned)
        self.setLayout(
            FlowLayout(*chips, self.owner, self.time, self.state, self.place, gap=TIGHT, line_gap=TIGHT)
        )
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.place.hide()
        for chip in chips:
            chip.toggled.connect(lambda _: self.changed.emit())
        for choice in (self.owner, self.time, self.state):
            choice.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.place.clicked.connect(lambda: self.show_place("", "", ""))

    @property
    def chosen(self) -> Chosen:
        """What stands on screen."""
        return Chosen(
            types=tuple(kind for kind in ENTRY_TYPES if self.types[kind].isChecked()),
            owner=str(self.owner.currentData() or ""),
            time=str(self.time.currentData() or ""),
            state=str(self.state.currentData() or ""),
            pinned=self.pinned.isChecked(),
            place=self._place,
        )

    def choose(self, chosen: Chosen) -> None:
        """Shows these filters, and says so once."""
        with QSignalBlocker(self):
            for kind, chip in self.types.items():
                chip.setChecked(kind in chosen.types)
            self.pinned.setChecked(chosen.pinned)
            for choice, value in (
                (self.owner, chosen.owner),
                (self.time, chosen.time),
                (self.state, chosen.state),
            ):
                choice.setCurrentIndex(max(0, choice.findData(value)))
            if chosen.place == ("", ""):
                self._place = ("", "")
                self.place.hide()
        self.changed.emit()

    def show_place(self, kind: str, identifier: str, words: str) -> None:
        """Only what belongs to one task, conversation or document; nothing: from everywhere."""
        self._place = (kind, identifier) if identifier else ("", "")
        self.place.setText(f"{words}  ×" if identifier else "")
        self.place.setAccessibleName(f"{words}, show everything again" if identifier else "")
        self.place.setChecked(bool(identifier))
        self.place.setVisible(bool(identifier))
        self.changed.emit()

    def offer_owners(self, owners: Sequence[str]) -> None:
        """Who has memories; the one that is chosen stays chosen."""
        chosen = str(self.owner.currentData() or "")
        known = [str(self.owner.itemData(place)) for place in range(1, self.owner.count())]
        wanted = sorted({*owners, *([chosen] if chosen else [])})
        if wanted == known:
            return
        with QSignalBlocker(self.owner):
            self.owner.clear()
            self.owner.addItem("Every owner", "")
            for owner in wanted:
                self.owner.addItem(owner_words(owner), owner)
            self.owner.setCurrentIndex(max(0, self.owner.findData(chosen)))


def _chip(words: str, name: str) -> QToolButton:
    made = QToolButton()
    made.setText(words)
    made.setCheckable(True)
    made.setProperty("variant", "chip")
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made


def _choice(name: str) -> Choice:
    made = Choice()
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setProperty("variant", "compact")
    made.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToContents)
    return made
