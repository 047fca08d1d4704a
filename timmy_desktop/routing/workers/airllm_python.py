"""Which Python has AirLLM: it is large, so it may live in an environment of its own."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from timmy_desktop.clock import Clock
from timmy_desktop.own_process import is_frozen
from timmy_desktop.routing.errors import NotConfigured

LOOK_AGAIN_SECONDS = 60.0
_PROBE = "import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
_ABSENT = (
    "AirLLM is not installed; it is optional. Install it into ~/airllm, or set airllm_python to the Python "
    "that has it."
)
HOW = "Run: pip install torch==2.13.0, then pip install airllm==4.0.0"


def beside() -> tuple[Path, ...]:
    """Where an environment of AirLLM's own is found by itself: in the home, and beside the package."""
    places = [Path.home() / "airllm"]
    if is_frozen():
        places.append(Path(sys.executable).resolve().parent / "airllm")
    return tuple(place / "bin/python" for place in places)


class AirllmPython:
    """Looks once, and again after a while where it was not found; nothing is imported for it."""

    def __init__(self, chosen: Path | None, clock: Clock) -> None:
        self._chosen = chosen.expanduser() if chosen is not None else None
        self._python = self._chosen or Path(sys.executable)
        self._clock = clock
        self._missing = ""
        self._look_at = 0.0
        self._found = False

    async def found(self) -> Path:
        """The Python to start; raises NotConfigured with the next step."""
        if not self._found and self._clock.monotonic() >= self._look_at:
            self._missing = await self._look()
            self._found = not self._missing
            self._look_at = self._clock.monotonic() + LOOK_AGAIN_SECONDS
        if not self._found:
            raise NotConfigured(self._missing)
        return self._python

    async def _look(self) -> str:
        wanted = ["airllm", "torch", *(["mlx"] if sys.platform == "darwin" else [])]
        if self._chosen is None:
            return await self._look_around(wanted)
        if not self._chosen.is_file():
            return f"airllm_python names {self._chosen}, which is not there. Correct it in the settings."
        if await self._runs(self._chosen, wanted):
            return ""
        return f"The Python {self._chosen} does not have {', '.join(wanted)}. {HOW} with it."

    async def _look_around(self, wanted: list[str]) -> str:
        """In the Python that runs this, then in the environments where the guide puts it."""
        missing = list(wanted) if is_frozen() else [name for name in wanted if find_spec(name) is None]
        if not missing:
            self._python = Path(sys.executable)
            return ""
        for python in beside():
            if python.is_file() and await self._runs(python, wanted):
                self._python = python
                return ""
        if missing == ["mlx"]:
            return "AirLLM needs mlx on a Mac, which it does not bring along. Run: pip install mlx"
        return _ABSENT

    async def _runs(self, python: Path, modules: list[str]) -> bool:
        try:
            process = await asyncio.create_subprocess_exec(
                str(python), "-c", _PROBE, *modules,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            return False
        try:
            return await process.wait() == 0
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
