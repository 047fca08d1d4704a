"""Which Python runs a target's tests, and which folders it needs: found by looking, without running it.

The environment lies in the person's checkout, where a repository from elsewhere can have put anything. So a
link is followed only to what looks like a Python, and nothing of it is run outside the sandbox.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from timmy_desktop.upgrades.errors import SandboxError

_ENVIRONMENTS = (".venv", "venv", ".env", "env")
_NAME = re.compile(r"(python|pypy)[\d.]*")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python by its path, with the folders that it reads."""

    python: Path
    folders: tuple[Path, ...]


def interpreter_for(folder: Path, chosen: str = "") -> Interpreter:
    """The Python for the repository at `folder`: `chosen`, its own environment's, or this machine's."""
    if chosen:
        return _looked_at(Path(chosen))
    for name in _ENVIRONMENTS:
        python = folder / name / "bin/python"
        if (folder / name / "pyvenv.cfg").is_file() and os.access(python, os.X_OK):
            return _looked_at(python)
    return _looked_at(_own())


def _own() -> Path:
    if not getattr(sys, "frozen", False):
        return Path(sys.executable)
    found = [
        Path(python) for folder in os.get_exec_path() if (python := shutil.which("python3", path=folder))
    ]
    if not found:
        raise SandboxError("There is no Python on this machine to run tests with. Install python3.")
    # The first on PATH may be a script that chooses among several, as pyenv's: the sandbox can't let that in.
    return next((python for python in found if _is_installed(python)), found[0])


def _is_installed(python: Path) -> bool:
    try:
        _looked_at(python)
    except SandboxError:
        return False
    return True


def _looked_at(python: Path) -> Interpreter:
    real = Path(os.path.realpath(python))
    if not python.is_absolute() or not real.is_file() or not _NAME.fullmatch(real.name):
        raise SandboxError(f"{python} is not a Python that tests could be run with.")
    folders = [_installation(real)]
    top = python.parent.parent
    if (top / "pyvenv.cfg").is_file():
        folders.append(top.absolute())
    return Interpreter(python, tuple(dict.fromkeys(folders)))


def _installation(real: Path) -> Path:
    """The folder that a Python is installed in, recognised by its standard library."""
    top = real.parent.parent
    if real.parent.name == "bin" and any(top.glob("lib*/python3*/os.py")):
        return top
    raise SandboxError(f"{real} does not lie in an installation of Python; its tests are not run.")
