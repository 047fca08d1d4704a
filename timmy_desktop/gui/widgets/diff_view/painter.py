"""Draws the rows of a diff that are on screen."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from timmy_desktop.gui.widgets.diff_view.caret import Caret
from timmy_desktop.gui.widgets.diff_view.document import DiffDocument
from timmy_desktop.gui.widgets.diff_view.drawn_lines import DrawnLine, DrawnLines
from timmy_desktop.gui.widgets.diff_view.finding import Found
from timmy_desktop.gui.widgets.diff_view.geometry import LINE_KINDS, Geometry
from timmy_desktop.gui.widgets.diff_view.heads import paint_bar, paint_head, paint_note
from timmy_desktop.gui.widgets.diff_view.look import Look
from timmy_desktop.gui.widgets.diff_view.parts import Cell, Part, PartKind
from timmy_desktop.gui.widgets.diff_view.pictures import Pictures
from timmy_desktop.gui.widgets.diff_view.sides import Lane
from timmy_desktop.upgrades.diff import Side
from timmy_desktop.upgrades.diff_words import Spans, changed_in

MARKS = {"+": "+", "-": "−", " ": "", "»": "»", "«": "«"}


@dataclass
class Scene:
    """All that a picture of the view depends on."""

    document: DiffDocument
    geometry: Geometry
    look: Look
    lines: DrawnLines
    lanes: tuple[Lane, ...]
    caret: Caret
    spans: object
    """`spans(file, line)`: the colours of a line."""
    found: Found | None = None
    hit: int = -1
    top: int = 0
    left: int = 0
    width: int = 0
    height: int = 0
    has_focus: bool = False
    can_take: bool = False
    can_see: bool = False
    pictures: Mapping[int, Pictures] = field(default_factory=dict)
    patience: float = 0.0
    """Seconds for the text of lines that were not drawn before; the others wait. 0: as long as it takes."""

    def is_ready(self, cell: Cell) -> bool:
        """Whether a line was drawn before, with the colours that it has now."""
        return self.lines.has(cell, self.spans(cell.file, cell.line))  # type: ignore[operator]

    def drawn(self, cell: Cell) -> DrawnLine:
        return self.lines.line(cell, self.spans(cell.file, cell.line))  # type: ignore[operator]


@dataclass(frozen=True)
class Row:
    """A row on screen."""

    number: int
    part: Part
    offset: int
    top: int
    height: int
    cells: tuple[Cell | None, Cell | None]


class DiffPainter:
    """Made for one picture."""

    def __init__(self, painter: QPainter, scene: Scene) -> None:
        self._painter, self._scene = painter, scene
        self._until = 0.0
        self.is_whole = True
        """Whether there was time for everything."""

    def paint(self) -> list[Row]:
        """Draws everything; returns the rows that it drew."""
        rows = list(visible_rows(self._scene))
        for row in rows:
            self._ground(row)
        self._until = time.perf_counter() + self._scene.patience
        for lane in self._scene.lanes:
            self._painter.setClipRect(QRect(lane.text, 0, lane.width, self._scene.height))
            for row in rows:
                self._text(row, lane)
        self._painter.setClipping(False)
        for row in rows:
            self._front(row)
        self._sticky_head(rows)
        return rows

    # Grounds

    def _ground(self, row: Row) -> None:
        if row.part.kind not in LINE_KINDS:
            return
        for lane in self._scene.lanes:
            cell = self._cell(row, lane.side)
            area = QRect(lane.left, row.top, lane.right - lane.left, row.height)
            if cell is None:
                self._painter.fillRect(
                    area, QBrush(self._scene.look.color("border"), Qt.BrushStyle.BDiagPattern)
                )
            elif (tone := self._tone(cell)) in self._scene.look.grounds:
                self._painter.fillRect(area, self._scene.look.grounds[tone])
        if row.number == self._scene.caret.row:
            self._current(row)

    def _current(self, row: Row) -> None:
        tone = "accent" if self._scene.has_focus else "outline"
        color = self._scene.look.color(tone)
        self._painter.fillRect(QRect(0, row.top, 3, row.height), color)
        line = QColor(color)
        line.setAlpha(90)
        self._painter.fillRect(QRect(0, row.top, self._scene.width, 1), line)
        self._painter.fillRect(QRect(0, row.top + row.height - 1, self._scene.width, 1), line)

    def _tone(self, cell: Cell) -> str:
        """`+`, `-`, `»` for what was moved; nothing for context and for what is not taken."""
        if cell.line.kind == " " or not self._is_taken(cell):
            return ""
        return "»" if self._scene.document.moved_to(cell) is not None else cell.line.kind

    def _is_taken(self, cell: Cell) -> bool:
        return cell.hunk < 0 or self._scene.document.is_taken(cell.file, cell.hunk)

    # Code

    def _text(self, row: Row, lane: Lane) -> None:
        cell = self._cell(row, lane.side)
        if cell is None:
            return
        if self._is_late() and not self._scene.is_ready(cell):
            self.is_whole = False
            return
        drawn, look = self._scene.drawn(cell), self._scene.look
        for tone, start, end in self._marked(row, lane, cell, drawn):
            self._fill(drawn, row, lane, start, end, tone)
        if not self._is_taken(cell):
            self._painter.setOpacity(0.62)
        self._painter.setPen(look.color("text"))
        for piece, place in self._pieces(drawn, row, lane):
            drawn.draw(self._painter, piece, place)
        self._painter.setOpacity(1.0)
        if drawn.cut_off or not cell.line.ends:
            self._end_note(row, lane, cell, drawn)
        self._cursor(row, lane, drawn)

    def _is_late(self) -> bool:
        return bool(self._scene.patience) and time.perf_counter() > self._until

    def _pieces(self, drawn: DrawnLine, row: Row, lane: Lane) -> Iterator[tuple[int, QPointF]]:
        """The pieces of a line that are on screen, and where each goes."""
        for piece in range(len(drawn.pieces)):
            x, y = self.place_of(drawn, piece, row.top, lane)
            if self._scene.lines.columns:
                if -self._scene.look.line_height < y < self._scene.height:
                    yield piece, QPointF(x, y)
            elif x > lane.right:
                return
            elif (
                x + (drawn.pieces[piece][1] - drawn.pieces[piece][0]) * self._scene.look.advance * 2
                > lane.text
            ):
                yield piece, QPointF(x, y)

    def place_of(self, drawn: DrawnLine, piece: int, top: int, lane: Lane) -> tuple[float, float]:
        look = self._scene.look
        pad = (look.line_height - look.font_height) / 2
        if self._scene.lines.columns:
            return float(lane.text), top + piece * look.line_height + pad
        return lane.text - self._scene.left + drawn.pieces[piece][0] * look.advance, top + pad

    def _marked(
        self, row: Row, lane: Lane, cell: Cell, drawn: DrawnLine
    ) -> Iterator[tuple[QColor, int, int]]:
        """Grounds of words, hits and the selection, in columns; the later ones cover the earlier."""
        look, theme, column = self._scene.look, self._scene.look.theme, drawn.shown.column
        tone = self._tone(cell)
        if tone in ("+", "-"):
            for start, end in self._changed(cell, drawn):
                yield look.words[tone], column(start), column(end)
        for start, end in (*drawn.shown.odd, *drawn.shown.mixed):
            yield theme.tint("warn", 0.3), start, end
        if self._scene.found is not None:
            for hit in self._scene.found.in_row(row.number):
                if hit.side == lane.side:
                    is_current = (
                        self._scene.found.hits[self._scene.hit] == hit if self._scene.hit >= 0 else False
                    )
                    yield theme.tint("warn", 0.55 if is_current else 0.3), column(hit.start), column(hit.end)
        chosen = self._scene.caret.selected_in(row.number) if lane.side == self._scene.caret.side else None
        if chosen is not None:
            end = len(drawn.shown.text) + 1 if chosen[1] < 0 else column(chosen[1])
            yield theme.tint("accent", 0.36), column(chosen[0]), end

    def _fill(self, drawn: DrawnLine, row: Row, lane: Lane, start: int, end: int, color: QColor) -> None:
        for piece, (first, last) in enumerate(drawn.pieces):
            is_last = piece == len(drawn.pieces) - 1
            if (start >= last and not (is_last and start <= last < end)) or end <= first:
                continue
            x, _ = self.place_of(drawn, piece, row.top, lane)
            left, right = drawn.x_of(piece, start), drawn.x_of(piece, end)
            if end > last and is_last:
                right += self._scene.look.advance
            top = row.top + (piece * self._scene.look.line_height if self._scene.lines.columns else 0)
            self._painter.fillRect(QRectF(x + left, top, right - left, self._scene.look.line_height), color)

    def _changed(self, cell: Cell, drawn: DrawnLine) -> Spans:
        """The words of a line that its other half does not have."""
        if drawn.words is None:
            drawn.words = changed_in(self._scene.document.diff.files[cell.file].hunks[cell.hunk], cell.at)
        return drawn.words

    def _end_note(self, row: Row, lane: Lane, cell: Cell, drawn: DrawnLine) -> None:
        words = "no line feed at the end of the file" if not cell.line.ends else ""
        if drawn.cut_off:
            words = f"{drawn.cut_off:,} more characters are not shown; E shows all of them"
        piece = len(drawn.pieces) - 1
        x, y = self.place_of(drawn, piece, row.top, lane)
        self._painter.setFont(self._scene.look.small)
        self._painter.setPen(self._scene.look.color("warn" if drawn.cut_off else "muted"))
        left = x + drawn.x_of(piece, len(drawn.shown.text)) + 2 * self._scene.look.advance
        self._painter.drawText(QPointF(left, y + self._scene.look.ascent), f"⊘ {words}")

    def _cursor(self, row: Row, lane: Lane, drawn: DrawnLine) -> None:
        caret = self._scene.caret
        if row.number != caret.row or lane.side != caret.side or not self._scene.has_focus:
            return
        column = drawn.shown.column(caret.index)
        piece = drawn.piece_of(column)
        x, y = self.place_of(drawn, piece, row.top, lane)
        place = QRectF(x + drawn.x_of(piece, column) - 1, y, 2, self._scene.look.font_height)
        self._painter.fillRect(place, self._scene.look.color("accent"))

    # Numbers, heads and bars

    def _front(self, row: Row) -> None:
        kind = row.part.kind
        area = QRect(0, row.top, self._scene.width, row.height)
        if kind in LINE_KINDS:
            for lane in self._scene.lanes:
                self._gutter(row, lane)
        elif kind is PartKind.FILE:
            paint_head(self._painter, self._scene, area, row.part.file)
        elif kind in (PartKind.HUNK, PartKind.FOLD):
            paint_bar(self._painter, self._scene, area, row.part)
        elif kind is PartKind.NOTE:
            paint_note(self._painter, self._scene, area, row.part)
        elif kind is PartKind.PICTURES and row.part.file in self._scene.pictures:
            self._scene.pictures[row.part.file].paint(self._painter, area)
        if kind not in LINE_KINDS and row.number == self._scene.caret.row:
            self._current(row)

    def _gutter(self, row: Row, lane: Lane) -> None:
        cell = self._cell(row, lane.side)
        if cell is None:
            return
        look = self._scene.look
        y = row.top + (look.line_height - look.font_height) / 2 + look.ascent
        self._painter.setFont(look.font)
        self._painter.setPen(look.color("muted"))
        for side, end in lane.numbers:
            number = cell.line.old if side == "old" else cell.line.new
            if number:
                words = str(number)
                self._painter.drawText(QPointF(end - len(words) * look.advance, y), words)
        tone = self._mark(cell)
        if tone:
            self._painter.setPen(look.color({"+": "good", "-": "bad"}.get(tone, "series1")))
            self._painter.drawText(QPointF(lane.mark, y), MARKS[tone])

    def _mark(self, cell: Cell) -> str:
        if cell.line.kind == " ":
            return ""
        if self._scene.document.moved_to(cell) is not None:
            return "»" if cell.line.kind == "+" else "«"
        return cell.line.kind

    def _sticky_head(self, rows: Sequence[Row]) -> None:
        """The head of the file that is read stays in sight."""
        if not rows or rows[0].part.kind is PartKind.FILE or rows[0].part.file < 0:
            return
        head = self._scene.geometry.measures.head
        following = next((row.top for row in rows if row.part.kind is PartKind.FILE), head)
        area = QRect(0, min(0, following - head), self._scene.width, head)
        paint_head(self._painter, self._scene, area, rows[0].part.file, sticky=True)

    def _cell(self, row: Row, side: Side) -> Cell | None:
        old, new = row.cells
        if not self._scene.document.split:
            return new or old
        return old if side == "old" else new


def visible_rows(scene: Scene) -> Iterator[Row]:
    """From the first row that is on screen to the last."""
    document, geometry = scene.document, scene.geometry
    if not document.rows:
        return
    number = geometry.row_at(scene.top)
    top = geometry.top(number) - scene.top
    while top < scene.height and number < document.rows:
        part, offset = document.part_at(number)
        height = geometry.row_height(number)
        yield Row(number, part, offset, top, height, document.cells_of(part, offset))
        top += height
        number += 1
