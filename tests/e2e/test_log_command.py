"""`timmy-desktop log …` as scripts use it: exports, prunes, archives, keys and the verifier that stands alone."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.sample import make
from tests.conditions import ROOT
from timmy_desktop.cli import main

EVENTS = 600


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the log of a swarm at work."""
    folder = tmp_path / "data"
    make(folder, EVENTS)
    return folder


@pytest.fixture
def log(data: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs an action; its exit code and what it reports."""

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = main(["log", *arguments, "--json", "--data-dir", str(data)])
        return code, json.loads(capsys.readouterr().out)

    return run


def alone(verifier: Path, file: Path, key: Path) -> subprocess.CompletedProcess[str]:
    """The stand-alone verifier, by a Python that has nothing of ours."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(verifier), str(file), "--key", str(key)],
        cwd=verifier.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_events_are_exported_as_they_are_asked_for(log: Any, tmp_path: Path) -> None:
    out = tmp_path / "tools.csv"
    code, report = log("export", "--format", "csv", "--type", "tool.*", "--out", str(out))
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert (code, report) == (0, {"events": len(rows), "file": str(out)})
    assert rows
    assert all(row["type"].startswith("tool.") for row in rows)
    task = next(row["task_id"] for row in rows if row["task_id"])
    code, report = log("export", "--task", task, "--out", str(tmp_path / "task.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "task.jsonl").read_text().splitlines()]
    assert code == 0
    assert {line["task_id"] for line in lines} == {task}
    assert (
        log("export", "--newer-than", "1m", "--type", "no.such", "--out", str(tmp_path / "x"))[1]["events"]
        == 0
    )


def test_what_timmy_keeps_secret_is_in_no_export(
    log: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "all.jsonl"
    log("export", "--type", "task.created", "--out", str(out))
    said = json.loads(out.read_text().splitlines()[0])["data"]["text"]
    monkeypatch.setenv("TIMMY_SECRET_LAB", said)
    for form in ("jsonl", "csv", "otel"):
        log("export", "--format", form, "--out", str(out))
        assert said not in out.read_text()


def test_a_prune_says_first_what_would_go_and_its_archive_verifies(
    log: Any, tmp_path: Path, data: Path
) -> None:
    code, plan = log("prune", "--older-than", "2d")
    assert code == 0
    assert plan["would_remove"] > 100
    assert sum(plan["by_type"].values()) == plan["would_remove"]
    assert log("archives")[1]["archives"] == [], "nothing was removed"
    code, done = log("prune", "--older-than", "2d", "--yes")
    assert code == 0
    assert done["removed"] >= plan["would_remove"]
    [archive] = log("archives")[1]["archives"]
    assert (archive["file"], archive["events"]) == (done["archive"], done["removed"])
    code, verdict = log("verify", done["archive"])
    assert (code, verdict["intact"], verdict["events"]) == (0, True, done["removed"])
    assert main(["verify-log", "--data-dir", str(data)]) == 0
    whole = Path(done["archive"]).read_bytes()
    Path(done["archive"]).write_bytes(whole[: len(whole) // 2])
    assert log_code(data, "verify", done["archive"]) != 0


def test_what_is_pruned_without_an_archive_leaves_none(log: Any) -> None:
    code, done = log("prune", "--older-than", "2d", "--type", "tool.*", "--no-archive", "--yes")
    assert (code, done["archive"]) == (0, "")
    assert done["removed"] > 0
    assert log("archives")[1]["archives"] == []


def test_a_sealed_export_is_verified_by_the_verifier_that_stands_alone(log: Any, tmp_path: Path) -> None:
    export, key, verifier = (tmp_path / name for name in ("events.jsonl.gz", "chain.key", "verify.py"))
    assert log("export", "--format", "verifiable", "--out", str(export))[0] == 0
    assert log("key", "--out", str(key))[0] == 0
    assert key.stat().st_mode & 0o077 == 0, "the key is its owner's alone"
    assert log("verifier", "--out", str(verifier))[0] == 0
    source = ROOT / "timmy_desktop/storage/verify_timmy_log.py"
    assert verifier.read_bytes() == source.read_bytes()
    told = alone(verifier, export, key)
    assert told.returncode == 0, told
    key.write_text("00" * 32)
    assert alone(verifier, export, key).returncode == 1


def log_code(data: Path, *arguments: str) -> int:
    return main(["log", *arguments, "--data-dir", str(data)])


def test_what_cant_be_done_is_said(data: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert log_code(data, "prune", "--older-than", "a while") == 2
    assert "is no age" in capsys.readouterr().err
    assert log_code(data, "verify", str(tmp_path / "missing.jsonl")) == 2
    assert log_code(data, "export", "--out", str(tmp_path / "no" / "folder" / "x.jsonl")) == 2


def test_without_json_it_is_plain_words(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_code(data, "prune", "--older-than", "2d") == 0
    told = capsys.readouterr()
    assert "would remove: " in told.out
    assert "Nothing was removed: add --yes." in told.err
