"""The diff viewer: what a person does in a diff besides reading it: fold, choose, mark as seen, comment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QMenu, QWidget

from timmy_desktop.gui.widgets.diff_view.caret import Caret, side_cell
from timmy_desktop.gui.widgets.diff_view.colouring import Colouring
from timmy_desktop.gui.widgets.diff_view.document import DiffDocument, Reading
from timmy_desktop.gui.widgets.diff_view.embedded import DraftBox
from timmy_desktop.gui.widgets.diff_view.geometry import LINE_KINDS
from timmy_desktop.gui.widgets.diff_view.heads import control_rect
from timmy_desktop.gui.widgets.diff_view.keys import ACTIONS, MOVES, press_of
from timmy_desktop.gui.widgets.diff_view.notes import is_picture
from timmy_desktop.gui.widgets.diff_view.parts import Part, PartKind, Remark
from timmy_desktop.gui.widgets.diff_view.reader import DiffReader
from timmy_desktop.upgrades.diff_folds import STEP

_DRAFT = "draft"
_ALL = 1_000_000_000


class DiffView(DiffReader):
    """Tells by signals what was decided and written; keeping it is somebody else's business."""

    pictures_wanted = Signal(int)
    """Both sides of this file; answer by `put_pictures`."""
    commented = Signal(str, int, str, str)
    """Path, line (0: the file), side, words. Answer by `end_draft`, or `draft_failed`."""
    taken_changed = Signal()
    seen_changed = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None, colouring: Colouring | None = None) -> None:
        self.make_remark: Callable[[str], QWidget] = lambda _: QWidget(self.viewport())
        self._waiting_folds: list[tuple[Part, int]] = []
        super().__init__(parent, colouring)

    # What is shown

    def show_reading(self, reading: Reading) -> None:
        """Another diff, from its top."""
        split, space = self.document.split, self.document.ignores_space
        self.document = DiffDocument(reading)
        if split or space:
            self.document.show(split=split, ignore_space=space)
        self.document.changed = self._rows_changed
        self.caret, self.found, self.hit, self._file = Caret(), None, -1, -1
        self._waiting_folds.clear()
        self._pictures.clear()
        self._embedded.keep_only(set())
        self._lines.forget()
        self.colouring.show_document(self.document)
        self.verticalScrollBar().setValue(0)
        self.horizontalScrollBar().setValue(0)
        self._measure()
        self.rows_changed.emit()
        self._tell_file()

    def put_remarks(self, remarks: Sequence[Remark]) -> None:
        """The comments to show; `make_remark` makes the widget of one, by its key."""
        keys = {remark.key for remark in remarks}
        self._embedded.keep_only(keys | {_DRAFT})
        self.document.put_remarks(remarks)

    def put_seen(self, paths: frozenset[str]) -> None:
        """Which files the person has marked as seen before."""
        for file, change in enumerate(self.document.diff.files):
            if (change.path in paths) != self.document.files[file].seen:
                self.document.show_seen(file, change.path in paths)

    def put_text(self, file: int, text: str | None) -> None:
        super().put_text(file, text)
        waiting = [fold for fold in self._waiting_folds if fold[0].file == file]
        self._waiting_folds = [fold for fold in self._waiting_folds if fold not in waiting]
        if waiting and self.document.files[file].new_lines is None:
            self._tell("The whole file can't be read.")
            return
        for part, step in waiting:
            self._open_fold(part, step)

    # Folding

    def open_row(self) -> None:
        """What Enter does where the caret is."""
        part, _ = self.document.part_at(self.caret.row)
        if part.kind is PartKind.FILE:
            self.document.collapse(part.file, not self.document.files[part.file].collapsed)
        elif part.kind in (PartKind.HUNK, PartKind.FOLD):
            self._open_fold(part, STEP)
        elif part.kind is PartKind.NOTE and is_picture(self.document.reading.diff.files[part.file]):
            self.document.show_pictures(part.file)
            self.pictures_wanted.emit(part.file)
        elif part.kind in LINE_KINDS and self.can_comment:
            self.write_comment()

    def open_all_folds(self) -> None:
        """Shows all of the file."""
        file = self.file
        for gap in range(len(self.document.gaps(file))):
            self._open_fold(Part(PartKind.HUNK, file, gap), _ALL)

    def _open_fold(self, part: Part, step: int) -> None:
        if self.document.files[part.file].new_lines is None:
            is_asked = any(other.file == part.file for other, _ in self._waiting_folds)
            self._waiting_folds.append((part, step))
            if not is_asked:
                self._ask_text(part.file, again=True)
            return
        top = 0 if part.hunk == 0 else step
        bottom = 0 if part.kind is PartKind.FOLD else step
        anchor = self.document.anchor(self.caret.row)
        self.document.open_fold(part.file, part.hunk, top, bottom)
        self.go_to(self.document.row_of(anchor))

    # Choosing

    def toggle_row(self) -> None:
        """What the check box of the row does, where it has one; else the next page."""
        part, _ = self.document.part_at(self.caret.row)
        if part.kind is PartKind.FILE and self.can_see:
            self.toggle_seen()
        elif part.kind is PartKind.HUNK and self.can_take:
            self.toggle_hunk()
        else:
            self._move("page_down", hold=False)

    def toggle_hunk(self) -> None:
        """Takes the hunk that the caret is in, or leaves it out; on a file's head all of the file."""
        if not self.can_take:
            return
        part, _ = self.document.part_at(self.caret.row)
        hunk = part.hunk if part.kind in (PartKind.HUNK, PartKind.LINES) else -1
        if part.file >= 0:
            self.document.take(part.file, hunk, not self.document.is_taken(part.file, hunk))
            self.viewport().update()
            self.taken_changed.emit()

    def toggle_seen(self) -> None:
        if self.can_see and self.document.diff.files:
            self._set_seen(self.file, not self.document.files[self.file].seen)

    def _set_seen(self, file: int, seen: bool) -> None:
        self.document.show_seen(file, seen)
        self.go_to(self.document.file_rows[file])
        self.seen_changed.emit(self.document.diff.files[file].path, seen)

    # Commenting

    def write_comment(self) -> None:
        """A box under the line; on a file's head for the file as a whole."""
        if not self.can_comment or not self.document.diff.files:
            return
        cell = side_cell(self.document, self.caret.row, self.caret.side) or self.document.cell(self.caret.row)
        self._embedded.keep_only({remark.key for remark in self.document.remarks})
        if cell is not None:
            self.document.begin_draft(cell)
        else:
            self.document.begin_draft(None, self.file)
        self._embedded.put(_DRAFT, self._make_draft).setFocus()

    def end_draft(self) -> None:
        """The comment was kept, or is not wanted."""
        self.document.begin_draft(None)
        self._embedded.keep_only({remark.key for remark in self.document.remarks})
        self.setFocus()

    def draft_failed(self) -> None:
        """The comment could not be kept; it stays to be tried again."""
        box = self._embedded.put(_DRAFT, self._make_draft)
        if isinstance(box, DraftBox):
            box.keep_failed()

    @property
    def draft_text(self) -> str:
        """What is being written and not kept."""
        box = self.findChild(DraftBox)
        return box.edit.text() if box is not None and self._is_writing else ""

    @property
    def _is_writing(self) -> bool:
        return self.document.draft is not None or self.document.draft_file >= 0

    def _make_draft(self) -> DraftBox:
        cell = self.document.draft
        about = "Comment on this file"
        if cell is not None:
            about = f"Comment on line {cell.number:,}" + (" as it was" if cell.side == "old" else "")
        box = DraftBox(about, self.viewport())
        box.kept.connect(self._keep_draft)
        box.dropped.connect(self.end_draft)
        box.resized.connect(self._rows_changed)
        box.setFocusProxy(box.edit)
        return box

    def _keep_draft(self, text: str) -> None:
        cell = self.document.draft
        file = self.document.draft_file if cell is None else cell.file
        change = self.document.reading.diff.files[file]
        side = "new" if cell is None else cell.side
        path = change.old_path if side == "old" and change.status != "added" else change.path
        self.commented.emit(path, 0 if cell is None else cell.number, side, text)

    def _widget_of(self, part: Part) -> QWidget:
        if part.kind is PartKind.DRAFT:
            return self._embedded.put(_DRAFT, self._make_draft)
        key = self.document.remarks[part.hunk].key
        return self._embedded.put(key, lambda: self.make_remark(key))

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        press = press_of(event.key(), event.modifiers(), event.text())
        shifted = bool(press[1] & Qt.KeyboardModifier.ShiftModifier)
        plain = (press[0], press[1] & ~Qt.KeyboardModifier.ShiftModifier)
        if press in ACTIONS:
            getattr(self, ACTIONS[press])()
        elif plain in MOVES:
            self._move(MOVES[plain], hold=shifted)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        # The window's shortcuts and the tab order take these keys first otherwise.
        is_asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if is_asked and press_of(event.key(), event.modifiers(), event.text()) in ACTIONS:  # type: ignore[attr-defined]
            event.accept()
            return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        for words, act, possible in (
            ("Copy", self.copy, True),
            ("Comment on this line", self.write_comment, self.can_comment),
            ("Accept or leave out this hunk", self.toggle_hunk, self.can_take),
            ("Mark the file as seen", self.toggle_seen, self.can_see),
            ("Open every fold of the file", self.open_all_folds, True),
        ):
            if possible:
                menu.addAction(words, act)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def _click(self, part: Part, row: int, point: QPoint) -> None:
        self.go_to(row)
        area = QRect(0, 0, self.viewport().width(), _ALL)
        on_control = control_rect(area).contains(point)
        if on_control and part.kind is PartKind.FILE and self.can_see:
            self._set_seen(part.file, not self.document.files[part.file].seen)
        elif on_control and part.kind is PartKind.HUNK and self.can_take:
            self.toggle_hunk()
        else:
            self.open_row()
