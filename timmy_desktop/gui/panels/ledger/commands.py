"""What the command palette offers of the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction

from timmy_desktop.gui.palette_actions import palette_actions

if TYPE_CHECKING:
    from timmy_desktop.gui.panels.ledger.panel import LedgerPanel


def palette_commands(panel: LedgerPanel) -> list[QAction]:
    """In the order in which they are likely to be wanted."""
    commands: tuple[tuple[str, Callable[[], object]], ...] = (
        ("Create an invoice", panel.invoices.new),
        ("Pay an invoice", panel.payments.pay),
        ("Find a line of the ledger", panel.desk.look_for),
        ("Show money in and out by agent", lambda: _by(panel, "agent")),
        ("Show money in and out by purpose", lambda: _by(panel, "purpose")),
        ("Show money in and out by day", lambda: _by(panel, "day")),
        ("Show the cost of thought", lambda: panel.tabs.setCurrentWidget(panel.thoughts_page)),
        ("Compare the ledger and its node now", panel.node.compare),
        ("Export the ledger as CSV…", lambda: panel.export("csv")),
        ("Export the ledger for beancount…", lambda: panel.export("beancount")),
        ("Export the ledger as JSON lines…", lambda: panel.export("jsonl")),
    )
    return palette_actions(panel, commands)


def _by(panel: LedgerPanel, by: str) -> None:
    panel.tabs.setCurrentWidget(panel.shares_page)
    panel.shares_page.by_changed.emit(by)
