"""AirLLM as a person looks at it: whether it is installed, and what lies in the folders that they trust."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from timmy_desktop.clock import Clock
from timmy_desktop.inert import inert_line
from timmy_desktop.routing.airllm_folder import FolderProblem, folder_of, is_hub_id, read_folder
from timmy_desktop.routing.errors import NotConfigured
from timmy_desktop.routing.workers.airllm_python import AirllmPython

# What has to be typed to get it; the same words stand in the guide.
INSTALLATION = (
    "python3 -m venv ~/airllm",
    "~/airllm/bin/pip install torch==2.13.0",
    "~/airllm/bin/pip install airllm==4.0.0",
)
_CARD_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class TrustedModel:
    """One entry of `airllm_models`. `problem` says why it can't be used, and what to do."""

    entry: Path
    name: str
    size: int = 0
    licence: str = ""
    problem: str = ""


async def why_absent(python: Path | None, clock: Clock) -> str:
    """Why AirLLM can't run with this Python (None: the application's own), in words; empty when it can."""
    try:
        await AirllmPython(python, clock).found()
    except NotConfigured as error:
        return str(error)
    return ""


def look_at(entry: Path) -> TrustedModel:
    """What a confirmed folder or id holds. Blocks: off the loop."""
    name = entry.name if is_hub_id(entry) else entry.expanduser().resolve().name
    try:
        folder = folder_of(entry, os.environ)
        model = read_folder(folder)
    except FolderProblem as error:
        words = str(error)
        return TrustedModel(entry, name, problem=words if is_hub_id(entry) else words[:1].upper() + words[1:])
    return TrustedModel(entry, name, model.weight_bytes, _licence(folder))


def _licence(folder: Path) -> str:
    """What the model card names; empty without one."""
    try:
        with (folder / "README.md").open(encoding="utf-8", errors="replace") as file:
            text = file.read(_CARD_BYTES)
    except OSError:
        return ""
    head = text.split("---", 2)[1] if text.startswith("---") and text.count("---") > 1 else ""
    found = re.search(r"^license:\s*['\"]?([^'\"\n]+)", head, re.MULTILINE)
    return inert_line(found[1].strip(), 60) if found else ""
