"""What the developer commands run, and the locks they install."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.conditions import ROOT

PACKAGING = ROOT / "packaging"


def test_what_goes_to_pytest(modules: SimpleNamespace) -> None:
    options, command = modules.commands.test_options, modules.commands.pytest_command

    assert options(["-k", "x"]) == (False, True, ["-k", "x"])
    assert options(["--parts", "--no-lint", "-m", "parts"]) == (True, False, ["-m", "parts"])
    assert command(False, ["-k", "x"])[3:] == ["-m", "not parts", "-k", "x"]
    assert command(False, ["-m", "model"])[3:] == ["-m", "model"]
    assert command(True, [])[3:] == []


def test_failed_lint_is_reported_in_full_and_tests_do_not_run(
    modules: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    commands = modules.commands
    for name in ("prepare", "ensure_qt", "ensure_test_programs"):
        monkeypatch.setattr(commands, name, lambda *_, **__: None)
    monkeypatch.setattr(commands, "_passes", lambda title, _command: title == "mypy")
    monkeypatch.setattr(commands, "_call", lambda _command: pytest.fail("the tests were run"))

    assert commands.main(["test"]) == 1

    said = capfd.readouterr().err
    assert "FAILED: ruff check. To run it alone: " in said
    assert "FAILED: import contracts" in said
    assert "FAILED: mypy" not in said
    assert "test --no-lint" in said


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["--help"], 0), (["fly"], 2)])
def test_usage(modules: SimpleNamespace, arguments: list[str], status: int) -> None:
    assert modules.commands.main(arguments) == status


@pytest.mark.parametrize("name", ["requirements", "requirements-dev", "requirements-ollama-proxy"])
def test_every_locked_package_has_a_version_and_a_hash_and_no_address(name: str) -> None:
    text = (PACKAGING / f"{name}.lock").read_text(encoding="utf-8")
    packages = [line for line in text.splitlines() if line and line[0] not in "# "]

    assert len(packages) > 20
    assert all("==" in line and line.endswith("\\") for line in packages)
    assert "://" not in text
    assert "--index" not in text


def test_both_locks_name_the_same_versions() -> None:
    run, dev = (
        {line for line in (PACKAGING / name).read_text().splitlines() if "==" in line}
        for name in ("requirements.lock", "requirements-dev.lock")
    )

    assert run < dev
    assert any(line.startswith("pyside6-essentials==6.11.") for line in run)
