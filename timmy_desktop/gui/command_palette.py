"""Ctrl+K: every action of the window by a few letters of its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QGraphicsDropShadowEffect,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from timmy_desktop.gui.fuzzy import ranked
from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.theme import GAP, RADIUS, ROOM, Theme
from timmy_desktop.gui.widgets.parts import card, label, line
from timmy_desktop.inert import inert_line

_WIDTH, _ROWS, _ROW_HEIGHT = 600, 9, 36

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the palette. `group` is said at the right, with the shortcut where there is one."""

    title: str
    run: Callable[[], object]
    group: str = ""
    shortcut: str = ""
    glyph: str = "right"
    also: str = ""
    """Other words that people look for it by."""

    @property
    def searched(self) -> str:
        return f"{self.title} {self.also}"


class CommandModel(QAbstractListModel):
    """The commands that answer what was typed, best first."""

    def __init__(self, commands: Sequence[Command], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._commands = commands
        self._shown = list(range(len(commands)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        command = self.command(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return inert_line(command.title, 120)
        return command if role == Qt.ItemDataRole.UserRole else None

    def command(self, row: int) -> Command:
        """The command in this row."""
        return self._commands[self._shown[row]]

    def filter(self, query: str) -> None:
        """Shows what answers `query`."""
        self.beginResetModel()
        self._shown = ranked(query, [command.searched for command in self._commands])
        self.endResetModel()


class CommandPalette(QWidget):
    """Lies over the window, in it and not above it: a window of its own can't be placed on Wayland, and
    has no soft edge where nothing composes. Closes on Escape, on a choice, and on a click beside it.
    """

    def __init__(self, commands: Sequence[Command], window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Command palette")
        self._before = QApplication.focusWidget()
        self.model = CommandModel(commands, self)
        self.field = QLineEdit(placeholderText="Type what you want to do")
        self.field.setProperty("variant", "bare")
        self.field.setAccessibleName("Type what you want to do")
        self.field.textChanged.connect(self._filter)
        self.field.installEventFilter(self)
        self._list = QListView()
        self._list.setModel(self.model)
        self._list.setItemDelegate(_CommandDelegate(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setAccessibleName("Commands")
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setMouseTracking(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.clicked.connect(lambda index: self._run(index.row()))
        self._nothing = label("Nothing by that name. Try fewer letters.", tone="muted")
        self._nothing.setContentsMargins(ROOM, GAP, ROOM, ROOM)
        self._frame: QFrame = card()
        self._compose()
        window.installEventFilter(self)

    def _compose(self) -> None:
        shadow = QGraphicsDropShadowEffect(self._frame)
        shadow.setBlurRadius(48)
        shadow.setOffset(0, 12)
        shadow.setColor(QColor(0, 0, 0, 130))
        self._frame.setGraphicsEffect(shadow)
        inner = QVBoxLayout(self._frame)
        inner.setContentsMargins(1, 1, 1, 6)
        inner.setSpacing(0)
        self.field.setFixedHeight(48)
        self.field.setTextMargins(ROOM, 0, ROOM, 0)
        inner.addWidget(self.field)
        inner.addWidget(line())
        inner.addSpacing(6)
        inner.addWidget(self._list)
        inner.addWidget(self._nothing)
        self._frame.setParent(self)

    def open(self) -> None:
        """Shows the palette in the upper middle of its window."""
        self._filter("")
        self.show()
        self.raise_()
        self.field.setFocus()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        QPainter(self).fillRect(self.rect(), QColor(0, 0, 0, 70 if Theme.current().is_dark else 30))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._frame.geometry().contains(event.position().toPoint()):
            self.leave()

    def leave(self) -> None:
        """Closes, and gives the keyboard back to where it was."""
        self.close()
        if self._before is not None and isValid(self._before):
            self._before.setFocus()

    def _place(self) -> None:
        window = self.window()
        self.setGeometry(window.rect())
        self._frame.setFixedWidth(min(_WIDTH, window.width() - 2 * ROOM))
        self._frame.adjustSize()
        self._frame.move((self.width() - self._frame.width()) // 2, max(40, self.height() // 8))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event.key())
        if watched is self.parent() and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _key(self, key: int) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: _ROWS, Qt.Key.Key_PageUp: -_ROWS}
        rows = self.model.rowCount()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self._list.currentIndex().row())
            return True
        if key == Qt.Key.Key_Escape:
            self.leave()
            return True
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            return True
        if key in steps and rows:
            row = self._list.currentIndex().row() + steps[Qt.Key(key)]
            row = row % rows if abs(steps[Qt.Key(key)]) == 1 else max(0, min(rows - 1, row))
            self._list.setCurrentIndex(self.model.index(row))
            return True
        return False

    def _filter(self, query: str) -> None:
        self.model.filter(query)
        rows = self.model.rowCount()
        self._list.setVisible(rows > 0)
        self._nothing.setVisible(rows == 0)
        self._list.setFixedHeight(min(rows, _ROWS) * _ROW_HEIGHT + 2)
        if rows:
            self._list.setCurrentIndex(self.model.index(0))
        self._place()

    def _run(self, row: int) -> None:
        if 0 <= row < self.model.rowCount():
            command = self.model.command(row)
            self.leave()
            command.run()


class _CommandDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(100, _ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme, command = Theme.current(), index.data(Qt.ItemDataRole.UserRole)
        rect: QRect = option.rect.adjusted(8, 1, -8, -1)
        state = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("selection" if chosen else "hover"))
            painter.drawRoundedRect(rect, RADIUS - 2, RADIUS - 2)
        middle = rect.center().y()
        paint_glyph(painter, command.glyph, QRect(rect.left() + 10, middle - 7, 16, 16), theme.color("muted"))
        aside = command.shortcut or command.group
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        right = rect.adjusted(0, 0, -12, 0)
        painter.drawText(right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, aside)
        taken = painter.fontMetrics().horizontalAdvance(aside) + 24
        painter.setFont(theme.font())
        painter.setPen(theme.color("text"))
        words = rect.adjusted(38, 0, -taken, 0)
        text = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideMiddle, words.width()
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()
