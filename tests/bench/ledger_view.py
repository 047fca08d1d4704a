"""The Ledger dock over a million lines: every frame while it opens, scrolls, jumps, filters, sorts, charts, exports."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.harness import Row

LINES = 1_000_000
NOW_US = 1_790_000_000_000_000
FRAME_MS, GOAL_MS, LONGEST_MS = 16.0, 33.0, 50.0
EXPORTED = 30_000
_MOST_FRAMES = 900


def ledger_view_1m() -> list[Row]:
    """In a process of its own: the frames of a real dock without a screen."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.ledger_view", name],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    *numbers, when = done.stdout.split()[-9:]
    p95, longest, frames, shown, filtered, own, calm_p95, calm_longest = (float(word) for word in numbers)
    note = (
        f"{frames:,.0f} frames, the window's own work {own:.0f} ms p95, {calm_p95:.0f} without waiting for a processor; "
        f"first lines after {shown:.0f} ms, "
        f"a word found in all lines after {filtered:.0f} ms"
    )
    return [
        Row("ledger_view_1m", p95, "ms p95", None, None, "< 33 ms", p95 < GOAL_MS, note),
        Row(
            "ledger_view_1m_longest",
            longest,
            "ms",
            None,
            None,
            "< 50 ms",
            longest < LONGEST_MS,
            f"at: {when}; without waiting for a processor {calm_longest:.0f} ms",
        ),
    ]


async def look(folder: Path) -> tuple[float, float, int, float, float, float, float, float, str]:
    """p95 and longest of how late the loop came to its frames, how many, when lines stood on screen, the time
    that the window's thread itself worked for a frame (p95), and p95 and longest less what it waited for a
    processor, which other programs may have had; then at what the longest came."""
    from tests.fakes.bus import FakeBus
    from tests.fakes.ledger_book import FakeBook
    from tests.fakes.ledger_story import AGENTS, long_book
    from timmy_desktop.gui.keepsakes import Keepsakes
    from timmy_desktop.gui.panels.ledger import REST_S, WORK_S
    from timmy_desktop.gui.panels.ledger.panel import LedgerPanel
    from timmy_desktop.gui.panels.ledger.words import Worth
    from timmy_desktop.gui.responsiveness import CalmInterpreter
    from timmy_desktop.ledger import book
    from timmy_desktop.ledger.export import LedgerExport
    from timmy_desktop.ledger.export.pace import Pace
    from timmy_desktop.ledger.history import LedgerHistory
    from timmy_desktop.ledger.history_question import Question
    from timmy_desktop.storage.database import Database
    from timmy_desktop.storage.migrations import migrate
    from timmy_desktop.supervisor import TaskSupervisor

    db = Database(folder / "swarm.db")
    await db.open(lambda session: migrate(session, folder / "backups"))
    await db.write(lambda session: long_book(session, LINES, NOW_US))
    supervisor = TaskSupervisor()
    interpreter = CalmInterpreter(lambda: False)  # as in a window that is never left alone
    interpreter.start()
    frames: list[tuple[float, float, str]] = []
    own: list[float] = []
    pace = Pace(work_seconds=WORK_S, rest_seconds=REST_S)
    begun = time.perf_counter()
    panel = LedgerPanel(
        book=FakeBook(await db.read(book.balances)), history=LedgerHistory(db), exporter=LedgerExport(db, pace=pace),
        bus=FakeBus(), supervisor=supervisor, keepsakes=Keepsakes(None), now_us=lambda: NOW_US,
        names={name: name for name in AGENTS}, proves=lambda *_: True, worth=Worth(),
    )  # fmt: skip
    panel.resize(1280, 700)
    panel.show()
    panel.start()
    table, filters, chart = panel.lines_page.table, panel.lines_page.filters, panel.chart_page

    async def until(when: str, done: Callable[[], bool], step: Callable[[], object] = lambda: None) -> None:
        """Frame by frame, table and chart painted in each: how long after its turn the loop came to it."""
        for _ in range(_MOST_FRAMES):
            due, before = time.perf_counter(), processor_wait_ms()
            await asyncio.sleep(FRAME_MS / 1000)
            worked = time.thread_time()
            step()
            table.viewport().repaint()
            chart.chart.repaint()
            own.append((time.thread_time() - worked) * 1000)
            late = (time.perf_counter() - due) * 1000 - FRAME_MS
            frames.append((late, late - processor_wait_ms() + before, when))
            if done():
                return

    await until("open", lambda: panel.lines.rowCount() > 0 and panel.lines.row_at(0) is not None)
    shown = (time.perf_counter() - begun) * 1000
    await until("open", panel.settle)
    bar = table.verticalScrollBar()
    steps = iter(range(200))
    await until("scroll", lambda: next(steps, None) is None, lambda: bar.setValue(bar.value() + 170))
    begun = time.perf_counter()
    filters.search.setText("supplier 77")
    await until("search", lambda: panel.controller.question.text != "" and panel.settle())
    filtered = (time.perf_counter() - begun) * 1000
    jumps = [("jump", lambda place=place: bar.setValue(bar.maximum() * place // 4)) for place in range(5)]
    header = table.horizontalHeader()
    acts: list[tuple[str, Callable[[], object]]] = [
        *jumps,
        ("clear", filters.clear),
        ("filter", lambda: filters.kind.setCurrentIndex(1)),
        ("filter", lambda: filters.agent.setCurrentIndex(2)),
        ("clear", filters.clear),
        *(
            ("sort", lambda column=column: header.setSortIndicator(column, header.sortIndicatorOrder()))
            for column in (3, 0)
        ),
        *jumps,
        ("chart", lambda: chart.choose_days(0)),
        ("chart", lambda: chart.choose_days(365)),
        ("sums", lambda: panel.shares_page.by_changed.emit("day")),
    ]
    for when, act in acts:
        act()
        await until(when, panel.settle)
    panel.exports.write(folder / "ledger.csv", "csv", Question())
    await until("export", lambda: panel.exports.done >= EXPORTED)
    panel.exports.cancel()
    await until("export", lambda: not panel.exports.running)
    panel.stop()
    interpreter.stop()
    await supervisor.close()
    await db.close()
    late, calm = [frame[0] for frame in frames], [frame[1] for frame in frames]
    p95, work, calm_p95 = (statistics.quantiles(times, n=20)[18] for times in (late, own, calm))
    longest, _, when = max(frames)
    return p95, longest, len(frames), shown, filtered, work, calm_p95, max(calm), when


def processor_wait_ms() -> float:
    """For how long this thread was ready and had no processor, where the system tells (Linux)."""
    try:
        return int(Path(f"/proc/self/task/{os.getpid()}/schedstat").read_text().split()[1]) / 1e6
    except OSError:
        return 0.0


def main() -> None:
    import qasync
    from PySide6.QtWidgets import QApplication

    from timmy_desktop.gui.theme import Theme

    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    Theme(application, "dark").apply()
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    with loop:
        print(*loop.run_until_complete(look(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
