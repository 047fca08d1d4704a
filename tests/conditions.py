"""What tests wait for, and what they need of the machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SMALL_MODEL = Path(sys.prefix) / "share/timmy-desktop/models/gemma3-270m.gguf"
OLLAMA_PROXY = ROOT / ".venv-ollama-proxy/bin/ollama-proxy"
AIRLLM_PYTHON = ROOT / ".venv-airllm/bin/python"
BCOIN = ROOT / ".venv-bcoin/node_modules/bcoin"
ELECTRUM_SERVER_PYTHON = ROOT / ".venv-electrum-server/bin/python"
HOW_TO_GET_PARTS = "python3 packaging/dev.py test --parts"
_POLL_S = 0.005


async def eventually(predicate: Callable[[], object], timeout: float = 5.0, message: str = "") -> None:
    """Returns as soon as `predicate()` is true, letting the loop work meanwhile; fails after `timeout` s."""
    deadline = time.monotonic() + timeout
    while not predicate():
        if time.monotonic() > deadline:
            pytest.fail(f"not true after {timeout:g} s: {message or _source_name(predicate)}")
        await asyncio.sleep(_POLL_S)


def require_part(found: bool, name: str, how: str = HOW_TO_GET_PARTS) -> None:
    """For tests marked `parts`: a missing part skips the test on a person's machine and fails it in CI."""
    if found:
        return
    reason = f"{name} is missing; get it with: {how}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def require_display_parts() -> None:
    """A virtual display, and a mouse and keyboard for it."""
    for program in ("xvfb-run", "xdotool"):
        require_part(shutil.which(program) is not None, program)


def require_browser() -> str:
    """A browser that a program can drive."""
    found = shutil.which("chromium")
    require_part(found is not None, "chromium")
    return str(found)


def require_bubblewrap() -> None:
    """The sandbox for the tests of proposals; a Mac has one of its own."""
    require_part(sys.platform == "darwin" or shutil.which("bwrap") is not None, "bubblewrap")


def require_ollama_proxy() -> Path:
    """The program that puts an Ollama API before a model server."""
    require_part(OLLAMA_PROXY.exists(), "ollama-proxy")
    return OLLAMA_PROXY


def require_airllm() -> Path:
    """A Python that has AirLLM."""
    require_part(any((ROOT / ".venv-airllm/lib").glob("python*/site-packages/airllm")), "AirLLM")
    return AIRLLM_PYTHON


@dataclass(frozen=True)
class ElectrumParts:
    """What two Lightning nodes of their own chain need, beside Debian's Electrum."""

    bcoin: Path
    server_python: Path


def require_electrum_parts() -> ElectrumParts:
    """Electrum, bcoin and an Electrum server."""
    parts = ElectrumParts(BCOIN, ELECTRUM_SERVER_PYTHON)
    require_part(Path("/usr/bin/electrum").exists(), "electrum")
    require_part((parts.bcoin / "bin/node").exists(), "bcoin")
    require_part(any((ROOT / ".venv-electrum-server/lib").glob("python*/site-packages/electrumx")), "e-x")
    return parts


def require_small_model() -> Path:
    """The small model that `packaging/dev.py` lays out beside the environment."""
    require_part(SMALL_MODEL.exists(), SMALL_MODEL.name, "python3 packaging/dev.py test")
    return SMALL_MODEL


def _source_name(predicate: Callable[[], object]) -> str:
    code = getattr(predicate, "__code__", None)
    if code is None:
        return repr(predicate)
    return f"{predicate.__qualname__} ({Path(code.co_filename).name}:{code.co_firstlineno})"
