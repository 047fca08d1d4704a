"""JSON lines: nothing is left out, what is read back is what was written; the last line seals the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.export.booked import COLUMNS, Booked, Entry

FORMAT, VERSION = "timmy_ledger", 1
_NUMBERS = frozenset(name for name in COLUMNS if name.endswith(("_msat", "_us"))) | {"simulated"}


class BrokenExportError(LedgerError):
    """The file was cut off, changed, or is no export of a ledger."""


class JsonLines:
    """`write` each batch, then `finish`."""

    def __init__(self, file: TextIO, names: Mapping[str, str]) -> None:  # noqa: ARG002 - of other formats
        self._file = file
        self._digest = hashlib.sha256()
        self._lines = 0
        self._put({FORMAT: VERSION})

    def write(self, lines: Iterable[Booked]) -> None:
        for line in lines:
            self._put(_as_json(line))
            self._lines += 1

    def finish(self) -> None:
        """The last line: how many there are, and the SHA-256 of all bytes before it."""
        self._put({"lines": self._lines, "sha256": self._digest.hexdigest()})

    def _put(self, value: dict[str, Any]) -> None:
        text = json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n"
        self._digest.update(text.encode())
        self._file.write(text)


def read_json_lines(file: Iterable[str]) -> Iterator[Booked]:
    """The lines of an export, each checked. BrokenExportError says what is wrong, and where."""
    digest, count, sealed = hashlib.sha256(), 0, False
    for place, text in enumerate(file, 1):
        value = _parsed(text, place)
        if place == 1:
            _check_head(value)
        elif sealed:
            raise BrokenExportError(f"Line {place}: something follows the end of the export.")
        elif "sha256" in value:
            sealed = True
            if value != {"lines": count, "sha256": digest.hexdigest()}:
                raise BrokenExportError("The export was changed after it was written: its checksum differs.")
        else:
            yield _as_booked(value, place)
            count += 1
        digest.update(text.encode())
    if not sealed:
        raise BrokenExportError("The export is cut off: its last line is missing.")


def _as_json(line: Booked) -> dict[str, Any]:
    entries = [
        {"number": entry.number, "state": entry.state, "time_us": entry.time_us,
         "postings": dict(entry.postings)}
        for entry in line.entries
    ]  # fmt: skip
    return {"number": line.number, **line.values, "entries": entries}


def _parsed(text: str, place: int) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BrokenExportError(f"Line {place} is no JSON.") from error
    if not isinstance(value, dict):
        raise BrokenExportError(f"Line {place} is no line of a ledger.")
    return value


def _check_head(value: dict[str, Any]) -> None:
    if FORMAT not in value:
        raise BrokenExportError("This is no export of a ledger: its first line says something else.")
    if value[FORMAT] != VERSION:
        raise BrokenExportError(
            f"The export has the format {value[FORMAT]!r}; this version of the application reads {VERSION}."
        )


def _as_booked(value: dict[str, Any], place: int) -> Booked:
    try:
        values = {name: _checked(name, value[name]) for name in COLUMNS}
        entries = tuple(_as_entry(entry) for entry in value["entries"])
        return Booked(_whole(value["number"]), values, entries)
    except (KeyError, TypeError, AttributeError) as error:
        raise BrokenExportError(f"Line {place} lacks something that a line of a ledger has.") from error


def _as_entry(value: dict[str, Any]) -> Entry:
    postings = tuple((str(account), _whole(amount)) for account, amount in value["postings"].items())
    return Entry(_whole(value["number"]), str(value["state"]), _whole(value["time_us"]), postings)


def _checked(name: str, value: Any) -> str | int:
    if name in _NUMBERS:
        return _whole(value)
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("no whole number")
    return value
