"""What the commands say to a person: of a file that is not there, and of a machine without a model."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from timmy_desktop.cli import _parser
from timmy_desktop.cli import doctor as doctor_command
from timmy_desktop.cli.headless import json_line_of, line_of
from timmy_desktop.cli.log import _print
from timmy_desktop.cli.memory import ACTIONS
from timmy_desktop.cli.session import complain
from timmy_desktop.cli.window import _no_such_panel
from timmy_desktop.doctor import Finding
from timmy_desktop.events.agents import AgentJoined
from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.events.tasks import TaskBidding


@pytest.mark.parametrize("as_json", [False, True])
def test_a_file_that_is_not_there_is_named_without_a_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    missing = tmp_path / "receipt.json"
    with pytest.raises(FileNotFoundError) as caught:
        missing.read_text()

    complain(caught.value, as_json)

    said = capsys.readouterr()
    text = json.loads(said.out)["error"] if as_json else said.err.rstrip("\n")
    assert text == f"{missing}: No such file or directory."


def test_an_error_in_words_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    complain(OSError("There is no such folder. Name another."))

    assert capsys.readouterr().err == "There is no such folder. Name another.\n"


@pytest.mark.parametrize(
    ("findings", "last"),
    [
        ([Finding("Model: embedded", "ok", "there")], "Ready: tasks can be posted and a model will do them."),
        (
            [Finding("Model: embedded", "note", "none")],
            "Not ready: no model answers. `timmy-desktop models` lists",
        ),
        (
            [Finding("Git", "broken", "none"), Finding("Model: embedded", "ok", "there")],
            "Not ready: follow the steps above",
        ),
    ],
)
def test_doctor_ends_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    findings: list[Finding],
    last: str,
) -> None:
    monkeypatch.setattr(doctor_command, "run_examination", lambda *_: findings)

    doctor_command.doctor(argparse.Namespace(data_dir=tmp_path, json=False))

    assert capsys.readouterr().out.splitlines()[-1].startswith(last)


def test_what_brought_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    _, say_imported, _ = ACTIONS["import"]
    say_imported({"entries": 0, "files": [], "chunks": 0, "note": ""})
    say_imported(
        {
            "entries": 0,
            "files": [{"path": "a.md", "outcome": "refused", "chunks": 0, "reason": "It is a link."}],
            "chunks": 0,
            "note": "",
        }
    )
    _print("archives", [])

    said = capsys.readouterr().out.splitlines()
    assert said == ["Nothing in it was new.", "refused: a.md. It is a link.", "archives: none"]


def test_moments_are_said_as_dates(capsys: pytest.CaptureFixture[str]) -> None:
    _, say, _ = ACTIONS["stats"]
    say({"entries": 1200, "oldest_us": 1_795_995_919_664_469, "newest_us": 0})

    said = capsys.readouterr().out.splitlines()
    assert said == ["entries: 1,200", "oldest: 2026-11-29 23:45:19 UTC", "newest: none"]


def test_headless_prints_lines_for_a_person_and_objects_for_a_script() -> None:
    event = AgentJoined(name="Forge", role="code", completed=3, failed=0, agent_id="a1")
    line = line_of(EventRecord(7, 1_000_000, event, b""))
    assert " ".join(line.split()) == (
        "7 00:00:01.000 agent.joined agent id a1, name Forge, role code, completed 3"
    )
    counted = TaskBidding(task_id="t1", eligible=["Echo", "Mace"], round=2)
    line = line_of(EventRecord(8, 0, counted, b""))
    assert "eligible Echo, Mace" in line
    assert not set("{}[]'") & set(line)
    told = json.loads(json_line_of(EventRecord(8, 5, counted, b"")))
    assert (told["seq"], told["time_us"], told["type"]) == (8, 5, "task.bidding")
    assert told["data"]["eligible"] == ["Echo", "Mace"]


def test_nothing_in_an_event_steers_the_terminal() -> None:
    line = line_of(EventRecord(1, 0, SystemInfo(message="a\x1b[2J\nb"), b""))
    assert line.isprintable()


def test_a_panel_that_is_not_there_is_told_with_those_that_are() -> None:
    said = _no_such_panel("ledgr")
    assert said.startswith("There is no panel called ledgr. There are: activity, ")
    assert "ledger" in said
    assert _no_such_panel("memory, nonsense") == "The memory has no part called nonsense."


def test_json_may_stand_before_the_command_too() -> None:
    assert _parser().parse_args(["--json", "doctor"]).json
    assert _parser().parse_args(["doctor", "--json"]).json
    assert not _parser().parse_args(["doctor"]).json
    assert _parser().parse_args(["--headless", "--json"]).json
