"""What the log keeps when a library ends the whole process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from timmy_desktop.log_file import log_to_file
from timmy_desktop.paths import Paths

_FALLS = """
import faulthandler, sys
from pathlib import Path
from timmy_desktop.log_file import log_to_file
from timmy_desktop.paths import Paths
with log_to_file(Paths.default(Path(sys.argv[1]))):
    if sys.argv[2] == "falls":
        faulthandler._sigsegv()
"""


def _run(data: Path, how: str) -> int:
    return subprocess.run([sys.executable, "-c", _FALLS, str(data), how], timeout=60, check=False).returncode


def test_after_a_crash_it_stands_where_each_thread_was(tmp_path: Path) -> None:
    assert _run(tmp_path, "falls") < 0
    crash = tmp_path / "logs/crash.txt"

    assert "Segmentation fault" in crash.read_text()
    assert crash.stat().st_mode & 0o077 == 0

    assert _run(tmp_path, "stays") == 0

    assert "Segmentation fault" in (tmp_path / "logs/crash.1.txt").read_text()
    assert "An earlier run crashed; logs/crash.1.txt" in (tmp_path / "logs/timmy.log").read_text()
    assert not crash.read_text()

    assert _run(tmp_path, "stays") == 0

    assert (tmp_path / "logs/timmy.log").read_text().count("crashed") == 1


def test_who_watches_already_goes_on_watching(tmp_path: Path) -> None:
    with log_to_file(Paths.default(tmp_path)):
        pass

    assert not (tmp_path / "logs/crash.txt").exists()
