"""The repositories that are open to proposals: what each allows, closing one, and opening another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from timmy_desktop.gui.dialogs import Question, WindowDialog
from timmy_desktop.gui.panels.upgrades.sheet import told
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT, WIDE
from timmy_desktop.gui.widgets.fields import CheckBox
from timmy_desktop.gui.widgets.parts import button, card, column, label, row
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.types import Target

_WIDTH, _HEIGHT = 560, 420
UNCONFINED = (
    "The code of a proposal, which nobody has approved, then runs with all that you may do: it can read and "
    "change your files and use the network. Allow it only where you trust whoever proposes."
)
NOTHING_IS_OPEN = "None is open. Agents propose changes only to repositories that you open."


class TargetsDialog(WindowDialog):
    """Tells what is wished for; `show_targets` when it has been done."""

    open_wanted = Signal()
    own_wanted = Signal(str)
    """The application's own source: its folder."""
    ask_wanted = Signal(str)
    close_wanted = Signal(str)
    unsandboxed_wanted = Signal(str, bool)

    def __init__(self, parent: QWidget, *, sandbox: str, own: Path | None) -> None:
        """`sandbox`: the name of this machine's, empty where it has none; `own`: see `own_source`."""
        super().__init__(parent, "Repositories")
        self._sandbox, self._own = sandbox, own
        self._rows = QVBoxLayout()
        self._rows.setSpacing(GAP)
        self._rows.setContentsMargins(0, 0, GAP, 0)
        self.own_button = button("Open Timmy's own source", self._open_own)
        self.own_button.hide()
        layout = column(
            label("Repositories open to proposals", size="title"), _scrolled(self._rows), gap=ROOM,
            margins=(WIDE, WIDE, WIDE, ROOM),
        )  # fmt: skip
        layout.addLayout(
            row(
                button("Open a repository…", self.open_wanted.emit, glyph="plus"),
                self.own_button,
                None,
                button("Close", self.close, variant="primary"),
            )
        )
        self.setLayout(layout)
        self.resize(_WIDTH, _HEIGHT)

    def show_targets(self, targets: Sequence[Target]) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for target in targets:
            self._rows.addWidget(self._card(target))
        if not targets:
            self._rows.addWidget(told(NOTHING_IS_OPEN, "muted"))
        self._rows.addStretch(1)
        is_open = any(target.folder == self._own for target in targets)
        self.own_button.setVisible(self._own is not None and not is_open)

    def _card(self, target: Target) -> QWidget:
        made, name = card(), inert_line(target.name, 60)
        ask = button("Ask for a change…", lambda: self.ask_wanted.emit(target.id))
        ask.setAccessibleName(f"Ask for a change to {name}")
        close = button("Close to proposals…", lambda: self._ask_to_close(target), variant="quiet")
        close.setAccessibleName(f"Close {name} to proposals")
        head = row(label(name, strong=True), label(inert_line(target.branch, 60), tone="muted"), None)
        parts: list[QWidget] = [told(inert_line(str(target.folder), 300), "muted", "small")]
        if target.problem:
            parts.append(told(inert_line(target.problem, 300), "bad"))
        if target.allowed:
            parts.append(told(f"Only in {', '.join(inert_line(one, 80) for one in target.allowed)}", "muted"))
        parts += self._unsandboxed(target)
        layout = column(gap=TIGHT, margins=(12, GAP, 12, GAP))
        layout.addLayout(head)
        for part in parts:
            layout.addWidget(part)
        layout.addLayout(row(ask, close, None))
        made.setLayout(layout)
        return made

    def _unsandboxed(self, target: Target) -> list[QWidget]:
        """Asked only where it makes a difference, or was allowed once."""
        if self._sandbox and not target.unsandboxed:
            return [told(f"Its tests run in a sandbox ({self._sandbox}).", "muted", "small")]
        box = CheckBox("Run its tests without a sandbox")
        box.setChecked(target.unsandboxed)
        box.toggled.connect(lambda on: self.unsandboxed_wanted.emit(target.id, on))
        return [box, told(UNCONFINED, "warn", "small")]

    def _ask_to_close(self, target: Target) -> None:
        Question(
            self,
            f"Close {inert_line(target.name, 60)} to proposals?",
            "What waits for a decision there is rejected, and no more is proposed. The repository itself is "
            "not touched, and the history stays. It can be opened again.",
            stay="Keep it open",
            go="Close to proposals",
            gone=lambda: self.close_wanted.emit(target.id),
        ).open()

    def _open_own(self) -> None:
        if self._own is not None:
            self.own_wanted.emit(str(self._own))


def _scrolled(rows: QVBoxLayout) -> QScrollArea:
    inner, area = QWidget(), QScrollArea()
    inner.setLayout(rows)
    area.setWidget(inner)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    return area
