"""The feed's token: in the OS keychain, or in a file readable by its owner alone where there is none."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from timmy_desktop.feed.errors import FeedError
from timmy_desktop.storage.private_file import write_private_file

TOKEN_NAME = "feed-token"  # noqa: S105 - a name
TOKEN_FILE = "feed.token"  # noqa: S105 - a name
_BYTES = 32
_LEAST_CHARACTERS = 32


class SecretStore(Protocol):
    """The part of settings.Secrets that keeps tokens."""

    def get(self, name: str) -> SecretStr | None: ...

    def look_up(self, name: str) -> SecretStr | None: ...

    def set(self, name: str, value: str) -> bool: ...


def find_token(folder: Path, store: SecretStore) -> SecretStr | None:
    """The token, None where none was made yet; FeedError for one that could be guessed.

    `TIMMY_SECRET_FEED_TOKEN` first, then the keychain, then the file. Blocks while the keychain answers.
    """
    found = store.get(TOKEN_NAME) or _in_file(folder / TOKEN_FILE)
    if found is not None and len(found.get_secret_value()) < _LEAST_CHARACTERS:
        raise FeedError(
            f"The feed's token is too short to be safe. Give it {_LEAST_CHARACTERS} characters or more, or "
            "remove it and let Timmy make one."
        )
    return found


def find_or_make_token(folder: Path, store: SecretStore) -> SecretStr:
    """The token, made where there is none. KeychainError where the keychain can't be asked; OSError."""
    found = find_token(folder, store)
    if found is not None:
        return found
    # `get` says None for a locked keychain too, and a second token would lock out who has the first.
    store.look_up(TOKEN_NAME)
    made = secrets.token_urlsafe(_BYTES)
    if not store.set(TOKEN_NAME, made):
        write_private_file(folder / TOKEN_FILE, made.encode("ascii"))
    return SecretStr(made)


def _in_file(file: Path) -> SecretStr | None:
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return SecretStr(text) if text else None
