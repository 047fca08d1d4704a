"""The live feed: follows at the top, holds still while one reads further down, filters, copies, pauses."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStackedLayout,
    QTableView,
    QToolButton,
    QWidget,
)

from timmy_desktop.events.agents import AgentJoined
from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.bridge import Bus, EventBridge
from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panel import OpenTask, Panel
from timmy_desktop.gui.panels.activity.delegate import ActivityDelegate
from timmy_desktop.gui.panels.activity.model import CAPACITY, ActivityModel, Filter
from timmy_desktop.gui.panels.activity.sentences import Names
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.busy_bar import BusyBar
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import button, column, glyph_button, row
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.gui.wording import count
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_query import latest_events
from timmy_desktop.supervisor import TaskSupervisor

_PAGE = 300
# Some twenty rows are on screen: of a flood, more than this at once would be work that nobody sees.
_MOST_AT_ONCE = 300
_FILTER_DELAY_MS = 150
_CHIPS = (
    ("tasks", "Tasks"),
    ("agents", "Agents"),
    ("money", "Sats"),
    ("models", "Models"),
    ("memory", "Memory"),
    ("system", "System"),
)


class ActivityPanel(Panel):
    """Fed by a bridge of its own; older rows come from the log by key."""

    def __init__(self, bus: Bus, database: Database, supervisor: TaskSupervisor, names: Names) -> None:
        super().__init__()
        self._database = database
        self._tasks = SlotTasks.of(self, supervisor, "activity")
        self._names = dict(names)
        self.model = ActivityModel(self._names, self)
        self._waiting: deque[EventRecord] = deque(maxlen=CAPACITY)
        self._folded, self._loaded, self._at_the_end = 0, False, False
        self._build()
        self.bridge = EventBridge(bus, self, batch=_MOST_AT_ONCE)
        self.bridge.batch_ready.connect(self._take)
        self.bridge.folded.connect(self._fold)
        self._load_older()

    # What the window calls

    def title_tools(self) -> list[QWidget]:
        return [self.pause_button]

    def focus_first(self) -> None:
        self.list.setFocus()

    def palette_actions(self) -> list[QAction]:
        return [self._pause_action, self._clear_action]

    def settle(self) -> bool:
        return self._loaded and not self.bridge.waiting

    def stop(self) -> None:
        self.bridge.stop()
        self._tasks.stop()
        self._typing.stop()
        self._busy.finish()

    # Following

    @property
    def following(self) -> bool:
        """Whether what happens is shown at once: at the top, and not paused."""
        return not self.pause_button.isChecked() and self.list.verticalScrollBar().value() == 0

    @property
    def new_count(self) -> int:
        """Events that wait until the person comes back to the top."""
        return len(self._waiting)

    def resume(self) -> None:
        """Goes to the newest and follows from there."""
        self.pause_button.setChecked(False)
        self._release()
        self.list.scrollToTop()

    def _take(self, records: Sequence[EventRecord]) -> None:
        for record in records:
            if isinstance(record.event, AgentJoined):
                self._names[record.event.agent_id] = record.event.name
        if self.following:
            self._show_newer(records)
        else:
            self._waiting.extend(records)
            self._show_new_button()

    def _show_newer(self, records: Sequence[EventRecord]) -> None:
        self._delegate.now_us = time.time_ns() // 1000
        self.model.add_newer(records)
        self._show_state()

    def _release(self) -> None:
        if self._waiting:
            waiting = list(self._waiting)
            self._waiting.clear()
            self._show_newer(waiting)
        self._show_new_button()

    def _scrolled(self, value: int) -> None:
        bar = self.list.verticalScrollBar()
        if value == 0 and not self.pause_button.isChecked():
            self._release()
        elif value >= bar.maximum() - bar.pageStep() and not self.model.is_full:
            self._load_older()

    def _paused(self, paused: bool) -> None:
        self.pause_button.setIcon(icon("play" if paused else "pause"))
        words = "Resume the feed" if paused else "Pause the feed"
        self.pause_button.setToolTip(words)
        self.pause_button.setAccessibleName(words)
        self._pause_action.setText(words)
        if not paused and self.following:
            self._release()
        self._tick()

    def _fold(self, number: int) -> None:
        self._folded += number

    # The log

    def _load_older(self) -> None:
        if self._at_the_end or self._tasks.running("older"):
            return
        before = self.model.oldest_seq
        bound = (before,) if before else ()
        self._busy.start("Reading the log")
        read = self._database.read(lambda session: latest_events(session, _PAGE, *bound))
        self._tasks.start("older", read, self._show_older, failed=self._not_loaded)

    def _show_older(self, records: Sequence[EventRecord]) -> None:
        self._busy.finish()
        self._loaded = True
        self._at_the_end = len(records) < _PAGE
        self._delegate.now_us = time.time_ns() // 1000
        self.model.add_older(records)
        self._show_state()

    def _not_loaded(self, error: Exception) -> None:
        self._busy.finish()
        self._loaded = True
        self._empty.show_state(
            "bad", "The log can't be read", str(error), [("Try again", self._load_older)], tone="bad"
        )

    # What the person does

    def _activate(self, index: QModelIndex | QPersistentModelIndex) -> None:
        task_id = self.model.row(index).record.event.task_id
        if task_id:
            self.wished.emit(OpenTask(task_id))

    def _copy(self) -> None:
        rows = [index.row() for index in self.list.selectedIndexes()]
        if rows:
            QGuiApplication.clipboard().setText(self.model.text_of(rows))

    def _filter_now(self) -> None:
        topics = frozenset(name for name, chip in self.chips.items() if chip.isChecked())
        self.model.show_only(Filter(self.field.text().strip(), topics, self.urgent_button.isChecked()))
        self._show_state()

    def clear_filters(self) -> None:
        """Shows everything again."""
        self.field.clear()
        for chip in (*self.chips.values(), self.urgent_button):
            chip.setChecked(False)
        self._filter_now()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.list and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.matches(QKeySequence.StandardKey.Copy):
                self._copy()
                return True
            if event.key() == Qt.Key.Key_Home:
                self.resume()
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.list.currentIndex().isValid():
                self._activate(self.list.currentIndex())
                return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_new_button()

    # Showing

    def _tick(self) -> None:
        self._delegate.now_us = time.time_ns() // 1000
        self.list.viewport().update()
        folded, self._folded = self._folded, 0
        if self.pause_button.isChecked():
            self.subtitle_changed.emit("Paused")
        elif folded:
            self.subtitle_changed.emit(f"{folded:,} more were folded")
        else:
            self.subtitle_changed.emit("")

    def _show_state(self) -> None:
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.list)
            return
        if self.model.held:
            choices = [("Show everything", self.clear_filters)]
            self._empty.show_state("filter", "Nothing matches", "No event passes these filters.", choices)
        elif self._loaded:
            text = "Post a task or talk to Timmy: every step that follows appears here as it happens."
            self._empty.show_state("activity", "Nothing has happened yet", text)
        self._stack.setCurrentWidget(self._empty)

    def _show_new_button(self) -> None:
        number = len(self._waiting)
        at_most = "+" if number == self._waiting.maxlen else ""
        self.new_button.setText(f" {number:,}{at_most} new")
        self.new_button.setAccessibleName(f"Show {count(number, 'new event')}")
        self.new_button.setVisible(number > 0 and not self.pause_button.isChecked())
        self._place_new_button()

    def _place_new_button(self) -> None:
        self.new_button.adjustSize()
        left = (self.list.width() - self.new_button.width()) // 2
        self.new_button.move(left, GAP)
        self.new_button.raise_()

    # Building

    def _build(self) -> None:
        self.field = QLineEdit(placeholderText="Filter", clearButtonEnabled=True)
        self.field.setAccessibleName("Filter the activity by words")
        self.field.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.urgent_button = glyph_button(
            "warn", "Only warnings and errors", self._filter_now, checkable=True
        )
        self.pause_button = glyph_button("pause", "Pause the feed", checkable=True, side=26)
        self.chips = {name: self._chip(words) for name, words in _CHIPS}
        self.list = QTableView()
        self._delegate = ActivityDelegate(self.model, self.list)
        self._set_up_list()
        self._busy = BusyBar()
        self._empty = EmptyState("activity", "Activity", "Reading the log…")
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        self._stack.setCurrentWidget(self._empty)
        self.new_button = button("", self.resume, glyph="top", hint="Show the newest (Home)")
        self.new_button.setProperty("variant", "floating")
        self.new_button.setParent(self.list)
        self.new_button.hide()
        layout = column(gap=0, margins=(0, GAP, 0, TIGHT))
        layout.addLayout(row(self.field, self.urgent_button, margins=(12, 0, 8, GAP)))
        chips = FlowLayout(*self.chips.values(), gap=2)
        chips.setContentsMargins(12, 0, 8, GAP)
        layout.addLayout(chips)
        layout.addWidget(self._busy)
        layout.addWidget(body, 1)
        self.setLayout(layout)
        self._wire()

    def _set_up_list(self) -> None:
        # A table of one column: a list view would ask the model for each row again at every insertion.
        self.list.setModel(self.model)
        self.list.setItemDelegate(self._delegate)
        self.list.setShowGrid(False)
        self.list.setWordWrap(False)
        self.list.setTabKeyNavigation(False)
        self.list.horizontalHeader().hide()
        self.list.horizontalHeader().setStretchLastSection(True)
        self.list.verticalHeader().hide()
        self.list.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._fit_rows()
        self.list.setMouseTracking(True)
        self.list.setAccessibleName("Activity, newest first")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.installEventFilter(self)

    def _wire(self) -> None:
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_FILTER_DELAY_MS)
        self._typing.timeout.connect(self._filter_now)
        self.field.textChanged.connect(lambda _: self._typing.start())
        self._pause_action = QAction("Pause the feed", self)
        self._pause_action.triggered.connect(self.pause_button.toggle)
        self._clear_action = QAction("Clear the activity's filters", self)
        self._clear_action.triggered.connect(self.clear_filters)
        self.pause_button.toggled.connect(self._paused)
        self.list.doubleClicked.connect(self._activate)
        self.list.verticalScrollBar().valueChanged.connect(self._scrolled)
        TickWhileVisible(self.list, self._tick)
        Theme.current().changed.connect(self._fit_rows)

    def _fit_rows(self) -> None:
        self._delegate.refresh_fonts()
        self.list.verticalHeader().setMinimumSectionSize(self._delegate.height)
        self.list.verticalHeader().setDefaultSectionSize(self._delegate.height)

    def _chip(self, words: str) -> QToolButton:
        made = QToolButton()
        made.setText(words)
        made.setCheckable(True)
        made.setProperty("variant", "chip")
        made.setAccessibleName(f"Show only {words}")
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        made.toggled.connect(lambda _: self._filter_now())
        return made
