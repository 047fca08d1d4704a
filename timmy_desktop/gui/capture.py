"""Pictures of the window made by the application itself, once everything is on screen."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget

from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.theme import Theme

_POLL_S, _FRAMES = 0.03, 4
_READABLE, _ALONE = 300, QSize(1000, 640)


async def settled(window: MainWindow, patience_s: float = 20.0) -> bool:
    """Waits until every panel shows what it asked for; False when that took longer than `patience_s`."""
    deadline = time.monotonic() + patience_s
    while not window.settled:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True


async def capture(
    window: MainWindow,
    out: Path,
    *,
    panel: str | None = None,
    part: str = "",
    theme: str = "dark",
    size: QSize | None = None,
) -> Path:
    """Writes a PNG of the window, or of one panel's dock, into the folder `out` and returns its path.

    `size` is the window's, or that of the dock, which floats for it. `part` is one of the panel's or the
    window's.
    KeyError for a panel or a part that isn't there, OSError when the picture can't be written.
    """
    dock = None if panel is None else window.docks[panel]
    target: QWidget = dock or window
    Theme.current().switch(theme)
    if size is not None:
        if dock is None:
            window.resize(size)
        window.reset_layout()
    if dock is not None and size is None:
        # Behind another tab it would have no size of its own yet.
        dock.show()
        dock.raise_()
        await settled(window)
    if dock is not None and (size is not None or min(dock.width(), dock.height()) < _READABLE):
        dock.setFloating(True)  # as it lies in the window it is a strip, in which nothing can be read
        dock.resize(size or _ALONE)
    await settled(window)
    if part:
        panel_shows = dock is not None and dock.panel is not None and dock.panel.show_part(part)
        if not panel_shows and not (dock is None and window.show_part(part)):
            raise KeyError(f"{panel or 'window'}, {part}")
        await settled(window)
    for _ in range(_FRAMES):
        await asyncio.sleep(_POLL_S)
    # A dock that was just made to float gives the keyboard to its first button, which nobody chose.
    if dock is not None and (chosen := dock.focusWidget()) is not None:
        chosen.clearFocus()
    # A part may be a dialog, which is a window of its own.
    picture = ((QApplication.activeModalWidget() if part else None) or target).grab()
    await asyncio.to_thread(out.mkdir, parents=True, exist_ok=True)
    shown = "-".join(filter(None, (panel or "window", part.partition(":")[0])))
    file = out / f"{shown}-{theme}-{picture.width()}x{picture.height()}.png"
    if not picture.save(str(file)):
        raise OSError(f"The picture {file} could not be written.")
    return file
