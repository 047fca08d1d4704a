"""The list itself: a table with columns to choose and sort by, that says where it was scrolled to."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView

from timmy_desktop.gui.panels.events.columns import COLUMNS, DATA
from timmy_desktop.gui.panels.events.delegate import EventsDelegate
from timmy_desktop.gui.panels.events.error_marks import MarkedScrollBar
from timmy_desktop.gui.panels.events.model import EventsModel
from timmy_desktop.gui.theme import Theme
from timmy_desktop.storage.event_positions import Order

_LEAST_DATA, _WIDEST = 200, 2_000


class EventsTable(QTableView):
    """Home goes to the newest and follows; Return opens; Ctrl+C copies; / looks for words."""

    resume_wanted = Signal()
    search_wanted = Signal()
    open_wanted = Signal()
    copy_wanted = Signal()
    menu_wanted = Signal(QPoint)
    order_chosen = Signal(object)
    """An Order."""
    columns_chosen = Signal()

    def __init__(self, model: EventsModel) -> None:
        super().__init__()
        self.marks = MarkedScrollBar(self)
        self.setVerticalScrollBar(self.marks)
        self.setModel(model)
        self.delegate = EventsDelegate(model, self)
        self.setItemDelegate(self.delegate)
        self._order = Order()
        self._set_up()
        self._set_up_head()
        Theme.current().changed.connect(self.fit_rows)

    @property
    def at_top(self) -> bool:
        return self.verticalScrollBar().value() == 0

    def show_order(self, order: Order) -> None:
        """The arrow in the head."""
        self._order = order
        place = next(place for place, column in enumerate(COLUMNS) if column.sort == order.key)
        direction = Qt.SortOrder.DescendingOrder if order.descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(1 if order.key == "time" else place, direction)

    def show_columns(self, kept: list[str]) -> None:
        """Which columns stand there, as `column_names` told; those that are meant to where none are named."""
        widths = dict(one.partition("=")[::2] for one in kept)
        for place, column in enumerate(COLUMNS):
            shown = column.name in widths if kept else column.shown
            self.setColumnHidden(place, not shown and place != DATA)
        head, places = self.horizontalHeader(), {column.name: at for at, column in enumerate(COLUMNS)}
        for to, name in enumerate(name for name in widths if name in places):
            head.moveSection(head.visualIndex(places[name]), to)
            if widths[name].isdecimal() and name != COLUMNS[DATA].name:
                head.resizeSection(places[name], min(int(widths[name][:5]), _WIDEST))
        self._fit_data()

    @property
    def column_names(self) -> list[str]:
        """The columns from the left to the right, each with its width."""
        head = self.horizontalHeader()
        shown = [place for place in range(len(COLUMNS)) if not self.isColumnHidden(place)]
        shown.sort(key=head.visualIndex)
        return [f"{COLUMNS[place].name}={head.sectionSize(place)}" for place in shown]

    def chosen_runs(self) -> list[range]:
        """The chosen rows from the top down: a million of them are one run, and no index each."""
        found = self.selectionModel().selection()
        chosen = sorted((one.top(), one.bottom() + 1) for one in found)  # type: ignore[attr-defined]
        runs: list[range] = []
        for start, end in chosen:
            start = max(start, runs[-1].stop) if runs else start
            if start < end:
                runs.append(range(start, end))
        return runs

    def fit_rows(self) -> None:
        self.delegate.refresh_fonts()
        head = self.verticalHeader()
        head.setMinimumSectionSize(self.delegate.height)
        head.setDefaultSectionSize(self.delegate.height)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit()
        elif event.key() == Qt.Key.Key_Home:
            self.resume_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_wanted.emit()
        elif event.key() == Qt.Key.Key_Slash:
            self.search_wanted.emit()
        elif event.key() == Qt.Key.Key_End:
            self.selectRow(self.model().rowCount() - 1)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_data()

    def _fit_data(self) -> None:
        """The data takes the room that the other columns leave."""
        head = self.horizontalHeader()
        others = sum(head.sectionSize(place) for place in range(len(COLUMNS)) if place != DATA)
        room = max(_LEAST_DATA, self.viewport().width() - others)
        if head.sectionSize(DATA) != room:
            head.resizeSection(DATA, room)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 60)

    def _set_up(self) -> None:
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setAccessibleName("Events")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self.menu_wanted)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.fit_rows()

    def _set_up_head(self) -> None:
        head = self.horizontalHeader()
        head.setStretchLastSection(False)
        head.sectionResized.connect(lambda place, *_: self._fit_data() if place != DATA else None)
        head.setHighlightSections(False)
        head.setSectionsClickable(True)
        head.setSortIndicatorShown(True)
        head.setSectionsMovable(True)
        head.setFont(Theme.current().font("small"))
        for place, column in enumerate(COLUMNS):
            head.resizeSection(place, column.width)
        head.sectionClicked.connect(self._choose_order)
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        head.customContextMenuRequested.connect(self._offer_columns)
        self.show_columns([])
        self.show_order(Order())

    def _choose_order(self, place: int) -> None:
        key = COLUMNS[place].sort
        if key is None:
            self.show_order(self._order)
            return
        descending = not self._order.descending if key == self._order.key else key == "time"
        self.order_chosen.emit(Order(key, descending))

    def columns_menu(self) -> QMenu:
        """Which columns are shown."""
        menu = QMenu(self)
        for place, column in enumerate(COLUMNS):
            action = QAction(column.title, menu)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(place))
            action.setEnabled(place != DATA)
            action.toggled.connect(lambda shown, place=place: self._show_column(place, shown))
            menu.addAction(action)
        return menu

    def _offer_columns(self, point: QPoint) -> None:
        menu = self.columns_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.horizontalHeader().mapToGlobal(point))

    def _show_column(self, place: int, shown: bool) -> None:
        self.setColumnHidden(place, not shown)
        self._fit_data()
        self.columns_chosen.emit()
