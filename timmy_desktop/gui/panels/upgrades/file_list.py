"""The files of a diff as a tree: folders and names, counts, what happened, and whether each was seen."""

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
from timmy_desktop.gui.panels.upgrades.file_tree import TreeRow, tree_rows
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.diff_view.document import DiffDocument
from timmy_desktop.gui.widgets.diff_view.notes import status_word
from timmy_desktop.gui.widgets.two_line_rows import left_words, paint_ground, quiet_list, right_words
from timmy_desktop.gui.wording import count
from timmy_desktop.inert import inert_line

FILE_ROLE = Qt.ItemDataRole.UserRole
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
_MARK, _INDENT = 14, 12
_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class FilesModel(QAbstractListModel):
    """Follows a document, a line for each folder and file; `refresh` when one was seen or left out."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document: DiffDocument | None = None
        self.rows: list[TreeRow] = []
        self._folded: set[str] = set()

    @property
    def count(self) -> int:
        """Of files."""
        return 0 if self.document is None else len(self.document.reading.diff.files)

    def show_document(self, document: DiffDocument | None) -> None:
        self.beginResetModel()
        self.document = document
        self._folded.clear()
        self._lay_out()
        self.endResetModel()

    def fold(self, row: int, folded: bool) -> None:
        """Hides or shows what is beneath a folder."""
        place = self.rows[row]
        if place.file < 0 and folded != (place.path in self._folded):
            self.beginResetModel()
            (self._folded.add if folded else self._folded.discard)(place.path)
            self._lay_out()
            self.endResetModel()

    def is_folded(self, row: int) -> bool:
        return self.rows[row].path in self._folded

    def row_of(self, file: int) -> int:
        """The line of a file, or of the folded folder that it is in; -1 for none."""
        return next((row for row, place in enumerate(self.rows) if self._stands_for(row, place, file)), -1)

    def above(self, row: int) -> int:
        """The folder that a line is in; -1 for none."""
        depth = self.rows[row].depth
        return next((place for place in range(row - 1, -1, -1) if self.rows[place].depth < depth), -1)

    def refresh(self) -> None:
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 0))

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.document is None or not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == FILE_ROLE:
            return row.file
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return inert_line(row.path, 400)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return spoken(self.document, row)
        return None

    def _stands_for(self, row: int, place: TreeRow, file: int) -> bool:
        return place.file == file or (place.file < 0 and self.is_folded(row) and file in place.files)

    def _lay_out(self) -> None:
        files = self.document.reading.diff.files if self.document is not None else ()
        self.rows = tree_rows([change.path for change in files], self._folded)


def counts(document: DiffDocument, row: TreeRow) -> tuple[int, int, int, int]:
    """Of a file, or of all files of a folder: lines added, removed, hunks left out, files seen."""
    changes = [document.reading.diff.files[file] for file in row.files]
    within = set(row.files)
    return (
        sum(change.added for change in changes),
        sum(change.removed for change in changes),
        sum(file in within for file, _ in document.left_out),
        sum(document.files[file].seen for file in row.files),
    )


def spoken(document: DiffDocument, row: TreeRow) -> str:
    """A line as a screen reader says it."""
    added, removed, out, seen = counts(document, row)
    parts = [inert_line(row.path, 400)]
    if row.file < 0:
        parts += [f"folder of {count(len(row.files), 'file')}", f"{seen} seen"]
    else:
        parts += [status_word(document.reading.diff.files[row.file]), "seen" if seen else "not seen yet"]
    parts += [f"{added} added, {removed} removed", f"{count(out, 'hunk')} left out" if out else ""]
    return ", ".join(part for part in parts if part)


class FileDelegate(QStyledItemDelegate):
    """Mark and name at the left; what happened and the counts at the right."""

    def __init__(self, model: FilesModel) -> None:
        super().__init__(model)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: ARG002
        return QSize(120, QFontMetrics(Theme.current().font()).height() + GAP + TIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        document, row = self._model.document, index.data(ROW_ROLE)
        if document is None or row is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        indent = min(row.depth, 8) * _INDENT
        box = option.rect.adjusted(GAP + TIGHT + indent, 0, -GAP - TIGHT, 0)
        mark = QRect(box.left(), box.center().y() - _MARK // 2 + 1, _MARK, _MARK)
        box = box.adjusted(_MARK + GAP, 0, 0, 0)
        paint = self._paint_folder if row.file < 0 else self._paint_file
        paint(painter, mark, box, document, row, index.row())
        painter.restore()

    def _paint_folder(
        self, painter: QPainter, mark: QRect, box: QRect, document: DiffDocument, row: TreeRow, place: int
    ) -> None:
        folded = self._model.is_folded(place)
        added, removed, out, seen = counts(document, row)
        paint_glyph(painter, "right" if folded else "down", mark, Theme.current().color("muted"))
        is_seen = seen == len(row.files)
        box = right_words(painter, box, f"{seen} of {len(row.files)} seen", "good" if is_seen else "muted")
        if folded:
            box = _counted(painter, box, added, removed, out)
        left_words(painter, box, inert_line(row.name, 200), "muted")

    def _paint_file(
        self, painter: QPainter, mark: QRect, box: QRect, document: DiffDocument, row: TreeRow, _: int
    ) -> None:
        theme, change = Theme.current(), document.reading.diff.files[row.file]
        added, removed, out, seen = counts(document, row)
        glyph, role = ("check", "good") if seen else ("document", "muted")
        if document.reading.odd[row.file] and not seen:
            glyph = role = "warn"
        paint_glyph(painter, glyph, mark, theme.color(role))
        box = _counted(painter, box, added, removed, out)
        box = right_words(painter, box, status_word(change), "accent")
        left_words(painter, box, inert_line(row.name, 200), "muted" if seen else "text")


def _counted(painter: QPainter, box: QRect, added: int, removed: int, out: int) -> QRect:
    box = right_words(painter, box, f"−{removed:,}" if removed else "", "bad")
    box = right_words(painter, box, f"+{added:,}" if added else "", "good")
    return right_words(painter, box, f"{out} left out" if out else "", "warn")


class FileList(QListView):
    """Enter and a click go to the file, or fold a folder; Space marks a file as seen."""

    file_wanted = Signal(int)
    seen_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.files = FilesModel(self)
        quiet_list(self, "Files")
        self.setModel(self.files)
        self.setItemDelegate(FileDelegate(self.files))
        self.clicked.connect(lambda index: self._enter(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, key = self.currentIndex().row(), event.key()
        if row < 0 or event.modifiers():
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._enter(row)
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_S) and self.files.rows[row].file >= 0:
            self.seen_wanted.emit(self.files.rows[row].file)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._fold(row, key == Qt.Key.Key_Left)
        else:
            super().keyPressEvent(event)

    def show_current(self, file: int) -> None:
        """The view is in this file now."""
        if (row := self.files.row_of(file)) >= 0:
            self.setCurrentIndex(self.files.index(row, 0))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def _enter(self, row: int) -> None:
        place = self.files.rows[row]
        if place.file >= 0:
            self.file_wanted.emit(place.file)
        else:
            self._fold(row, not self.files.is_folded(row))

    def _fold(self, row: int, folded: bool) -> None:
        """Left folds a folder, and leads from what is in one to it; Right opens one."""
        place = self.files.rows[row]
        if folded and (place.file >= 0 or self.files.is_folded(row)):
            row = max(self.files.above(row), 0) if place.depth else row
        elif place.file < 0:
            self.files.fold(row, folded)
        self.setCurrentIndex(self.files.index(row, 0))
