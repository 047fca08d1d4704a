"""The main job from the command line, on the real embedded model."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conditions import require_small_model
from tests.e2e.command import NO_OLLAMA, in_order, timmy, timmy_json

LIFE = [
    "task.created",
    "task.bidding",
    "bid.submitted",
    "auction.closed",
    "payment.reserved",
    "task.assigned",
    "task.started",
    "provider.called",
    "task.completed",
    "invoice.created",
    "payment.sent",
    "payment.settled",
]


@pytest.mark.model
@pytest.mark.timeout(300)
def test_a_task_is_bid_for_done_by_the_real_model_and_paid(tmp_path: Path) -> None:
    require_small_model()
    code, report = timmy_json(
        "run-task", "List three uses of a hash chain", data_dir=tmp_path, env=NO_OLLAMA, timeout=280
    )
    assert (code, report["status"]) == (0, "completed"), report
    assert report["result"].strip()
    assert report["provider"] == "embedded"
    assert report["model"]
    assert report["agent"] in {"Echo", "Mace", "Helm", "Seer", "Forge", "Quill"}
    assert report["paid_msat"] > 0
    assert report["simulated_payment"] is True
    assert report["tokens_out"] > 0
    assert in_order(LIFE, report["events"]), report["events"]

    code, chain = timmy_json("verify-log", data_dir=tmp_path)
    assert (code, chain["intact"]) == (0, True)
    code, doctor = timmy_json("doctor", data_dir=tmp_path, env=NO_OLLAMA)
    assert (code, doctor["ready"]) == (0, True)


def test_without_any_model_the_task_fails_with_the_reason_and_its_sats_come_back(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        '[[cascade_providers]]\nkind = "ollama"\nbase_url = "http://127.0.0.1:9"\n'
    )
    code, report = timmy_json("run-task", "Say hello", data_dir=tmp_path)
    assert (code, report["status"]) == (1, "failed")
    assert "ollama" in report["reason"].lower()
    assert report["paid_msat"] == 0
    assert in_order(["payment.reserved", "payment.refunded"], report["events"])
    assert timmy("verify-log", data_dir=tmp_path).returncode == 0


@pytest.mark.parametrize("text", ["", " \n\t ", "x" * 1_000_001])
def test_a_task_that_cannot_be_posted_says_why(tmp_path: Path, text: str) -> None:
    done = timmy("run-task", "-", data_dir=tmp_path, stdin=text, env=NO_OLLAMA)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().endswith(".")


def test_control_characters_in_a_task_reach_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        '[[cascade_providers]]\nkind = "ollama"\nbase_url = "http://127.0.0.1:9"\n'
    )
    hostile = "say \x1b[31mred\x1b[0m \u202e and \x00 nothing \x1f"
    done = timmy("run-task", "-", data_dir=tmp_path, stdin=hostile)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout + done.stderr
    code, chain = timmy_json("verify-log", data_dir=tmp_path)
    assert (code, chain["intact"]) == (0, True)
