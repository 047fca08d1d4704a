"""The diff viewer: draws the lines on screen, and lets a person move, select, fold, choose and comment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QMenu, QToolTip, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.diff_view import accessible, moving
from timmy_desktop.gui.widgets.diff_view.caret import Caret, selected_text, side_cell
from timmy_desktop.gui.widgets.diff_view.colouring import Colouring
from timmy_desktop.gui.widgets.diff_view.document import DiffDocument, Reading
from timmy_desktop.gui.widgets.diff_view.drawn_lines import DrawnLines
from timmy_desktop.gui.widgets.diff_view.embedded import DraftBox, Embedded
from timmy_desktop.gui.widgets.diff_view.finding import Found
from timmy_desktop.gui.widgets.diff_view.geometry import LINE_KINDS, Geometry, Measures
from timmy_desktop.gui.widgets.diff_view.heads import control_rect
from timmy_desktop.gui.widgets.diff_view.hints import hint_for
from timmy_desktop.gui.widgets.diff_view.keys import ACTIONS, MOVES, press_of
from timmy_desktop.gui.widgets.diff_view.look import LARGEST, SMALLEST, look
from timmy_desktop.gui.widgets.diff_view.notes import is_picture
from timmy_desktop.gui.widgets.diff_view.painter import DiffPainter, Row, Scene, visible_rows
from timmy_desktop.gui.widgets.diff_view.parts import Part, PartKind, Remark
from timmy_desktop.gui.widgets.diff_view.pictures import Picture, Pictures
from timmy_desktop.gui.widgets.diff_view.sides import Lane, lanes
from timmy_desktop.upgrades.diff import Diff
from timmy_desktop.upgrades.diff_folds import STEP

_HEAD_ROOM, _BAR_ROOM = 14, 8
_DRAFT = "draft"
_ALL = 1_000_000_000


class DiffView(QAbstractScrollArea):
    """Shows one diff at a time. What it can't know itself (whole files, pictures, comments) it asks for."""

    text_wanted = Signal(int)
    """The whole new text of this file; answer by `put_text`."""
    pictures_wanted = Signal(int)
    """Both sides of this file; answer by `put_pictures`."""
    commented = Signal(str, int, str, str)
    """Path, line (0: the file), side, words. Answer by `end_draft`, or `draft_failed`."""
    taken_changed = Signal()
    seen_changed = Signal(str, bool)
    file_changed = Signal(int)
    """The caret is in another file now."""
    find_wanted = Signal()
    go_wanted = Signal()
    mode_changed = Signal()
    """Side by side, wrapped, white space, size: one of them is not as it was."""
    rows_changed = Signal()

    def __init__(self, parent: QWidget | None = None, colouring: Colouring | None = None) -> None:
        super().__init__(parent)
        self.document = DiffDocument(Reading(b"", Diff(), {}, 0, ()))
        self.caret, self.found, self.hit = Caret(), None, -1
        self.wraps = self.can_take = self.can_see = self.can_comment = False
        self.points = self._usual_points = Theme.current().font(mono=True).pointSizeF()
        self.colouring = colouring or Colouring(self)
        self.colouring.coloured.connect(self._coloured)
        self.make_remark: Callable[[str], QWidget] = lambda _: QWidget(self.viewport())
        self._pictures: dict[int, Pictures] = {}
        self._embedded = Embedded(self.viewport())
        self._file = -1
        self._is_dragging = False
        self._look = look(self.points)
        self._lines = DrawnLines(self._look)
        self._measure()
        self._set_up()

    def _set_up(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Changes")
        self.viewport().setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.IBeamCursor)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.horizontalScrollBar().valueChanged.connect(lambda _: self.viewport().update())
        Theme.current().changed.connect(self._restyle)
        accessible.install()

    def stop(self) -> None:
        """Ends what runs for it."""
        self.colouring.stop()

    # What is shown

    def show_reading(self, reading: Reading) -> None:
        """Another diff, from its top."""
        split, space = self.document.split, self.document.ignores_space
        self.document = DiffDocument(reading)
        if split or space:
            self.document.show(split=split, ignore_space=space)
        self.document.changed = self._rows_changed
        self.caret, self.found, self.hit, self._file = Caret(), None, -1, -1
        self._pictures.clear()
        self._embedded.keep_only(set())
        self._lines.forget()
        self.colouring.show_document(self.document)
        self.verticalScrollBar().setValue(0)
        self.horizontalScrollBar().setValue(0)
        self._measure()
        self.rows_changed.emit()
        self._tell_file()

    def put_text(self, file: int, text: str | None) -> None:
        """The whole new file: folds can be opened now, and colours are right."""
        if self.document.put_text(file, text):
            self.colouring.forget(file)
            self._lines.forget(file)
            self.viewport().update()

    def put_pictures(self, file: int, old: Picture | None, new: Picture | None) -> None:
        self._pictures[file] = Pictures(old, new)
        self._rows_changed()

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

    @property
    def geometry_now(self) -> Geometry:
        """Where the rows lie."""
        return self._geometry

    # Moving

    def go_to(self, row: int, index: int = 0, *, hold: bool = False, at_top: bool = False) -> None:
        """Puts the caret there and scrolls so that it is seen."""
        self.caret.move(min(max(row, 0), max(self.document.rows - 1, 0)), index, hold=hold)
        self._show_caret(at_top=at_top)
        self._tell_file()
        self.viewport().update()
        accessible.caret_moved(self)

    def go_to_file(self, file: int) -> None:
        if file in self.document.file_rows:
            self.go_to(self.document.file_rows[file], at_top=True)

    def go_to_line(self, number: int, *, old: bool = False) -> bool:
        """The line with this number in the file that the caret is in; False where it is not shown."""
        row = self.document.row_of_number(self.file, number, old=old)
        if row >= 0:
            self.go_to(row)
        return row >= 0

    @property
    def file(self) -> int:
        """The file that the caret is in."""
        return max(self.document.part_at(self.caret.row)[0].file, 0)

    def next_change(self) -> None:
        self._go_or_say(moving.next_change(self.document, self.caret.row), "There is no change below.")

    def previous_change(self) -> None:
        self._go_or_say(moving.previous_change(self.document, self.caret.row), "There is no change above.")

    def next_file(self) -> None:
        self._go_or_say(moving.next_file(self.document, self.caret.row), "This is the last file.", at_top=True)

    def previous_file(self) -> None:
        self._go_or_say(moving.previous_file(self.document, self.caret.row), "This is the first file.", at_top=True)

    def go_to_other_half(self) -> None:
        """From moved lines to where they were, or went."""
        cell = side_cell(self.document, self.caret.row, self.caret.side)
        place = self.document.moved_to(cell) if cell is not None else None
        if place is None:
            self._tell("This line was not moved.")
            return
        if self.document.files[place.file].collapsed:
            self.document.collapse(place.file, False)
        self.caret.side = "old" if self.document.diff.line(place).kind == "-" else "new"
        self.go_to(self.document.row_of_place(place))

    def switch_side(self) -> None:
        self.caret.side = "new" if self.caret.side == "old" or not self.document.split else "old"
        self.go_to(self.caret.row, self.caret.index)

    def _go_or_say(self, row: int, words: str, *, at_top: bool = False) -> None:
        if row >= 0:
            self.go_to(row, at_top=at_top)
        else:
            self._tell(words)

    # Finding

    def find(self, words: str) -> int:
        """Marks every place of these words; returns how many, and goes to the first from the caret on."""
        self.found = Found(self.document, words) if words else None
        self.hit = -1
        if self.found is not None and self.found.hits:
            self._go_to_hit(self.found.after(self.caret.row, self.caret.index - 1))
        self.viewport().update()
        self.rows_changed.emit()
        return len(self.found.hits) if self.found is not None else 0

    def next_hit(self) -> None:
        if self.found is not None:
            self._go_to_hit(self.found.after(*self.caret.spot))
        else:
            self.ask_to_find()

    def previous_hit(self) -> None:
        if self.found is not None:
            self._go_to_hit(self.found.before(*self.caret.spot))
        else:
            self.ask_to_find()

    def _go_to_hit(self, number: int) -> None:
        if self.found is None or number < 0:
            return
        self.hit = number
        hit = self.found.hits[number]
        self.caret.side = hit.side
        self.go_to(hit.row, hit.start)

    def ask_to_find(self) -> None:
        self.find_wanted.emit()

    def ask_to_go(self) -> None:
        self.go_wanted.emit()

    # Modes

    def toggle_split(self) -> None:
        self._keeping_place(lambda: self.document.show(split=not self.document.split))

    def toggle_space(self) -> None:
        self._keeping_place(lambda: self.document.show(ignore_space=not self.document.ignores_space))

    def toggle_wrap(self) -> None:
        self.wraps = not self.wraps
        self.horizontalScrollBar().setValue(0)
        self._keeping_place(self._measure)

    def larger(self) -> None:
        self.set_points(self.points + 1)

    def smaller(self) -> None:
        self.set_points(self.points - 1)

    def usual_size(self) -> None:
        self.set_points(self._usual_points)

    def set_points(self, points: float) -> None:
        """The size of the code."""
        self.points = min(max(points, SMALLEST), LARGEST)
        self._keeping_place(self._restyle)

    def _keeping_place(self, change: Callable[[], object]) -> None:
        """Whatever the rows are afterwards, the one that the caret is in stays where it was on screen."""
        anchor = self.document.anchor(self.caret.row)
        within = self._geometry.top(self.caret.row) - self.verticalScrollBar().value()
        self._lines.forget()
        change()
        self.caret.held = None
        self.caret.row = self.document.row_of(anchor)
        self.verticalScrollBar().setValue(self._geometry.top(self.caret.row) - within)
        self.mode_changed.emit()
        self.rows_changed.emit()
        self.viewport().update()

    # Folding, choosing, commenting

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
            self._when_text(part.file, lambda: self._open_fold(part, step))
            return
        top = 0 if part.hunk == 0 else step
        bottom = 0 if part.kind is PartKind.FOLD else step
        anchor = self.document.anchor(self.caret.row)
        self.document.open_fold(part.file, part.hunk, top, bottom)
        self.go_to(self.document.row_of(anchor))

    def _when_text(self, file: int, then: Callable[[], None]) -> None:
        self._after_text = (file, then)
        self._ask_text(file, again=True)

    _after_text: tuple[int, Callable[[], None]] | None = None

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

    def write_comment(self) -> None:
        """A box under the line; on a file's head for the file as a whole."""
        if not self.can_comment or not self.document.diff.files:
            return
        cell = side_cell(self.document, self.caret.row, self.caret.side) or self.document.cell(self.caret.row)
        self._embedded.keep_only({remark.key for remark in self.document.remarks})
        if cell is not None and cell.hunk >= 0:
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

    # Copying

    def copy(self) -> None:
        """What is selected; without a selection the line."""
        text = selected_text(self.document, self.caret)
        if not text:
            cell = side_cell(self.document, self.caret.row, self.caret.side)
            text = "" if cell is None else selected_text(self.document, Caret(self.caret.row, len(cell.line.text), self.caret.side, (self.caret.row, 0)))
        if text:
            QGuiApplication.clipboard().setText(text)

    def select_all(self) -> None:
        self.caret.move(0, 0)
        last = max(self.document.rows - 1, 0)
        cell = side_cell(self.document, last, self.caret.side)
        self.caret.move(last, len(cell.line.text) if cell else 0, hold=True)
        self.viewport().update()
        accessible.caret_moved(self)

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), self._look.color("surface"))
        rows = DiffPainter(painter, self._scene()).paint()
        if self.hasFocus():
            painter.setPen(self._look.color("accent"))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
        self._ask_for_what_is_seen(rows)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.wraps and event.oldSize().width() != event.size().width():
            self._lines.forget()
        self._measure()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()
        accessible.caret_moved(self)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

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
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if press_of(event.key(), event.modifiers(), event.text()) in ACTIONS:
                event.accept()
                return True
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            words = self._hint_at(event.pos())
            QToolTip.showText(event.globalPos(), words, self) if words else QToolTip.hideText()
            return True
        return super().viewportEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_points(self.points + (1 if event.angleDelta().y() > 0 else -1))
            return
        super().wheelEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position().toPoint()
        row = self.row_at(point)
        part, _ = self.document.part_at(row)
        if part.kind in LINE_KINDS:
            self._is_dragging = True
            hold = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            lane = self._lane_at(point)
            if not hold:
                self.caret.side = lane.side if self.document.split else "new"
            self.go_to(row, self._index_at(row, lane, point), hold=hold)
            return
        self._click(part, row, point)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if self._is_dragging:
            row = self.row_at(point)
            lane = next((lane for lane in self._lanes() if lane.side == self.caret.side), self._lanes()[-1])
            self.go_to(row, self._index_at(row, lane, point), hold=True)
            return
        kind = self.document.part_at(self.row_at(point))[0].kind
        shape = Qt.CursorShape.IBeamCursor if kind in LINE_KINDS else Qt.CursorShape.PointingHandCursor
        self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002
        self._is_dragging = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Selects the word."""
        cell = side_cell(self.document, self.caret.row, self.caret.side)
        if cell is None:
            self.mousePressEvent(event)
            return
        text, start = cell.line.text, self.caret.index
        end = start
        while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        self.caret.move(self.caret.row, start)
        self.go_to(self.caret.row, end, hold=True)

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

    # Within

    def _scene(self) -> Scene:
        size = self.viewport().size()
        return Scene(
            document=self.document, geometry=self._geometry, look=self._look, lines=self._lines,
            lanes=self._lanes(), caret=self.caret, spans=self.colouring.spans, found=self.found, hit=self.hit,
            top=self.verticalScrollBar().value(), left=self.horizontalScrollBar().value(),
            width=size.width(), height=size.height(), has_focus=self.hasFocus(),
            can_take=self.can_take, can_see=self.can_see, pictures=self._pictures,
        )  # fmt: skip

    def _lanes(self) -> tuple[Lane, ...]:
        return lanes(self.viewport().width(), self._look.advance, self._digits, split=self.document.split)

    def _measure(self) -> None:
        """Where everything lies: after the rows, the size or the width have changed."""
        self._digits = _digits(self.document)
        small = self._look.small_height
        lane = self._lanes()[-1]
        narrow = min(lane.width for lane in self._lanes())
        columns = max(int(narrow / self._look.advance) - 1, 8) if self.wraps else 0
        self._lines.columns = columns
        measures = Measures(self._look.line_height, small + _HEAD_ROOM, small + _BAR_ROOM, columns)
        self._geometry = Geometry(self.document, measures, self._height_of)
        bar, page = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, self._geometry.height - page))
        bar.setPageStep(page)
        bar.setSingleStep(self._look.line_height)
        wide = 0 if self.wraps else round((self.document.reading.widest + 8) * self._look.advance) - lane.width
        self.horizontalScrollBar().setRange(0, min(max(0, wide), 100_000_000))
        self.horizontalScrollBar().setPageStep(lane.width)
        self.horizontalScrollBar().setSingleStep(round(self._look.advance * 4))
        self._place_embedded()
        self.viewport().update()

    def _rows_changed(self) -> None:
        if self.caret.row >= self.document.rows:
            self.caret = Caret(max(self.document.rows - 1, 0))
        if self.found is not None:
            self.found = Found(self.document, self.found.words)
            self.hit = -1
        self._measure()
        self.rows_changed.emit()

    def _height_of(self, part: Part) -> int:
        width = self.viewport().width()
        if part.kind is PartKind.PICTURES:
            return self._pictures[part.file].height() if part.file in self._pictures else 0
        if part.kind is PartKind.DRAFT:
            return self._embedded.height(self._embedded.put(_DRAFT, self._make_draft), width)
        key = self.document.remarks[part.hunk].key
        return self._embedded.height(self._embedded.put(key, lambda: self.make_remark(key)), width)

    def _place_embedded(self) -> None:
        top, width = self.verticalScrollBar().value(), self.viewport().width()
        shown: set[QWidget] = set()
        for place, part in enumerate(self.document.parts):
            if part.kind in (PartKind.COMMENT, PartKind.DRAFT):
                key = _DRAFT if part.kind is PartKind.DRAFT else self.document.remarks[part.hunk].key
                make = self._make_draft if part.kind is PartKind.DRAFT else lambda key=key: self.make_remark(key)
                widget = self._embedded.put(key, make)
                tops = self._geometry.tops
                self._embedded.place(widget, tops[place] - top, tops[place + 1] - tops[place], width)
                shown.add(widget)
        self._embedded.hide_but(shown)

    def _scrolled(self, _: int) -> None:
        if self.document.remarks or self._is_writing:
            self._place_embedded()
        self.viewport().update()

    def _restyle(self) -> None:
        self._look = self._lines.look = look(self.points)
        self._lines.forget()
        self._measure()

    def _coloured(self, file: int) -> None:
        self._lines.forget(file)
        self.viewport().update()

    def _ask_for_what_is_seen(self, rows: Sequence[Row]) -> None:
        """Colours, and the text that they need to be right, of the files on screen."""
        seen = dict.fromkeys(row.part.file for row in rows if row.part.kind in LINE_KINDS)
        for file in reversed(seen):
            first = next((row for row in rows if row.part.file == file and row.part.kind in LINE_KINDS))
            cell = self.document.cell(first.number)
            self._ask_text(file)
            self.colouring.want(file, cell.number if cell is not None else 0)

    def _ask_text(self, file: int, *, again: bool = False) -> None:
        opening = self.document.files[file]
        if opening.asked and not again or self.document.text_of(file) != (None, None):
            return
        opening.asked = True
        self.text_wanted.emit(file)

    def _move(self, move: str, *, hold: bool) -> None:
        page = max(self.viewport().height() // self._look.line_height - 2, 1)
        self.go_to(*moving.moved(self.document, self.caret, move, page), hold=hold)

    def _show_caret(self, *, at_top: bool) -> None:
        top, height = self._geometry.top(self.caret.row), self._geometry.row_height(self.caret.row)
        bar, page, head = self.verticalScrollBar(), self.viewport().height(), self._geometry.measures.head
        if at_top:
            bar.setValue(top)
        elif top - head < bar.value():
            bar.setValue(top - head - page // 6)
        elif top + height > bar.value() + page:
            bar.setValue(top + height - page + page // 6)
        self._show_column()

    def _show_column(self) -> None:
        cell = side_cell(self.document, self.caret.row, self.caret.side)
        if cell is None or self.wraps:
            return
        drawn = self._lines.line(cell, self.colouring.spans(cell.file, cell.line))
        x = round(drawn.shown.column(self.caret.index) * self._look.advance)
        bar, width = self.horizontalScrollBar(), self._lanes()[-1].width
        if x < bar.value():
            bar.setValue(x - width // 4)
        elif x > bar.value() + width - 3 * self._look.advance:
            bar.setValue(x - width + width // 4)

    def row_at(self, point: QPoint) -> int:
        """The row at a point of the viewport."""
        rows = list(visible_rows(self._scene()))
        head = self._geometry.measures.head
        if rows and rows[0].part.kind is not PartKind.FILE and 0 <= point.y() < head and rows[0].part.file >= 0:
            return self.document.file_rows[rows[0].part.file]  # the head that stays in sight
        return self._geometry.row_at(point.y() + self.verticalScrollBar().value())

    def row_rect(self, row: int) -> QRect:
        """Where a row is on the screen."""
        top = self._geometry.top(row) - self.verticalScrollBar().value()
        size = QSize(self.viewport().width(), self._geometry.row_height(row))
        return QRect(self.viewport().mapToGlobal(QPoint(0, top)), size)

    def _lane_at(self, point: QPoint) -> Lane:
        found = self._lanes()
        return found[0] if point.x() < found[0].right else found[-1]

    def _index_at(self, row: int, lane: Lane, point: QPoint) -> int:
        cell = side_cell(self.document, row, lane.side)
        if cell is None:
            return 0
        scene = self._scene()
        drawn, top = scene.drawn(cell), self._geometry.top(row) - scene.top
        piece = 0
        if self.wraps:
            piece = min(max((point.y() - top) // self._look.line_height, 0), len(drawn.pieces) - 1)
            x = float(point.x() - lane.text)
        else:
            x = float(point.x() - lane.text + scene.left)
            piece = min(max(int(x / self._look.advance) // 400, 0), len(drawn.pieces) - 1)
            x -= drawn.pieces[piece][0] * self._look.advance
        return drawn.shown.index(drawn.column_at(piece, x))

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

    def _hint_at(self, point: QPoint) -> str:
        row = self.row_at(point)
        part, _ = self.document.part_at(row)
        lane = self._lane_at(point)
        cell = side_cell(self.document, row, lane.side)
        index = self._index_at(row, lane, point) if cell is not None else 0
        return hint_for(self.document, part, cell, index)

    def _tell_file(self) -> None:
        if self.file != self._file:
            self._file = self.file
            self.file_changed.emit(self._file)

    def _tell(self, words: str) -> None:
        QToolTip.showText(self.viewport().mapToGlobal(QPoint(24, 40)), words, self, QRect(), 2500)
        accessible.announce(self, words)


def _digits(document: DiffDocument) -> int:
    largest = 1
    for file, change in enumerate(document.reading.diff.files):
        lines = document.files[file].new_lines
        if lines is not None:
            largest = max(largest, len(lines))
        if change.hunks:
            last = change.hunks[-1]
            largest = max(largest, last.old_start + last.old_count, last.new_start + last.new_count)
    return max(len(str(largest)), 2)

