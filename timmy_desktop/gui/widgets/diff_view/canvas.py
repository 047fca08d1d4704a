"""The ground of the diff viewer: where the rows lie, drawing those on screen, asking for what they need."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.diff_view import accessible
from timmy_desktop.gui.widgets.diff_view.caret import Caret
from timmy_desktop.gui.widgets.diff_view.colouring import Colouring
from timmy_desktop.gui.widgets.diff_view.document import DiffDocument, Reading
from timmy_desktop.gui.widgets.diff_view.drawn_lines import DrawnLines
from timmy_desktop.gui.widgets.diff_view.embedded import Embedded
from timmy_desktop.gui.widgets.diff_view.finding import Found
from timmy_desktop.gui.widgets.diff_view.geometry import LINE_KINDS, Geometry, Measures
from timmy_desktop.gui.widgets.diff_view.look import look
from timmy_desktop.gui.widgets.diff_view.painter import DiffPainter, Row, Scene, visible_rows
from timmy_desktop.gui.widgets.diff_view.parts import Part, PartKind
from timmy_desktop.gui.widgets.diff_view.pictures import Picture, Pictures
from timmy_desktop.gui.widgets.diff_view.sides import Lane, lanes
from timmy_desktop.upgrades.diff import Diff
from timmy_desktop.upgrades.diff_visible import LONGEST

_HEAD_ROOM, _BAR_ROOM = 14, 8
_ANY = 1_000_000_000
# While it is scrolled, what a picture may take for lines that were not drawn before, and how long after it
# the rest of them, or new colours, follow.
_NEW_LINES_SECONDS, _REST_MS = 0.006, 15


class DiffCanvas(QAbstractScrollArea):
    """Shows one diff at a time. Whole files it asks for; what a person can do is its children's business."""

    text_wanted = Signal(int)
    """The whole new text of this file; answer by `put_text`."""
    mode_changed = Signal()
    """Side by side, wrapped, white space, size: one of them is not as it was."""
    rows_changed = Signal()

    def __init__(self, parent: QWidget | None = None, colouring: Colouring | None = None) -> None:
        super().__init__(parent)
        self.document = DiffDocument(Reading(b"", Diff(), {}, 0, ()))
        self.caret, self.hit = Caret(), -1
        self.found: Found | None = None
        self.wraps = self.can_take = self.can_see = self.can_comment = False
        self.points = self._usual_points = Theme.current().font(mono=True).pointSizeF()
        self.colouring = colouring or Colouring(self)
        self.colouring.coloured.connect(self._coloured)
        self._pictures: dict[int, Pictures] = {}
        self._embedded = Embedded(self.viewport())
        self._file = -1
        self._is_moving = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self.viewport().update)
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
        self._rest.stop()
        self.colouring.stop()

    @property
    def is_drawn(self) -> bool:
        """Whether everything that is known of what is in sight is on screen."""
        return not self._rest.isActive()

    @property
    def geometry_now(self) -> Geometry:
        """Where the rows lie."""
        return self._geometry

    def put_text(self, file: int, text: str | None) -> None:
        """The whole new file: folds can be opened now, and colours are right."""
        if self.document.put_text(file, text):
            self.colouring.forget(file)
            self._lines.forget(file)
            self.viewport().update()

    def put_pictures(self, file: int, old: Picture | None, new: Picture | None) -> None:
        self._pictures[file] = Pictures(old, new)
        self._rows_changed()

    def row_at(self, point: QPoint) -> int:
        """The row at a point of the viewport."""
        rows = list(visible_rows(self._scene()))
        head = self._geometry.measures.head
        if (
            rows
            and rows[0].part.kind is not PartKind.FILE
            and 0 <= point.y() < head
            and rows[0].part.file >= 0
        ):
            return self.document.file_rows[rows[0].part.file]  # the head that stays in sight
        return self._geometry.row_at(point.y() + self.verticalScrollBar().value())

    def row_rect(self, row: int) -> QRect:
        """Where a row is on the screen."""
        top = self._geometry.top(row) - self.verticalScrollBar().value()
        size = QSize(self.viewport().width(), self._geometry.row_height(row))
        return QRect(self.viewport().mapToGlobal(QPoint(0, top)), size)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), self._look.color("surface"))
        picture = DiffPainter(painter, self._scene(self._is_moving))
        rows = picture.paint()
        if self.hasFocus():
            painter.setPen(self._look.color("accent"))
            painter.drawRect(self.viewport().rect().adjusted(0, 0, -1, -1))
        self._is_moving = not picture.is_whole
        self._rest.stop()
        if self._is_moving:
            self._rest.start()
        self._ask_for_what_is_seen(rows)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.wraps and event.oldSize().width() != event.size().width():
            self._lines.forget()
        self._measure()

    # Where everything lies

    def _scene(self, hurried: bool = False) -> Scene:
        size = self.viewport().size()
        return Scene(
            document=self.document, geometry=self._geometry, look=self._look, lines=self._lines,
            lanes=self._lanes(), caret=self.caret, spans=self.colouring.spans, found=self.found, hit=self.hit,
            top=self.verticalScrollBar().value(), left=self.horizontalScrollBar().value(),
            width=size.width(), height=size.height(), has_focus=self.hasFocus(),
            can_take=self.can_take, can_see=self.can_see, pictures=self._pictures,
            patience=_NEW_LINES_SECONDS if hurried else 0.0,
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
        self._lines.longest = longest = _ANY if self.document.draws_all else LONGEST
        measures = Measures(self._look.line_height, small + _HEAD_ROOM, small + _BAR_ROOM, columns, longest)
        before = self.__dict__.get("_geometry")
        self._geometry = Geometry(self.document, measures, self._height_of, before)
        bar, page = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, self._geometry.height - page))
        bar.setPageStep(page)
        bar.setSingleStep(self._look.line_height)
        wide = (
            0 if self.wraps else round((self.document.reading.widest + 8) * self._look.advance) - lane.width
        )
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

    def _scrolled(self, _: int) -> None:
        if self.document.has_widgets:
            self._place_embedded()
        self._is_moving = True
        self.viewport().update()

    def _restyle(self) -> None:
        self._look = self._lines.look = look(self.points)
        self._lines.forget()
        self._measure()

    def _widget_of(self, part: Part) -> QWidget:
        """The widget that stands in the place of a part."""
        raise NotImplementedError

    def _height_of(self, part: Part) -> int:
        if part.kind is PartKind.PICTURES:
            return self._pictures[part.file].height() if part.file in self._pictures else 0
        return self._embedded.height(self._widget_of(part), self.viewport().width())

    def _place_embedded(self) -> None:
        top, width = self.verticalScrollBar().value(), self.viewport().width()
        shown: set[QWidget] = set()
        for place, part in enumerate(self.document.parts):
            if part.kind in (PartKind.COMMENT, PartKind.DRAFT):
                widget, tops = self._widget_of(part), self._geometry.tops
                self._embedded.place(widget, tops[place] - top, tops[place + 1] - tops[place], width)
                shown.add(widget)
        self._embedded.hide_but(shown)

    # What the rows need

    def _coloured(self, _: int) -> None:
        """Lines that have other colours now are made anew as they are drawn, not all at each answer."""
        if not self._rest.isActive():
            self._is_moving = True
            self._rest.start()

    def _ask_for_what_is_seen(self, rows: Sequence[Row]) -> None:
        """Colours, and the text that they need to be right, of the files on screen."""
        seen = dict.fromkeys(row.part.file for row in rows if row.part.kind in LINE_KINDS)
        for file in reversed(seen):
            first = next(row for row in rows if row.part.file == file and row.part.kind in LINE_KINDS)
            cell = self.document.cell(first.number)
            self._ask_text(file)
            self.colouring.want(file, cell.number if cell is not None else 0)

    def _ask_text(self, file: int, *, again: bool = False) -> None:
        opening = self.document.files[file]
        if (opening.asked and not again) or self.document.text_of(file) != (None, None):
            return
        opening.asked = True
        self.text_wanted.emit(file)


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
