"""The window: how soon it is painted, and whether it stalls under a flood of events."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.events import KEY, write_log
from tests.bench.harness import Row, in_turn
from timmy_desktop.gui.panels import PANELS

EVENTS_A_SECOND, FLOOD_SECONDS, BURST_SECONDS = 20_000, 30.0, 0.01
LONGEST_BLOCK_MS = 33.0
ROWS_AT_START = 1_000_000

_APPLICATION = """
import os, sys
from timmy_desktop.gui.main_window import MainWindow
original = MainWindow.__init__
def observed(self, *arguments, **named):
    original(self, *arguments, **named)
    self.painted.connect(lambda: os._exit(0))
MainWindow.__init__ = observed
from timmy_desktop.cli import main
main(["--data-dir", sys.argv[1]])
"""

_BARE = """
import os, sys
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        os._exit(0)
application = QApplication([])
window = Window()
for number in range(int(sys.argv[1])):
    dock = QDockWidget(str(number), window)
    dock.setWidget(QLabel("dock"))
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
window.resize(1280, 800)
window.show()
application.exec()
"""


def start_window() -> list[Row]:
    """From the command to the first paint, a million events in the log; against a bare window."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        asyncio.run(write_log(folder, ROWS_AT_START))
        (folder / "chain.key").write_text(KEY.hex())
        value, other, ratio = in_turn(
            lambda: _started(_APPLICATION, name), lambda: _started(_BARE, str(len(PANELS))), rounds=9
        )
    return [Row("start_window", value * 1000, "ms", other * 1000, ratio, "<= 2 x a bare window", ratio <= 2)]


def start_frozen() -> list[Row]:
    """The packaged application to its first paint, against the same from the checkout. After `dev.py build`."""
    program = Path.cwd() / "build/frozen/timmy-desktop/timmy-desktop"
    if not program.exists():
        print("start_frozen: left out, for there is no packaged application: python3 packaging/dev.py build")
        return []
    own = [sys.executable, "-m", "timmy_desktop"]
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        value, other, ratio = in_turn(
            lambda: _logged_start([str(program)], Path(name)),
            lambda: _logged_start(own, Path(name)),
            rounds=7,
        )
    return [Row("start_frozen", value * 1000, "ms", other * 1000, ratio, "<= 2 x unfrozen", ratio <= 2)]


def feed_flood() -> list[Row]:
    """20,000 events a second for 30 s with the window open, all of it on one loop."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.flood"],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sent, logged, longest_ms = (float(word) for word in done.stdout.split()[-3:])
    note = f"{sent:,.0f} events sent, {logged:,.0f} in the log"
    met = longest_ms < LONGEST_BLOCK_MS and sent == logged
    return [Row("feed_flood", longest_ms, "ms", None, None, "< 33 ms, none lost", met, note)]


def _logged_start(command: list[str], folder: Path) -> float:
    """From the command until the window says that it was painted; then it is ended."""
    environment = {**_environment(), "TIMMY_TELL_FIRST_PAINT": "1"}
    start = time.perf_counter()
    with subprocess.Popen(
        [*command, "--data-dir", str(folder)], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "painted" in process.stdout.readline()
        taken = time.perf_counter() - start
        process.terminate()
    return taken


def _started(script: str, *arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", script, *arguments], env=_environment(), check=True, timeout=60)
    return time.perf_counter() - start


def _environment() -> dict[str, Any]:
    # Modules are compiled once, as on a person's machine; the rounds before the first one measured do it.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path.cwd())}
