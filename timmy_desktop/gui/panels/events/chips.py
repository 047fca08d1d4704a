"""The conditions in force, a chip each: a click turns it into its opposite, its cross takes it away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from timmy_desktop.gui.panels.events.asking import words_of
from timmy_desktop.gui.theme import TIGHT
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import glyph_button
from timmy_desktop.gui.wording import exact_time
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.event_filter import Condition, EventFilter

_LONGEST = 48


class Chip(QFrame):
    """One condition in words."""

    def __init__(
        self, words: str, hint: str, removed: Callable[[], object], turned: Callable[[], object] | None = None
    ) -> None:
        super().__init__()
        self.words = QToolButton()
        self.words.setText(inert_line(words, _LONGEST))
        self.words.setProperty("variant", "chip")
        self.words.setCheckable(True)
        self.words.setChecked(True)
        self.words.setToolTip(hint)
        self.words.setAccessibleName(f"Filter: {self.words.text()}")
        self.words.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.words.clicked.connect(lambda: self._turn(turned))
        self.cross = glyph_button("close", f"Remove the filter {self.words.text()}", removed, side=20)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.words)
        layout.addWidget(self.cross)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def _turn(self, turned: Callable[[], object] | None) -> None:
        self.words.setChecked(True)
        if turned is not None:
            turned()


class ChipBar(QWidget):
    """Hidden while nothing is filtered."""

    changed = Signal(object)
    """An EventFilter."""

    def __init__(self) -> None:
        super().__init__()
        self._wanted = EventFilter()
        self._flow = FlowLayout(gap=TIGHT)
        self.setLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    @property
    def chips(self) -> list[Chip]:
        return self.findChildren(Chip)

    def show_filter(self, wanted: EventFilter) -> None:
        """A chip for each condition, and one for the range of time."""
        if wanted == self._wanted:
            return
        self._wanted = wanted
        while (item := self._flow.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.setParent(None)
                old.deleteLater()
        for condition in wanted.conditions:
            self._flow.addWidget(self._chip(condition))
        if wanted.has_range:
            self._flow.addWidget(self._time_chip(wanted))
        self.setVisible(self._flow.count() > 0)
        self.updateGeometry()

    def _chip(self, condition: Condition) -> Chip:
        turned = replace(condition, include=not condition.include)
        return Chip(
            words_of(condition),
            f"{inert_line(condition.value, 300)}\nClick for the opposite: {inert_line(words_of(turned), 60)}",
            lambda: self.changed.emit(self._wanted.without(condition)),
            lambda: self.changed.emit(self._wanted.with_condition(turned)),
        )

    def _time_chip(self, wanted: EventFilter) -> Chip:
        since = exact_time(wanted.since_us)[5:19] if wanted.since_us is not None else "the beginning"
        until = exact_time(wanted.until_us)[5:19] if wanted.until_us is not None else "now"
        words = f"{since} to {until}"
        shown, turned = (f"not {words}", words) if wanted.outside else (words, f"not {words}")
        return Chip(
            shown,
            f"{shown}\nClick for the opposite: {turned}",
            lambda: self.changed.emit(wanted.over(None, None)),
            lambda: self.changed.emit(replace(wanted, outside=not wanted.outside)),
        )
