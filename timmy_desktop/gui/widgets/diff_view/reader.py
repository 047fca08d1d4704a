"""Reading a diff: the caret, going from place to place, finding, selecting, copying, by keys and mouse."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QHelpEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip

from timmy_desktop.gui.widgets.diff_view import accessible, moving
from timmy_desktop.gui.widgets.diff_view.canvas import DiffCanvas
from timmy_desktop.gui.widgets.diff_view.caret import Caret, selected_text, side_cell
from timmy_desktop.gui.widgets.diff_view.finding import Found
from timmy_desktop.gui.widgets.diff_view.geometry import LINE_KINDS
from timmy_desktop.gui.widgets.diff_view.hints import hint_for
from timmy_desktop.gui.widgets.diff_view.look import LARGEST, SMALLEST
from timmy_desktop.gui.widgets.diff_view.parts import Part
from timmy_desktop.gui.widgets.diff_view.sides import Lane


class DiffReader(DiffCanvas):
    """Nothing of the diff changes here but how it is shown."""

    file_changed = Signal(int)
    """The caret is in another file now."""
    find_wanted = Signal()
    go_wanted = Signal()
    _is_dragging = False

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
        self._go_or_say(
            moving.next_file(self.document, self.caret.row), "This is the last file.", at_top=True
        )

    def previous_file(self) -> None:
        self._go_or_say(
            moving.previous_file(self.document, self.caret.row), "This is the first file.", at_top=True
        )

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

    def _tell_file(self) -> None:
        if self.file != self._file:
            self._file = self.file
            self.file_changed.emit(self._file)

    def _tell(self, words: str) -> None:
        QToolTip.showText(self.viewport().mapToGlobal(QPoint(24, 40)), words, self, QRect(), 2500)
        accessible.announce(self, words)

    # Finding

    def look_for(self, words: str) -> int:
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

    def draw_all(self) -> None:
        """Long lines to their ends; where they are wrapped, each takes as many rows as it needs."""

        def change() -> None:
            self.document.draws_all = True
            self._measure()

        self._keeping_place(change)

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

    # Copying

    def copy(self) -> None:
        """What is selected; without a selection the line."""
        text = selected_text(self.document, self.caret)
        if not text:
            cell = side_cell(self.document, self.caret.row, self.caret.side)
            text = (
                ""
                if cell is None
                else selected_text(
                    self.document,
                    Caret(self.caret.row, len(cell.line.text), self.caret.side, (self.caret.row, 0)),
                )
            )
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

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()
        accessible.caret_moved(self)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

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

    def _click(self, part: Part, row: int, point: QPoint) -> None:
        """Something else than a line was clicked."""
        raise NotImplementedError

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
        return drawn.shown.index_at(drawn.column_at(piece, x))

    def _hint_at(self, point: QPoint) -> str:
        row = self.row_at(point)
        part, _ = self.document.part_at(row)
        lane = self._lane_at(point)
        cell = side_cell(self.document, row, lane.side)
        index = self._index_at(row, lane, point) if cell is not None else 0
        return hint_for(self.document, part, cell, index)
