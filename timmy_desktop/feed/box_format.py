"""What a black box is: one zip file whose last bytes seal all those before them.

The seal is keyed BLAKE2b under the key of the log: who has the key finds any byte that was changed. The
events in it are a file that the stand-alone verifier reads, in which each redacted event is named by its hash
alone; what may be seen of those stands beside it. Why it is so: docs/adr/0037-black-box.md.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timmy_desktop.feed.errors import BoxError

FORMAT = 1
ENDING = ".timmybox"
ABOUT, EVENTS, OPENED = "box.json", "events.jsonl", "redacted.jsonl"
METRICS, SETTINGS, LOG = "metrics.json", "settings.json", "timmy.log"
ENTRIES = (ABOUT, EVENTS, OPENED, METRICS, SETTINGS, LOG)
# Unpacked. A box from a stranger must not fill the disk.
MOST_BYTES = {EVENTS: 4_000_000_000, OPENED: 4_000_000_000}
MOST_OTHERWISE = 20_000_000

MARK = b"timmy-box-1 "
_HEX = 64
UNSEALED = MARK + b"0" * _HEX
_AT_ONCE = 1_000_000
_UNKNOWN = "This box was made by a newer Timmy, or what it says of itself was changed."


@dataclass(frozen=True, slots=True)
class About:
    """What `box.json` says."""

    log_id: str
    made_us: int
    since_us: int
    until_us: int
    first_seq: int
    last_seq: int
    events: int
    redacted: int
    versions: dict[str, str]


def about_of(values: Any) -> About:
    """Reads `box.json`; BoxError for what it can't be."""
    try:
        numbers = {
            name: values[name]
            for name in ("made_us", "since_us", "until_us", "first_seq", "last_seq", "events", "redacted")
        }
        versions = {str(name): str(text) for name, text in values["versions"].items()}
        is_ours = values["timmy_box"] == FORMAT and all(type(one) is int for one in numbers.values())
        made = About(log_id=str(values["log_id"]), versions=versions, **numbers)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BoxError(_UNKNOWN) from error
    if not is_ours:
        raise BoxError(_UNKNOWN)
    return made


def seal(path: Path, key: bytes) -> None:
    """Puts the seal over the zeros at the file's end, and the file on the disk."""
    digest = _digest(path, key)
    with path.open("r+b") as file:
        file.seek(-_HEX, os.SEEK_END)
        file.write(digest.encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def is_sealed(path: Path, key: bytes) -> bool:
    """Whether every byte of the file is as the holder of the key left it."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if size < len(UNSEALED):
            return False
        file.seek(-len(UNSEALED), os.SEEK_END)
        end = file.read()
    found = end[len(MARK) :]
    return end.startswith(MARK) and hmac.compare_digest(found, _digest(path, key).encode("ascii"))


def _digest(path: Path, key: bytes) -> str:
    state = hashlib.blake2b(b"timmy box\n", key=key, digest_size=_HEX // 2)
    left = path.stat().st_size - _HEX
    with path.open("rb") as file:
        while left > 0 and (some := file.read(min(left, _AT_ONCE))):
            state.update(some)
            left -= len(some)
    return state.hexdigest()
