"""What is asked of the system, and where a window can show."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conditions import ROOT
from timmy_desktop import cli

PACKAGING = ROOT / "packaging"


@pytest.fixture
def debian(modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A Debian that lacks libEGL; `commands` are what was run, `statuses` what they end with."""
    parts = modules.system_parts
    debian = SimpleNamespace(commands=[], statuses=[0], prefix=[], parts=parts)

    def run(command: list[str], *_: object) -> int:
        debian.commands.append(" ".join(command))
        return debian.statuses.pop(0)

    monkeypatch.setattr(parts.sys, "platform", "linux")
    monkeypatch.setattr(parts, "_is_debian", lambda: True)
    monkeypatch.setattr(parts, "_loads", lambda name: name != "libEGL.so.1")
    monkeypatch.setattr(parts, "_missing_fonts", list)
    monkeypatch.setattr(parts, "_root_prefix", lambda: debian.prefix)
    monkeypatch.setattr(parts, "run_logged", run)
    return debian


INSTALL = "apt-get install -y --no-install-recommends libegl1"


def test_a_missing_library_is_installed(debian: SimpleNamespace, tmp_path: Path) -> None:
    debian.prefix = ["sudo", "-n"]

    debian.parts.ensure_qt(window=True, log=tmp_path / "log")

    assert debian.commands == [f"sudo -n {INSTALL}"]


def test_an_old_package_list_is_renewed_once(debian: SimpleNamespace, tmp_path: Path) -> None:
    debian.statuses = [100, 0, 0]

    debian.parts.ensure_qt(window=False, log=tmp_path / "log")

    assert debian.commands == [INSTALL, "apt-get update", INSTALL]


def test_apt_that_fails_is_told_with_the_log(debian: SimpleNamespace, tmp_path: Path) -> None:
    debian.statuses = [100, 100, 100]

    with pytest.raises(Exception, match=r"sudo apt-get update && sudo apt-get install -y libegl1 \(Log: "):
        debian.parts.ensure_qt(window=False, log=tmp_path / "log")


def test_who_may_not_install_is_told_the_command(debian: SimpleNamespace, tmp_path: Path) -> None:
    debian.prefix = None

    with pytest.raises(Exception, match=r"install them with: sudo apt-get install -y libegl1$"):
        debian.parts.ensure_qt(window=False, log=tmp_path / "log")

    assert debian.commands == []


def test_what_a_command_says_is_logged_and_shown(modules: SimpleNamespace, tmp_path: Path) -> None:
    log, lines = tmp_path / "log", []
    command = [sys.executable, "-c", "print('one'); import sys; print('two', file=sys.stderr); sys.exit(3)"]

    assert modules.steps.run_logged(command, log, lines.append) == 3

    assert sorted(lines) == ["one", "two"]
    assert log.read_text().startswith("$ ")
    assert "one\n" in log.read_text()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], True),
        (["--data-dir", "x"], True),
        (["--headless"], False),
        (["--data-dir", "x", "run-task", "hello"], False),
        (["doctor", "--json"], False),
        (["--help"], False),
        (["models"], False),
        (["log", "export", "--out", "x"], False),
    ],
)
def test_which_arguments_open_a_window(modules: SimpleNamespace, arguments: list[str], wanted: bool) -> None:
    assert modules.system_parts.wants_window(arguments) is wanted


def test_every_command_of_the_application_is_known(
    modules: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["no-such-command"])

    commands = capsys.readouterr().err.partition("choose from")[2]

    assert set(re.findall(r"[a-z][a-z-]+", commands)) == set(modules.system_parts.SUBCOMMANDS)


def test_which_arguments_need_qt(modules: SimpleNamespace) -> None:
    wants_qt = modules.system_parts.wants_qt

    assert wants_qt([])
    assert wants_qt(["screenshot", "--out", "x"])
    assert not wants_qt(["run-task", "hello"])
    assert not wants_qt(["--headless"])


@pytest.mark.parametrize(
    ("environment", "platform", "has"),
    [
        ({}, "linux", False),
        ({}, "darwin", True),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"DISPLAY": ""}, "linux", False),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({"QT_QPA_PLATFORM": "offscreen:size=800x600"}, "linux", True),
        ({"QT_QPA_PLATFORM": "xcb"}, "linux", False),
    ],
)
def test_where_a_window_can_show(
    modules: SimpleNamespace, environment: dict[str, str], platform: str, has: bool
) -> None:
    assert modules.system_parts.has_display(environment, platform) is has


def test_run_without_a_display_names_the_ways_on(
    modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(modules.commands, "has_display", lambda *_: False)

    assert modules.commands.main(["run"]) == 1

    said = capfd.readouterr().err
    assert "run --headless" in said
    assert "xvfb-run -a python3 packaging/dev.py run" in said
