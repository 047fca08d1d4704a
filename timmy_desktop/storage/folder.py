"""The data folder: made, kept to its owner alone, and held by one process at a time."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any

from timmy_desktop.storage.errors import FolderError

LOCK_NAME = "lock"
_OURS = frozenset({LOCK_NAME, "swarm.db", "settings.toml", "window.ini", "logs", "models", "chain.key"})


class FolderInUseError(FolderError):
    """Another process holds the data folder; `pid` is its process number, 0 when it can't be told."""

    def __init__(self, folder: Path, pid: int, purpose: str) -> None:
        who = f"process {pid} ({purpose})" if pid else "another process"
        super().__init__(
            f"The data folder {folder} is in use by {who}. Close it first, or name another folder "
            "with --data-dir."
        )
        self.pid = pid


class DataFolder:
    """Holds the lock of a data folder from `acquire` to `release`; a dead process holds none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    def acquire(self, purpose: str) -> None:
        """Makes the folder (mode 0700) and takes its lock; FolderInUseError says who has it."""
        make_private_folder(self.path)
        try:
            lock = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = _owner(lock)
            os.close(lock)
            raise FolderInUseError(
                self.path, int(owner.get("pid", 0)), str(owner.get("purpose", ""))
            ) from error
        self._lock = lock
        self._sign(lock, purpose)

    def release(self) -> None:
        """Gives the lock back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def holder(self) -> tuple[int, str] | None:
        """The process number and purpose of who holds the folder, None for nobody. Changes nothing."""
        try:
            lock = os.open(self.path / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = _owner(lock)
            return int(owner.get("pid", 0)), str(owner.get("purpose", ""))
        finally:
            os.close(lock)
        return None

    def __enter__(self) -> DataFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _sign(self, lock: int, purpose: str) -> None:
        try:
            os.ftruncate(lock, 0)
            os.pwrite(lock, json.dumps({"pid": os.getpid(), "purpose": purpose}).encode(), 0)
        except OSError as error:
            self.release()
            raise _unusable(self.path, error) from error


def make_private_folder(path: Path) -> None:
    """Makes `path` and its parents; the folder itself is readable by its owner alone.

    A folder that holds other things is refused: its permissions are not this application's to change.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_mode & 0o077:
            if not is_ours(path):
                raise FolderError(
                    f"The folder {path} holds other things, and others may read it. Name an empty folder, or "
                    "one that does not exist yet, with --data-dir."
                )
            path.chmod(0o700)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise _unusable(path, error) from error


def is_ours(path: Path) -> bool:
    """Whether the folder is empty or has been a data folder before."""
    names = {entry.name for entry in path.iterdir()}
    return not names or bool(names & _OURS)


def _owner(lock: int) -> dict[str, Any]:
    try:
        owner = json.loads(os.pread(lock, 4096, 0) or b"{}")
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _unusable(path: Path, error: OSError) -> FolderError:
    return FolderError(
        f"The data folder {path} can't be used: {error.strerror}. Check its permissions and the free space, "
        "or name another folder with --data-dir."
    )
