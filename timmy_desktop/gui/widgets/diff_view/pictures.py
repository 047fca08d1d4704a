"""A picture as it was and as it becomes; decoded only when a person asks to see it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPainter

from timmy_desktop.gui.theme import GAP, ROOM, Theme
from timmy_desktop.gui.wording import size

_HEIGHT = 220
_MOST_PIXELS = 40_000_000
_MOST_BYTES = 5_000_000
_KINDS = (b"png", b"jpg", b"jpeg", b"gif")


@dataclass(frozen=True)
class Picture:
    """`image` is None where there is none, and `words` say what there is."""

    image: QImage | None
    words: str


@dataclass(frozen=True)
class Pictures:
    """Both sides; None where the file is not there on that side."""

    old: Picture | None
    new: Picture | None

    def height(self) -> int:
        return _HEIGHT + 2 * ROOM + GAP

    def paint(self, painter: QPainter, area: QRect) -> None:
        sides = [
            (name, side) for name, side in (("Before", self.old), ("After", self.new)) if side is not None
        ]
        width = area.width() // max(len(sides), 1)
        for place, (name, side) in enumerate(sides):
            _paint(painter, QRect(area.left() + place * width, area.top(), width, area.height()), name, side)


def picture_of(content: bytes | None) -> Picture | None:
    """Reads the bytes of a picture, within limits of size; what can't be shown is told in words."""
    if content is None:
        return None
    if len(content) > _MOST_BYTES:
        return Picture(None, f"{size(len(content))}: too large to be shown here.")
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    kind = bytes(reader.format().data())
    extent = reader.size()
    if kind not in _KINDS or extent.width() * extent.height() > _MOST_PIXELS or extent.isEmpty():
        return Picture(None, f"{size(len(content))}: no picture that can be shown here.")
    reader.setScaledSize(
        extent.scaled(extent.boundedTo(QSize(1200, 2 * _HEIGHT)), Qt.AspectRatioMode.KeepAspectRatio)
    )
    image = reader.read()
    words = f"{extent.width():,} × {extent.height():,} · {size(len(content))}"
    return Picture(None if image.isNull() else image, words)


def _paint(painter: QPainter, area: QRect, name: str, picture: Picture) -> None:
    theme = Theme.current()
    inside = area.adjusted(ROOM, ROOM, -ROOM, -ROOM - GAP)
    if picture.image is not None:
        extent = picture.image.size().scaled(
            picture.image.size().boundedTo(inside.size()), Qt.AspectRatioMode.KeepAspectRatio
        )
        place = QRect(inside.left(), inside.top(), extent.width(), extent.height())
        painter.fillRect(place, theme.color("sunken"))
        painter.drawImage(place, picture.image)
        painter.setPen(theme.color("border"))
        painter.drawRect(place)
    painter.setFont(theme.font("small"))
    painter.setPen(theme.color("muted"))
    words = area.adjusted(ROOM, 0, -ROOM, -GAP)
    painter.drawText(
        words, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, f"{name}: {picture.words}"
    )
