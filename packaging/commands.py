"""What each developer command does."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from environment import (
    AIRLLM,
    AIRLLM_LOCK,
    DEV,
    DEV_LOCK,
    ELECTRUM_SERVER_LOCK,
    OLLAMA_PROXY,
    OLLAMA_PROXY_LOCK,
    ROOT,
    RUN,
    RUN_LOCK,
    exclusive,
    prepare,
)
from lightning_nodes import ensure_lightning_nodes
from steps import Step, StepError, run_logged, say
from system_parts import NO_DISPLAY, ensure_qt, ensure_test_programs, has_display, wants_qt, wants_window

USAGE = """\
python3 packaging/dev.py COMMAND

  run [ARGUMENT…]            start Timmy Desktop; what follows goes to it (try: run --help)
  test [--parts] [--no-lint] [PYTEST ARGUMENT…]
                             lint, types, import contracts and the tests;
                             --parts: also those with a real server or a virtual display
  lint                       lint, types and import contracts alone
  bench [NAME…] [--json FILE]
                             measure, and compare with a reference
  sample [--events N] [--out DIR]
                             make a data folder with a long log, to look at and to measure with
  keep-database              keep a database of this version, which every later one must open
  build [--wheel]            build this platform's packages, or the wheel alone, into dist/
  lock [--upgrade]           remake the locks from pyproject.toml (--upgrade: to the newest versions)

Everything is installed into .venv of this checkout; delete that to start anew.
"""
UV = "uv==0.13.9"
OLLAMA_PROXY_REQUIREMENT = "ollama-proxy-plus==0.1.0"
ELECTRUM_SERVER_REQUIREMENTS = "e-x==2.0.0\nplyvel==1.5.1\n"
# Without torch itself (see environment.AIRLLM), with what torch needs everywhere; mlx is not declared.
AIRLLM_REQUIREMENTS = """\
airllm==4.0.0
mlx; sys_platform == "darwin"
filelock
fsspec
jinja2
networkx
setuptools
sympy
typing-extensions
"""
WITHOUT_TORCH = "torch==2.13.0; sys_platform == 'never'\n"
SELF = "python3 packaging/dev.py"
LINT = (
    ("ruff check", ("ruff", "check", ".")),
    ("ruff format", ("ruff", "format", "--check", ".")),
    ("mypy", ("mypy",)),
    ("import contracts", ("lint-imports",)),
)


def main(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE)
        return 0 if arguments else 2
    command = COMMANDS.get(arguments[0])
    if command is None:
        say(f"There is no command {arguments[0]!r}; there are: {', '.join(COMMANDS)}.")
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return command(list(arguments[1:]))
    except StepError as failure:
        say(f"FAILED: {failure}")
        return 1
    except KeyboardInterrupt:
        say("Stopped. The same command goes on from here.")
        return 130


def run(arguments: list[str]) -> int:
    window = wants_window(arguments)
    if window and not has_display(os.environ, sys.platform):
        raise StepError(NO_DISPLAY)
    prepare(RUN)
    if wants_qt(arguments):
        ensure_qt(window and bool(os.environ.get("DISPLAY")), RUN.log)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.execv(RUN.python, [str(RUN.python), "-m", "timmy_desktop", *arguments])


def test(arguments: list[str]) -> int:
    parts, lints, rest = test_options(arguments)
    prepare(DEV)
    if parts or os.environ.get("CI"):
        ensure_test_programs(DEV.log)
    else:
        ensure_qt(window=False, log=DEV.log)
    if parts:
        prepare(OLLAMA_PROXY)
        prepare(AIRLLM)
        ensure_lightning_nodes(DEV.log)
    if lints and (status := lint([])) != 0:
        say(f"The tests were not run, because of that. To run them all the same: {SELF} test --no-lint")
        return status
    command = pytest_command(parts, rest)
    status = _call(command)
    if status != 0:
        say(f"FAILED: pytest, exit status {status}. To run it alone: {_shown(command)}")
    return status


def test_options(arguments: Sequence[str]) -> tuple[bool, bool, list[str]]:
    """Whether the slower tests are wanted, whether lint is, and what goes to pytest."""
    rest = [argument for argument in arguments if argument not in ("--parts", "--no-lint")]
    return "--parts" in arguments, "--no-lint" not in arguments, rest


def pytest_command(parts: bool, rest: Sequence[str]) -> list[str]:
    chosen = any(argument == "-m" or argument.startswith("-m=") for argument in rest)
    selection = [] if parts or chosen else ["-m", "not parts"]
    return [str(DEV.python), "-m", "pytest", *selection, *rest]


def lint(_arguments: list[str]) -> int:
    prepare(DEV)
    commands = {title: [str(DEV.folder / "bin" / command[0]), *command[1:]] for title, command in LINT}
    failed = [title for title, command in commands.items() if not _passes(title, command)]
    for title in failed:
        say(f"FAILED: {title}. To run it alone: {_shown(commands[title])}")
    return 1 if failed else 0


def bench(arguments: list[str]) -> int:
    if not any((ROOT / "tests").glob("bench*")):
        raise StepError("There are no benchmarks in this checkout (tests/bench).")
    prepare(DEV)
    ensure_qt(window=False, log=DEV.log)
    return _call([str(DEV.python), "-m", "tests.bench", *arguments])


def sample(arguments: list[str]) -> int:
    prepare(DEV)
    return _call([str(DEV.python), "-m", "tests.bench.sample", *arguments])


def keep_database(_arguments: list[str]) -> int:
    prepare(DEV)
    return _call([str(DEV.python), "-m", "tests.old_databases.keep"])


def build(arguments: list[str]) -> int:
    """The wheel, then this platform's packages of the frozen application."""
    prepare(DEV)
    _build_wheel()
    if "--wheel" in arguments:
        say("The wheel is in dist/.")
        return 0
    ensure_qt(window=True, log=DEV.log)  # what is not here can't be packed
    import freeze  # only now: nothing else needs it

    for package in freeze.build(DEV.log):
        say(f"  {package.relative_to(ROOT)}  {package.stat().st_size / 1e6:.0f} MB")
    say("All of it is in dist/.")
    return 0


