"""`self-test` knows every command that the parser knows, and says of one that it does not know that it does not."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from timmy_desktop.cli import _parser
from timmy_desktop.cli.self_test import TRIAL, Outcomes
from timmy_desktop.cli.self_test_bench import Bench, commands
from timmy_desktop.cli.self_test_commands import TRIALS, trials
from timmy_desktop.cli.self_test_parts import SelfTestFailure
from timmy_desktop.settings import load_settings


def bench(folder: Path, parser: argparse.ArgumentParser | None = None) -> Bench:
    return Bench(parser or _parser(), folder, folder / "data")


def test_every_command_of_the_parser_has_a_try_and_none_is_tried_that_is_gone() -> None:
    known = list(commands(_parser()))
    assert set(known) == set(TRIALS)
    assert len(known) == len(set(known))
    assert {"run-task", "memory forget", "models pull", "log verifier", "open-box", "--headless", ""} <= set(
        known
    )


def test_a_command_that_nobody_wrote_a_try_for_fails_by_name(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    parser.add_subparsers().add_parser("dance")
    outcomes = Outcomes(quiet=True)
    for name, trial in trials(bench(tmp_path, parser)):
        if name == "timmy-desktop dance":
            outcomes.attempt_now(name, trial)
    ((name, passed, detail, _),) = [(o.name, o.passed, o.detail, o.milliseconds) for o in outcomes]
    assert (name, passed) == ("timmy-desktop dance", False)
    assert "no try is written" in detail


def test_a_command_that_fails_or_that_is_misspelt_is_an_outcome(tmp_path: Path) -> None:
    outcomes = Outcomes(quiet=True)
    tried = bench(tmp_path)
    outcomes.attempt_now("no log", lambda: tried.run("verify-log"))
    outcomes.attempt_now("no such option", lambda: tried.run("verify-log", "--loud"))
    outcomes.attempt_now("words", lambda: tried.run("models", "list"))
    assert [outcome.passed for outcome in outcomes] == [False, False, True]
    assert "There is no event log" in outcomes[0].detail
    assert "exit 2" in outcomes[1].detail


def test_commands_that_need_no_model_pass_in_a_fresh_folder(tmp_path: Path) -> None:
    """As far as they go here: the whole of it, with a model and windows, is a test of the slower tier."""
    tried = bench(tmp_path)
    for name in ("models list", "models pull", "models delete", "ledger health", "ledger check"):
        assert TRIALS[name](tried)
    for name in ("log key", "log verifier", "export-box", "verify-log"):
        assert TRIALS[name](tried)
    with pytest.raises(SelfTestFailure, match="nothing was paid"):
        TRIALS["ledger balance"](tried)


def test_no_sats_of_a_node_of_ones_own_move_in_a_self_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.toml").write_text('lightning_backend = "lnd"\nlightning_network = "mainnet"\n')
    for name, value in TRIAL.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(tmp_path / "settings.toml")
    assert (settings.lightning_backend, settings.lightning_network) == ("embedded", "regtest")
