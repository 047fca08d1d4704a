"""The chain's key: in the OS keychain, or in a file readable by its owner alone where there is none."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from timmy_desktop.storage.database import Session
from timmy_desktop.storage.errors import FolderError
from timmy_desktop.storage.private_file import write_private_file

KEY_BYTES = 32
KEY_FILE = "chain.key"
IN_KEYCHAIN, IN_FILE = "keychain", "file"


class KeyStore(Protocol):
    """The part of settings.Secrets that keeps keys."""

    def look_up(self, name: str) -> SecretStr | None: ...

    def set(self, name: str, value: str) -> bool: ...


class ChainKey:
    """Finds the key of a log, or makes one for a new log."""

    def __init__(self, folder: Path, store: KeyStore, new_id: Callable[[], str]) -> None:
        self._file = folder / KEY_FILE
        self._store = store
        self._new_id = new_id

    def load(self, session: Session) -> bytes:
        """The key of the log in this database; a new log gets one. Blocks while the keychain answers.

        A keychain that can't be asked raises its error: the key may be there. A log whose key is really
        gone goes on under a new one; `chain_start` then says up to which event it can't be verified.
        """
        found = self.existing(session)
        return found if found is not None else self._make(session)

    def existing(self, session: Session) -> bytes | None:
        """The key of the log in this database, None when there is none. Changes nothing."""
        place = _meta(session, "key_place")
        if place == IN_KEYCHAIN:
            stored = self._store.look_up(_key_name(session))
            return _checked(stored.get_secret_value(), "in the keychain") if stored is not None else None
        if place == IN_FILE and self._file.exists():
            try:
                return _checked(self._file.read_text(encoding="ascii"), f"in {self._file}")
            except (OSError, UnicodeDecodeError) as error:
                raise FolderError(
                    f"The key of the event log in {self._file} can't be read: {error}."
                ) from error
        return None

    def _make(self, session: Session) -> bytes:
        key = secrets.token_bytes(KEY_BYTES)
        if _meta(session, "log_id") is None:
            _set_meta(session, "log_id", self._new_id())
        if self._store.set(_key_name(session), key.hex()):
            place = IN_KEYCHAIN
        else:
            place = IN_FILE
            write_private_file(self._file, key.hex().encode("ascii"))
        _set_meta(session, "key_place", place)
        last = session.sql("SELECT coalesce(max(seq), 0) FROM event_log")[0][0]
        if last:
            _set_meta(session, "chain_start", f"{last}:{_start_mac(key, last)}")
        return key


class ChangedStartError(Exception):
    """What the database says of the chain's start was not written under the chain's key."""


def chain_start(session: Session, key: bytes) -> int:
    """The number of the last event that an earlier, lost key covers; 0 for a log with one key.

    Raises ChangedStartError for a start that this key did not sign: it would hide what lies before it.
    """
    value = _meta(session, "chain_start")
    if value is None:
        return 0
    number, _, mac = value.partition(":")
    if not number.isdecimal() or not hmac.compare_digest(mac, _start_mac(key, int(number))):
        raise ChangedStartError("the start of the chain was changed")
    return int(number)


def _start_mac(key: bytes, last: int) -> str:
    return hashlib.blake2b(f"chain start {last}".encode(), key=key, digest_size=32).hexdigest()


def _checked(text: str, where: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise FolderError(
            f"The key of the event log {where} is damaged. Restore it from a backup of your own; or move the "
            "data folder away to begin anew."
        )
    return key


def _key_name(session: Session) -> str:
    return f"chain-key-{_meta(session, 'log_id')}"


def log_id_of(session: Session) -> str:
    """The identifier of the log; empty before there is one."""
    return _meta(session, "log_id") or ""


def _meta(session: Session, name: str) -> str | None:
    rows = session.sql("SELECT value FROM meta WHERE name = ?", (name,))
    return str(rows[0][0]) if rows else None


def _set_meta(session: Session, name: str, value: str) -> None:
    session.sql("INSERT OR REPLACE INTO meta(name, value) VALUES (?, ?)", (name, value))
