"""The secrets that this installation holds, to be recognised wherever they were written."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from timmy_desktop.feed.token import TOKEN_FILE, TOKEN_NAME
from timmy_desktop.settings import Secrets, Settings
from timmy_desktop.storage.chain_key import KEY_FILE

_PREFIX = "TIMMY_SECRET_"
_LIGHTNING = "lightning"


def read_known(settings: Settings, secrets: Secrets, data_dir: Path, log_id: str) -> list[str]:
    """Their values: of the environment, of the keychain for each provider, and of the data folder.

    Blocks while the keychain answers: call it off the loop.
    """
    names = [entry.label for entry in settings.cascade_providers if entry.kind == "api"]
    kept = [secrets.get(name) for name in (*names, _LIGHTNING, TOKEN_NAME, f"chain-key-{log_id}")]
    found = [one.get_secret_value() for one in kept if one is not None]
    # A node's may be a user and a password.
    found += [value.partition(":")[2] for value in found]
    found += [value for name, value in os.environ.items() if name.startswith(_PREFIX)]
    for address in (*(entry.base_url for entry in settings.cascade_providers), settings.lightning_url):
        found += _in_address(address)
    return found + [text for file in (TOKEN_FILE, KEY_FILE) if (text := _content(data_dir / file))]


def _in_address(url: str) -> list[str]:
    try:
        password = urlsplit(url).password
    except ValueError:
        return []
    return [password] if password else []


def _content(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
