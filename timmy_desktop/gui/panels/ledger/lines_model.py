"""The ledger's lines on screen: pages of a book of any length, in ready words."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt

from timmy_desktop.gui.panels.ledger.words import Names, amount_tone, amount_words, state_look, what_words
from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.windowed_model import WindowedModel
from timmy_desktop.gui.wording import exact_time, relative_time, sats
from timmy_desktop.ledger.history_lines import Line

LINE_ROLE = Qt.ItemDataRole.UserRole
_AVAILABLE = "Available right after the last thing that happened to this line"


class Column(IntEnum):
    """The columns, in the order of what is needed first."""

    WHEN = 0
    STATE = 1
    WHAT = 2
    AMOUNT = 3
    FEE = 4
    AVAILABLE = 5


_TITLES = ("When", "State", "What", "Amount", "Fee", "Available, sat")
NUMBERS = frozenset({Column.AMOUNT, Column.FEE, Column.AVAILABLE})


class LinesModel(WindowedModel):
    """Rows are `Line`s; `None` until their page is here."""

    def __init__(self, name_of: Names, now_us: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(_TITLES, parent, numbers=sorted(NUMBERS))
        self._name_of, self._now_us = name_of, now_us

    def cell(self, row: Any, column: int, role: int) -> Any:
        line: Line = row
        if role == LINE_ROLE:
            return line
        if role == Qt.ItemDataRole.DisplayRole:
            return self.words(line, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return Theme.current().color(role_of(line, column))
        if role == Qt.ItemDataRole.FontRole and column in NUMBERS:
            return Theme.current().font("small", mono=True)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(line, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.words(line, column) if column else self.spoken(line)
        return None

    def waiting(self, column: int, role: int) -> Any:
        if role == Qt.ItemDataRole.ForegroundRole:
            return Theme.current().color("muted")
        return super().waiting(column, role)

    def spoken(self, line: Line) -> str:
        """The whole line as a sentence."""
        return ", ".join(
            (
                self.words(line, Column.WHAT),
                amount_words(line),
                state_look(line).word,
                relative_time(line.created_us, self._now_us()),
            )
        )

    def words(self, line: Line, column: int) -> str:
        """What stands in a cell."""
        if column == Column.WHEN:
            return relative_time(line.created_us, self._now_us())
        if column == Column.STATE:
            return state_look(line).word
        if column == Column.WHAT:
            return what_words(line, self._name_of)
        if column == Column.AMOUNT:
            return amount_words(line)
        if column == Column.FEE:
            return sats(line.fee_msat) if line.fee_msat else ""
        return sats(line.available_msat).removesuffix(" sat") if line.available_msat is not None else "–"

    def _tip(self, line: Line, column: int) -> str:
        if column == Column.WHEN:
            return exact_time(line.created_us)
        if column == Column.STATE:
            return state_look(line).meaning
        if column == Column.AVAILABLE:
            return _AVAILABLE
        return self.words(line, column)


def role_of(line: Line, column: int) -> str:
    """The colour of a cell's words."""
    if column == Column.WHAT:
        return "text"
    if column == Column.AMOUNT:
        return amount_tone(line)
    return "muted"
