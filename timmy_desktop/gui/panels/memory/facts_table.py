"""The table of facts: proposed ones carry their two buttons in the row, and every key says what it does."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panels.memory.facts_model import FACT_ROLE, Column, FactRow, FactsModel
from timmy_desktop.gui.panels.memory.memory_list import KEYS
from timmy_desktop.gui.panels.memory.rows import Row
from timmy_desktop.gui.panels.memory.table import set_up_table
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.pill import paint_pill, pill_height, pill_width

_Index = QModelIndex | QPersistentModelIndex
_BUTTON, _WORDS = 24, "Proposed"


class FactDelegate(QStyledItemDelegate):
    """Paints the pill, the nod and the refusal of a proposed fact."""

    nodded = Signal(str, str)
    """`accept` or `reject`, and the entry's identifier."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        fact = index.data(FACT_ROLE)
        if index.column() != Column.FACT or not isinstance(fact, FactRow) or not fact.row.is_proposed:
            super().paint(painter, option, index)
            return
        theme = Theme.current()
        ground = "selection" if option.state & option.state.State_Selected else ""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(option.rect, theme.color(ground) if ground else theme.tint("warn", 0.06))
        width, height = pill_width(_WORDS), pill_height()
        box = option.rect.adjusted(TIGHT, 0, -TIGHT, 0)
        top = box.center().y() - height / 2 + 1
        paint_pill(painter, QRectF(box.left(), top, width, height), _WORDS, "warn")
        accept, reject = button_places(option.rect)
        for place, glyph, role in ((accept, "check", "good"), (reject, "close", "bad")):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.tint(role, 0.16))
            painter.drawRoundedRect(place, 5, 5)
            paint_glyph(painter, glyph, place.adjusted(4, 4, -4, -4), theme.color(role))
        words = QRect(
            box.left() + width + GAP, box.top(), accept.left() - box.left() - width - 2 * GAP, box.height()
        )
        painter.setFont(theme.font())
        painter.setPen(theme.color("text"))
        shown = QFontMetrics(theme.font()).elidedText(
            fact.row.text, Qt.TextElideMode.ElideRight, words.width()
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    def editorEvent(self, event: QEvent, model: object, option: QStyleOptionViewItem, index: _Index) -> bool:
        fact = index.data(FACT_ROLE)
        pressed = event.type() in (QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick)
        if (
            pressed
            and isinstance(event, QMouseEvent)
            and index.column() == Column.FACT
            and isinstance(fact, FactRow)
            and fact.row.is_proposed
        ):
            for place, name in zip(button_places(option.rect), ("accept", "reject"), strict=True):
                if place.contains(event.position().toPoint()):
                    if event.type() == QEvent.Type.MouseButtonRelease:
                        self.nodded.emit(name, fact.id)
                    return True
        return super().editorEvent(event, model, option, index)  # type: ignore[arg-type]

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:  # noqa: ARG002
        made = QLineEdit(parent)
        made.setAccessibleName("Text of the fact")
        made.setFrame(False)
        made.setStyleSheet("padding: 0 4px; border-radius: 0;")
        return made


def button_places(cell: QRect) -> tuple[QRect, QRect]:
    """Where accept and reject stand in a cell."""
    top = cell.center().y() - _BUTTON // 2 + 1
    reject = QRect(cell.right() - _BUTTON - TIGHT, top, _BUTTON, _BUTTON)
    return reject.translated(-_BUTTON - TIGHT, 0), reject


class FactsTable(QTableView):
    """Return opens, F2 edits in place, A accepts, R rejects, P pins, Delete forgets."""

    open_requested = Signal(str)
    current_changed = Signal(str)
    act_requested = Signal(str)
    nodded = Signal(str, str)
    menu_requested = Signal(QPoint)

    def __init__(self, model: FactsModel) -> None:
        super().__init__()
        self.facts = model
        self.setModel(model)
        set_up_table(self, "Facts", Column.FACT)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        delegate = FactDelegate(self)
        delegate.nodded.connect(self.nodded)
        self.setItemDelegate(delegate)
        self.verticalHeader().setDefaultSectionSize(34)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(
            lambda point: self.menu_requested.emit(self.viewport().mapToGlobal(point))
        )
        self.clicked.connect(self._clicked)
        self.selectionModel().currentRowChanged.connect(self._current_changed)

    @property
    def chosen(self) -> list[Row]:
        """The chosen facts, else the one under the cursor."""
        places = sorted({index.row() for index in self.selectedIndexes()})
        if not places and self.currentIndex().isValid():
            places = [self.currentIndex().row()]
        return [self.facts.rows[place].row for place in places if place < len(self.facts.rows)]

    def choose_place(self, place: int) -> None:
        """Puts the cursor on a row, or on the last."""
        if self.facts.rows:
            self.setCurrentIndex(self.facts.index(min(max(place, 0), len(self.facts.rows) - 1), Column.FACT))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
        editing = self.state() == QAbstractItemView.State.EditingState
        if editing or not plain or not self.chosen:
            if event.matches(QKeySequence.StandardKey.Copy) and self.chosen:
                QGuiApplication.clipboard().setText("\n".join(row.text for row in self.chosen))
                return
            super().keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_requested.emit(self.chosen[0].id)
        elif event.key() == Qt.Key.Key_F2 or event.key() == Qt.Key.Key_E:
            self._edit()
        elif event.key() in KEYS:
            self.act_requested.emit(KEYS[event.key()])
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 70)

    def _edit(self) -> None:
        index = self.currentIndex().siblingAtColumn(Column.FACT)
        if self.facts.flags(index) & Qt.ItemFlag.ItemIsEditable:
            self.setCurrentIndex(index)
            self.edit(index)
        else:
            self.act_requested.emit("edit")

    def _current_changed(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self.current_changed.emit(self.facts.rows[current.row()].id)

    def _clicked(self, index: QModelIndex) -> None:
        if len({one.row() for one in self.selectedIndexes()}) == 1:
            self.open_requested.emit(self.facts.rows[index.row()].id)
