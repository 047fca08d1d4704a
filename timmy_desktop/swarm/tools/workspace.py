"""The folder that the person opened, and the one gate through which files in it are reached."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from timmy_desktop.inert import inert_line
from timmy_desktop.private_keys import without_private_keys
from timmy_desktop.secret_files import is_secret
from timmy_desktop.swarm.errors import WorkspaceError

MOST_BYTES = 5_000_000
_SNIFFED = 8192

GIT_FOLDER = ".git"


class Workspace:
    """The opened folder, or none. Paths given to it are relative to the folder, or absolute within it."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder` is taken as it is and looked at when it is first used."""
        self._folder = folder

    @property
    def folder(self) -> Path | None:
        """The opened folder; None when none is open."""
        return self._folder

    def open(self, path: Path) -> None:
        """Opens another folder for the agents to read; WorkspaceError when it is none."""
        self._folder = _checked_folder(path)

    def close(self) -> None:
        """Opens no folder to the agents any more."""
        self._folder = None

    def root(self) -> Path:
        """The opened folder, real and present; WorkspaceError otherwise. Blocks on the disk."""
        if self._folder is None:
            raise WorkspaceError("No folder is opened. The person can open one in the window.")
        return _checked_folder(self._folder)

    def locate(self, path: str) -> PurePosixPath:
        """The path's real place, relative to the root; WorkspaceError when it leads out of the folder.

        Symlinks are followed and must end inside. Nothing need exist there. Blocks on the disk.
        """
        root = self.root()
        shown = inert_line(path, 200)
        try:
            real = Path(os.path.realpath(root / path.strip()))
        except (OSError, ValueError) as error:
            raise WorkspaceError(f"{shown!r} is not a path.") from error
        # Compared part by part: a prefix of the text would let `src_evil` pass for `src`.
        if not real.is_relative_to(root):
            raise WorkspaceError(f"{shown!r} lies outside the opened folder and can't be read.")
        place = PurePosixPath(real.relative_to(root).as_posix())
        _refuse_protected(place)
        return place

    @contextmanager
    def directory(self, place: PurePosixPath) -> Iterator[int]:
        """The folder at `place` as a file descriptor, reached without following any symlink."""
        descriptor = _open(str(self.root()), os.O_DIRECTORY, None, PurePosixPath())
        try:
            for part in place.parts:
                inner = _open(part, os.O_DIRECTORY, descriptor, place)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def status(self, place: PurePosixPath) -> os.stat_result:
        """What lies at `place`, a link for itself; WorkspaceError when there is nothing."""
        if not place.parts:
            return self.root().stat()
        with self.directory(place.parent) as folder:
            try:
                return os.stat(place.name, dir_fd=folder, follow_symlinks=False)
            except OSError as error:
                raise _refusal(error, place) from error

    def read_bytes(self, place: PurePosixPath, limit: int = MOST_BYTES) -> bytes:
        """The content of the ordinary file at `place`; WorkspaceError for anything else or above `limit`.

        The insides of private keys are left out, their lines are not.
        """
        # Looked at before it is opened: opening a device can have effects, a pipe waits for its writer.
        _refuse_special(self.status(place), place, limit)
        with self.directory(place.parent) as folder:
            descriptor = _open(place.name, os.O_NONBLOCK, folder, place)
        try:
            _refuse_special(os.fstat(descriptor), place, limit)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return _without_private_keys(file.read(limit))
        finally:
            os.close(descriptor)

    def read_text(self, place: PurePosixPath, limit: int = MOST_BYTES) -> str:
        """The text of the file at `place`, undecodable bytes replaced; WorkspaceError for a binary one."""
        content = self.read_bytes(place, limit)
        if is_binary(content):
            raise WorkspaceError(f"{inert_line(str(place), 200)!r} is a binary file, not text.")
        return content.decode("utf-8-sig", "replace")


def is_binary(content: bytes) -> bool:
    """Whether the beginning holds a NUL byte, as git tells it; UTF-16 counts as binary."""
    return b"\0" in content[:_SNIFFED]


def _without_private_keys(content: bytes) -> bytes:
    if b"PRIVATE KEY" not in content:
        return content
    return without_private_keys(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def is_protected(place: PurePosixPath) -> bool:
    """Whether agents may not read there: secrets, and git's own files."""
    return GIT_FOLDER in (part.casefold() for part in place.parts) or is_secret(place)


def _refuse_protected(place: PurePosixPath) -> None:
    shown = inert_line(str(place), 200)
    if is_secret(place):
        raise WorkspaceError(
            f"{shown!r} looks like it holds keys or passwords, which agents don't read. The person can copy "
            "what is needed into another file."
        )
    if is_protected(place):
        raise WorkspaceError(f"{shown!r} is git's own; use git_log, git_show and git_diff.")


def _refuse_special(status: os.stat_result, place: PurePosixPath, limit: int) -> None:
    shown = inert_line(str(place), 200)
    if stat.S_ISDIR(status.st_mode):
        raise WorkspaceError(f"{shown!r} is a folder; list_files shows what is in it.")
    if not stat.S_ISREG(status.st_mode):
        raise WorkspaceError(f"{shown!r} is not an ordinary file and can't be read.")
    if status.st_size > limit:
        raise WorkspaceError(f"{shown!r} has {status.st_size:,} bytes; at most {limit:,} are read.")


def _checked_folder(path: Path) -> Path:
    try:
        real = Path(os.path.realpath(path.expanduser()))
        is_folder = real.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise WorkspaceError(f"{inert_line(str(path), 200)!r} can't be opened: {error}.") from error
    if not is_folder:
        raise WorkspaceError(f"There is no folder {inert_line(str(path), 200)!r}. Choose one that exists.")
    return real


def _open(name: str, flags: int, folder: int | None, place: PurePosixPath) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | flags, dir_fd=folder)
    except OSError as error:
        raise _refusal(error, place) from error


def _refusal(error: OSError, place: PurePosixPath) -> WorkspaceError:
    shown = inert_line(str(place), 200)
    if error.errno == errno.ENOENT:
        return WorkspaceError(f"There is no {shown!r} in the opened folder.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return WorkspaceError(f"{shown!r} may not be read.")
    if error.errno in (errno.ENOTDIR, errno.ELOOP):
        return WorkspaceError(f"{shown!r} is not a folder, or changed while it was read.")
    return WorkspaceError(f"{shown!r} can't be read: {error.strerror}.")
