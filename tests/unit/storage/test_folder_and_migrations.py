"""The data folder, the schema and the chain's key."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.fakes.providers import FakeClock
from tests.unit.storage.logs import open_log
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.settings import KeychainError
from timmy_desktop.storage.anchor import HeadAnchor
from timmy_desktop.storage.backup import KEPT, DailyBackup
from timmy_desktop.storage.chain import ChainReport
from timmy_desktop.storage.chain_key import ChainKey
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import (
    CorruptDatabaseError,
    FolderError,
    NewerSchemaError,
    StorageError,
)
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.folder import DataFolder, FolderInUseError
from timmy_desktop.storage.migrations import MIGRATIONS, SCHEMA_VERSION, migrate
from timmy_desktop.storage.tables import AttemptRow, ConversationRow
from timmy_desktop.storage.verification import verify_log
from timmy_desktop.supervisor import TaskSupervisor


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "deep" / "data")
    with folder:
        folder.acquire("window")
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder.path / "lock").stat().st_mode) == 0o600


def test_a_second_process_is_told_who_has_it(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as first:
        first.acquire("window")
        script = (
            "import sys; from pathlib import Path; from timmy_desktop.storage.folder import *\n"
            "try: DataFolder(Path(sys.argv[1])).acquire('run-task')\n"
            "except FolderInUseError as error: print(error.pid, error)"
        )
        run = [sys.executable, "-c", script, str(tmp_path)]
        answer = subprocess.run(run, capture_output=True, text=True, check=True).stdout
        assert answer.startswith(f"{os.getpid()} ")
        assert "(window)" in answer
    with DataFolder(tmp_path) as again:
        again.acquire("window")


def test_two_holders_in_one_process_are_told_apart(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as first:
        first.acquire("window")
        with pytest.raises(FolderInUseError):
            DataFolder(tmp_path).acquire("other")


def test_a_file_in_the_folders_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderError, match="can't be used"):
        DataFolder(tmp_path / "file").acquire("window")


async def test_every_step_is_backed_up_and_a_failing_one_leaves_the_old(tmp_path: Path) -> None:
    async with open_log(tmp_path) as opened:
        await opened.bus.publish(SystemInfo(message="old data"))
        taken: list[Path] = []
        steps = [*MIGRATIONS, ["CREATE TABLE added(x)"]]
        await opened.database.on_writer(
            lambda: taken.extend(migrate(opened.database.session(), tmp_path / "backups", steps))
        )
        assert [path.name for path in taken] == [f"swarm-schema-{SCHEMA_VERSION}.db"]
        assert stat.S_IMODE(taken[0].stat().st_mode) == 0o600
        with closing(sqlite3.connect(taken[0])) as backup:
            assert backup.execute("SELECT count(*) FROM event_log").fetchone() == (1,)
        broken = [*steps, ["CREATE TABLE half(x)", "this is not SQL"]]
        with pytest.raises(sqlite3.Error):
            await opened.database.on_writer(
                lambda: migrate(opened.database.session(), tmp_path / "backups", broken)
            )
        rows = await opened.database.read(
            lambda s: s.sql("SELECT name FROM sqlite_master WHERE name = 'half'")
        )
        assert rows == []
        version = await opened.database.read(lambda s: s.sql("PRAGMA user_version"))
        assert version == [(SCHEMA_VERSION + 1,)]


async def test_a_database_of_schema_1_keeps_what_it_has(tmp_path: Path) -> None:
    database = Database(tmp_path / "swarm.db")

    def old(session: Session) -> None:
        migrate(session, tmp_path / "backups", MIGRATIONS[:1])
        session.sql(
            "INSERT INTO provider_attempts(request_id, attempt, time_us, purpose, provider, model, outcome, "
            "detail, ttft_ms, total_ms, tokens_in, tokens_out, breaker) "
            "VALUES ('r1', 1, 5, 'chat', 'ollama', 'm', 'ok', '', 7, 9, 3, 4, 'CLOSED')"
        )
        session.sql("INSERT INTO conversations VALUES ('c1', 'A talk', 1, 2)")

    await database.open(old)
    await database.close()
    database, taken = Database(tmp_path / "swarm.db"), []
    await database.open(lambda session: taken.extend(migrate(session, tmp_path / "backups")))
    attempts = await database.read(lambda session: session.dicts(AttemptRow.select()))
    conversations = await database.read(lambda session: session.dicts(ConversationRow.select()))
    version = await database.read(lambda session: session.sql("PRAGMA user_version"))
    await database.close()
    names = [f"swarm-schema-{version}.db" for version in range(1, SCHEMA_VERSION)]
    assert [path.name for path in taken] == names
    assert version == [(SCHEMA_VERSION,)]
    (attempt,) = attempts
    assert (attempt["total_ms"], attempt["cost_microcents"], attempt["reason"]) == (9, 0, "")
    assert conversations[0]["local_only"] == 0


async def test_a_newer_database_is_not_touched(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "swarm.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(NewerSchemaError, match="Update the application"):
        async with open_log(tmp_path):
            pass


async def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "swarm.db").write_bytes(b"this is not a database, it is a text" * 200)
    with pytest.raises(CorruptDatabaseError, match="backups"):
        async with open_log(tmp_path):
            pass


def _database_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("swarm.db*"))


async def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    os.close(os.open(tmp_path / "swarm.db", os.O_CREAT, 0o644))
    async with open_log(tmp_path) as opened:
        await opened.bus.publish(SystemInfo(message="x"))
        files = _database_files(tmp_path)
        assert [file.name for file in files] == ["swarm.db", "swarm.db-shm", "swarm.db-wal"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_readers_cannot_write(tmp_path: Path) -> None:
    async with open_log(tmp_path) as opened:
        with pytest.raises(StorageError):
            await opened.database.read(lambda s: s.sql("DELETE FROM meta"))


class Keychain:
    """A keychain in memory: one that works, one that refuses everything, or one that is locked."""

    def __init__(self, works: bool) -> None:
        self.kept: dict[str, str] = {}
        self.locked = False
        self._works = works

    def look_up(self, name: str) -> SecretStr | None:
        if self.locked:
            raise KeychainError("locked")
        return SecretStr(self.kept[name]) if name in self.kept else None

    def set(self, name: str, value: str) -> bool:
        if self._works:
            self.kept[name] = value
        return self._works


async def _load(folder: Path, keychain: Keychain) -> bytes:
    database = Database(folder / "swarm.db")
    keys: list[bytes] = []

    def prepare(session: Session) -> None:
        migrate(session, folder / "backups")
        keys.append(ChainKey(folder, keychain, lambda: "log-1").load(session))

    try:
        await database.open(prepare)
    finally:
        await database.close()
    return keys[0]


async def test_the_key_is_kept_in_the_keychain_where_there_is_one(tmp_path: Path) -> None:
    keychain = Keychain(works=True)
    key = await _load(tmp_path, keychain)
    assert await _load(tmp_path, keychain) == key
    assert list(keychain.kept.values()) == [key.hex()]
    assert not (tmp_path / "chain.key").exists()


async def test_a_locked_keychain_stops_the_start_and_loses_nothing(tmp_path: Path) -> None:
    keychain = Keychain(works=True)
    key = await _load(tmp_path, keychain)
    keychain.locked = True
    with pytest.raises(KeychainError):
        await _load(tmp_path, keychain)
    keychain.locked = False
    assert await _load(tmp_path, keychain) == key


async def test_the_key_is_kept_in_a_private_file_where_there_is_no_keychain(tmp_path: Path) -> None:
    keychain = Keychain(works=False)
    key = await _load(tmp_path, keychain)
    assert await _load(tmp_path, keychain) == key
    assert stat.S_IMODE((tmp_path / "chain.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("damaged", ["", "00", "not hexadecimal", "\u00e9"])
async def test_a_damaged_key_file_is_refused(tmp_path: Path, damaged: str) -> None:
    await _load(tmp_path, Keychain(works=False))
    (tmp_path / "chain.key").write_text(damaged, encoding="utf-8")
    with pytest.raises(FolderError, match="key"):
        await _load(tmp_path, Keychain(works=False))


async def test_a_lost_key_is_told_and_what_it_covered_is_never_called_intact(tmp_path: Path) -> None:
    problem, _ = await _start_real(tmp_path)
    assert problem == ""
    (tmp_path / "chain.key").unlink()
    problem, _ = await _start_real(tmp_path)
    assert "The key of the event log is gone: events 1 to 1 " in problem
    problem, report = await _start_real(tmp_path)
    assert problem == ""
    assert (report.intact, report.unverified, report.rows) == (True, 1, 2)


async def test_a_forged_start_of_the_chain_is_found(tmp_path: Path) -> None:
    await _start_real(tmp_path)
    await _start_real(tmp_path)
    with closing(sqlite3.connect(tmp_path / "swarm.db")) as connection:
        connection.execute('UPDATE event_log SET data = \'{"message":"forged"}\' WHERE seq = 1')
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('chain_start', '1:forged')")
        connection.commit()
    problem, report = await _start_real(tmp_path)
    assert "the start of the chain was changed" in problem
    assert not report.intact


async def test_what_was_cut_off_stays_told_after_a_start(tmp_path: Path) -> None:
    for _ in range(3):
        await _start_real(tmp_path)
    with closing(sqlite3.connect(tmp_path / "swarm.db")) as connection:
        connection.execute("DELETE FROM event_log WHERE seq = 3")
        connection.commit()
    problem, report = await _start_real(tmp_path)
    assert "events 3 to 3 are missing" in problem
    assert report.broken_seq == 3
    problem, report = await _start_real(tmp_path)
    assert report.broken_seq == 3


async def _start_real(folder: Path) -> tuple[str, ChainReport]:
    """One start and stop of a log with its key and anchor: what the anchor said, and the verdict after."""
    database = Database(folder / "swarm.db")
    log = EventLog(database, SystemClock(), ChainKey(folder, Keychain(works=False), lambda: "log-1").load)

    def prepare(session: Session) -> None:
        migrate(session, folder / "backups")
        with session.transaction():
            log.open(session)

    supervisor = TaskSupervisor()
    try:
        await database.open(prepare)
        anchor = HeadAnchor(log, database, folder / "chain.head", supervisor)
        problem = await anchor.start()
        await log.append([SystemInfo(message="x")])
        await anchor.write()
        report = await database.read(
            lambda session: verify_log(session, folder / "swarm.db", log.key, folder / "chain.head")
        )
    finally:
        await supervisor.close()
        await database.close()
    return problem, report


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    tmp_path.chmod(0o755)
    with pytest.raises(FolderError, match="holds other things"):
        DataFolder(tmp_path).acquire("window")
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


async def test_a_closed_log_refuses_instead_of_hanging(tmp_path: Path) -> None:
    async with open_log(tmp_path) as opened:
        pass
    with pytest.raises(StorageError, match="closed"):
        await opened.bus.publish(SystemInfo(message="too late"))


async def test_the_daily_backup_is_whole_private_and_kept_for_three_days(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_log(tmp_path) as opened:
        await opened.bus.publish(SystemInfo(message="kept"))
        backup = DailyBackup(tmp_path / "swarm.db", tmp_path / "backups", clock, TaskSupervisor())
        for _ in range(5):
            made = await backup.back_up()
            assert made is not None
            assert await backup.back_up() == made
            clock.seconds += 86_400
    copies = _copies(tmp_path)
    assert len(copies) == KEPT
    assert {stat.S_IMODE(path.stat().st_mode) for path in copies} == {0o600}
    with closing(sqlite3.connect(copies[-1])) as connection:
        assert connection.execute("SELECT count(*) FROM event_log").fetchone() == (1,)


def _copies(folder: Path) -> list[Path]:
    return sorted((folder / "backups").iterdir())


async def test_an_anchor_notices_what_was_cut_off_while_closed(tmp_path: Path) -> None:
    anchor_path = tmp_path / "chain.head"

    async def start(database: Database, log: EventLog) -> str:
        supervisor = TaskSupervisor()
        anchor = HeadAnchor(log, database, anchor_path, supervisor)
        problem = await anchor.start()
        await supervisor.close()
        return problem

    async with open_log(tmp_path) as opened:
        assert await start(opened.database, opened.log) == ""
        for number in range(5):
            await opened.bus.publish(SystemInfo(message=str(number)))
        assert await start(opened.database, opened.log) == ""
    with closing(sqlite3.connect(tmp_path / "swarm.db")) as connection:
        connection.execute("DELETE FROM event_log WHERE seq > 3")
        connection.commit()
    async with open_log(tmp_path) as opened:
        assert "events 4 to 5 are missing" in await start(opened.database, opened.log)
        assert anchor_path.with_suffix(".broken").exists()
        assert await start(opened.database, opened.log) == ""


def test_the_clock_is_utc_microseconds() -> None:
    assert 1_700_000_000_000_000 < SystemClock().now_us() < 4_000_000_000_000_000
