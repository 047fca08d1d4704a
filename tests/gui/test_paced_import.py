"""A large library comes in on the GUI thread, in small steps, once; a failed one leaves nothing half made."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from timmy_desktop.gui.paced_import import import_paced

PLAIN = "plain_part_for_paced"
PACKAGE = "paced_for_test"
WHERE = "import threading\nwhere = threading.current_thread()\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / PACKAGE).mkdir()
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] in (PACKAGE, PLAIN)]:
        del sys.modules[name]


def _write(place: Path, top: str) -> None:
    (place / PACKAGE / "__init__.py").write_text(top)
    (place / PACKAGE / "part.py").write_text(WHERE)
    (place / f"{PLAIN}.py").write_text(WHERE)


async def test_it_comes_in_here_and_what_it_needs_elsewhere(place: Path) -> None:
    _write(place, f"{WHERE}import {PLAIN}\nfrom .part import where as of_part\n__all__ = ['where']\n")

    module = await import_paced(PACKAGE, plain=[PLAIN])

    assert module is sys.modules[PACKAGE]
    assert module.where is module.of_part is threading.main_thread()
    assert module.__file__ == str(place / PACKAGE / "__init__.py")
    assert sys.modules[PLAIN].where is not threading.main_thread()


async def test_the_loop_turns_between_the_steps(place: Path) -> None:
    busy = "while time.monotonic() < until: pass\nseen.append(plain.turns)\nuntil = time.monotonic() + 0.02\n"
    _write(
        place, f"import time\nimport {PLAIN} as plain\nseen, until = [], time.monotonic() + 0.02\n{busy * 5}"
    )
    (place / f"{PLAIN}.py").write_text("turns = 0\n")
    plain = importlib.import_module(PLAIN)

    async def count() -> None:
        while True:
            plain.turns += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count())
    module = await import_paced(PACKAGE)
    counting.cancel()

    assert module.seen == sorted(set(module.seen))


async def test_two_who_ask_at_once_get_the_same(place: Path) -> None:
    _write(place, "runs = globals().get('runs', 0) + 1\nmade = object()\n")

    first, second = await asyncio.gather(import_paced(PACKAGE), import_paced(PACKAGE))

    assert first is second
    assert first.runs == 1


async def test_a_failed_one_is_gone_and_can_be_tried_again(place: Path) -> None:
    _write(place, "from .part import where\nimport nothing_of_this_name\n")
    with pytest.raises(ModuleNotFoundError, match="nothing_of_this_name"):
        await import_paced(PACKAGE)
    assert not [name for name in sys.modules if name.startswith(PACKAGE)]

    (place / PACKAGE / "__init__.py").write_text("from .part import where\nis_whole_now = True\n")

    assert (await import_paced(PACKAGE)).is_whole_now


async def test_an_unknown_one_says_its_name() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package_at_all"):
        await import_paced("no_such_package_at_all")


_WATCHED = """
import sys, threading
QT = ("PySide6", "shiboken6", "pyqtgraph", "timmy_desktop.gui")
def watch(event, args):
    elsewhere = threading.current_thread() is not threading.main_thread()
    if event == "import" and elsewhere and any((args[0] + ".").startswith(name + ".") for name in QT):
        print("elsewhere:", args[0], flush=True)
sys.addaudithook(watch)
from timmy_desktop.cli import main
code = main(["screenshot", "--out", sys.argv[1], "--data-dir", sys.argv[2]])
print("pyqtgraph" in sys.modules)
sys.exit(code)
"""


def test_the_whole_window_brings_nothing_of_qt_in_on_another_thread(tmp_path: Path) -> None:
    pictures, data = tmp_path / "pictures", tmp_path / "data"
    command = [sys.executable, "-c", _WATCHED, str(pictures), str(data)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONWARNINGS": "default"}

    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=environment, check=False)

    assert done.returncode == 0, done.stderr
    elsewhere = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("elsewhere: ")]
    assert not [name for name in elsewhere if _knows_qt(name)]
    assert done.stdout.splitlines()[-1] == "True"


def _knows_qt(name: str) -> bool:
    spec = importlib.util.find_spec(name) if name.startswith("timmy_desktop.") else None
    return spec is None or "PySide6" in Path(str(spec.origin)).read_text()
