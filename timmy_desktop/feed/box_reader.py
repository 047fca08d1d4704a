"""Reads a black box that may come from a stranger: nothing is trusted before it was looked at."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timmy_desktop.feed.box_format import (
    ABOUT,
    ENTRIES,
    EVENTS,
    LOG,
    METRICS,
    MOST_BYTES,
    MOST_LINE_BYTES,
    MOST_OTHERWISE,
    OPENED,
    SETTINGS,
    About,
    about_of,
    is_sealed,
    signer,
)
from timmy_desktop.feed.errors import BoxError
from timmy_desktop.storage.verify_timmy_log import FIELDS, NUMBERS, UnusableError, verify_file

MERGED = "seen.jsonl"
_AT_ONCE = 1_000_000
_FAULTS = (
    OSError, EOFError, ValueError, KeyError, RuntimeError, NotImplementedError, struct.error, zlib.error,
    zipfile.BadZipFile, zipfile.LargeZipFile, RecursionError, TypeError, AttributeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Box:
    """A box that was unpacked. `events` is like an archive, with what may be seen of redacted events."""

    path: Path
    about: About
    metrics: Any
    settings: Any
    log: str
    events: Path
    signer: str
    """The public key of who made it; empty where the signature does not fit."""


def unpack(path: Path, into: Path) -> Box:
    """Unpacks a box into a folder of one's own; BoxError for what is none. It is not verified yet."""
    with _translated(path), zipfile.ZipFile(path) as box:
        _check_entries(box)
        for name in (EVENTS, OPENED):
            _extract(box, name, into / name)
        about = about_of(json.loads(_small(box, ABOUT)))
        made = Box(
            path,
            about,
            json.loads(_small(box, METRICS)),
            json.loads(_small(box, SETTINGS)),
            _small(box, LOG).decode("utf-8", "replace"),
            into / MERGED,
            signer(path),
        )
        _merge(into / EVENTS, into / OPENED, made.events)
    return made


def problems(box: Box, key: bytes | None) -> list[str]:
    """What was changed since the box was made; nothing where it is whole.

    Without the key that means: since it was signed by whoever `signer` is.
    """
    if key is None:
        return [] if box.signer else ["The signature of the box does not fit: it was changed."]
    found = [] if is_sealed(box.path, key) else ["The seal of the box does not fit: it was changed."]
    events = box.events.with_name(EVENTS)
    try:
        report = verify_file(events, key)
    except (UnusableError, OSError) as error:
        return [*found, str(error)]
    found += [f"{finding.problem[:1].upper()}{finding.problem[1:]}." for finding in report.findings]
    redacted = sum(1 for _ in _lines(events.with_name(OPENED)))
    told = (box.about.first_seq, box.about.last_seq, box.about.events, box.about.redacted)
    if told != (report.first, report.last, report.rows + redacted, redacted):
        found.append("The box does not hold the events that it says.")
    return found


def _check_entries(box: zipfile.ZipFile) -> None:
    names = [info.filename for info in box.infolist()]
    if sorted(names) != sorted(ENTRIES):
        raise BoxError("This is not a black box: it does not hold what one holds.")
    for info in box.infolist():
        if info.file_size > MOST_BYTES.get(info.filename, MOST_OTHERWISE):
            raise BoxError(f"This box is not opened: {info.filename} would take {info.file_size:,} bytes.")


def _extract(box: zipfile.ZipFile, name: str, to: Path) -> None:
    left = MOST_BYTES[name]
    with box.open(name) as source, to.open("wb") as target:
        while some := source.read(_AT_ONCE):
            left -= len(some)
            if left < 0:
                raise BoxError(f"This box is not opened: {name} takes more room than it says.")
            target.write(some)


def _small(box: zipfile.ZipFile, name: str) -> bytes:
    with box.open(name) as source:
        content = source.read(MOST_OTHERWISE + 1)
    if len(content) > MOST_OTHERWISE:
        raise BoxError(f"This box is not opened: {name} takes more room than it says.")
    return content


def _merge(events: Path, beside: Path, merged: Path) -> None:
    """Puts each redacted event where its hash stands; the two must fit line by line."""
    redacted = _lines(beside)
    with merged.open("wb") as out:
        for number, line in enumerate(_lines(events)):
            values = json.loads(line)
            if number and "omitted" in values:
                line = next(redacted, b"{}")
                _check_redacted(json.loads(line), values["omitted"])
            out.write(line)
    if next(redacted, None) is not None:
        raise BoxError("This box was changed: it holds redacted events that stand nowhere.")


def _check_redacted(row: Any, left: Any) -> None:
    whole = (
        isinstance(row, dict)
        and set(row) == {*FIELDS, "hash"}
        and all(type(row[name]) is (int if name in NUMBERS else str) for name in FIELDS)
    )
    if not whole or (row["seq"], row["seq"], row["hash"]) != (left["first"], left["last"], left["hash"]):
        raise BoxError("This box was changed: a redacted event is not the one that stands there.")


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:
        while line := lines.readline(MOST_LINE_BYTES + 1):
            if len(line) > MOST_LINE_BYTES:
                raise BoxError(f"This box is not opened: a line of {file.name} is longer than any event's.")
            yield line


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BoxError(f"There is no file {path}.") from error
    except _FAULTS as error:
        raise BoxError(f"{path.name} is not a black box, or was damaged ({error}).") from error
