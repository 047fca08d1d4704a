"""One event whole: what it is, where it leads, and its data as a tree that can be copied and filtered by."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from timmy_desktop.gui.panels.events.columns import Names
from timmy_desktop.gui.panels.events.delegate import TONES
from timmy_desktop.gui.panels.events.relations import Relation, relations_of
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.copyable_id import CopyableId
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.parts import button, glyph_button, label, row, selectable
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.wording import exact_time, relative_time, size
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.storage.event_filter import Condition, severity_of
from timmy_desktop.storage.event_rows import LogRow

_LONGEST_VALUE = 4_000
_MOST_NODES = 400
_VALUE = Qt.ItemDataRole.UserRole
_PATH = Qt.ItemDataRole.UserRole + 1


class DetailView(QWidget):
    """Shows a row; tells where the person wants to go from it."""

    related = Signal(object)
    """A Relation."""
    condition_wanted = Signal(object)
    """A Condition."""
    closed = Signal()

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names
        self.row: LogRow | None = None
        self.relations: list[Relation] = []
        self._nodes = 0
        self._build()

    def show_row(self, shown: LogRow | None, kin: Sequence[LogRow] = ()) -> None:
        """Another event, and others of its task that lead on; None for none."""
        self.row = shown
        if shown is None:
            self._pages.setCurrentWidget(self._empty)
            return
        self._type.setText(inert_line(shown.type, 80))
        severity = severity_of(shown.type)
        self._pill.show_status(severity, TONES[severity])
        self._when.setText(f"{exact_time(shown.time_us)} · {relative_time(shown.time_us)}")
        self._number.setText(f"Event {shown.seq:,} · version {shown.version} · {size(shown.size)}")
        self._hash.show_id(shown.hash.hex(), short=f"hash {shown.hash.hex()[:10]}")
        self.relations = relations_of(shown, self._names, kin)
        self._show_relations(self.relations)
        self._show_data(shown)
        self._pages.setCurrentWidget(self._body)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 80)

    # Building

    def _build(self) -> None:
        self._type, self._pill = selectable(label(strong=True)), Pill()
        self._when, self._number = label(tone="muted", size="small"), label(tone="muted", size="small")
        self._hash = CopyableId(what="hash")
        self._links = QWidget()
        self._flow = FlowLayout(gap=TIGHT)
        self._links.setLayout(self._flow)
        self.tree = _tree()
        self.tree.customContextMenuRequested.connect(self._offer)
        self._empty = EmptyState("events", "No event chosen", "Choose a row to see all of it.")
        close = glyph_button("close", "Hide the details", self.closed.emit, side=24)
        copy = glyph_button("copy", "Copy this event as JSON", self._copy, side=24)
        self._body = QWidget()
        layout = QVBoxLayout(self._body)
        layout.setContentsMargins(GAP + TIGHT, GAP, GAP, GAP)
        layout.setSpacing(TIGHT)
        layout.addLayout(row(self._type, self._pill, None, copy, close, gap=GAP))
        layout.addWidget(self._when)
        layout.addLayout(row(self._number, self._hash, None, gap=TIGHT))
        layout.addWidget(self._links)
        layout.addWidget(self.tree, 1)
        self._pages = QStackedWidget()
        for page in (self._empty, self._body):
            self._pages.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def _show_relations(self, relations: list[Relation]) -> None:
        while (item := self._flow.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.setParent(None)
                old.deleteLater()
        for one in relations:
            made = button(one.words, partial(self.related.emit, one), variant="quiet", glyph=one.glyph)
            self._flow.addWidget(made)
        self._links.setVisible(bool(relations))
        self._links.updateGeometry()

    def _show_data(self, shown: LogRow) -> None:
        self.tree.clear()
        self._nodes = 0
        envelope = {"source": shown.source, "task": shown.task_id, "agent": shown.agent_id}
        for name, value in envelope.items():
            if value:
                item = self._node(self.tree.invisibleRootItem(), name, value, "")
                item.setData(0, _PATH, f"@{name}")
        self._fill(self.tree.invisibleRootItem(), shown.values(), "")
        self.tree.expandToDepth(1)

    def _fill(self, parent: QTreeWidgetItem, values: dict[str, Any] | list[Any], path: str) -> None:
        pairs = values.items() if isinstance(values, dict) else enumerate(values)
        for name, value in pairs:
            if self._nodes >= _MOST_NODES:
                self._node(parent, "…", "more is in the copy", "")
                return
            # Only what stands in objects can be asked for by its path.
            below = f"{path}.{name}" if path else str(name)
            item = self._node(parent, str(name), value, below if isinstance(values, dict) else "")
            if isinstance(value, dict | list):
                self._fill(item, value, below)

    def _node(self, parent: QTreeWidgetItem, name: str, value: Any, path: str) -> QTreeWidgetItem:
        self._nodes += 1
        item = QTreeWidgetItem(parent, [inert_line(name, 80), _shown(value)])
        item.setData(0, _VALUE, value)
        item.setData(0, _PATH, path)
        item.setForeground(0, Theme.current().color("muted"))
        item.setToolTip(1, inert(_shown(value)[:1000]))
        return item

    # What the person does

    def _copy(self) -> None:
        from timmy_desktop.storage.event_export import json_line

        if self.row is not None:
            QGuiApplication.clipboard().setText(json_line(self.row))

    def _offer(self, point: QPoint) -> None:
        item: QTreeWidgetItem | None = self.tree.itemAt(point)
        if item is None:
            return
        menu = self.menu_for(item)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.tree.viewport().mapToGlobal(point))

    def menu_for(self, item: QTreeWidgetItem) -> QMenu:
        """Copy the value; only, or not, events that have it."""
        menu, value, path = QMenu(self), item.data(0, _VALUE), str(item.data(0, _PATH) or "")
        menu.addAction("Copy the value", lambda: QGuiApplication.clipboard().setText(str(value)))
        if path and not isinstance(value, dict | list):
            for include, words in (
                (True, "Only events with this value"),
                (False, "Not events with this value"),
            ):
                condition = _condition(path, value, include)
                menu.addAction(words, partial(self.condition_wanted.emit, condition))
        return menu


def _condition(path: str, value: Any, include: bool) -> Condition:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if path == "@source":
        return Condition("source", text, include)
    if path in ("@task", "@agent"):
        return Condition("task" if path == "@task" else "agent", text, include)
    return Condition("value", text, include, path)


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{len(value)} fields"
    if isinstance(value, list):
        return f"{len(value)} entries"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    text = str(value)
    cut = f"… ({len(text):,} characters; the rest is in the copy)" if len(text) > _LONGEST_VALUE else ""
    return inert(text[:_LONGEST_VALUE]) + cut


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setColumnCount(2)
    tree.setHeaderHidden(True)
    tree.setAccessibleName("Data of the event")
    tree.setWordWrap(True)
    tree.setIndentation(12)
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(False)
    tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
    tree.header().setStretchLastSection(True)
    tree.setFont(Theme.current().font("small"))
    return tree
