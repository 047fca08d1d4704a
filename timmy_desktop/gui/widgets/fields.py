"""Fields that Qt's style sheets can't draw without pictures: check box, choice, numbers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractSpinBox, QCheckBox, QComboBox, QDoubleSpinBox, QPushButton, QSpinBox

from timmy_desktop.gui.glyphs import icon, paint_glyph
from timmy_desktop.gui.theme import GAP, TIGHT, Theme

_BOX = 16


class CheckBox(QCheckBox):
    """A check box whose box is visible in both themes, with a ring while it has the focus."""

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        if not self.text():
            return QSize(_BOX + 2, _BOX + GAP)
        return QSize(
            _BOX + GAP + metrics.horizontalAdvance(self.text()) + TIGHT, max(_BOX, metrics.height()) + GAP
        )

    def hitButton(self, position: object) -> bool:  # noqa: ARG002
        return True

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        theme, painter = Theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(1, (self.height() - _BOX) / 2, _BOX, _BOX)
        on = self.isChecked()
        edge = "accent" if self.hasFocus() else "fill" if on else "outline"
        painter.setPen(QPen(theme.color(edge), 1.6 if self.hasFocus() else 1))
        painter.setBrush(theme.color("fill" if on else "sunken" if theme.is_dark else "raised"))
        painter.drawRoundedRect(box, TIGHT, TIGHT)
        if on:
            paint_glyph(painter, "check", box.adjusted(1, 1, -1, -1), theme.color("on_fill"))
        painter.setPen(theme.color("text" if self.isEnabled() else "outline"))
        words = QRect(_BOX + GAP + 1, 0, self.width() - _BOX - GAP, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())


class Choice(QComboBox):
    """A drop-down with an arrow that follows the theme."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        place = QRect(self.width() - 24, (self.height() - 14) // 2, 14, 14)
        paint_glyph(QPainter(self), "down", place, Theme.current().color("muted"))


class SearchButton(QPushButton):
    """Looks like a search field and opens something better; its keys stand at the right."""

    def __init__(self, words: str, keys: str, clicked: Callable[[], object]) -> None:
        super().__init__(f" {words}")
        self._keys = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
        self.setAccessibleName(f"{words} ({self._keys})")
        self.setProperty("variant", "search")
        self.setIcon(icon("search"))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(lambda *_: clicked())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        theme, painter = Theme.current(), QPainter(self)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("muted"))
        place = self.rect().adjusted(0, 0, -10, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._keys)


def whole_number(least: int, most: int, unit: str = "") -> QSpinBox:
    """A field for a whole number, changed by typing, wheel and arrow keys."""
    field = QSpinBox()
    field.setRange(least, most)
    field.setGroupSeparatorShown(True)
    field.setSuffix(f" {unit}" if unit else "")
    _keep_from_the_edge(field)
    return field


def number(least: float, most: float, unit: str = "", decimals: int = 1) -> QDoubleSpinBox:
    """A field for a number with decimals."""
    field = QDoubleSpinBox()
    field.setDecimals(decimals)
    field.setRange(least, most)
    field.setSuffix(f" {unit}" if unit else "")
    _keep_from_the_edge(field)
    return field


def _keep_from_the_edge(field: QAbstractSpinBox) -> None:
    # The style sheet's padding doesn't reach the line within.
    field.lineEdit().setTextMargins(GAP, 0, GAP, 0)
