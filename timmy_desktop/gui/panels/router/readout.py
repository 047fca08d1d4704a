"""The legend that is also the readout: one row for each provider, its colour, its numbers, shown or not."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QSizePolicy, QTableView

from timmy_desktop.gui.panels.router.readings import Reading
from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.wording import provider_words

_Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
_TITLES = ("", "p50", "p95", "p99", "first", "tok/s", "failed")
_HINTS = (
    "The provider; click to show it alone or with the others",
    "Half of the answers took no longer",
    "Of 100 answers, 95 took no longer",
    "Of 100 answers, 99 took no longer",
    "Until the first token, the median",
    "Tokens a second",
    "Share of attempts that failed; they are not in the latency",
)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_ROW, _MOST_ROWS = 22, 6
_LAST_FOR_NARROW, _NARROW = 5, 470


class ReadoutModel(QAbstractTableModel):
    """Ready rows, replaced in place as the crosshair moves."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Reading, ...] = ()
        self._moment = ""
        self.hidden: frozenset[str] = frozenset()

    def show_rows(self, rows: tuple[Reading, ...], moment: str) -> None:
        if moment != self._moment:
            self._moment = moment
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, 0)
        if [row.name for row in rows] != [row.name for row in self._rows]:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        elif rows != self._rows:
            self._rows = rows
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(_TITLES) - 1))

    def hide(self, names: frozenset[str]) -> None:
        self.hidden = names
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(_TITLES) - 1))

    @property
    def names(self) -> list[str]:
        return [row.name for row in self._rows]

    def rowCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(_TITLES):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section] or self._moment
        if role == Qt.ItemDataRole.ToolTipRole:
            return _HINTS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if section else _LEFT
        if role == Qt.ItemDataRole.FontRole:
            return Theme.current().font("small")
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        reading, column = self._rows[index.row()], index.column()
        cells = (
            provider_words(reading.name), reading.p50, reading.p95, reading.p99, reading.ttft, reading.rate,
            reading.failed,
        )  # fmt: skip
        off = reading.name in self.hidden
        if role == Qt.ItemDataRole.DisplayRole:
            return cells[column]
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return _mark(reading.role, off)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column else _LEFT
        if role == Qt.ItemDataRole.FontRole:
            return Theme.current().font("small", mono=bool(column))
        if role == Qt.ItemDataRole.ForegroundRole:
            return Theme.current().color("muted" if off or cells[column] == "–" else "text")
        if role == Qt.ItemDataRole.AccessibleTextRole:
            shown = "not shown" if off else "shown"
            return f"{cells[0]}, {shown}" if column == 0 else f"{_TITLES[column]} {cells[column]}"
        return None


class Readout(QTableView):
    """Space or a click shows a provider or leaves it out; Return shows it alone, and then all again."""

    shown_changed = Signal(object)
    """frozenset of the names to leave out."""

    def __init__(self) -> None:
        super().__init__()
        self.readings = ReadoutModel(self)
        self.setModel(self.readings)
        self.setAccessibleName("Latency of each provider")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(12, 12))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setFixedHeight(_ROW + 4)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.clicked.connect(lambda index: self.toggle(index.row()))
        self.doubleClicked.connect(lambda index: self.alone(index.row()))
        self.readings.modelReset.connect(self.updateGeometry)

    def toggle(self, row: int) -> None:
        """Shows the row's provider or leaves it out."""
        name = self.readings.names[row]
        self._leave_out(self.readings.hidden ^ {name})

    def alone(self, row: int) -> None:
        """Shows this provider alone, or all again."""
        others = frozenset(self.readings.names) - {self.readings.names[row]}
        self._leave_out(frozenset() if self.readings.hidden == others else others)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        if event.key() == Qt.Key.Key_Space and row >= 0:
            self.toggle(row)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0:
            self.alone(row)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        for column in range(1, len(_TITLES)):
            self.setColumnWidth(column, 57 if narrow else 68)
            self.setColumnHidden(column, narrow and column >= _LAST_FOR_NARROW)

    def sizeHint(self) -> QSize:
        rows = min(max(self.readings.rowCount(), 1), _MOST_ROWS)
        return QSize(320, _ROW * rows + _ROW + 4 + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def _leave_out(self, names: frozenset[str]) -> None:
        if len(names) >= len(self.readings.names):
            names = frozenset()
        self.readings.hide(names)
        self.shown_changed.emit(names)


def _mark(role: str, off: bool) -> QPixmap:
    """A filled square for what is drawn, a hollow one for what is left out."""
    picture = QPixmap(24, 24)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Theme.current().color(role))
    painter.setBrush(Qt.BrushStyle.NoBrush if off else Theme.current().color(role))
    painter.drawRoundedRect(1, 2, 9, 9, 2, 2)
    painter.end()
    return picture
