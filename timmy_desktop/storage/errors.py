"""What can go wrong with the local database, in words for the person at the screen."""

from __future__ import annotations

import sqlite3


class StorageError(Exception):
    """The database could not do what was asked; nothing was changed."""


class DiskFullError(StorageError):
    """No room is left on the disk."""


class CorruptDatabaseError(StorageError):
    """The database file is damaged."""


class FolderError(StorageError):
    """The data folder can't be used."""


class NewerSchemaError(StorageError):
    """A newer version of the application wrote this database."""


def translated(error: sqlite3.Error | OSError) -> StorageError:
    """The error as one of this package's, saying what happened and what to do next."""
    text = str(error)
    if "full" in text or getattr(error, "errno", None) == 28:
        return DiskFullError("The disk is full, so nothing can be recorded. Free some space and try again.")
    if "malformed" in text or "not a database" in text:
        return CorruptDatabaseError(
            "The database is damaged. Close the application and put the newest file of the folder 'backups' "
            "in the place of swarm.db; where there is none yet, move swarm.db away to begin anew."
        )
    if isinstance(error, OSError) or "readonly" in text or "unable to open" in text:
        return FolderError(f"The database can't be written ({text}). Check the folder's permissions.")
    return StorageError(f"The database refused: {text}.")
