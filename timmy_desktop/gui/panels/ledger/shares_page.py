"""In and out: the same money by day, by agent or by purpose."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QButtonGroup, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.ledger.row_list import RowList
from timmy_desktop.gui.panels.ledger.shares import Share, ShareDelegate, SharesModel, shares_of
from timmy_desktop.gui.panels.ledger.words import Names
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.parts import label, row
from timmy_desktop.gui.wording import sats
from timmy_desktop.ledger.history_sums import By, Flow

_WAYS: tuple[tuple[By, str, str], ...] = (
    ("day", "Day (UTC)", "Days of UTC, the newest first"),
    ("agent", "Agent", "Who earned and spent it"),
    ("purpose", "Purpose", "What it came for and went for"),
)


class SharesPage(QWidget):
    """Over the span of the chart."""

    by_changed = Signal(str)
    chosen = Signal(str, str, str)
    """Day, agent or purpose; its key and its words: the person wants to see its lines."""

    def __init__(self, name_of: Names) -> None:
        super().__init__()
        self._name_of = name_of
        self.by: By = "agent"
        self.model = SharesModel(self)
        self.list = RowList(self.model, ShareDelegate(), "Money in and out")
        self.list.clicked.connect(self.list.open)
        self.state = EmptyState("ledger", "In and out", "Reading the ledger…")
        self.fees = label(tone="muted", size="small")
        self.ways = {by: _way(words, hint) for by, words, hint in _WAYS}
        group = QButtonGroup(self)
        for by, made in self.ways.items():
            group.addButton(made)
            made.clicked.connect(lambda _=False, by=by: self.by_changed.emit(by))
        self.stack = QStackedWidget()
        self.stack.addWidget(self.state)
        self.stack.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(
            row(
                *self.ways.values(),
                None,
                self.fees,
                gap=TIGHT + 2,
                margins=(GAP + TIGHT, GAP, GAP + TIGHT, TIGHT),
            )
        )
        layout.addWidget(self.stack, 1)
        self.list.opened.connect(self._choose)

    def choose_way(self, by: By) -> None:
        """Which way stands checked."""
        self.by = by
        self.ways[by].setChecked(True)

    def show_flows(self, by: By, flows: Sequence[Flow]) -> None:
        """The sums, in ready words."""
        self.choose_way(by)
        self.model.show_rows(shares_of(by, flows, self._name_of))
        fees = sum(flow.fee_msat for flow in flows)
        self.fees.setText(f"fees {sats(fees)}" if fees else "")
        if self.model.rows:
            self.stack.setCurrentWidget(self.list)
        else:
            self.state.show_state(
                "ledger", "Nothing moved in this time", "What comes in and goes out is summed here."
            )
            self.stack.setCurrentWidget(self.state)

    def show_fault(self, words: str) -> None:
        self.state.show_state("bad", "The sums can't be read", words, tone="bad")
        self.stack.setCurrentWidget(self.state)

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 120)

    def _choose(self, share: Share) -> None:
        self.chosen.emit(self.by, share.key, share.name)


def _way(words: str, hint: str) -> QToolButton:
    made = QToolButton()
    made.setText(words)
    made.setProperty("variant", "chip")
    made.setCheckable(True)
    made.setToolTip(hint)
    made.setAccessibleName(f"By {words.lower()}")
    return made
