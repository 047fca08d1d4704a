"""The parts of the slower tests are there and work: otherwise the tests that use them prove nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conditions import require_display_parts, require_ollama_proxy, require_small_model

pytestmark = pytest.mark.parts

WINDOW = """
import subprocess
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
app = QApplication([])
assert app.platformName() == "xcb", app.platformName()
window = QWidget(windowTitle="a real window")
window.show()
def look():
    subprocess.run(["xdotool", "search", "--sync", "--name", "a real window"], check=True, timeout=20)
    app.quit()
QTimer.singleShot(100, look)
app.exec()
"""


def test_a_real_window_opens_on_the_virtual_display() -> None:
    require_display_parts()
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb"}

    shown = subprocess.run(
        ["xvfb-run", "-a", sys.executable, "-c", WINDOW],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert shown.returncode == 0, shown.stderr


def test_the_ollama_proxy_starts() -> None:
    program = require_ollama_proxy()

    asked = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60)

    assert asked.returncode == 0, asked.stderr
    assert "serve" in asked.stdout


def test_the_small_model_is_laid_out() -> None:
    model = require_small_model()

    with model.open("rb") as opened:
        assert opened.read(4) == b"GGUF"
    assert model.stat().st_size > 200_000_000
