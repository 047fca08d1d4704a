"""The keys of the whole Ledger: its lists leave them to it, or they would take a letter for a search."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

NEW_INVOICE, PAY = Qt.Key.Key_I, Qt.Key.Key_P


def is_for_all(event: QKeyEvent) -> bool:
    """Whether the panel answers this key wherever the keyboard is in it."""
    return event.modifiers() == Qt.KeyboardModifier.NoModifier and event.key() in (NEW_INVOICE, PAY)
