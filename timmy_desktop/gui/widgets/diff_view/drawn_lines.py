"""Lines of code made ready to be drawn, and kept as long as they may be drawn again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QTextCharFormat, QTextLayout, QTextOption

from timmy_desktop.gui.widgets.diff_view.look import Look
from timmy_desktop.gui.widgets.diff_view.parts import Cell
from timmy_desktop.upgrades.diff_visible import LONGEST, Spans, Visible, cut, visible

PIECE = 400
"""Cells that are laid out at once: of a line a million characters long only what is on screen is."""
_KEPT = 1_200
# Keeps letters that run from the right in the order of the file, which is the order that a compiler reads.
_LEFT_TO_RIGHT = "\u202d"
_Key = tuple[int, str, int, int]


class DrawnLine:
    """One line; columns are those of what is shown."""

    def __init__(
        self, text: str, columns: int, spans: Sequence[int], look: Look, longest: int = LONGEST
    ) -> None:
        self.cut_off = max(0, len(text) - longest)
        self.shown: Visible = visible(text[:longest] if self.cut_off else text)
        self.pieces = cut(self.shown.text, columns or PIECE)
        self.words: Spans | None = None
        """The characters that the other half of a changed line does not have, once somebody asked."""
        self.spans, self._look = spans, look
        self._layouts: dict[int, QTextLayout] = {}
        self._lead = 1 if self.shown.right_to_left else 0

    def draw(self, painter: QPainter, piece: int, place: QPointF) -> None:
        self._layout(piece).draw(painter, place)

    def x_of(self, piece: int, column: int) -> float:
        """Where a column begins, from the left end of its piece."""
        start, end = self.pieces[piece]
        if column <= start:
            return 0.0
        if self.shown.text.isascii():
            return (min(column, end) - start) * self._look.advance
        found = self._layout(piece).lineAt(0).cursorToX(min(column, end) - start + self._lead)
        return float(found[0])  # type: ignore[index]

    def column_at(self, piece: int, x: float) -> int:
        """The column nearest to `x`."""
        start, end = self.pieces[piece]
        if self.shown.text.isascii():
            return start + min(max(round(x / self._look.advance), 0), end - start)
        return min(max(start + self._layout(piece).lineAt(0).xToCursor(x) - self._lead, start), end)

    def piece_of(self, column: int) -> int:
        return next(
            (place for place, (_, end) in enumerate(self.pieces) if column < end), len(self.pieces) - 1
        )

    def _layout(self, piece: int) -> QTextLayout:
        if piece not in self._layouts:
            start, end = self.pieces[piece]
            text = _LEFT_TO_RIGHT * self._lead + self.shown.text[start:end]
            layout = QTextLayout(text, self._look.font)
            layout.setTextOption(_OPTION)
            layout.setFormats(self._formats(start, end))
            layout.beginLayout()
            layout.createLine()
            layout.endLayout()
            layout.setCacheEnabled(True)
            self._layouts[piece] = layout
        return self._layouts[piece]

    def _formats(self, start: int, end: int) -> list[QTextLayout.FormatRange]:
        made, spans, column = [], self.spans, self.shown.column
        for place in range(0, len(spans) - 2, 3):
            first, last = max(column(spans[place]), start), min(column(spans[place + 1]), end)
            if first < last:
                made.append(self._range(first - start, last - first, self._look.tokens[spans[place + 2]]))
        for first, last in (*self.shown.odd, *self.shown.mixed):
            first, last = max(first, start), min(last, end)
            if first < last:
                made.append(self._range(first - start, last - first, self._look.color("warn")))
        return made

    def _range(self, start: int, length: int, color: QColor) -> QTextLayout.FormatRange:
        made = QTextLayout.FormatRange()
        made.start, made.length, made.format = start + self._lead, length, _format(color.rgb())
        return made


class DrawnLines:
    """The lines drawn last, by what they are."""

    def __init__(self, look: Look) -> None:
        self.look, self.columns, self.longest = look, 0, LONGEST
        self._kept: OrderedDict[_Key, DrawnLine] = OrderedDict()

    def has(self, cell: Cell, spans: Sequence[int]) -> bool:
        """Whether a line was made ready before, with these colours."""
        found = self._kept.get(_key(cell))
        return found is not None and found.spans == spans

    def line(self, cell: Cell, spans: Sequence[int]) -> DrawnLine:
        key = _key(cell)
        found = self._kept.get(key)
        if found is None or found.spans != spans:
            found = self._kept[key] = DrawnLine(cell.line.text, self.columns, spans, self.look, self.longest)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return found

    def forget(self, file: int = -1) -> None:
        """Lines of this file look different now; without a file, all do."""
        if file < 0:
            self._kept.clear()
            return
        for key in [key for key in self._kept if key[0] == file]:
            del self._kept[key]


def _key(cell: Cell) -> _Key:
    return (cell.file, cell.line.kind, cell.line.old, cell.line.new)


@lru_cache(maxsize=64)
def _format(color: int) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(QColor.fromRgb(color))
    return made


_OPTION = QTextOption()
_OPTION.setWrapMode(QTextOption.WrapMode.NoWrap)
