"""What a panel offers to the command palette, as actions that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget


def palette_actions(panel: QWidget, commands: Iterable[tuple[str, Callable[[], object]]]) -> list[QAction]:
    """One for each pair of words and what they do, in the same order."""
    made = []
    for words, act in commands:
        action = QAction(words, panel)
        action.triggered.connect(lambda *_, it=act: it())
        made.append(action)
    return made
