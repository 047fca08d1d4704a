"""How processes of one's own are started, from a checkout and frozen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT
from timmy_desktop import own_process
from timmy_desktop.cli import main


def test_a_checkout_starts_modules_and_files(tmp_path: Path) -> None:
    assert own_process.application() == [sys.executable, "-m", "timmy_desktop"]
    assert own_process.worker("llama-server")[-1] == "timmy_desktop.routing.workers.llama_server"
    assert own_process.worker("pdf", tmp_path / "w.py") == [sys.executable, "-I", str(tmp_path / "w.py")]


def test_a_package_starts_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert own_process.application() == [sys.executable]
    assert own_process.worker("llama-server") == [sys.executable, "--worker", "llama-server"]
    assert own_process.worker("pdf", tmp_path / "w.py") == [sys.executable, "--worker", "pdf"]


def test_the_program_becomes_the_worker_that_it_is_told_to_be() -> None:
    """As a frozen program is started: by its own name, and with what follows handed on."""
    command = [sys.executable, "-m", "timmy_desktop", "--worker", "pdf", "5", "1000000000"]
    done = subprocess.run(command, input=b"no pdf", capture_output=True, timeout=60, cwd=ROOT, check=False)
    assert b'"fault"' in done.stdout, done.stderr


def test_no_other_module_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["timmy-desktop", "--worker", "http.server"])
    with pytest.raises(KeyError):
        main()


def test_a_file_that_is_shared_is_found_in_the_checkout() -> None:
    assert own_process.shared_file("icon.svg") == ROOT / "resources/icon.svg"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"LD_LIBRARY_PATH": "/opt/timmy/_internal"}, {}),
        (
            {"LD_LIBRARY_PATH": "/opt/timmy/_internal", "LD_LIBRARY_PATH_ORIG": "/cuda"},
            {"LD_LIBRARY_PATH": "/cuda"},
        ),
        ({}, {}),
    ],
)
def test_what_a_package_starts_reads_the_systems_libraries(
    before: dict[str, str], after: dict[str, str]
) -> None:
    own_process.release_libraries(before)
    assert before == {**after, "PYINSTALLER_RESET_ENVIRONMENT": "1"}
