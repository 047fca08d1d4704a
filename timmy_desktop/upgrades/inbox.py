"""How another process hands in a proposal while the application holds the data folder: by private files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from timmy_desktop.identifiers import new_id

# The folder's name, among what belongs to the upgrades.
INBOX = "inbox"
_LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A branch that is to be proposed. `open_first`: the repository is opened to proposals for it."""

    id: str
    repository: str
    branch: str
    description: str
    reasoning: str
    proposer: str
    open_first: bool


class Inbox:
    """A folder with one file for each request and one for each answer. Every method blocks on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hand_in(self, **request: Any) -> str:
        """Puts a request there and returns its identifier."""
        handed = HandedIn(id=new_id(), **request)
        self._write(f"{handed.id}.request", asdict(handed))
        return handed.id

    def answer_to(self, request_id: str) -> dict[str, Any] | None:
        """The answer to a request, which is taken away with it; None while there is none."""
        place = self._folder / f"{request_id}.answer"
        with suppress(OSError, ValueError):
            answer = json.loads(place.read_text())
            place.unlink()
            return answer if isinstance(answer, dict) else None
        return None

    def take(self) -> Iterator[HandedIn]:
        """Each request that waits; it is gone from the folder when it is given."""
        if not self._folder.is_dir():
            return
        for place in sorted(self._folder.glob("*.request")):
            request = _read(place)
            place.unlink(missing_ok=True)
            if request is not None:
                yield request

    def take_back(self, request_id: str) -> bool:
        """Takes a request away that nobody has taken; whether it was still there."""
        try:
            (self._folder / f"{request_id}.request").unlink()
        except OSError:
            return False
        return True

    def drop_old(self, before_s: float) -> None:
        """Takes away what was written before that time (of `time.time`) and that nobody has come for."""
        for pattern in ("*.answer", "*.partial"):
            for place in self._folder.glob(pattern):
                with suppress(OSError):
                    if place.lstat().st_mtime < before_s:
                        place.unlink()

    def answer(self, request_id: str, **answer: Any) -> None:
        """Answers a request."""
        self._write(f"{request_id}.answer", answer)

    def _write(self, name: str, value: dict[str, Any]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self._folder / f"{name}.partial"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(value, file)
        partial.replace(self._folder / name)


def _read(place: Path) -> HandedIn | None:
    try:
        if place.is_symlink() or place.stat().st_size > _LARGEST:
            return None
        request = HandedIn(**json.loads(place.read_text()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    is_whole = all(isinstance(value, str) for value in list(asdict(request).values())[:-1])
    return request if is_whole and request.id == place.stem else None
