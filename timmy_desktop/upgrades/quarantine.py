"""A proposal's own repository: its objects lie apart, and the target's are borrowed to be read.

Nothing of a proposal is in the person's repository before it is applied, and discarding one is removing a
folder. The configuration is ours, so nothing that a proposal contains is ever run by git.
"""

from __future__ import annotations

import os
import shutil
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from timmy_desktop.upgrades.errors import RepositoryError
from timmy_desktop.upgrades.git_process import GitAnswer, Patience, ask_git, explained
from timmy_desktop.upgrades.repository import HARMLESS

SECONDS = 120.0
MOST_BYTES = 40_000_000
OUR_NAME, OUR_EMAIL = "Timmy Desktop", "timmy-desktop@localhost"

SYMLINK, SUBMODULE, PLAIN, EXECUTABLE = "120000", "160000", "100644", "100755"

# Every option that changes what a diff looks like is named, so that the same trees give the same bytes.
_DIFF = (
    "-r", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--find-renames=50%", "-l1000",
    "--diff-algorithm=myers", "--indent-heuristic", "--unified=3", "--inter-hunk-context=0",
    "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short", "--ignore-submodules=none",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TreeChange:
    """One path that differs between two trees, with its modes; empty on the side where there is nothing.

    `added` and `removed` count lines, and are -1 for what git takes for binary.
    """

    path: str
    old_path: str
    status: str
    old_mode: str
    new_mode: str
    old_object: str
    new_object: str
    added: int
    removed: int

    @property
    def is_binary(self) -> bool:
        """Whether git shows no lines of it."""
        return self.added < 0


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged tree, or the files that can't be merged; `marked` has these with the usual marks in them."""

    tree: str
    conflicts: tuple[str, ...]
    marked: str


class Quarantine:
    """One bare repository of ours. Every method blocks, and raises RepositoryError when git refuses."""

    def __init__(
        self,
        folder: Path,
        borrowed: Path,
        *,
        object_format: str = "sha1",
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """`borrowed` is the folder of objects that is read beside its own."""
        self.folder = folder
        self._borrowed = borrowed
        self._format = object_format
        self._is_stopped = is_stopped

    @property
    def exists(self) -> bool:
        """Whether it was made."""
        return (self.folder / "HEAD").exists()

    def make(self) -> None:
        """Makes it, empty. Once made it stays as it is."""
        if self.exists:
            return
        if "\n" in str(self._borrowed):
            raise RepositoryError("The repository lies in a folder whose name has a line break.")
        (self.folder / "objects/info").mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "refs").mkdir(exist_ok=True)
        (self.folder / "objects/info/alternates").write_text(
            f"{self._borrowed}\n", "utf-8", "surrogateescape"
        )
        extension = "" if self._format == "sha1" else f"[extensions]\n\tobjectformat = {self._format}\n"
        version = 0 if self._format == "sha1" else 1
        (self.folder / "config").write_text(
            f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n[gc]\n\tauto = 0\n{extension}"
        )
        # Last: it is what makes it one.
        (self.folder / "HEAD").write_text("ref: refs/heads/proposal\n")

    def discard(self) -> None:
        """Removes it with everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def commit(self, tree: str, parents: Sequence[str], message: str, *, author: str, time_us: int) -> str:
        """Writes a commit. The same arguments give the same commit."""
        when = f"{time_us // 1_000_000} +0000"
        who = {
            "GIT_AUTHOR_NAME": author,
            "GIT_AUTHOR_EMAIL": OUR_EMAIL,
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_NAME": OUR_NAME,
            "GIT_COMMITTER_EMAIL": OUR_EMAIL,
            "GIT_COMMITTER_DATE": when,
        }
        named = [word for parent in parents for word in ("-p", parent)]
        return self._said(["commit-tree", *named, tree], given=message.encode(), environment=who)

    def resolve(self, revision: str, kind: str = "commit") -> str:
        """The full name of a commit or tree, or an empty text where there is none."""
        answer = self.ask(["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{{kind}}}"])
        return answer.text.strip() if answer.status == 0 else ""

    def base(self, one: str, other: str) -> str:
        """The commit where two histories part; RepositoryError when they share none."""
        answer = self.ask(["merge-base", one, other])
        if answer.status != 0:
            raise RepositoryError("The two branches share no history.")
        return answer.text.split()[0]

    def merge(self, ours: str, theirs: str) -> Merge:
        """Merges two commits without a working tree."""
        answer = self.ask(["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs])
        if answer.status not in (0, 1):
            raise RepositoryError(explained(answer.complaint))
        tree, *paths = answer.text.split("\0")
        if answer.status == 0:
            return Merge(tree, (), tree)
        return Merge("", tuple(dict.fromkeys(path for path in paths if path)), tree)

    def patch(self, old: str, new: str) -> bytes:
        """The whole difference of two trees, in the same bytes each time; binary files too."""
        answer = self.ask(["diff-tree", "-p", "--binary", *_DIFF, old, new])
        return self._whole(answer, "The change")

    def changes(self, old: str, new: str) -> tuple[TreeChange, ...]:
        """Each path that differs between two trees."""
        answer = self.ask(["diff-tree", "--raw", "--numstat", "-z", *_DIFF, old, new])
        return _tree_changes(self._whole(answer, "The change").decode("utf-8", "surrogateescape"))

    def paths(self, tree: str) -> list[str]:
        """Every path of a tree."""
        answer = self.ask(["ls-tree", "-r", "-z", "--name-only", "--full-tree", tree])
        listed = self._whole(answer, "The list of files")
        return listed.decode("utf-8", "surrogateescape").split("\0")[:-1]

    def entry(self, tree: str, path: str) -> tuple[str, str] | None:
        """The mode and object of a path in a tree; None where there is nothing."""
        answer = self.ask(["ls-tree", "-z", "--full-tree", tree, f":(literal){path}"])
        line = answer.text.split("\0")[0]
        if answer.status != 0 or not line:
            return None
        mode, _, rest = line.partition(" ")
        return mode, rest.split("\t")[0].split(" ")[1]

    def blob(self, tree: str, path: str, limit: int) -> bytes | None:
        """What a file of a tree holds; None where there is none, or more than `limit` bytes."""
        entry = self.entry(tree, path)
        if entry is None or entry[0] in (SUBMODULE, "040000"):
            return None
        answer = self.ask(["cat-file", "blob", entry[1]], limit=limit)
        return answer.output if answer.status == 0 and not answer.is_cut else None

    def written(self, base: str, files: Mapping[str, bytes | None]) -> str:
        """The tree that `base` becomes with these files written, or removed where None; modes stay."""
        index = self._index(base)
        lines = []
        for path, content in files.items():
            if content is None:
                lines.append(f"0 {'0' * self._digits}\t{path}")
                continue
            entry = self.entry(base, path)
            name = self._said(["hash-object", "-w", "--stdin", "--no-filters"], given=content)
            lines.append(f"{entry[0] if entry else PLAIN} {name}\t{path}")
        given = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
        self._said(["update-index", "-z", "--index-info"], given=given, environment=index)
        return self._said(["write-tree"], environment=index)

    def patched(self, base: str, patch: bytes) -> str:
        """The tree that `base` becomes with `patch` applied exactly; RepositoryError says where it is not."""
        index = self._index(base)
        if patch:
            options = ["--cached", "--binary", "--whitespace=nowarn", "--unidiff-zero"]
            self._said(["apply", *options, "-"], given=patch, environment=index)
        return self._said(["write-tree"], environment=index)

    def pack(self, wanted: str, known: Sequence[str]) -> bytes:
        """A pack of what `wanted` reaches and `known` don't."""
        given = "".join(f"{line}\n" for line in (wanted, *(f"^{name}" for name in known)))
        answer = self.ask(["pack-objects", "--revs", "--stdout", "-q"], given=given.encode())
        return self._whole(answer, "The change")

    def check_out(self, tree: str, to: Path, index: Path) -> None:
        """Makes the folder `to` hold exactly `tree`. `index` remembers what it holds, so that the next one
        writes only what differs."""
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        index.with_name(f"{index.name}.lock").unlink(missing_ok=True)  # of a run that was killed
        place = {"GIT_INDEX_FILE": str(index)}
        options = (f"--work-tree={to}", "-c", "core.bare=false", "-c", "checkout.workers=1")
        self._said(["read-tree", "--reset", "-u", tree], environment=place, options=options)
        if _holds_more(to, index):
            self._said(["clean", "-ffdxq"], environment=place, options=options, folder=to)

    def ask(
        self,
        arguments: Sequence[str],
        *,
        given: bytes = b"",
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        limit: int = MOST_BYTES,
        folder: Path | None = None,
    ) -> GitAnswer:
        """What git answers here, whatever its exit status."""
        settings = [word for name, value in HARMLESS.items() for word in ("-c", f"{name}={value}")]
        command = ["git", "--no-pager", "--no-replace-objects", f"--git-dir={self.folder}", *settings]
        patience = Patience(SECONDS, self._is_stopped)
        return ask_git(
            [*command, *options, *arguments], folder or self.folder, patience, limit, given=given,
            environment=environment,
        )  # fmt: skip

    @property
    def _digits(self) -> int:
        return 40 if self._format == "sha1" else 64

    def _index(self, base: str) -> dict[str, str]:
        """An index that holds `base`, for one piece of work: each thread has its own."""
        index = self.folder / f"index-{threading.get_ident()}"
        index.with_name(f"{index.name}.lock").unlink(missing_ok=True)  # of a run that was killed
        place = {"GIT_INDEX_FILE": str(index)}
        self._said(["read-tree", base], environment=place)
        return place

    def _said(
        self,
        arguments: Sequence[str],
        *,
        given: bytes = b"",
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        folder: Path | None = None,
    ) -> str:
        answer = self.ask(arguments, given=given, environment=environment, options=options, folder=folder)
        return self._whole(answer, "The answer").decode("utf-8", "surrogateescape").strip()

    def _whole(self, answer: GitAnswer, what: str) -> bytes:
        if answer.is_cut:
            raise RepositoryError(f"{what} is larger than {MOST_BYTES // 1_000_000} MB.")
        if answer.status != 0:
            raise RepositoryError(explained(answer.complaint))
        return answer.output


def _holds_more(folder: Path, index: Path) -> bool:
    """Whether a folder that holds each entry of the index may hold something beside them.

    Counting is enough for that, and takes a third of the time that git takes to look at each.
    """
    files, pending = 0, [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            inside = list(entries)
        if not inside:
            return True  # no entry of the index: git knows no empty folders, and a submodule is one
        folders = [entry.path for entry in inside if entry.is_dir(follow_symlinks=False)]
        files += len(inside) - len(folders)
        pending += folders
    return files != _entries_of(index)


def _entries_of(index: Path) -> int:
    """How many files an index holds, by its head."""
    with index.open("rb") as opened:
        signature, _, count = struct.unpack(">4sII", opened.read(12))
    return int(count) if signature == b"DIRC" else -1


def _tree_changes(text: str) -> tuple[TreeChange, ...]:
    """Reads `--raw --numstat -z`: first every path's modes, then every path's counts, in the same order."""
    words = text.split("\0")
    raw: list[tuple[list[str], str, str]] = []
    position = 0
    while position < len(words) and words[position].startswith(":"):
        about = words[position][1:].split(" ")
        is_two = about[4][0] in "RC"
        old, new = words[position + 1], words[position + 2 if is_two else position + 1]
        raw.append((about, old, new))
        position += 3 if is_two else 2
    changes = []
    for about, old, new in raw:
        added, removed, name = words[position].split("\t")
        position += 1 if name else 3
        counts = (-1, -1) if added == "-" else (int(added), int(removed))
        before, after = ("" if mode == "000000" else mode for mode in about[:2])
        changes.append(TreeChange(new, old, about[4][0], before, after, about[2], about[3], *counts))
    return tuple(changes)
