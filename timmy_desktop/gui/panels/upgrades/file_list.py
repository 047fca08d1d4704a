"""The files of a diff in a list: folder and name, counts, what happened, and whether each was seen."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyledItemDelegate, QStyleOptionViewItem

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.theme import GAP, HAIR, TIGHT, Theme
from timmy_desktop.gui.widgets.diff_view.document import DiffDocument
from timmy_desktop.gui.widgets.diff_view.notes import status_word
from timmy_desktop.gui.widgets.two_line_rows import left_words, paint_ground, quiet_list, right_words
from timmy_desktop.inert import inert_line

FILE_ROLE = Qt.ItemDataRole.UserRole
_MARK = 14
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class FilesModel(QAbstractListModel):
    """Follows a document; `refresh` when a file was seen or left out."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document: DiffDocument | None = None

    def show_document(self, document: DiffDocument | None) -> None:
        self.beginResetModel()
        self.document = document
        self.endResetModel()

    def refresh(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 0))

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() or self.document is None else len(self.document.reading.diff.files)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.document is None or not index.isValid() or index.row() >= self.rowCount():
            return None
        change = self.document.reading.diff.files[index.row()]
        if role == FILE_ROLE:
            return index.row()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return inert_line(change.path, 400)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(index.row())
        return None

    def _spoken(self, file: int) -> str:
        assert self.document is not None  # noqa: S101 - a row exists
        change = self.document.reading.diff.files[file]
        parts = [
            inert_line(change.path, 400),
            status_word(change),
            f"{change.added} added, {change.removed} removed",
        ]
        parts.append("seen" if self.document.files[file].seen else "not seen yet")
        return ", ".join(part for part in parts if part)


class FileDelegate(QStyledItemDelegate):
    """A line for the name, a smaller one for the folder and the counts."""

    def __init__(self, model: FilesModel) -> None:
        super().__init__(model)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        theme = Theme.current()
        lines = QFontMetrics(theme.font()).height() + QFontMetrics(theme.font("small")).height()
        return QSize(120, lines + HAIR + GAP + TIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        document = self._model.document
        if document is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        self._paint(
            painter,
            option.rect.adjusted(GAP + TIGHT, TIGHT + 2, -GAP - TIGHT, -TIGHT - 2),
            document,
            index.row(),
        )
        painter.restore()

    def _paint(self, painter: QPainter, box: QRect, document: DiffDocument, file: int) -> None:
        theme, change, opening = Theme.current(), document.reading.diff.files[file], document.files[file]
        body, small = QFontMetrics(theme.font()), QFontMetrics(theme.font("small"))
        mark = QRect(box.left(), box.top() + (body.height() - _MARK) // 2, _MARK, _MARK)
        if opening.seen:
            paint_glyph(painter, "check", mark, theme.color("good"))
        elif document.reading.odd[file]:
            paint_glyph(painter, "warn", mark, theme.color("warn"))
        else:
            paint_glyph(painter, "document", mark, theme.color("muted"))
        box = box.adjusted(_MARK + GAP, 0, 0, 0)
        folder, _, name = inert_line(change.path, 400).rpartition("/")
        first = QRect(box.left(), box.top(), box.width(), body.height())
        second = QRect(box.left(), first.bottom() + 1 + HAIR, box.width(), small.height())
        left_words(
            painter,
            right_words(painter, first, status_word(change), "accent"),
            name,
            "muted" if opening.seen else "text",
        )
        left = right_words(painter, second, f"−{change.removed:,}" if change.removed else "", "bad")
        left = right_words(painter, left, f"+{change.added:,}" if change.added else "", "good")
        out = sum(left_file == file for left_file, _ in document.left_out)
        left_words(
            painter, left, f"{out} left out" if out else folder, "warn" if out else "muted", small=True
        )


class FileList(QListView):
    """Enter and a click go to the file; Space marks it as seen."""

    file_wanted = Signal(int)
    seen_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.files = FilesModel(self)
        quiet_list(self, "Files")
        self.setModel(self.files)
        self.setItemDelegate(FileDelegate(self.files))
        self.clicked.connect(lambda index: self.file_wanted.emit(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        plain = not event.modifiers()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0 and plain:
            self.file_wanted.emit(row)
        elif event.key() in (Qt.Key.Key_Space, Qt.Key.Key_S) and row >= 0 and plain:
            self.seen_wanted.emit(row)
        else:
            super().keyPressEvent(event)

    def show_current(self, file: int) -> None:
        """The view is in this file now."""
        if 0 <= file < self.files.rowCount():
            self.setCurrentIndex(self.files.index(file, 0))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)
