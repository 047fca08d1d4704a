"""An export rests by the time that it has worked, not by how many lines that was."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.ledger_story import healthy_month
from timmy_desktop.ledger.export import LedgerExport
from timmy_desktop.ledger.export.booked import restore
from timmy_desktop.ledger.export.pace import Pace
from timmy_desktop.ledger.history_question import Question
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.migrations import migrate

NOW_US = 1_790_000_000_000_000


class Watch:
    """Each look takes as long as a piece of work does; rests take none."""

    def __init__(self, piece: float) -> None:
        self.piece, self.seconds = piece, 0.0
        self.rests: list[float] = []

    def now(self) -> float:
        self.seconds += self.piece
        return self.seconds

    def pace(self) -> Pace:
        return Pace(work_seconds=0.006, rest_seconds=0.003, now=self.now, sleep=self.rests.append)


def test_rests_follow_the_time_worked() -> None:
    quick, slow = Watch(0.001), Watch(0.010)
    for watch in (quick, slow):
        pace = watch.pace()
        for _ in range(60):
            pace.step()
    assert 60 / 8 <= len(quick.rests) <= 60 / 6
    assert slow.rests == [0.003] * 60


async def test_an_export_keeps_its_pace(tmp_path: Path) -> None:
    db = Database(tmp_path / "swarm.db")
    await db.open(lambda session: migrate(session, tmp_path / "backups"))
    await db.write(lambda session: restore(session, healthy_month(NOW_US)))
    watch = Watch(0.010)
    lines = await LedgerExport(db, pace=watch.pace()).write(tmp_path / "all.csv", "csv", Question())
    assert len(watch.rests) == -(-lines // 40)
    await db.close()
