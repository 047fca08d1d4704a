"""Exports of the log without this installation's secrets. What was said stays: it is its owner's to give."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from timmy_desktop.feed.known_secrets import read_known
from timmy_desktop.feed.redaction import Redactor
from timmy_desktop.settings import Secrets, Settings
from timmy_desktop.storage.chain_key import log_id_of
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_export import Clean
from timmy_desktop.storage.event_rows import LogRow


def cleaner(session: Session, settings: Settings, secrets: Secrets, data_dir: Path) -> Clean:
    """Takes out what the feed would; blocks while the keychain answers, so on a reader."""
    return without_secrets(read_known(settings, secrets, data_dir, log_id_of(session)))


def without_secrets(known: Iterable[str]) -> Clean:
    """The same for secrets that are at hand."""
    redactor = Redactor(known)

    def clean(row: LogRow) -> LogRow:
        values = row.values()
        seen = redactor.value(values)
        data = row.data if seen == values else orjson.dumps(seen, option=orjson.OPT_SORT_KEYS).decode()
        return row._replace(
            type=redactor.text(row.type),
            source=redactor.text(row.source),
            task_id=redactor.text(row.task_id),
            agent_id=redactor.text(row.agent_id),
            data=data,
            size=len(data),
        )

    return clean
