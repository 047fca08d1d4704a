"""The providers: how each is, and what can be done about it, by mouse, by drag and by keys."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListView, QMenu, QVBoxLayout, QWidget

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.router.provider_model import (
    PROVIDER_ROLE,
    ProviderDelegate,
    ProviderItem,
    ProvidersModel,
)
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.parts import button, glyph_button, row
from timmy_desktop.gui.widgets.two_line_rows import quiet_list

_ALT = Qt.KeyboardModifier.AltModifier


class ProviderList(QListView):
    """T tries now, Space switches off or on, Alt+Up and Alt+Down reorder, Return edits."""

    key_used = Signal(str)

    def __init__(self, model: ProvidersModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setItemDelegate(ProviderDelegate(self))
        quiet_list(self, "Providers, in the order in which they are asked")
        self.setDragDropMode(QListView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setDropIndicatorShown(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)  # what is wrong takes one line or two
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, alt = event.key(), bool(event.modifiers() & _ALT)
        wish = {Qt.Key.Key_T: "try", Qt.Key.Key_Space: "switch", Qt.Key.Key_Return: "edit"}.get(
            Qt.Key(key), ""
        )
        if alt and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            wish = "up" if key == Qt.Key.Key_Up else "down"
        if wish:
            self.key_used.emit(wish)
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 60)


class ProvidersPage(QWidget):
    """The wishes carry the provider's name; the panel does them."""

    try_requested = Signal(str)
    switch_requested = Signal(str, bool)
    order_requested = Signal(list)
    edit_requested = Signal()

    def __init__(self, model: ProvidersModel) -> None:
        super().__init__()
        self._model = model
        self._chosen = ""
        self.list = ProviderList(model)
        self.try_button = button(
            "Try now", lambda: self.act("try"), glyph="retry", hint="Ask whether it answers (T)"
        )
        self.switch_button = button(
            "Disable", lambda: self.act("switch"), hint="Leave it out, or use it again (Space)"
        )
        self.up = glyph_button("top", "Ask it earlier (Alt+Up)", lambda: self.act("up"))
        self.down = glyph_button("down", "Ask it later (Alt+Down)", lambda: self.act("down"))
        self.edit = glyph_button("gear", "Edit in Preferences (Return)", lambda: self.act("edit"))
        self.list.setStatusTip("Asked from the top down. Drag to reorder.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, TIGHT, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.list, 1)
        tools = row(
            self.try_button, self.switch_button, None, self.up, self.down, self.edit, gap=TIGHT,
            margins=(GAP + TIGHT, TIGHT, GAP + TIGHT, GAP),
        )  # fmt: skip
        layout.addLayout(tools)
        self._wire()
        self._enable()

    def choose(self, name: str) -> None:
        """Makes the row of `name` the current one."""
        if name in self._model.names:
            self.list.setCurrentIndex(self._model.index(self._model.names.index(name)))

    @property
    def current(self) -> ProviderItem | None:
        item = self.list.currentIndex().data(PROVIDER_ROLE)
        return item if isinstance(item, ProviderItem) else None

    def act(self, wish: str) -> None:
        """Does one of try, switch, up, down, edit for the chosen provider."""
        item = self.current
        if wish == "edit":
            self.edit_requested.emit()
        elif item is None:
            return
        elif wish == "try":
            self.try_requested.emit(item.name)
        elif wish == "switch":
            self.switch_requested.emit(item.name, not item.is_enabled)
        else:
            self._model.move(item.name, -1 if wish == "up" else 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(280, 120)

    def _wire(self) -> None:
        self.list.key_used.connect(self.act)
        self.list.customContextMenuRequested.connect(self._menu)
        self.list.selectionModel().currentChanged.connect(self._current_changed)
        self._model.order_wanted.connect(self.order_requested.emit)
        self._model.modelAboutToBeReset.connect(self._note_choice)
        self._model.modelReset.connect(self._restore_choice)
        self._model.dataChanged.connect(self._changed)

    def _current_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self._chosen = now.data(PROVIDER_ROLE).name
        self._enable()

    def _changed(self) -> None:
        self.list.scheduleDelayedItemsLayout()  # a row is higher while something is the matter
        self._enable()

    def _note_choice(self) -> None:
        item = self.current
        self._chosen = item.name if item is not None else self._chosen

    def _restore_choice(self) -> None:
        self.choose(self._chosen if self._chosen in self._model.names else next(iter(self._model.names), ""))
        self._enable()

    def _enable(self) -> None:
        item, names = self.current, self._model.names
        for part in (self.try_button, self.switch_button, self.up, self.down):
            part.setEnabled(item is not None)
        if item is None:
            return
        words = "Disable" if item.is_enabled else "Enable"
        self.switch_button.setText(words)
        self.switch_button.setAccessibleName(f"{words} {item.title}")
        self.try_button.setAccessibleName(f"Try {item.title} now")
        self.try_button.setEnabled(item.is_enabled)
        self.up.setEnabled(names[0] != item.name)
        self.down.setEnabled(names[-1] != item.name)

    def _menu(self, place: QPoint) -> None:
        item = self.list.indexAt(place).data(PROVIDER_ROLE)
        if not isinstance(item, ProviderItem):
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("retry"), "Try now", lambda: self.act("try")).setEnabled(item.is_enabled)
        menu.addAction("Disable" if item.is_enabled else "Enable", lambda: self.act("switch"))
        menu.addSeparator()
        menu.addAction("Ask it earlier", lambda: self.act("up"))
        menu.addAction("Ask it later", lambda: self.act("down"))
        menu.addSeparator()
        menu.addAction(icon("gear"), "Edit in Preferences…", lambda: self.act("edit"))
        menu.popup(self.list.viewport().mapToGlobal(place))
