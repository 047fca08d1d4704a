"""The left of the Tasks panel: the post box, what to look for, and the tasks."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListView,
    QSizePolicy,
    QStackedWidget,
    QStyleOptionViewItem,
    QWidget,
)

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.tasks.model import VIEW_ROLE, Column, TasksModel, TasksProxy
from timmy_desktop.gui.panels.tasks.ordering import ORDERINGS, STATUS_FILTERS, ordering_called
from timmy_desktop.gui.panels.tasks.post_box import PostBox
from timmy_desktop.gui.panels.tasks.row_delegate import task_delegate
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.fields import Choice
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import column, line, row
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.gui.widgets.two_line_rows import TwoLineDelegate
from timmy_desktop.swarm.task import TaskView

_FILTER_AFTER_MS = 180
_MOST_LINES, _HEIGHT_PER_LINE = 8, 60


class TaskList(QListView):
    """Return opens, Delete calls off, / looks for words."""

    open_requested = Signal(str)
    delete_pressed = Signal(str)
    filter_wanted = Signal()

    def __init__(self, model: TasksProxy, delegate: TwoLineDelegate) -> None:
        super().__init__()
        self.setModel(model)
        self.setModelColumn(Column.TASK)
        delegate.setParent(self)
        self.setItemDelegate(delegate)
        self.setAccessibleName("Tasks")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.clicked.connect(self._open)
        TickWhileVisible(self, self.viewport().update)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        view = self.currentIndex().data(VIEW_ROLE)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(view, TaskView):
            self._open(self.currentIndex())
        elif event.key() == Qt.Key.Key_Delete and isinstance(view, TaskView):
            self.delete_pressed.emit(view.id)
        elif event.key() == Qt.Key.Key_Slash:
            self.filter_wanted.emit()
        elif event.matches(QKeySequence.StandardKey.Copy) and isinstance(view, TaskView):
            self.copy(view.text)
        else:
            super().keyPressEvent(event)

    @staticmethod
    def copy(text: str) -> None:
        from PySide6.QtGui import QGuiApplication

        QGuiApplication.clipboard().setText(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 80)

    def _open(self, index: QModelIndex) -> None:
        view = index.data(VIEW_ROLE)
        if isinstance(view, TaskView):
            self.open_requested.emit(view.id)


class ListPage(QWidget):
    """Holds the parts together; what to do about them the panel knows."""

    filter_changed = Signal(str, str)
    order_changed = Signal(str)
    menu_requested = Signal(str, QPoint)

    def __init__(
        self,
        post_box: PostBox,
        model: TasksModel,
        now_us: Callable[[], int],
        simulated: bool,
        show_router: Callable[[], object],
        retry: Callable[[], object],
    ) -> None:
        super().__init__()
        self._model = model
        self.proxy = TasksProxy(self)
        self.proxy.setSourceModel(model)
        self.post_box = post_box
        self.offline = NoticeBar("Router", show_router)
        self.busy = BusyBar()
        self.list = TaskList(self.proxy, task_delegate(now_us, simulated=simulated))
        self.state = EmptyState("tasks", "", "")
        self._retry = retry
        self._make_filter()
        self._lay_out()
        self._wire()

    def _make_filter(self) -> None:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a task")
        self.search.setAccessibleName("Find a task")
        self.search.setToolTip("Words in the task, its agent or its id ( / )")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.status = Choice()
        self.status.setAccessibleName("Show tasks with the status")
        for value, words in STATUS_FILTERS:
            self.status.addItem(words, value)
        self.order = Choice()
        self.order.setAccessibleName("Order of the tasks")
        for ordering in ORDERINGS:
            self.order.addItem(ordering.words, ordering.name)
        for choice in (self.status, self.order):
            choice.setMinimumContentsLength(7)
            choice.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._debounce = QTimer(self)
        self._debounce.setSingleShot(True)
        self._debounce.setInterval(_FILTER_AFTER_MS)

    def _lay_out(self) -> None:
        self.filters = QWidget()
        self.filters.setLayout(
            row(self.search, self.status, self.order, gap=GAP, margins=(GAP + TIGHT, GAP, GAP + TIGHT, GAP))
        )
        self.filters.layout().setStretch(0, 1)  # type: ignore[union-attr]
        self.stack = QStackedWidget()
        self.stack.addWidget(self.list)
        self.stack.addWidget(self.state)
        # The list scrolls: what room there is goes to the box above it first.
        self.stack.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.notice = QWidget()
        self.notice.setLayout(row(self.offline, margins=(GAP + TIGHT, 0, GAP + TIGHT, 0), gap=0))
        layout = column(
            self.notice, self.post_box, line(), self.filters, self.busy, gap=0, margins=(0, 0, 0, 0)
        )
        layout.addWidget(self.stack, 1)
        self.setLayout(layout)

    def _wire(self) -> None:
        self.search.textChanged.connect(lambda: self._debounce.start())
        self.search.returnPressed.connect(self._to_list)
        self._debounce.timeout.connect(self._filter)
        self.status.currentIndexChanged.connect(self._filter)
        self.order.currentIndexChanged.connect(self._order)
        self.list.filter_wanted.connect(self.look_for)
        self.list.customContextMenuRequested.connect(self._menu_at)
        for change in (self.proxy.rowsInserted, self.proxy.rowsRemoved, self.proxy.modelReset):
            change.connect(self.show_what_there_is)

    def restore(self, text: str, status: str, order: str) -> None:
        """The filter and the order of last time."""
        self.order.setCurrentIndex(max(0, self.order.findData(ordering_called(order).name)))
        self.status.setCurrentIndex(max(0, self.status.findData(status)))
        self.search.setText(text)
        self._order()
        self._filter()

    def look_for(self) -> None:
        """Puts the keyboard into the search field."""
        self.filters.show()
        self.search.setFocus()
        self.search.selectAll()

    def clear_filter(self) -> None:
        self.search.clear()
        self.status.setCurrentIndex(0)
        self._filter()

    def show_loading(self) -> None:
        self.busy.start("Reading the tasks")
        if not self._model.rowCount():
            self.state.show_state(
                "clock", "Reading the tasks", "They come from the database on this machine."
            )
            self.stack.setCurrentWidget(self.state)

    def show_fault(self, words: str) -> None:
        self.busy.finish()
        self.state.show_state(
            "bad", "The tasks can't be read", words, (("Try again", self._retry),), tone="bad"
        )
        self.stack.setCurrentWidget(self.state)

    def show_loaded(self) -> None:
        self.busy.finish()
        self.show_what_there_is()

    def show_what_there_is(self) -> None:
        """The list, or in words why it is empty."""
        if self.busy.busy and not self.proxy.rowCount():
            return
        if self.proxy.rowCount():
            self.stack.setCurrentWidget(self.list)
            return
        if self._model.rowCount():
            self.state.show_state(
                "search",
                "No task matches",
                "Other words, or another status, may find it.",
                (("Show all tasks", self.clear_filter),),
            )
        else:
            self.state.show_state(
                "tasks",
                "No tasks yet",
                "Post one above: the agents bid for it, the winner does it, and every step shows here.",
                (("Write a task", self.post_box.edit.setFocus),),
            )
        self.stack.setCurrentWidget(self.state)

    def choose(self, task_id: str) -> bool:
        """Selects the task's row, where the filter shows it."""
        index = self.proxy.mapFromSource(self._model.index_of(task_id))
        if not index.isValid():
            return False
        self.list.setCurrentIndex(index)
        self.list.scrollTo(index)
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        """On a low dock the filters go first (the / key brings them back), then the notice; never the box."""
        self.post_box.edit.show_at_most(max(1, min(_MOST_LINES, self.height() // _HEIGHT_PER_LINE)))
        row_height = self.list.itemDelegate().sizeHint(QStyleOptionViewItem(), QModelIndex()).height()
        room = self.height() - self.post_box.sizeHint().height() - 1
        in_use = self.search.hasFocus() or bool(self.search.text()) or self.status.currentIndex() > 0
        self._show(self.notice, room - self.notice.sizeHint().height() >= row_height)
        room -= 0 if self.notice.isHidden() else self.notice.sizeHint().height()
        self._show(self.filters, in_use or room - self.filters.sizeHint().height() >= 2 * row_height)

    @staticmethod
    def _show(part: QWidget, shown: bool) -> None:
        if part.isHidden() == shown:
            part.setVisible(shown)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search.hasFocus():
            self.search.clear() if self.search.text() else self.list.setFocus()
            return
        super().keyPressEvent(event)

    def _to_list(self) -> None:
        self._filter()
        self.list.setFocus()
        if not self.list.currentIndex().isValid():
            self.list.setCurrentIndex(self.proxy.index(0, Column.TASK))

    def _filter(self) -> None:
        self._debounce.stop()
        text, status = self.search.text(), str(self.status.currentData())
        self.proxy.show_only(text, status)
        self.show_what_there_is()
        self.filter_changed.emit(text, status)

    def _order(self) -> None:
        ordering = ordering_called(str(self.order.currentData()))
        descending = Qt.SortOrder.DescendingOrder if ordering.descending else Qt.SortOrder.AscendingOrder
        self.proxy.sort(ordering.column, descending)
        self.order_changed.emit(ordering.name)

    def _menu_at(self, point: QPoint) -> None:
        view = self.list.indexAt(point).data(VIEW_ROLE)
        if isinstance(view, TaskView):
            self.menu_requested.emit(view.id, self.list.viewport().mapToGlobal(point))
