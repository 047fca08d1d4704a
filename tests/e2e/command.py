"""Runs `timmy-desktop` as a person does: as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conditions import ROOT

# Nothing listens on the discard port, so Ollama is away whatever this machine runs.
NO_OLLAMA = {"OLLAMA_HOST": "http://127.0.0.1:9"}


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tests' own environment, in which the package of this checkout is found first."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", **(extra or {})}


def timmy(
    *arguments: str,
    data_dir: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
    stdin: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "timmy_desktop", *arguments, "--data-dir", str(data_dir)],
        env=environment(env),
        capture_output=True,
        text=True,
        timeout=timeout,
        input=stdin,
        check=False,
    )


def timmy_json(*arguments: str, data_dir: Path, **options: Any) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON object of a command run with --json."""
    done = timmy(*arguments, "--json", data_dir=data_dir, **options)
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


def in_order(wanted: Sequence[str], events: Sequence[str]) -> bool:
    """Whether `wanted` is a subsequence of `events`."""
    remaining = iter(events)
    return all(event in remaining for event in wanted)
