"""How this installation starts processes of its own: a checkout by its Python, a package by its program."""

from __future__ import annotations

import runpy
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path

WORKER_OPTION = "--worker"
# What a frozen program may be told to run in the place of the application, and nothing else.
WORKERS = {
    "llama-server": "timmy_desktop.routing.workers.llama_server",
    "pdf": "timmy_desktop.memory.pdf_worker",
    "colours": "timmy_desktop.gui.widgets.diff_view.lexing_worker",
    "verifier": "timmy_desktop.storage.piece_workers",
}


def is_frozen() -> bool:
    """Whether this is a packaged application, whose `sys.executable` is no Python."""
    return bool(getattr(sys, "frozen", False))


def release_libraries(environment: MutableMapping[str, str]) -> None:
    """What a packaged program starts (git, a Python, a sandbox) reads the system's libraries, not its own.

    Its starter names its folder in LD_LIBRARY_PATH, which is inherited; it has been read by now. The workers
    are the same program again, whose starter is told to begin anew, and so to name the folder for them.
    """
    before = environment.pop("LD_LIBRARY_PATH_ORIG", "")
    environment.pop("LD_LIBRARY_PATH", None)
    if before:
        environment["LD_LIBRARY_PATH"] = before
    environment["PYINSTALLER_RESET_ENVIRONMENT"] = "1"


def application() -> list[str]:
    """The command that starts this application again."""
    return [sys.executable] if is_frozen() else [sys.executable, "-m", "timmy_desktop"]


def worker(name: str, file: Path | None = None) -> list[str]:
    """The command that starts the worker `name` of WORKERS; `file`: apart from the checkout's packages."""
    if is_frozen():
        return [sys.executable, WORKER_OPTION, name]
    return [sys.executable, "-I", str(file)] if file is not None else [sys.executable, "-m", WORKERS[name]]


def run_worker(arguments: Sequence[str]) -> int:
    """Becomes the worker that `arguments` name, in this process. KeyError when there is no such worker."""
    name, *rest = arguments
    module = WORKERS[name]
    sys.argv = [module, *rest]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    return 0


def python() -> Path | None:
    """The Python that runs this; None where it is frozen."""
    return None if is_frozen() else Path(sys.executable)


def shared_file(name: str) -> Path:
    """A file of the folder resources/: of the checkout, or where an installation laid it out."""
    installed = Path(sys.prefix) / "share" / "timmy-desktop" / name
    return installed if installed.exists() else Path(__file__).parent.parent / "resources" / name
