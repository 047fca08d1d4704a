"""What older versions wrote is opened by this one: brought up to date, backed up, and nothing of it lost."""

from __future__ import annotations

import re
import sqlite3
import stat
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import ROOT
from tests.fakes.providers import ScriptedProvider
from tests.old_databases.keep import FACT, FOLDER, SAID, TASKS, unpack
from timmy_desktop import __version__
from timmy_desktop.bootstrap import build
from timmy_desktop.memory import PERSON
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Settings
from timmy_desktop.storage.migrations import SCHEMA_VERSION
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log

KEPT = sorted(file.name.removesuffix(".tar.xz") for file in FOLDER.glob("*.tar.xz"))
PRICES = [12_000, 13_000]


@dataclass(frozen=True)
class Before:
    """What a database held when the version that wrote it let go of it."""

    schema: int
    events: list[tuple[Any, ...]]
    tasks: list[tuple[Any, ...]]
    has_memory: bool
    has_proposals: bool


def asked(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "swarm.db")) as connection:
        return connection.execute(statement).fetchall()


EVENTS = "SELECT seq, type, data, hash FROM event_log ORDER BY seq"
DONE = "SELECT id, text, status, result, paid_msat FROM tasks ORDER BY created_us"


def looked_at(folder: Path) -> Before:
    ((schema,),) = asked(folder, "PRAGMA user_version")
    events = asked(folder, EVENTS)
    types = {row[1] for row in events}
    return Before(schema, events, asked(folder, DONE), "memory.stored" in types, "upgrade.proposed" in types)


@pytest.mark.parametrize("version", KEPT)
async def test_it_is_brought_up_to_date_and_nothing_is_lost(version: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    unpack(FOLDER / f"{version}.tar.xz", folder)
    before = looked_at(folder)
    assert [row[1:] for row in before.tasks] == [
        (text, "completed", "Hello world", price) for text, price in zip(TASKS, PRICES, strict=True)
    ]

    services = build(Settings(), Paths.default(folder), [ScriptedProvider()], windowed=False)
    await services.start("test")
    try:
        log, paths = services.event_log, services.paths
        report = await services.database.read(
            lambda session: verify_log(session, paths.database, log.key, paths.data_dir / ANCHOR_FILE)
        )
        assert (report.intact, report.unverified, report.problem) == (True, 0, "")
        assert report.rows > len(before.events)
        audit = await services.ledger.check()
        assert audit.adds_up, audit.problems
        balances = await services.ledger.balances()
        assert (balances.outgoing_msat, balances.pending_msat) == (sum(PRICES), 0)
        assert balances.available_msat == 100_000_000 - sum(PRICES)
        (talk,) = await services.timmy.conversations()
        assert [m.text for m in await services.timmy.messages(talk.id) if m.role == "user"] == [SAID]
        if before.has_memory:
            await services.memory.settled()
            found = await services.memory.search("Which colour has the bike of the keeper?", asker=PERSON)
            assert found.hits[0].entry.content == FACT
        if before.has_proposals:
            (proposal,) = await services.upgrades.proposals()
            assert (proposal.title, proposal.state) == ("A second line", "proposed")
        again = await services.coordinator.wait(await services.coordinator.post("Once more"))
        assert again.status == "completed"
    finally:
        await services.stop()

    assert asked(folder, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert asked(folder, EVENTS)[: len(before.events)] == before.events
    assert asked(folder, DONE)[: len(TASKS)] == before.tasks
    assert_backed_up(folder / "backups", before)


def assert_backed_up(backups: Path, before: Before) -> None:
    """One copy for each step, the first of them what was there."""
    steps = range(before.schema, SCHEMA_VERSION)
    copies = sorted(backups.glob("swarm-schema-*.db"))
    assert [copy.name for copy in copies] == [f"swarm-schema-{step}.db" for step in steps]
    for copy in copies:
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    if copies:
        with closing(sqlite3.connect(copies[0])) as connection:
            assert connection.execute(EVENTS).fetchall() == before.events


def test_each_stage_and_each_release_is_kept() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.M)
    stages = {f"schema-{number}" for number in range(1, 6)}
    assert {*stages, *released, __version__} <= set(KEPT)
