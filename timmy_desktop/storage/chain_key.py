"""The chain's key: in the OS keychain, or in a file readable by its owner alone where there is none."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from timmy_desktop.storage.database import Session
from timmy_desktop.storage.errors import FolderError

KEY_BYTES = 32
KEY_FILE = "chain.key"


class KeyStore(Protocol):
    """The part of settings.Secrets that keeps keys."""

    def get(self, name: str) -> SecretStr | None: ...

    def set(self, name: str, value: str) -> bool: ...


class ChainKey:
    """Finds the key of a log, or makes one for a new log."""

    def __init__(self, folder: Path, secrets: KeyStore, new_id: Callable[[], str]) -> None:
        self._file = folder / KEY_FILE
        self._secrets = secrets
        self._new_id = new_id

    def load(self, session: Session) -> bytes:
        """The key of the log in this database. Blocks while the keychain answers.

        A log whose key is gone goes on under a new key; what was written before can't be verified any
        more, and `meta.chain_start` says up to which event that is.
        """
        name = _key_name(self._log_id(session))
        found = self._find(name)
        return found if found is not None else self._make(session, name)

    def existing(self, session: Session) -> bytes | None:
        """The key of the log in this database, None when there is none. Changes nothing."""
        rows = session.sql("SELECT value FROM meta WHERE name = 'log_id'")
        return self._find(_key_name(str(rows[0][0]))) if rows else None

    def _find(self, name: str) -> bytes | None:
        try:  # the file first: it is there only without a keychain
            return bytes.fromhex(self._file.read_text(encoding="ascii"))
        except FileNotFoundError:
            stored = self._secrets.get(name)
            return bytes.fromhex(stored.get_secret_value()) if stored is not None else None
        except (OSError, ValueError) as error:
            raise FolderError(
                f"The key of the event log in {self._file} can't be read ({error}). Restore that file from a "
                "backup; without it the log can't be verified."
            ) from error

    def _log_id(self, session: Session) -> str:
        rows = session.sql("SELECT value FROM meta WHERE name = 'log_id'")
        if rows:
            return str(rows[0][0])
        log_id = self._new_id()
        session.sql("INSERT INTO meta(name, value) VALUES ('log_id', ?)", (log_id,))
        return log_id

    def _make(self, session: Session, name: str) -> bytes:
        key = secrets.token_bytes(KEY_BYTES)
        if not self._secrets.set(name, key.hex()):
            self._write_file(key)
        last = session.sql("SELECT coalesce(max(seq), 0) FROM event_log")[0][0]
        session.sql("INSERT OR REPLACE INTO meta(name, value) VALUES ('chain_start', ?)", (str(last),))
        return key

    def _write_file(self, key: bytes) -> None:
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.hex())
            file.flush()
            os.fsync(file.fileno())


def _key_name(log_id: str) -> str:
    return f"chain-key-{log_id}"


def chain_start(session: Session) -> int:
    """The number of the last event that an earlier, lost key covers; 0 for a log with one key."""
    rows = session.sql("SELECT value FROM meta WHERE name = 'chain_start'")
    return int(rows[0][0]) if rows else 0
