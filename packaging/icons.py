"""The icon in every size that a desktop asks for, from the one drawing in resources/. Needs Qt."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
# Apple's four-letter words for PNGs in an .icns file, by their side in pixels.
ICNS_WORDS = {
    b"icp4": 16, b"icp5": 32, b"ic11": 32, b"ic12": 64, b"ic07": 128, b"ic13": 256, b"ic08": 256,
    b"ic14": 512, b"ic09": 512, b"ic10": 1024,
}  # fmt: skip


def main(drawing: Path, folder: Path, name: str) -> None:
    """Writes `folder`/SIZE.png for each size, and `folder`/`name`.icns."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {side: png(drawing, side) for side in sorted({*SIZES, *ICNS_WORDS.values()})}
    for side in SIZES:
        (folder / f"{side}.png").write_bytes(pictures[side])
    (folder / f"{name}.icns").write_bytes(icns(pictures))


def png(drawing: Path, side: int) -> bytes:
    """The drawing as a square PNG of `side` pixels."""
    from PySide6.QtCore import QBuffer, QIODevice
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    picture = QImage(side, side, QImage.Format.Format_ARGB32)
    picture.fill(0)
    painter = QPainter(picture)
    QSvgRenderer(str(drawing)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def icns(pictures: Mapping[int, bytes]) -> bytes:
    """Apple's icon file: a header, then each picture behind its word and length (big endian)."""
    body = b"".join(
        word + struct.pack(">I", len(pictures[side]) + 8) + pictures[side]
        for word, side in ICNS_WORDS.items()
    )
    return b"icns" + struct.pack(">I", len(body) + 8) + body


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
