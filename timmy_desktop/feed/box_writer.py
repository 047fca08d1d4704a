"""Writes a black box: what happened in a stretch of time, without secrets, to be sent to somebody."""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Any

import orjson

from timmy_desktop import __version__
from timmy_desktop.feed.box_format import (
    ABOUT,
    EVENTS,
    FORMAT,
    LOG,
    METRICS,
    OPENED,
    SETTINGS,
    UNSEALED,
    About,
    seal,
)
from timmy_desktop.feed.box_parts import log_lines, metrics, private_texts
from timmy_desktop.feed.errors import BoxError
from timmy_desktop.feed.known_secrets import read_known
from timmy_desktop.feed.open_event import Openness
from timmy_desktop.feed.redaction import Redactor
from timmy_desktop.feed.server import local_tasks
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Secrets, Settings
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_archive import head_for
from timmy_desktop.storage.event_file import EventFileWriter
from timmy_desktop.storage.event_gaps import Stretch, gaps_between
from timmy_desktop.storage.event_rows import LogRow, rows_between

_LIBRARIES = ("PySide6-Essentials", "qasync", "peewee", "pydantic", "orjson", "websockets", "chromadb")
_TOLD_EVERY = 1_000
_DATE = (1980, 1, 1, 0, 0, 0)

Progress = Callable[[int, int], None]
"""How many events are written, of about how many; may raise to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxWish:
    """What a box is to hold. `until_us` is not in it any more."""

    since_us: int
    until_us: int
    with_log: bool = True


class BoxWriter:
    """Writes boxes of one data folder."""

    def __init__(self, *, settings: Settings, secrets: Secrets, paths: Paths) -> None:
        self._settings, self._secrets, self._paths = settings, secrets, paths

    def write(
        self,
        session: Session,
        key: bytes,
        path: Path,
        wish: BoxWish,
        *,
        made_us: int,
        progress: Progress = lambda *_: None,
    ) -> About:
        """The file is there whole and sealed, or not at all. Blocks: run it on a reader of its own.

        Raises BoxError where nothing happened in that time, OSError, and what `progress` raises.
        """
        first, last = _range(session, wish)
        partial = path.with_name(f".{path.name}.partial")
        partial.unlink(missing_ok=True)
        try:
            with tempfile.TemporaryDirectory(prefix="timmy-box-") as folder:
                room = _Room(Path(folder), session, key, self._openness(session))
                about = room.events(first, last, wish, made_us, progress)
                self._pack(partial, room, about, wish)
            seal(partial, key)
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return about

    def _openness(self, session: Session) -> Openness:
        named = session.sql("SELECT value FROM meta WHERE name = 'log_id'")
        known = read_known(
            self._settings, self._secrets, self._paths.data_dir, str(named[0][0]) if named else ""
        )
        return Openness(
            Redactor(known, home=str(Path.home())),
            local_tasks=local_tasks(session),
            all_local=self._settings.local_only,
        )

    def _pack(self, partial: Path, room: _Room, about: About, wish: BoxWish) -> None:
        redactor = room.openness.redactor
        settings = redactor.value(json.loads(self._settings.model_dump_json()))
        lines = log_lines(self._paths.logs, wish.since_us, wish.until_us) if wish.with_log else ""
        # A log line has no task: what was said in private is looked for by its words. Few were ever logged,
        # and to look for thousands at every place would take minutes.
        private = (text for text in private_texts(room.session, self._settings.local_only) if text in lines)
        log = redactor.also(private).text(lines)
        texts = {
            ABOUT: _json({"timmy_box": FORMAT, **asdict(about)}),
            METRICS: _json(redactor.value(metrics(room.session, wish.since_us, wish.until_us, about))),
            SETTINGS: _json(settings),
            LOG: log,
        }
        partial.touch(mode=0o600)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as box:
            box.comment = UNSEALED
            for name in (ABOUT, METRICS, SETTINGS, LOG):
                box.writestr(zipfile.ZipInfo(name, _DATE), texts[name], zipfile.ZIP_DEFLATED)
            for name in (EVENTS, OPENED):
                box.write(room.folder / name, name)


class _Room:
    """Where the events of one box are laid out before they are packed."""

    def __init__(self, folder: Path, session: Session, key: bytes, openness: Openness) -> None:
        self.folder, self.session, self.openness, self._key = folder, session, openness, key
        self._rows = self._redacted = self._written = 0

    def events(self, first: int, last: int, wish: BoxWish, made_us: int, progress: Progress) -> About:
        """Every event of the stretch: as it is, or by its hash with what may be seen of it beside."""
        head = head_for(self.session, self._key, first, made_us, kind="archive")
        writer = EventFileWriter(self.folder / EVENTS, self._key, head)
        try:
            with (self.folder / OPENED).open("wb") as beside:
                for low, high in self._stretches(writer, first, last):
                    for row in rows_between(self.session, low, high):
                        self._put(row, writer, beside)
                        if self._rows % _TOLD_EVERY == 0:
                            progress(self._rows, last - first + 1)
            writer.close()
        except BaseException:
            writer.abandon()
            raise
        progress(self._rows, self._rows)
        return About(
            head.log_id,
            made_us,
            wish.since_us,
            wish.until_us,
            first,
            last,
            self._rows,
            self._redacted,
            versions(),
        )

    def _stretches(self, writer: EventFileWriter, first: int, last: int) -> Any:
        """What the log has between what was pruned, which is written down on the way."""
        for gap in gaps_between(self.session, first, last):
            yield first, gap.first - 1
            if self.session.sql("SELECT 1 FROM event_log WHERE seq = ?", (gap.first,)):
                yield gap.first, gap.last
            else:
                writer.gap(gap)
            first = gap.last + 1
        yield first, last

    def _put(self, row: LogRow, writer: EventFileWriter, beside: IO[bytes]) -> None:
        self._rows += 1
        seen = opened(row, self.openness)
        if seen == row:
            writer.row(row)
            return
        self._redacted += 1
        writer.omitted(Stretch(row.seq, row.seq, row.hash))
        values = {**seen._asdict(), "hash": row.hash.hex()}
        del values["size"]
        beside.write(json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode() + b"\n")


def opened(row: LogRow, openness: Openness) -> LogRow:
    """The row as others may see it; the same where nothing had to be taken out."""
    redact = openness.redactor.text
    values = row.values()
    seen = openness.data(row.type, row.task_id, values)
    data = row.data if seen == values else orjson.dumps(seen, option=orjson.OPT_SORT_KEYS).decode()
    return row._replace(
        type=redact(row.type),
        source=redact(row.source),
        task_id=redact(row.task_id),
        agent_id=redact(row.agent_id),
        data=data,
        size=len(data),
    )


def versions() -> dict[str, str]:
    """What ran."""
    found = {"timmy-desktop": __version__, "python": platform.python_version()}
    found |= {"system": platform.platform(), "frozen": str(getattr(sys, "frozen", False)).lower()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _range(session: Session, wish: BoxWish) -> tuple[int, int]:
    rows = session.sql(
        "SELECT min(seq), max(seq) FROM event_log WHERE time_us >= ? AND time_us < ?",
        (wish.since_us, wish.until_us),
    )
    first, last = rows[0]
    if first is None:
        raise BoxError("Nothing happened in that time, so there is nothing to export. Choose a longer one.")
    return int(first), int(last)


def _json(values: Any) -> str:
    return json.dumps(values, ensure_ascii=True, indent=1)
