"""`self-test` from a checkout, on the real model: every part and every command of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conditions import require_bubblewrap, require_small_model
from tests.e2e.command import NO_OLLAMA, timmy_json
from timmy_desktop.cli import _parser
from timmy_desktop.cli.self_test_bench import commands

pytestmark = [pytest.mark.parts, pytest.mark.model, pytest.mark.timeout(420)]


def test_every_part_and_every_command_is_tried_and_passes(tmp_path: Path) -> None:
    require_small_model()
    require_bubblewrap()
    code, report = timmy_json("self-test", data_dir=tmp_path / "data", env=NO_OLLAMA, timeout=400)
    assert (code, report["passed"]) == (0, True), [part for part in report["parts"] if not part["passed"]]
    names = {part["name"] for part in report["parts"]}
    assert {f"timmy-desktop {command}".rstrip() for command in commands(_parser())} <= names
    assert {"model", "task", "ledger", "memory", "documents", "feed", "git", "sandbox", "colours"} <= names
    assert not (tmp_path / "data/swarm.db").exists()
