"""The application on screen: the window first, by Qt alone; asyncio, and the services on it, after it.

Loading asyncio takes as long as making the window, so nothing here imports it before the first paint.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QSize, QTimer
from PySide6.QtWidgets import QApplication

from timmy_desktop.gui.instance import raise_other
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panel import PanelSpec
from timmy_desktop.gui.panels import PANELS
from timmy_desktop.gui.theme import Theme
from timmy_desktop.paths import Paths

if TYPE_CHECKING:
    from timmy_desktop.gui.boxes.window import KeyOf
    from timmy_desktop.services import Services
    from timmy_desktop.settings import Settings

Load = Callable[[], "Settings"]
Build = Callable[["Settings", Paths], "Services"]

_PAINT_WITHIN_MS = 2000
# Set by a benchmark that waits for it: a packaged program can be watched in no other way.
TELL_FIRST_PAINT = "TIMMY_TELL_FIRST_PAINT"


def run_window(
    paths: Paths, *, load: Load | None = None, build: Build | None = None, specs: Sequence[PanelSpec] = PANELS
) -> int:
    """Opens the window and returns the exit status when it was closed.

    `load` reads the settings (from `paths` where none is given) and `build` makes the services
    (bootstrap's); what either raises is shown in the window, with another try.
    """
    application = _application()
    if raise_other(paths.data_dir):
        sys.stdout.write(f"Timmy is already open for {paths.data_dir}; its window was brought forward.\n")
        return 0
    store = LayoutStore(paths.data_dir / "window.ini")
    Theme(application, store.theme).apply()
    window = MainWindow(paths=paths, specs=specs, store=store)
    if not painted(window):
        return 0
    _tell_first_paint()
    from timmy_desktop.app.session import WindowSession, run_on_qt
    from timmy_desktop.log_file import log_to_file

    session = WindowSession(window, paths, load or _loader(paths), build or _bootstrap, store)
    with log_to_file(paths):
        return run_on_qt(application, session.run())


def painted(window: MainWindow) -> bool:
    """Shows the window and returns once it was painted, or 2 s later; False when it was closed meanwhile.

    A window that is never exposed is not waited for any longer.
    """
    loop = QEventLoop()
    window.painted.connect(loop.quit)
    window.closed.connect(loop.quit)
    patience = QTimer(loop)
    patience.setSingleShot(True)
    patience.timeout.connect(loop.quit)
    patience.start(_PAINT_WITHIN_MS)
    window.show()
    loop.exec()
    patience.stop()
    return window.isVisible()


def take_screenshots(
    paths: Paths,
    out: Path,
    *,
    panel: str | None = None,
    part: str = "",
    themes: Sequence[str] = ("dark",),
    size: tuple[int, int] | None = None,
    load: Load | None = None,
    build: Build | None = None,
    specs: Sequence[PanelSpec] = PANELS,
) -> list[Path]:
    """Opens the window where nobody sees it, waits until it has settled and writes a PNG for each theme.

    Raises what starting raised, KeyError for an unknown panel or part, OSError when a picture fails.
    """
    import tempfile

    from timmy_desktop.app.session import WindowSession, run_on_qt

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = _application()
    Theme(application, themes[0]).apply()
    with tempfile.TemporaryDirectory() as folder:
        store = LayoutStore(Path(folder) / "window.ini")
        window = MainWindow(paths=paths, specs=specs, store=store)
        session = WindowSession(window, paths, load or _loader(paths), build or _bootstrap, store)
        return run_on_qt(
            application, session.pictures(out, panel, part, themes, QSize(*size) if size else None)
        )


def run_box(file: Path, key_of: KeyOf, theme: str) -> int:
    """Shows a black box in a window of its own; raises what keeps it from being opened."""
    from timmy_desktop.app.session import SignalWatch, run_on_qt
    from timmy_desktop.gui.boxes.window import show_box

    application = _application()
    Theme(application, theme).apply()

    async def until_closed() -> None:
        signals = SignalWatch(application.closeAllWindows)
        try:
            await show_box(file, key_of, _tell_first_paint)
        finally:
            signals.close()

    run_on_qt(application, until_closed())
    return 0


def _tell_first_paint() -> None:
    if os.environ.get(TELL_FIRST_PAINT):
        sys.stdout.write("painted\n")
        sys.stdout.flush()


def _application() -> QApplication:
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("timmy-desktop")
    application.setApplicationDisplayName("Timmy Desktop")
    application.setDesktopFileName("timmy-desktop")
    application.setQuitOnLastWindowClosed(False)
    return application


def _bootstrap(settings: Settings, paths: Paths) -> Services:
    services: Services = importlib.import_module("timmy_desktop.bootstrap").build(settings, paths)
    return services


def _loader(paths: Paths) -> Load:
    def load() -> Settings:
        from timmy_desktop.settings import load_settings

        return load_settings(paths.config_file)

    return load
