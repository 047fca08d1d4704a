"""What may not be loaded before the window is on screen; each of these takes as long as several docks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from tests.fakes.services import fake_services
from tests.gui.windows import THREE
from timmy_desktop.app import painted
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow

_LOOK = """
import os, sys
from timmy_desktop.gui.main_window import MainWindow
original = MainWindow.__init__
def observed(self, *arguments, **named):
    original(self, *arguments, **named)
    self.painted.connect(look)
def look():
    late = {"asyncio", "qasync", "ssl", "uuid", "hashlib", "pydantic", "numpy", "logging.handlers",
            "PySide6.QtNetwork", "timmy_desktop.app.session", "timmy_desktop.bootstrap"}
    late |= {name for name in sys.modules if name.startswith("timmy_desktop.gui.panels.") and name.count(".") > 3}
    print(sorted(late & set(sys.modules)), flush=True)
    os._exit(0)
MainWindow.__init__ = observed
from timmy_desktop.cli import main
main(["--data-dir", sys.argv[1]])
"""


def test_nothing_heavy_is_loaded_before_the_first_paint(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOOK, str(tmp_path / "data")],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_window_closed_before_its_first_paint_opens_nothing(qapp: QApplication, tmp_path: Path) -> None:
    window = MainWindow(
        paths=fake_services(tmp_path / "data").paths, specs=THREE, store=LayoutStore(tmp_path / "window.ini")
    )
    QTimer.singleShot(0, window, window.close_now)
    assert not painted(window)
    window.deleteLater()