def _build_wheel() -> None:
    """From a copy: setuptools would take files of an older build along."""
    with tempfile.TemporaryDirectory() as folder, Step("Building the wheel"):
        source = Path(folder)
        for name in ("pyproject.toml", "LICENSE", "README.md"):
            if not (ROOT / name).exists():
                raise StepError(f"The wheel needs {name}, which this checkout lacks.")
            shutil.copy(ROOT / name, source)
        shutil.copytree(
            ROOT / "timmy_desktop", source / "timmy_desktop", ignore=shutil.ignore_patterns("__pycache__")
        )
        command = [str(DEV.python), "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
        if run_logged([*command, "--wheel-dir", str(ROOT / "dist"), folder], DEV.log) != 0:
            raise StepError("The wheel could not be built.", DEV.log)


def lock(arguments: list[str]) -> int:
    """The versions in the locks stay where pyproject.toml still allows them, unless --upgrade is given."""
    folder = ROOT / ".venv-lock"
    log = folder / "dev.log"
    uv = [str(folder / "bin/uv"), "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    uv += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links"]
    uv += ["--custom-compile-command", f"{SELF} lock", *(["--upgrade"] if "--upgrade" in arguments else [])]
    extras = ["pyproject.toml", "--extra", "embedded", "--extra", "small-model"]
    with exclusive(), Step("Making the locks"):
        if run_logged([sys.executable, "-m", "venv", str(folder)], log) != 0:
            raise StepError("The environment of uv could not be made.", log)
        if run_logged([str(folder / "bin/python"), "-m", "pip", "install", UV], log) != 0:
            raise StepError(f"{UV} could not be installed.", log)
        proxy = _written(folder / "ollama-proxy.in", f"{OLLAMA_PROXY_REQUIREMENT}\n")
        electrum = _written(folder / "electrum-server.in", ELECTRUM_SERVER_REQUIREMENTS)
        airllm = _written(folder / "airllm.in", AIRLLM_REQUIREMENTS)
        torch = _written(folder / "without-torch.txt", WITHOUT_TORCH)
        for target, source in (
            (RUN_LOCK, extras),
            (DEV_LOCK, [*extras, "--extra", "dev", "--constraint", str(RUN_LOCK.relative_to(ROOT))]),
            (OLLAMA_PROXY_LOCK, ["--no-annotate", proxy]),
            (ELECTRUM_SERVER_LOCK, ["--no-annotate", electrum]),
            (AIRLLM_LOCK, ["--no-annotate", "--override", torch, "--no-emit-package", "torch", airllm]),
        ):
            command = [*uv, *source, "--output-file", str(target.relative_to(ROOT))]
            if run_logged(command, log, cwd=ROOT) != 0:
                raise StepError(f"{target.name} could not be made.", log)
    return 0


def _written(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return str(file.relative_to(ROOT))


def _passes(title: str, command: Sequence[str]) -> bool:
    start = time.monotonic()
    asked = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    passed = asked.returncode == 0
    say(f"{title}: {'passed' if passed else 'FAILED'} ({time.monotonic() - start:.1f} s)")
    if not passed:
        say(asked.stdout.rstrip())
    return passed


def _call(command: Sequence[str]) -> int:
    """The exit status of a command that talks for itself; it gets Ctrl-C too, and may end in its own way."""
    with subprocess.Popen(command, cwd=ROOT) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                process.send_signal(signal.SIGINT)


def _shown(command: Sequence[str]) -> str:
    return shlex.join(part.removeprefix(f"{ROOT}/") for part in command)


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": run,
    "test": test,
    "lint": lint,
    "bench": bench,
    "sample": sample,
    "keep-database": keep_database,
    "build": build,
    "lock": lock,
}
