"""The proposals as a Qt model: those that wait first, then the history, each the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from timmy_desktop.gui.panels.upgrades.words import is_pending, spoken
from timmy_desktop.gui.wording import exact_time
from timmy_desktop.inert import inert_line
from timmy_desktop.upgrades.types import Proposal

PROPOSAL_ROLE = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class ProposalsModel(QAbstractListModel):
    """Holds all that were asked for; `show_only` says which are shown."""

    older_wanted = Signal()

    def __init__(self, now_us: Callable[[], int], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now_us = now_us
        self._known: dict[str, Proposal] = {}
        self._rows: list[Proposal] = []
        self._words: tuple[str, ...] = ()
        self._state = ""
        self.more_to_come = False

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        proposal = self._rows[index.row()]
        if role == PROPOSAL_ROLE:
            return proposal
        if role == Qt.ItemDataRole.DisplayRole:
            return inert_line(proposal.title, 200)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{inert_line(proposal.title, 400)}\nProposed {exact_time(proposal.created_us)}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(proposal, self._now_us())
        return None

    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and self.more_to_come

    def fetchMore(self, parent: _Index) -> None:
        if self.canFetchMore(parent):
            self.more_to_come = False
            self.older_wanted.emit()

    @property
    def total(self) -> int:
        """How many are known, shown or not."""
        return len(self._known)

    @property
    def oldest(self) -> str:
        """The identifier of the one created first."""
        return min(self._known.values(), key=lambda proposal: proposal.created_us).id if self._known else ""

    def proposal(self, proposal_id: str) -> Proposal | None:
        return self._known.get(proposal_id)

    def titled(self, words: str) -> str:
        """The identifier of the first whose title holds these words; empty for none."""
        found = (one.id for one in self._rows if words.casefold() in one.title.casefold())
        return next(found, "")

    def index_of(self, proposal_id: str) -> QModelIndex:
        for row, proposal in enumerate(self._rows):
            if proposal.id == proposal_id:
                return self.index(row, 0)
        return QModelIndex()

    def put(self, proposals: Sequence[Proposal]) -> None:
        """Adds these, or replaces what is known of them."""
        self._known |= {proposal.id: proposal for proposal in proposals}
        self._arrange()

    def show_only(self, words: str, state: str) -> None:
        """Every word must occur; `state` is a state, `pending`, or empty."""
        self._words, self._state = tuple(words.casefold().split()), state
        self._arrange()

    def _arrange(self) -> None:
        rows = sorted(
            (proposal for proposal in self._known.values() if self._matches(proposal)),
            key=lambda proposal: (not is_pending(proposal), -proposal.created_us, proposal.id),
        )
        if [row.id for row in rows] == [row.id for row in self._rows]:
            changed = [
                place for place, (one, other) in enumerate(zip(rows, self._rows, strict=True)) if one != other
            ]
            self._rows = rows
            for place in changed:
                self.dataChanged.emit(self.index(place, 0), self.index(place, 0))
            return
        self.layoutAboutToBeChanged.emit()
        kept = [(index, index.data(PROPOSAL_ROLE)) for index in self.persistentIndexList()]
        self._rows = rows
        for index, proposal in kept:
            found = self.index_of(proposal.id) if isinstance(proposal, Proposal) else QModelIndex()
            self.changePersistentIndex(index, found)
        self.layoutChanged.emit()

    def _matches(self, proposal: Proposal) -> bool:
        if self._state == "pending" and not is_pending(proposal):
            return False
        if self._state not in ("", "pending") and proposal.state != self._state:
            return False
        text = "\n".join((proposal.title, proposal.description, proposal.target_name, proposal.proposer))
        return all(word in text.casefold() for word in self._words)
