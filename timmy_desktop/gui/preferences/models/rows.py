"""One model in a card: its name, its facts, and what can be done; while it is fetched, how far that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QProgressBar, QPushButton, QWidget

from timmy_desktop.gui.preferences.models.pulls import Pull
from timmy_desktop.gui.preferences.models.words import progress
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.parts import Variant, button, column, label, row, set_tone
from timmy_desktop.inert import inert, inert_line

_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a row."""

    words: str
    clicked: Callable[[], object]
    variant: Variant = "plain"


class ModelRow(QWidget):
    """`show_pull` turns it into the state of a download, and back with None."""

    def __init__(
        self,
        name: str,
        facts: str,
        actions: Sequence[Action] = (),
        *,
        tone: str = "muted",
        cancel: Callable[[], object] | None = None,
        again: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self.name, self._facts, self._tone = name, facts, tone
        self.words = label(facts, tone=tone, size="small", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(f"{name}, fetched so far")
        self.buttons = {action.words: _button(name, action) for action in actions}
        self._cancel = _button(name, Action("Cancel", cancel or _nothing))
        self._again = _button(name, Action("Try again", again or _nothing))
        for quiet in (self.bar, self._cancel, self._again):
            quiet.hide()
        title = label(inert_line(name, 80))
        title.setToolTip(inert_line(name, 300))
        left = column(title, self.words, self.bar, gap=TIGHT // 2, margins=(0, 0, 0, 0))
        layout = row(gap=GAP)
        layout.addLayout(left, 1)
        for part in (*self.buttons.values(), self._again, self._cancel):
            layout.addWidget(part)
        self.setLayout(layout)

    def show_pull(self, pull: Pull | None) -> None:
        """How far the download of this model is."""
        problem = pull.problem if pull is not None else ""
        is_running = pull is not None and not problem
        self.words.setText(inert(problem or (progress(pull) if pull is not None else self._facts)))
        set_tone(self.words, "warn" if problem else "muted" if pull is not None else self._tone)
        self.bar.setVisible(is_running)
        self.bar.setRange(0, _STEPS if pull is not None and pull.total else 0)
        if pull is not None and pull.total:
            self.bar.setValue(_STEPS * pull.done // pull.total)
        self._cancel.setText("Cancel" if is_running else "Dismiss")
        self._cancel.setAccessibleName(f"{self._cancel.text()} {self.name}")
        self._cancel.setVisible(pull is not None)
        self._again.setVisible(bool(problem))
        for part in self.buttons.values():
            part.setVisible(pull is None)


def _button(name: str, action: Action) -> QPushButton:
    made = button(action.words, action.clicked, variant=action.variant)
    made.setAccessibleName(f"{action.words} {name}")
    return made


def _nothing() -> None:
    """For rows that are never fetched."""
