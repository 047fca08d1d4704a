"""What the sandboxes are told: the commands and the profile, and which Python they let in."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from timmy_desktop.upgrades.errors import SandboxError
from timmy_desktop.upgrades.interpreter import Interpreter, interpreter_for
from timmy_desktop.upgrades.sandbox import (
    NOBODY,
    Job,
    Limits,
    Unconfined,
    bubblewrap_words,
    environment_at,
    mac_profile,
    orders_of,
)
from timmy_desktop.upgrades.sandbox_process import folder_bytes, usage

PYTHON = Interpreter(
    Path("/home/ann/code/.venv/bin/python"), (Path("/opt/python"), Path("/home/ann/code/.venv"))
)
JOB = Job(Path("/data/tree"), Path("/home/ann/code"), PYTHON)


def pairs(words: list[str], option: str) -> list[tuple[str, ...]]:
    counts = {"--ro-bind": 2, "--tmpfs": 1, "--setenv": 2, "--cap-add": 1, "--remount-ro": 1}
    return [tuple(words[at + 1 : at + 1 + counts[option]]) for at, word in enumerate(words) if word == option]


@pytest.mark.parametrize("uid", [0, NOBODY])
def test_bubblewrap_is_given_nothing_of_the_person(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMMY_SECRET_API", "secret")
    words = bubblewrap_words("bwrap", JOB, Limits(), uid)
    for option in (
        "--unshare-net",
        "--unshare-pid",
        "--unshare-ipc",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
    ):
        assert option in words
    assert not {"--share-net", "--bind", "--dev-bind", "--unshare-all"} & set(words)
    shown = {target for _, target in pairs(words, "--ro-bind")}
    assert {"/opt/python", "/home/ann/code/.venv", "/timmy/tree"} <= shown
    assert not {"/", "/home", "/home/ann", "/home/ann/code", "/etc", "/root", "/data", "/var", "/run"} & shown
    assert ("/home/ann/code",) in pairs(words, "--tmpfs")
    assert pairs(words, "--remount-ro") == [("/dev",), ("/",)]
    assert {name for name, _ in pairs(words, "--setenv")} == set(environment_at(Path("/tmp/home"), JOB))
    assert "secret" not in " ".join(words)
    assert bool(pairs(words, "--cap-add")) == bool(uid)


def test_the_profile_of_a_mac_denies_what_it_does_not_name(tmp_path: Path) -> None:
    lines = mac_profile(JOB, tmp_path).splitlines()
    assert lines[:3] == ["(version 1)", "(deny default)", "(deny network*)"]
    assert not any("(allow network" in line or "(allow default" in line for line in lines)
    writes = [line for line in lines if "file-write*" in line]
    assert writes == [
        f'(allow file-read* file-write* (subpath "{os.path.realpath(tmp_path)}"))',
        '(allow file-write* (literal "/dev/null") (literal "/dev/dtracehelper") (literal "/dev/tty"))',
    ]
    reads = " ".join(line for line in lines if line.startswith("(allow file-read* (subpath"))
    assert '"/home/ann/code/.venv"' in reads
    assert '"/data/tree"' in reads
    assert not any(
        f'"{path}"' in reads for path in ("/", "/Users", "/home", "/home/ann", "/home/ann/code", "/private")
    )
    asked = [line for line in lines if "mach-lookup" in line]
    assert all("global-name" in line for line in asked), "every service of the system may be asked"
    assert not any(
        word in line for line in asked for word in ("launch", "secur", "trust", "network", "cfprefs")
    )
    with pytest.raises(SandboxError):
        mac_profile(Job(Path('/a") (allow default) ("'), JOB.place, PYTHON), tmp_path)


def test_limits_are_in_the_orders() -> None:
    with tempfile.TemporaryFile() as report:
        orders = json.loads(
            orders_of(JOB, Limits(seconds=7, processes=9), report, 9, into="/x", home="/h", uid=NOBODY)
        )
    assert (orders["limits"]["CPU"], orders["limits"]["NPROC"], orders["limits"]["CORE"]) == (8, 9, 0)
    assert orders["limits"]["AS"] == 4 * Limits().memory_bytes


def test_without_a_sandbox_the_limits_still_hold(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "test_a.py").write_text("def test_a():\n    while True:\n        pass\n")
    ran = Unconfined().run(Job(tree, tmp_path, interpreter_for(tmp_path)), Limits(seconds=1), lambda: False)
    assert ran.ended == "it took longer than 1 seconds"
    assert not list(tmp_path.glob("**/*.pyc"))


def test_usage_counts_a_process_and_its_children() -> None:
    count, memory = usage(os.getpid())
    assert count >= 1
    assert memory > 1_000_000


def test_folders_are_measured_until_it_is_enough(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").write_bytes(b"x" * 100_000)
    assert 100_000 <= folder_bytes(tmp_path, 10**9) < 300_000


def environment(folder: Path, python: str) -> Path:
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/pyvenv.cfg").write_text("home = nowhere\n")
    (folder / ".venv/bin/python").symlink_to(python)
    return folder / ".venv"


def test_the_repositorys_own_environment_is_taken(tmp_path: Path) -> None:
    own = environment(tmp_path, os.path.realpath(sys.executable))
    found = interpreter_for(tmp_path)
    assert found.python == own / "bin/python"
    assert own in found.folders
    assert interpreter_for(tmp_path / "elsewhere").python == Path(sys.executable)


def test_a_packaged_program_passes_over_a_script_that_stands_for_a_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shims, real = tmp_path / "shims", tmp_path / "real/bin"
    shims.mkdir()
    real.mkdir(parents=True)
    (tmp_path / "real/lib/python3.11").mkdir(parents=True)
    (tmp_path / "real/lib/python3.11/os.py").touch()
    for folder in (shims, real):
        (folder / "python3").write_text("#!/bin/sh\n")
        (folder / "python3").chmod(0o755)
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    monkeypatch.setenv("PATH", f"{shims}:{real}")
    assert interpreter_for(tmp_path).python == real / "python3"

    monkeypatch.setenv("PATH", str(shims))
    with pytest.raises(SandboxError, match="does not lie in an installation"):
        interpreter_for(tmp_path)


def test_a_link_to_what_is_no_python_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secrets/keys").mkdir(parents=True)
    for name in ("id_rsa", "python3"):
        evil = tmp_path / "secrets/keys" / name
        evil.write_text("#!/bin/sh\n")
        evil.chmod(0o755)
        repo = tmp_path / f"repo-{name}"
        environment(repo, str(evil))
        with pytest.raises(SandboxError):
            interpreter_for(repo)
    with pytest.raises(SandboxError):
        interpreter_for(tmp_path, "bin/python")
