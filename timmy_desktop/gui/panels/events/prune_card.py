"""Removing old events: how old, which, kept in an archive or not; what would go is said before it does."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QProgressBar

from timmy_desktop.gui.theme import GAP, ROOM, TIGHT
from timmy_desktop.gui.widgets.fields import CheckBox, Choice, whole_number
from timmy_desktop.gui.widgets.parts import button, column, label, row, set_tone
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line

_DAYS, _MOST_DAYS = 30, 3650
_NAMED = 4


class PruneCard(QFrame):
    """`look_wanted` asks what would go; only then is there a button that does it."""

    look_wanted = Signal(int, tuple)
    """Days, and types or topics (`tool.*`); none for all."""
    prune_wanted = Signal(int, tuple, bool)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("variant", "card")
        self.days = whole_number(1, _MOST_DAYS, "days")
        self.days.setValue(_DAYS)
        self.days.setAccessibleName("Older than")
        self.kinds = Choice()
        self.kinds.setAccessibleName("Which events")
        self.kinds.addItem("All events", ())
        self.archive = CheckBox("Keep them in an archive")
        self.archive.setChecked(True)
        self.look = button("See what would go", self._look)
        self.go = button("Remove", self._go, variant="danger")
        self.words = label(tone="muted", wrap=True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the removal")
        for changed in (self.days.valueChanged, self.kinds.currentIndexChanged):
            changed.connect(lambda *_: self.show_plan(0, ()))
        self._build()
        self.show_plan(0, ())

    def offer_types(self, types: Sequence[str]) -> None:
        """Topics and types that are in the log, but for the log's own."""
        topics = sorted({kind.partition(".")[0] for kind in types} - {"log"})
        chosen = self.kinds.currentData()
        self.kinds.blockSignals(True)
        self.kinds.clear()
        self.kinds.addItem("All events", ())
        for topic in topics:
            self.kinds.addItem(inert_line(f"All of {topic}", 60), (f"{topic}.*",))
        for kind in sorted(kind for kind in types if not kind.startswith("log.")):
            self.kinds.addItem(inert_line(kind, 60), (kind,))
        self.kinds.setCurrentIndex(max(0, self.kinds.findData(chosen)))
        self.kinds.blockSignals(False)

    def show_plan(self, events: int, by_type: Sequence[tuple[str, int]], *, asked: bool = False) -> None:
        """What would go; nothing asked yet where `asked` is false."""
        self.progress.hide()
        self.look.setEnabled(True)
        self.go.setVisible(events > 0)
        self.go.setText(f"Remove {count(events, 'event')}")
        set_tone(self.words, "muted")
        if not asked:
            self.words.setText(
                "The chain still verifies afterwards: a signed event says what was removed. "
                "The log's own events stay."
            )
        elif not events:
            self.words.setText("Nothing is that old.")
        else:
            named = ", ".join(f"{inert_line(kind, 40)} {number:,}" for kind, number in by_type[:_NAMED])
            more = f" and {len(by_type) - _NAMED} more types" if len(by_type) > _NAMED else ""
            self.words.setText(f"{count(events, 'event')} would go: {named}{more}.")

    def show_progress(self, words: str, done: int, total: int) -> None:
        self.look.setEnabled(False)
        self.go.hide()
        self.progress.show()
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)
        self.words.setText(f"{words}: {done:,} of {total:,}")

    def show_done(self, words: str, tone: str = "good") -> None:
        self.show_plan(0, ())
        set_tone(self.words, tone)
        self.words.setText(inert_line(words, 300))

    def _look(self) -> None:
        self.words.setText("Looking what would go…")
        self.look_wanted.emit(self.days.value(), tuple(self.kinds.currentData() or ()))

    def _go(self) -> None:
        self.prune_wanted.emit(
            self.days.value(), tuple(self.kinds.currentData() or ()), self.archive.isChecked()
        )

    def _build(self) -> None:
        layout = column(gap=GAP, margins=(ROOM, GAP + TIGHT, ROOM, GAP + TIGHT))
        layout.addWidget(label("Prune", strong=True))
        layout.addLayout(row(label("Older than", tone="muted"), self.days, self.kinds, self.archive, None))
        layout.addWidget(self.words)
        layout.addWidget(self.progress)
        layout.addLayout(row(self.look, self.go, None))
        self.setLayout(layout)
