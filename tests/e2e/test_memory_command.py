"""`timmy-desktop memory`: remembered, found in other words, moved to another folder, forgotten to the last byte."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.e2e.command import NO_OLLAMA, timmy, timmy_json
from tests.fakes.providers import Script, ScriptedProvider
from tests.unit.storage.event_logs import verifier
from timmy_desktop.bootstrap import build
from timmy_desktop.memory import PERSON
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Settings


def memory(folder: Path, *arguments: str, status: int = 0) -> dict[str, Any]:
    done = timmy("memory", *arguments, "--json", data_dir=folder)
    assert done.returncode == status, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_from_remembering_to_forgetting(tmp_path: Path) -> None:
    one, two, export = tmp_path / "one", tmp_path / "two", tmp_path / "out.jsonl"
    made = memory(one, "remember", "My boat is called Quokkagold")
    found = memory(one, "search", "what is the name of my ship")
    assert found["mode"] == "meaning and words"
    assert found["hits"][0]["id"] == made["id"]
    assert memory(one, "export", "--out", str(export))["entries"] == 1
    assert memory(two, "import", str(export))["entries"] == 1
    assert memory(two, "search", "Quokkagold")["hits"][0]["id"] == made["id"]
    memory(two, "remember", "Bread is baked at six in the morning by the baker of the village")
    hits = memory(two, "search", "what is the name of my ship", "--limit", "50")["hits"]
    assert hits[0]["id"] == made["id"]
    assert all(hit["score"] >= 0.005 for hit in hits)
    report = memory(one, "forget", f"m:{made['id'][-8:]}")
    assert (report["forgotten"], report["gone"]) == (1, True)
    assert not [path for path in one.rglob("*") if path.is_file() and b"Quokkagold" in path.read_bytes()]
    assert memory(one, "search", "Quokkagold", status=1)["hits"] == []
    assert "There is no memory" in memory(one, "forget", "m:00000000", status=2)["error"]
    assert memory(one, "stats")["entries"] == 0
    read = timmy("memory", "stats", data_dir=two)
    assert read.returncode == 0, read.stderr
    assert "content size: 92 bytes" in read.stdout
    assert "_us" not in read.stdout
    assert "oldest: 20" in read.stdout
    assert "oldest: none" in timmy("memory", "stats", data_dir=one).stdout


async def test_a_task_s_words_leave_the_log_of_a_whole_application(tmp_path: Path) -> None:
    """Done by the application, forgotten by the command, and the log still proves itself."""
    provider = ScriptedProvider(script=Script(words=("It is under the wombatpalimpsest by the stove.",)))
    services = build(Settings(), Paths.default(tmp_path), [provider], windowed=False)
    await services.start("test")
    task = await services.coordinator.post("Say where the key of the zanzibarquokka is")
    await services.coordinator.wait(task)
    await ended(f"memory of {task}")
    await services.event_index.catch_up()
    [entry] = await services.memory.entries(asker=PERSON)
    await services.stop()
    words = (b"zanzibarquokka", b"wombatpalimpsest")
    assert holding(tmp_path, words) == {"swarm.db"}

    status, report = timmy_json("memory", "forget", entry.id, "--sources", "--events", data_dir=tmp_path)

    assert (status, report["gone"], report["events_removed"]) == (0, True, 3), report
    assert holding(tmp_path, words) == set()
    checked = timmy("verify-log", data_dir=tmp_path, env=NO_OLLAMA)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    alone = verifier().verify(tmp_path, bytes.fromhex((tmp_path / "chain.key").read_text()))
    assert alone.findings == []


async def ended(name: str) -> None:
    await asyncio.gather(*[one for one in asyncio.all_tasks() if one.get_name() == name])


def holding(folder: Path, words: tuple[bytes, ...]) -> set[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files for word in words if word in path.read_bytes()}
