"""What packaging/dev.py does where Python is too old."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.conditions import ROOT

PACKAGING = ROOT / "packaging"


@pytest.fixture
def dev(modules: SimpleNamespace) -> ModuleType:
    return modules.dev


def test_old_pythons_can_read_it() -> None:
    source = (PACKAGING / "dev.py").read_text(encoding="ascii")
    tree = ast.parse(source, feature_version=(3, 6))

    assert not any(isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.NamedExpr) for node in ast.walk(tree))
    assert "from __future__" not in source


@pytest.mark.parametrize("platform", ["darwin", "linux"])
def test_the_refusal_is_one_line_that_says_what_and_how(dev: ModuleType, platform: str) -> None:
    said = dev.refusal((3, 6, 9), platform)

    assert "needs Python 3.11 or newer, and this is 3.6." in said
    assert "python.org" in said
    assert "\n" not in said


@pytest.fixture
def old_python(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """As if Python 3.6 ran dev.py; what it hands over to is noted."""
    handed_over: list[list[str]] = []
    monkeypatch.setattr(dev.sys, "version_info", (3, 6, 9, "final", 0))
    monkeypatch.setattr(dev.os, "execv", lambda _path, argv: handed_over.append(argv))
    monkeypatch.delenv(dev.REEXECUTED, raising=False)
    return handed_over


def test_an_old_python_hands_over_to_a_newer_one(
    dev: ModuleType, old_python: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(dev.REEXECUTED, "")  # so that what dev.py sets is undone
    monkeypatch.delenv(dev.REEXECUTED)
    for name, status in (("python3.13", 127), ("python3.12", 0)):  # the first is there, but does not run
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {status}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"/nowhere:{tmp_path}")

    dev.ensure_python(["run", "--headless"])

    assert old_python == [[str(tmp_path / "python3.12"), str(PACKAGING / "dev.py"), "run", "--headless"]]


@pytest.mark.parametrize("already", [True, False])
def test_an_old_python_alone_refuses(
    dev: ModuleType,
    old_python: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    already: bool,
    tmp_path: Path,
) -> None:
    if already:  # the Python handed over to was too old after all
        monkeypatch.setenv(dev.REEXECUTED, "1")
    else:
        monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(SystemExit, match="needs Python 3"):
        dev.ensure_python([])

    assert old_python == []
