"""A file of events that verifies by itself: JSON lines, sealed with the chain's key. Exports and archives.

First a head, signed; then events, with what was pruned or left out between them; then an end that seals every
line before it. `verify_timmy_log.py` reads it with the standard library and the key alone.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from timmy_desktop.storage.chain import HASH_BYTES
from timmy_desktop.storage.event_gaps import Gap, Stretch
from timmy_desktop.storage.event_rows import LogRow

FORMAT = 1
Kind = Literal["export", "archive"]
ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.xz")
_FAST = 6
_MOST_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class FileHead:
    """What the file is. `before`: the hash its first event follows; up to `chain_start` nothing verifies."""

    kind: Kind
    log_id: str
    made_us: int
    first_seq: int
    before: bytes
    chain_start: int = 0


@dataclass(frozen=True, slots=True)
class FileEnd:
    """The last event that the file accounts for, and how many it holds."""

    rows: int
    last_seq: int
    head: bytes


def keyed(key: bytes, text: str) -> str:
    """The signature under a head or an end."""
    return hashlib.blake2b(text.encode(), key=key, digest_size=HASH_BYTES).hexdigest()


class EventFileWriter:
    """Writes line by line; `close` seals. Without it the file has no end, which verifying finds."""

    def __init__(self, path: Path, key: bytes, head: FileHead) -> None:
        """Makes the file, for its owner alone; raises OSError, FileExistsError where it is there."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._raw = os.fdopen(descriptor, "wb")
        self._out = _compressing(self._raw, path)
        self._key = key
        self._seal = hashlib.blake2b(b"timmy log\n", key=key, digest_size=HASH_BYTES)
        self._rows, self._last, self._head = 0, head.first_seq - 1, head.before
        values = {
            "timmy_log": FORMAT,
            "kind": head.kind,
            "log_id": head.log_id,
            "made_us": head.made_us,
            "first_seq": head.first_seq,
            "before": head.before.hex(),
            "chain_start": head.chain_start,
        }
        self._line({**values, "mac": keyed(key, json.dumps(values, sort_keys=True))})

    def row(self, row: LogRow) -> None:
        self._line(
            {
                "seq": row.seq, "time_us": row.time_us, "type": row.type, "version": row.version,
                "source": row.source, "task_id": row.task_id, "agent_id": row.agent_id, "data": row.data,
                "hash": row.hash.hex(),
            }
        )  # fmt: skip
        self._rows, self._last, self._head = self._rows + 1, row.seq, row.hash

    def gap(self, gap: Gap) -> None:
        """What the log itself no longer has."""
        named = {"first": gap.first, "last": gap.last, "hash": gap.hash.hex()}
        self._line({"gap": {**named, "pruned": gap.pruned, "mac": gap.mac.hex()}})
        self._last, self._head = gap.last, gap.hash

    def omitted(self, stretch: Stretch) -> None:
        """What the log has and this file was not meant to hold."""
        self._line({"omitted": {"first": stretch.first, "last": stretch.last, "hash": stretch.hash.hex()}})
        self._last, self._head = stretch.last, stretch.hash

    def close(self) -> FileEnd:
        """Seals the file and puts it on the disk."""
        values = {"rows": self._rows, "last_seq": self._last, "head": self._head.hex()}
        seal = self._seal.hexdigest()
        self._line(
            {"end": {**values, "mac": keyed(self._key, f"{json.dumps(values, sort_keys=True)}{seal}")}}
        )
        self._out.close()
        if not self._raw.closed:
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()
        return FileEnd(self._rows, self._last, self._head)

    def abandon(self) -> None:
        """Closes without sealing."""
        self._out.close()
        self._raw.close()

    def _line(self, values: dict[str, Any]) -> None:
        # ASCII, so that nothing in it can steer a terminal.
        line = json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        self._seal.update(line)
        self._out.write(line)


def open_lines(path: Path) -> IO[bytes]:
    """The lines of a file, whatever its compression; OSError where it can't be opened."""
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return lzma.open(path, "rb") if path.suffix == ".xz" else path.open("rb")


def read_rows(path: Path) -> Iterator[LogRow | Gap | Stretch]:
    """What stands between head and end, not verified; ValueError for what is not such a file."""
    with open_lines(path) as lines:
        try:
            head = json.loads(next(lines, b"null"))
            if not isinstance(head, dict) or head.get("timmy_log") != FORMAT:
                raise ValueError(f"{path.name} is not a file of events.")
            for line in lines:
                found = _parsed(json.loads(line))
                if found is None:
                    return
                yield found
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"{path.name} is not a file of events, or is damaged.") from error
        except (EOFError, KeyError, TypeError, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise ValueError(f"{path.name} can't be read: {error}.") from error


def _parsed(values: dict[str, Any]) -> LogRow | Gap | Stretch | None:
    if "end" in values:
        return None
    if "gap" in values:
        gap = values["gap"]
        return Gap(
            gap["first"], gap["last"], bytes.fromhex(gap["hash"]), gap["pruned"], bytes.fromhex(gap["mac"])
        )
    if "omitted" in values:
        left = values["omitted"]
        return Stretch(left["first"], left["last"], bytes.fromhex(left["hash"]))
    row = LogRow(
        values["seq"], values["time_us"], values["type"], values["version"], values["source"],
        values["task_id"], values["agent_id"], values["data"], bytes.fromhex(values["hash"]), 0,
    )  # fmt: skip
    if not all(abs(number) <= _MOST_NUMBER for number in (row.seq, row.time_us, row.version)):
        raise ValueError("it holds a number that no log can hold")
    return row._replace(size=len(row.data))


def _compressing(raw: IO[bytes], path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_FAST, mtime=0)  # type: ignore[return-value]
    return lzma.open(raw, "wb", preset=_FAST) if path.suffix == ".xz" else raw
