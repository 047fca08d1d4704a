"""docs/architecture.md: the verifier it names agrees with the application's, its layers are the contract's."""

from __future__ import annotations

import ast
import re
import sqlite3
import tomllib
from collections.abc import Callable
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest

from tests.fakes.providers import ScriptedProvider
from tests.papers import DOCS
from tests.unit.storage.event_logs import verifier
from timmy_desktop.bootstrap import build
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Settings
from timmy_desktop.storage.migrations import MIGRATIONS

PAPER = "architecture.md"
PACKAGE = DOCS.parent / "timmy_desktop"
ROOMS = {"gui", "agent", "swarm", "ledger", "memory", "routing", "upgrades", "feed", "scrubber"}


async def a_log(folder: Path) -> bytes:
    """A data folder in which a task was done; returns the chain's key."""
    services = build(Settings(), Paths.default(folder), [ScriptedProvider()])
    await services.start("test")
    await services.coordinator.wait(await services.coordinator.post("Do it"))
    await services.stop()
    return bytes.fromhex((folder / "chain.key").read_text())


def change(statement: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "swarm.db")) as connection, connection:
            connection.execute(statement)

    return apply


def change_anchor(folder: Path) -> None:
    file = folder / "chain.head"
    file.write_text(file.read_text().replace('"seq": ', '"seq": 1'))


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda folder: None, ""),
        (change("UPDATE event_log SET data = replace(data, 'Do it', 'Do not') WHERE seq > 3"), "was changed"),
        (change("UPDATE event_log SET time_us = time_us + 1 WHERE seq = 4"), "event 4 was changed"),
        (change("DELETE FROM event_log WHERE seq = 4"), "event 4 is missing"),
        (change("DELETE FROM event_log WHERE seq > 8"), "missing from the end"),
        (change_anchor, "the anchor was changed"),
    ],
)
async def test_the_verifier_finds(tmp_path: Path, tamper: Callable[[Path], None], words: str) -> None:
    key = await a_log(tmp_path)
    tamper(tmp_path)
    problems = [finding.problem for finding in verifier().verify(tmp_path, key).findings]
    assert bool(words) == bool(problems)
    assert not words or any(words in problem for problem in problems)


async def test_the_verifier_begins_after_a_lost_key(tmp_path: Path) -> None:
    await a_log(tmp_path)
    (tmp_path / "chain.key").unlink()
    key = await a_log(tmp_path)
    report = verifier().verify(tmp_path, key)
    assert report.findings == []
    assert report.unverified > 0


def test_the_paper_names_the_verifier() -> None:
    assert Path(str(verifier().__file__)).relative_to(DOCS.parent).as_posix() in (DOCS / PAPER).read_text()


def test_the_layers_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    here = {name for layer in layers for name in layer.split(" | ") if not name.startswith("(")}
    assert set(names_in("## Layers")) == {name.strip() for name in here}


def test_the_arrows_of_the_picture_are_the_imports() -> None:
    picture = (DOCS / PAPER).read_text().split("```mermaid\n")[1].split("```")[0]
    room_of = dict(re.findall(r'(\w+)\["(\w+): ', picture))
    arrows = re.findall(r"^    ([\w &]+) --> ([\w &]+)$", picture, re.MULTILINE)
    drawn = {
        (room_of.get(one, one), room_of.get(two, two))
        for left, right in arrows
        for one in left.split(" & ")
        for two in right.split(" & ")
    }
    assert {arrow for arrow in drawn if set(arrow) <= ROOMS} == {
        (room, other) for room in ROOMS for other in imported_by(room) if other in ROOMS - {room}
    }


def imported_by(room: str) -> set[str]:
    """The rooms that a room imports, for types too."""
    nodes = chain(*(ast.walk(ast.parse(file.read_text())) for file in (PACKAGE / room).rglob("*.py")))
    named = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[1] for name in named if name.startswith("timmy_desktop.")}


def test_every_table_has_its_writer() -> None:
    tables = set(re.findall(r"CREATE TABLE (\w+)", "\n".join(chain(*MIGRATIONS))))
    assert set(names_in("## Tables")) == tables


def names_in(title: str) -> list[str]:
    """The names in the first column of the table under `title`."""
    section = (DOCS / PAPER).read_text().split(f"\n{title}\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [name for cell in first for name in re.findall(r"`(\w+)`", cell)]
