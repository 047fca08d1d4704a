"""The feed and black boxes as a person meets them: processes of their own, while the application runs."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.command import environment, timmy, timmy_json

SECRET = "the-key-of-the-lab-4711"
SETTINGS = """
feed_enabled = true
feed_port = {port}
[[cascade_providers]]
kind = "api"
name = "lab"
base_url = "http://me:{secret}@127.0.0.1:9/v1"
model = "none"
"""


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """A data folder with the application at work in it; its agents have joined."""
    (tmp_path / "settings.toml").write_text(SETTINGS.format(port=free_port(), secret=SECRET))
    process = subprocess.Popen(
        [sys.executable, "-m", "timmy_desktop", "--headless", "--data-dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment({"TIMMY_SECRET_LAB": SECRET}),
    )
    with process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or "Running in" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        yield tmp_path
        process.terminate()
        process.communicate(timeout=60)


def test_it_is_followed_exported_and_opened_while_it_runs(running: Path) -> None:
    followed = timmy("follow", "--after", "0", "--count", "3", "--json", data_dir=running)
    assert followed.returncode == 0, followed.stderr
    kinds = [json.loads(line)["kind"] for line in followed.stdout.splitlines()]
    assert kinds[:3] == ["hello", "subscribed", "events"]
    words = timmy("follow", "--after", "0", "--count", "2", "--include", "agent.*", data_dir=running)
    assert [line.split()[2] for line in words.stdout.splitlines()] == ["agent.joined", "agent.joined"]

    box = running / "a.timmybox"
    code, report = timmy_json("export-box", "--out", str(box), data_dir=running)
    assert (code, report["file"]) == (0, str(box))
    code, verdict = timmy_json("open-box", "--check", str(box), data_dir=running)
    assert (code, verdict["whole"], verdict["by_key"]) == (0, True, True)
    code, verdict = timmy_json("open-box", "--check", str(box), data_dir=running / "elsewhere")
    assert (code, verdict["whole"], verdict["by_key"]) == (3, True, False)
    token = (running / "feed.token").read_text()
    for text in (followed.stdout, words.stdout, box.read_bytes().decode("latin-1")):
        assert SECRET not in text
        assert token not in text
    assert token not in (running / "logs/timmy.log").read_text()


def test_what_can_not_be_done_is_said(tmp_path: Path) -> None:
    nothing = timmy("export-box", "--out", str(tmp_path / "a.timmybox"), data_dir=tmp_path / "none")
    assert nothing.returncode == 2
    assert "There is no event log" in nothing.stderr
    (tmp_path / "b.timmybox").write_text("no box")
    no_box = timmy("open-box", "--check", str(tmp_path / "b.timmybox"), data_dir=tmp_path)
    assert no_box.returncode == 2
    assert "not a black box" in no_box.stderr
    missing = timmy("open-box", str(tmp_path / "c.timmybox"), data_dir=tmp_path)
    assert missing.returncode == 2
    assert "There is no file" in missing.stderr
    for done in (nothing, no_box, missing):
        assert "Traceback" not in done.stderr
