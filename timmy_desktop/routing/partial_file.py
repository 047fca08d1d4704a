"""A file that is being fetched: kept between tries, checked, and put in its place whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from io import BufferedRandom
from pathlib import Path
from typing import Any

_PIECE = 4 * 1024 * 1024


class PartialFile:
    """`.NAME.partial` beside the target, and what it is a part of. Every method blocks: off the loop."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name}.partial")
        self._facts = target.with_name(f".{target.name}.partial.json")
        self._file: BufferedRandom | None = None
        self._digest = hashlib.sha256()
        self.size = 0

    def open(self, sha256: str) -> bool:
        """Takes up what is there of the file with this checksum; False while another process fetches it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        self._file = os.fdopen(descriptor, "r+b")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            return False
        if self._read_facts().get("sha256") != sha256:
            self.restart()
            self._facts.write_text(json.dumps({"sha256": sha256}), encoding="utf-8")
        self._digest, self.size = hashlib.sha256(), 0
        while piece := self._file.read(_PIECE):
            self._digest.update(piece)
            self.size += len(piece)
        return True

    def restart(self) -> None:
        """Forgets what is there."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
        self._digest, self.size = hashlib.sha256(), 0

    def write(self, piece: bytes) -> None:
        """Adds to the end. Raises OSError."""
        if self._file is not None:
            self._file.write(piece)
            self._digest.update(piece)
            self.size += len(piece)

    def finish(self, sha256: str) -> bool:
        """Puts the file in its place when it is what `sha256` says; else it is removed, and False."""
        if self._file is None:
            return False
        self._file.flush()
        os.fsync(self._file.fileno())
        is_right = self._digest.hexdigest() == sha256
        if is_right:
            self.path.replace(self.target)
        else:
            self.path.unlink(missing_ok=True)
        self._facts.unlink(missing_ok=True)
        self.close()
        return is_right

    def close(self) -> None:
        """Keeps what is there for the next try."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def remove(self) -> bool:
        """Removes what is there; whether there was anything."""
        was_there = self.path.exists()
        self.path.unlink(missing_ok=True)
        self._facts.unlink(missing_ok=True)
        return was_there

    def size_on_disk(self) -> int:
        """How much is there; 0 for nothing."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def _read_facts(self) -> dict[str, Any]:
        try:
            facts = json.loads(self._facts.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}
