"""What goes wrong around the application is said in words, with a next step, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.conditions import require_part
from tests.e2e.command import environment, timmy, timmy_json
from timmy_desktop.storage.folder import DataFolder

OFFLINE = '[[cascade_providers]]\nkind = "ollama"\nbase_url = "http://127.0.0.1:9"\n'


def quiet(done: subprocess.CompletedProcess[str]) -> str:
    """The words of a command that failed as it should: no traceback, and a sentence."""
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stderr.strip()
    return done.stderr


def test_a_broken_settings_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("theme = [")
    done = timmy("run-task", "hello", data_dir=tmp_path)
    assert done.returncode == 2
    assert "settings.toml is not valid TOML" in quiet(done)
    done = timmy("doctor", data_dir=tmp_path)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout


def test_a_folder_that_cannot_be_made_is_said() -> None:
    done = timmy("run-task", "hello", data_dir=Path("/dev/null/data"))
    assert done.returncode == 2
    assert "/dev/null/data" in quiet(done)


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    done = timmy("run-task", "hello", data_dir=tmp_path / "data")
    assert done.returncode == 2
    assert "data" in quiet(done)


def test_a_damaged_database_is_said_and_left_alone(tmp_path: Path) -> None:
    damaged = b"this was a database once" * 1000
    (tmp_path / "swarm.db").write_bytes(damaged)
    for command in (["run-task", "hello"], ["verify-log"]):
        done = timmy(*command, data_dir=tmp_path)
        assert done.returncode == 2
        assert "damaged" in quiet(done)
    assert "BROKEN" in timmy("doctor", data_dir=tmp_path).stdout
    assert (tmp_path / "swarm.db").read_bytes() == damaged


def test_a_folder_in_use_names_the_process(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        folder.acquire("window")
        for command in (["run-task", "hello"], ["verify-log"], ["--headless"]):
            if command == ["verify-log"]:
                (tmp_path / "swarm.db").touch()
            done = timmy(*command, data_dir=tmp_path)
            assert done.returncode == 2
            assert f"process {os.getpid()} (window)" in quiet(done)
        _, doctor = timmy_json("doctor", data_dir=tmp_path)
        details = [finding["detail"] for finding in doctor["findings"]]
        assert any(f"open in process {os.getpid()}" in detail for detail in details)


def test_a_forged_log_is_found_and_located(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(OFFLINE)
    timmy("run-task", "hello", data_dir=tmp_path)
    with closing(sqlite3.connect(tmp_path / "swarm.db")) as connection:
        connection.execute(
            "UPDATE event_log SET data = replace(data, 'hello', 'hullo') WHERE type = 'task.created'"
        )
        seq = connection.execute("SELECT seq FROM event_log WHERE type = 'task.created'").fetchone()[0]
        connection.commit()
    code, report = timmy_json("verify-log", data_dir=tmp_path)
    assert (code, report["intact"], report["broken_seq"]) == (1, False, seq)


@pytest.mark.parts
def test_a_full_disk_is_said_and_what_was_acknowledged_is_kept(tmp_path: Path) -> None:
    require_part(shutil.which("unshare") is not None and os.geteuid() == 0, "unshare", "run as root")
    (tmp_path / "disk").mkdir()
    script = (
        f"mount -t tmpfs -o size=1m none {tmp_path}/disk && printf '%s' '{OFFLINE}' > {tmp_path}/disk/settings.toml"
        f" && for n in 1 2 3 4 5 6 7 8 9 10 11 12; do {sys.executable} -m timmy_desktop run-task"
        f' "$(printf \'words %.0s\' $(seq 9000))" --data-dir {tmp_path}/disk; echo "exit $?"; done;'
        f" {sys.executable} -m timmy_desktop verify-log --data-dir {tmp_path}/disk; df {tmp_path}/disk"
    )
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script],
        capture_output=True,
        text=True,
        timeout=180,
        env=environment(),
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert "disk is full" in done.stderr.lower(), done.stderr
    assert "exit 2" in done.stdout
    assert "Intact" in done.stdout, done.stdout + done.stderr
