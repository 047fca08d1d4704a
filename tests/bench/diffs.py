"""The diff viewer: how soon a large patch is on screen, and how long a frame takes while it is scrolled."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.harness import Row

GOALS_MS = {10_000: 100.0, 50_000: 300.0}
FRAME_MS, MODE_MS = 33.0, 50.0
_ROUNDS = 5


def diff_open() -> list[Row]:
    """From the bytes of a patch to the first paint, with everything worked out; in a process of its own."""
    told = _measured("open")
    rows = []
    for lines, goal in GOALS_MS.items():
        found = told[str(lines)]
        note = (
            f"reading {found['read']:.0f} ms, which the panel does on a thread; moved lines, words and folds "
            f"in it; colours on screen after {found['coloured']:.0f} ms"
        )
        name = f"diff_open {lines // 1000}k"
        rows.append(
            Row(name, found["open"], "ms", None, None, f"< {goal:.0f} ms", found["open"] < goal, note)
        )
    return rows


def diff_scroll() -> list[Row]:
    """50,000 lines from end to end by lines, pages and jumps, unified and side by side, colours coming in."""
    told = _measured("scroll")
    rows = []
    for mode in ("unified", "side by side", "wrapped"):
        found = told[mode]
        note = (
            f"{mode}: p95 {found['p95']:.1f} ms, median {found['median']:.1f} ms, {found['frames']:.0f} frames; "
            f"most processor time of a frame {found['worked']:.1f} ms"
        )
        met = found["max"] < FRAME_MS
        rows.append(Row("diff_scroll", found["max"], "ms", None, None, "< 33 ms, every frame", met, note))
    return rows


def diff_mode() -> list[Row]:
    """Turning 50,000 lines side by side and back, and wrapping them: the longest frame of each, median of five."""
    rows = []
    for mode, found in _measured("mode").items():
        note = f"{mode}: the lines {found['lines']:.1f} ms, then the map of the changes {found['map']:.1f} ms"
        longest = max(found["lines"], found["map"])
        met = longest < MODE_MS
        rows.append(Row("diff_mode", longest, "ms", None, None, f"< {MODE_MS:.0f} ms", met, note))
    return rows


def patch_of(lines: int) -> bytes:
    """A patch of this many lines as code is: the project's own source, of which every third line is edited."""
    source = _source(lines)
    pieces, taken, number = [], 0, 0
    while taken < lines:
        number += 1
        chunk = source[taken : taken + min(2_500, lines - taken)]
        body, old, new = _edited(chunk)
        path = f"src/part_{number:02d}.py"
        head = f"diff --git a/{path} b/{path}\nindex 1111111..2222222 100644\n--- a/{path}\n+++ b/{path}\n"
        pieces.append(f"{head}@@ -1,{old} +1,{new} @@\n" + "".join(body))
        taken += len(body)
    return "".join(pieces).encode()


def _edited(chunk: list[str]) -> tuple[list[str], int, int]:
    """Each run of two edited lines stands after four that stay, until the chunk is used up."""
    body: list[str] = []
    old = new = place = 0
    while len(body) < len(chunk):
        if place % 6 < 4:
            body.append(f" {chunk[place]}\n")
            old, new = old + 1, new + 1
        else:
            words = chunk[place].replace("self", "this").replace("return", "yield") or "# added"
            body += [f"-{chunk[place]}\n", f"+{words}\n"]
            old, new = old + 1, new + 1
        place += 1
    return body, old, new


def _source(lines: int) -> list[str]:
    found: list[str] = []
    while len(found) < lines:
        for file in sorted(Path("timmy_desktop").rglob("*.py")):
            found += file.read_text(encoding="utf-8").splitlines()
    return found[:lines]


