"""`timmy-desktop memory`: remembered, found in other words, moved to another folder, forgotten to the last byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.command import timmy


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
