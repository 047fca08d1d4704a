"""What a black box is: one zip file whose last bytes seal and sign all those before them.

The seal is keyed BLAKE2b under the key of the log, the signature Ed25519 under a key derived from it: a
stranger too finds any byte that was changed, and can't forge one. The events in it are a file that the
stand-alone verifier reads, in which each redacted event is named by its hash alone; what may be seen of it
stands beside it.
Why it is so: docs/adr/0037-black-box.md.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timmy_desktop.feed.errors import BoxError
from timmy_desktop.feed.signature import KEY_BYTES, SIGNATURE_BYTES, is_signed, public_key, sign

FORMAT = 1
ENDING = ".timmybox"
ABOUT, EVENTS, OPENED = "box.json", "events.jsonl", "redacted.jsonl"
METRICS, SETTINGS, LOG = "metrics.json", "settings.json", "timmy.log"
ENTRIES = (ABOUT, EVENTS, OPENED, METRICS, SETTINGS, LOG)
# Unpacked. A box from a stranger must not fill the disk.
MOST_BYTES = {EVENTS: 4_000_000_000, OPENED: 4_000_000_000}
MOST_OTHERWISE = 20_000_000
# A line is read whole: one of gigabytes, which packs into a few megabytes, would take the memory.
MOST_LINE_BYTES = 64_000_000

MARK = b"timmy-box-1 "
_PUBLIC, _SEAL, _SIGNATURE = 2 * KEY_BYTES, 64, 2 * SIGNATURE_BYTES
UNSEALED = MARK + b" ".join(b"0" * size for size in (_PUBLIC, _SEAL, _SIGNATURE))
_AT_ONCE = 1_000_000
_FINGERPRINT = 24
_HEX = re.compile(rb"[0-9a-f]*")
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
    """Puts seal and signature over the zeros at the file's end, and the file on the disk."""
    secret = _secret(key)
    _put(path, _PUBLIC + _SEAL + _SIGNATURE + 2, public_key(secret).hex())
    _put(path, _SEAL + _SIGNATURE + 1, _digest(path, _SEAL + _SIGNATURE + 1, key))
    _put(path, _SIGNATURE, sign(secret, _signed(path)).hex())


def is_sealed(path: Path, key: bytes) -> bool:
    """Whether every byte of the file is as the holder of the key left it."""
    end = _end(path)
    if end is None or signer(path) != public_key(_secret(key)).hex():
        return False
    return hmac.compare_digest(end[1], _digest(path, _SEAL + _SIGNATURE + 1, key))


def signer(path: Path) -> str:
    """The public key, in hexadecimal, of who left every byte so; empty where the signature does not fit."""
    end = _end(path)
    if end is None or not is_signed(bytes.fromhex(end[0]), _signed(path), bytes.fromhex(end[2])):
        return ""
    return end[0]


def signer_of(key: bytes) -> str:
    """The public key of the boxes of a log."""
    return public_key(_secret(key)).hex()


def fingerprint(public: str) -> str:
    """A public key as two people compare it."""
    return " ".join(public[place : place + 4] for place in range(0, _FINGERPRINT, 4)).strip()


def _secret(key: bytes) -> bytes:
    return hashlib.blake2b(b"timmy box signature", key=key, digest_size=KEY_BYTES).digest()


def _end(path: Path) -> tuple[str, str, str] | None:
    """Public key, seal and signature, where they have their form."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(UNSEALED)))
        end = file.read()
    parts = end[len(MARK) :].split(b" ")
    sizes = [len(part) for part in parts]
    if (
        not end.startswith(MARK)
        or sizes != [_PUBLIC, _SEAL, _SIGNATURE]
        or not _HEX.fullmatch(b"".join(parts))
    ):
        return None
    public, sealed, signature = (part.decode("ascii") for part in parts)
    return public, sealed, signature


def _put(path: Path, before_end: int, text: str) -> None:
    with path.open("r+b") as file:
        file.seek(-before_end, os.SEEK_END)
        file.write(text.encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def _signed(path: Path) -> bytes:
    return bytes.fromhex(_digest(path, _SIGNATURE, b""))


def _digest(path: Path, left_out: int, key: bytes) -> str:
    """BLAKE2b, keyed or not, of the file without its last bytes."""
    state = hashlib.blake2b(b"timmy box\n", key=key, digest_size=_SEAL // 2)
    left = path.stat().st_size - left_out
    with path.open("rb") as file:
        while left > 0 and (some := file.read(min(left, _AT_ONCE))):
            state.update(some)
            left -= len(some)
    return state.hexdigest()
