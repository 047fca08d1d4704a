"""The requests: what to look for, the list, and the receipt in its place when one is opened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListView, QStackedWidget, QVBoxLayout, QWidget

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.router.receipt_view import ReceiptView
from timmy_desktop.gui.panels.router.request_model import ROW_ROLE, RequestsModel, request_delegate
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.parts import row
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.gui.widgets.two_line_rows import quiet_list
from timmy_desktop.gui.wording import provider_words
from timmy_desktop.routing.records import RequestRow

_FILTER_AFTER_MS = 180
_OUTCOMES = (("", "All"), ("ok", "Answered"), ("failed", "Failed"), ("cancelled", "Cancelled"))


class RequestList(QListView):
    """Return opens, / looks for words."""

    open_requested = Signal(str)
    filter_wanted = Signal()

    def __init__(self, model: RequestsModel, now_us: Callable[[], int]) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(request_delegate(now_us, self))
        self.setUniformItemSizes(True)
        quiet_list(self, "Requests")
        self.clicked.connect(self._open)
        TickWhileVisible(self, self.viewport().update)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        elif event.key() == Qt.Key.Key_Slash:
            self.filter_wanted.emit()
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 60)

    def _open(self, index: QModelIndex) -> None:
        found = index.data(ROW_ROLE)
        if isinstance(found, RequestRow):
            self.open_requested.emit(found.request_id)


class RequestsPage(QWidget):
    """What to do about it the panel knows."""

    filter_changed = Signal(str, str, str)
    """Words, provider, outcome."""

    def __init__(self, model: RequestsModel, now_us: Callable[[], int], retry: Callable[[], object]) -> None:
        super().__init__()
        self._model, self._retry = model, retry
        self.list = RequestList(model, now_us)
        self.state = EmptyState("events", "Requests", "Reading the requests…")
        self.receipt = ReceiptView()
        self.busy = BusyBar()
        self._make_filters()
        self.stack = QStackedWidget()
        for widget in (self.state, self.list):
            self.stack.addWidget(widget)
        self.list_side = QWidget()
        side = QVBoxLayout(self.list_side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(0)
        filters = row(
            self.search, self.provider, self.outcome, margins=(GAP + TIGHT, GAP, GAP + TIGHT, TIGHT)
        )
        filters.setStretch(0, 1)
        side.addLayout(filters)
        side.addWidget(self.busy)
        side.addWidget(self.stack, 1)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.list_side)
        self.pages.addWidget(self.receipt)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self.list.filter_wanted.connect(self.search.setFocus)
        self.receipt.back_requested.connect(self.show_list)

    def offer_providers(self, names: list[str]) -> None:
        """Who can be chosen in the filter."""
        known = [self.provider.itemData(place) for place in range(1, self.provider.count())]
        if known == names:
            return
        chosen = self.provider.currentData()
        self.provider.blockSignals(True)
        self.provider.clear()
        self.provider.addItem("Everyone", "")
        for name in names:
            self.provider.addItem(provider_words(name), name)
        self.provider.setCurrentIndex(max(0, self.provider.findData(chosen)))
        self.provider.blockSignals(False)

    def show_list(self) -> None:
        """Back from a receipt."""
        self.pages.setCurrentWidget(self.list_side)
        self.list.setFocus()

    def show_loading(self) -> None:
        self.busy.start("Reading the requests")

    def show_loaded(self) -> None:
        self.busy.finish()
        if self._model.rowCount():
            self.stack.setCurrentWidget(self.list)
        elif self.filtering:
            self.state.show_state("search", "No request matches", "Other words or another filter may.")
            self.stack.setCurrentWidget(self.state)
        else:
            self.state.show_state(
                "events",
                "No requests yet",
                "Every call of a model is listed here, with what was sent and what it cost.",
            )
            self.stack.setCurrentWidget(self.state)

    def show_fault(self, words: str) -> None:
        self.busy.finish()
        self.state.show_state(
            "bad", "The requests can't be read", words, [("Try again", self._retry)], tone="bad"
        )
        self.stack.setCurrentWidget(self.state)

    @property
    def filtering(self) -> bool:
        return bool(self.search.text().strip() or self.provider.currentData() or self.outcome.currentData())

    def minimumSizeHint(self) -> QSize:
        return QSize(280, 120)

    def _make_filters(self) -> None:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a request")
        self.search.setAccessibleName("Find a request")
        self.search.setToolTip("Words in what was asked ( / )")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.provider = Choice()
        self.provider.setAccessibleName("Show requests answered by")
        self.provider.addItem("Everyone", "")
        self.outcome = Choice()
        self.outcome.setAccessibleName("Show requests that ended")
        for value, words in _OUTCOMES:
            self.outcome.addItem(words, value)
        for choice in (self.provider, self.outcome):
            choice.setMinimumContentsLength(6)
            choice.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            choice.currentIndexChanged.connect(lambda _: self._filter())
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(_FILTER_AFTER_MS)
        self._debounce.timeout.connect(self._filter)
        self.search.textChanged.connect(lambda: self._debounce.start())

    def stop(self) -> None:
        self._debounce.stop()
        self.busy.finish()

    def _filter(self) -> None:
        self.filter_changed.emit(
            self.search.text().strip(), self.provider.currentData() or "", self.outcome.currentData() or ""
        )
