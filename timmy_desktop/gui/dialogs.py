"""The small dialogs: keys, doctor, about, the question before closing. None blocks the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from timmy_desktop import __version__
from timmy_desktop.gui.findings import Finding
from timmy_desktop.gui.glyphs import application_icon
from timmy_desktop.gui.theme import GAP, ROOM, WIDE
from timmy_desktop.gui.welcome import FindingsGrid
from timmy_desktop.gui.widgets.parts import Variant, button, column, label, mono, row, selectable

Keys = Sequence[tuple[str, Sequence[tuple[str, str]]]]


class WindowDialog(QDialog):
    """Window-modal, closed by Escape, gone when closed."""

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # Where no window manager gives the focus back, the window takes it.
        self.finished.connect(lambda _: parent.activateWindow())


_MOST_KEYS = 26
"""More in a column would be higher than a small screen."""


class KeysDialog(WindowDialog):
    """F1: every key, in groups."""

    def __init__(self, parent: QWidget, keys: Keys) -> None:
        super().__init__(parent, "Keys")
        many = 3 if sum(len(entries) + 2 for _, entries in keys) > 2 * _MOST_KEYS else 2
        columns = [QVBoxLayout() for _ in range(many)]
        heights = [0] * many
        for title, entries in keys:
            shorter = heights.index(min(heights))
            heights[shorter] += len(entries) + 2
            columns[shorter].addLayout(_group(title, entries))
        sides = QHBoxLayout()
        sides.setSpacing(WIDE * 2)
        for side in columns:
            side.setSpacing(WIDE)
            side.addStretch(1)
            sides.addLayout(side)
        layout = column(label("Keys", size="title"), gap=ROOM, margins=(WIDE, WIDE, WIDE, ROOM))
        layout.addLayout(sides)
        layout.addLayout(row(None, button("Close", self.close)))
        self.setLayout(layout)


class DoctorDialog(WindowDialog):
    """What is reachable, what is missing, and what to do."""

    def __init__(
        self, parent: QWidget, findings: Callable[[], Sequence[Finding]], check: Callable[..., None]
    ) -> None:
        super().__init__(parent, "Doctor")
        self._findings, self._check = findings, check
        self._grid = FindingsGrid()
        self._again = button("Check again", self._check_again, glyph="retry")
        intro = label("What Timmy works with on this machine, and what is missing.", tone="muted", wrap=True)
        buttons = row(
            self._again, button("Copy", self._copy, glyph="copy"), None, button("Close", self.close)
        )
        layout = column(
            label("Doctor", size="title"), intro, self._grid, None, gap=ROOM, margins=(WIDE, WIDE, WIDE, ROOM)
        )
        layout.addLayout(buttons)
        self.setLayout(layout)
        self.setMinimumWidth(560)
        self.refresh()

    def refresh(self) -> None:
        """Shows what is known now."""
        self._grid.show_findings(self._findings())
        self._again.setEnabled(True)

    def _check_again(self) -> None:
        self._again.setEnabled(False)
        self._check(self.refresh)

    def _copy(self) -> None:
        lines = [f"[{finding.tone}] {finding.name}: {finding.text}" for finding in self._findings()]
        QGuiApplication.clipboard().setText("\n".join(lines))


class AboutDialog(WindowDialog):
    """Name, version and licence."""

    def __init__(self, parent: QWidget, data_folder: str) -> None:
        super().__init__(parent, "About Timmy Desktop")
        picture = QLabel()
        picture.setPixmap(application_icon().pixmap(64, 64))
        words = column(
            label("Timmy Desktop", size="title"),
            label(f"Version {__version__}", tone="muted"),
            label("Mission control for a local swarm of AI agents.", wrap=True),
            label("MIT licence. Nothing leaves this machine unless you allow it.", tone="muted", wrap=True),
            selectable(mono(label(data_folder, tone="muted", wrap=True), "small")),
            margins=(0, 0, 0, 0),
        )
        top = row(gap=WIDE)
        top.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        layout = column(gap=ROOM, margins=(WIDE, WIDE, WIDE, ROOM))
        layout.addLayout(top)
        layout.addLayout(row(None, button("Close", self.close)))
        self.setLayout(layout)
        self.setMinimumWidth(460)


class Question(WindowDialog):
    """Asks before something is done; the safe answer has the focus."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        text: str,
        *,
        stay: str,
        go: str,
        gone: Callable[[], object],
        variant: Variant = "danger",
    ) -> None:
        super().__init__(parent, title)
        self._gone = gone
        self.stay_button = button(stay, self.close, variant="primary")
        self.go_button = button(go, self._go, variant=variant)
        words = label(text, wrap=True)
        words.setMinimumWidth(400)
        layout = column(label(title, size="title"), words, gap=ROOM, margins=(WIDE, WIDE, WIDE, ROOM))
        layout.addLayout(row(None, self.go_button, self.stay_button))
        self.setLayout(layout)
        self.stay_button.setFocus()

    def _go(self) -> None:
        self.close()
        self._gone()


def _group(title: str, entries: Sequence[tuple[str, str]]) -> QVBoxLayout:
    made = QVBoxLayout()
    made.setSpacing(GAP)
    made.addWidget(label(title, strong=True))
    for words, keys in entries:
        shown = mono(
            label(QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText) or keys), "small"
        )
        shown.setProperty("variant", "code")
        made.addLayout(row(label(words, tone="muted"), None, shown))
    return made