def _measured(what: str) -> dict[str, dict[str, float]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.diffs", what],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return told


def _pane() -> Any:
    from PySide6.QtWidgets import QApplication

    from timmy_desktop.gui.theme import Theme
    from timmy_desktop.gui.widgets.diff_view.pane import DiffPane

    application = QApplication.instance() or QApplication([])
    Theme(application, "dark").apply()  # type: ignore[arg-type]
    pane = DiffPane()
    pane.view.can_take = pane.view.can_see = pane.view.can_comment = True
    pane.view.text_wanted.connect(lambda file: _answer(pane, file))
    pane.resize(1400, 1000)
    pane.show()
    application.processEvents()
    return pane


def _answer(pane: Any, file: int) -> None:
    """With the whole file, some time later, as the queue does."""
    from PySide6.QtCore import QTimer

    document, text = pane.view.document, _new_text(pane, file)
    QTimer.singleShot(
        5, pane, lambda: pane.view.put_text(file, text) if document is pane.view.document else None
    )


def _new_text(pane: Any, file: int) -> str:
    """The whole new file, as the queue answers: the patch holds all of it."""
    (hunk,) = pane.view.document.diff.files[file].hunks
    return "".join(f"{line.text}\n" for line in hunk.lines if line.kind != "-")


def _mode() -> dict[str, dict[str, float]]:
    from timmy_desktop.gui.widgets.diff_view.document import read

    pane = _pane()
    pane.show_reading(read(patch_of(50_000)))
    view = pane.view
    told = {
        words: _switched(pane, change)
        for words, change in (
            ("side by side and back", view.toggle_split),
            ("wrapped and back", view.toggle_wrap),
        )
    }
    pane.stop()
    return told


def _switched(pane: Any, change: Any) -> dict[str, float]:
    lines, maps = [], []
    for _ in range(2 * _ROUNDS):
        start = time.perf_counter()
        change()
        pane.view.viewport().repaint()
        middle = time.perf_counter()
        lines.append(middle - start)
        pane.map.draw_anew()
        pieces = []
        while not pane.map.is_drawn:
            start = time.perf_counter()
            pane.map.repaint()
            pieces.append(time.perf_counter() - start)
        maps.append(max(pieces))
    slower = max(statistics.median(lines[::2]), statistics.median(lines[1::2]))
    return {"lines": slower * 1000, "map": statistics.median(maps) * 1000}


def _open() -> dict[str, dict[str, float]]:
    return {str(lines): _opened(patch_of(lines)) for lines in GOALS_MS}


def _opened(patch: bytes) -> dict[str, float]:

    from timmy_desktop.gui.widgets.diff_view.document import read

    pane = _pane()
    opened, reads, coloured = [], [], []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        reading = read(patch)
        reads.append(time.perf_counter() - start)
        pane.show_reading(reading)
        pane.view.viewport().repaint()
        pane.map.repaint()
        opened.append(time.perf_counter() - start)
        _wait_for_colours(pane, reading)
        pane.view.viewport().repaint()
        coloured.append(time.perf_counter() - start)
    pane.stop()
    return {
        name: statistics.median(times) * 1000
        for name, times in (("open", opened), ("read", reads), ("coloured", coloured))
    }


def _wait_for_colours(pane: Any, reading: Any) -> None:
    from PySide6.QtWidgets import QApplication

    lines, deadline = reading.diff.files[0].hunks[0].lines[:40], time.perf_counter() + 20
    while not any(pane.view.colouring.spans(0, line) for line in lines):
        assert time.perf_counter() < deadline, "no colours came"
        QApplication.processEvents()


def _scroll() -> dict[str, dict[str, float]]:
    from timmy_desktop.gui.widgets.diff_view.document import read

    pane = _pane()
    reading = read(patch_of(50_000))
    told = {}
    for mode, change in (
        ("unified", None),
        ("side by side", pane.view.toggle_split),
        ("wrapped", pane.view.toggle_wrap),
    ):
        pane.show_reading(reading)
        if change is not None:
            change()
        told[mode] = _frames(pane)
    pane.stop()
    return told


def _frames(pane: Any) -> dict[str, float]:
    """Steps of three lines, then whole pages, then jumps across the whole; events are handled in the frame."""
    from PySide6.QtWidgets import QApplication

    from timmy_desktop.gui.responsiveness import CalmInterpreter

    QApplication.processEvents()
    calm = CalmInterpreter(lambda: False)  # garbage waits for a calm moment, as in the window
    calm.start()
    bar = pane.view.verticalScrollBar()
    line, page = bar.singleStep(), bar.pageStep()
    steps = [step * 3 * line for step in range(300)]
    steps += [min(step * page, bar.maximum()) for step in range(300)]
    steps += [bar.maximum() * (step * 37 % 100) // 100 for step in range(200)]
    times, worked = [], []
    for value in steps:
        start, began = time.perf_counter(), time.thread_time()
        bar.setValue(value)
        pane.view.viewport().repaint()
        QApplication.processEvents()
        times.append((time.perf_counter() - start) * 1000)
        worked.append((time.thread_time() - began) * 1000)
    calm.stop()
    return {
        "max": max(times),
        "worked": max(worked),
        "p95": statistics.quantiles(times, n=20)[-1],
        "median": statistics.median(times),
        "frames": float(len(times)),
    }


if __name__ == "__main__":
    print(json.dumps({"open": _open, "scroll": _scroll, "mode": _mode}[sys.argv[1]]()))
    sys.stdout.flush()
    os._exit(0)
