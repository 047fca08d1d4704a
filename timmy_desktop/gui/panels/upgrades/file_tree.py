"""The files of a diff as a tree of folders, laid out in lines; no Qt, so that it can be tried as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class TreeRow(NamedTuple):
    """A folder with all files beneath it, or (`file` not -1) one file."""

    depth: int
    name: str
    path: str
    file: int
    files: tuple[int, ...]


@dataclass
class _Folder:
    folders: dict[str, _Folder] = field(default_factory=dict)
    files: list[tuple[str, int]] = field(default_factory=list)

    def beneath(self) -> Iterator[int]:
        for folder in self.folders.values():
            yield from folder.beneath()
        yield from (file for _, file in self.files)


def tree_rows(paths: Sequence[str], folded: Collection[str] = ()) -> list[TreeRow]:
    """Folders before files; one that holds nothing but a folder is one line with it. `folded`: paths of
    folders of which nothing beneath is shown."""
    root = _Folder()
    for file, path in enumerate(paths):
        *folders, name = path.split("/")
        place = root
        for folder in folders:
            place = place.folders.setdefault(folder, _Folder())
        place.files.append((name, file))
    return list(_rows(root, "", 0, folded))


def _rows(folder: _Folder, path: str, depth: int, folded: Collection[str]) -> Iterator[TreeRow]:
    for name, inner in folder.folders.items():
        while not inner.files and len(inner.folders) == 1:
            ((more, inner),) = inner.folders.items()
            name = f"{name}/{more}"
        place = f"{path}{name}"
        yield TreeRow(depth, name, place, -1, tuple(sorted(inner.beneath())))
        if place not in folded:
            yield from _rows(inner, f"{place}/", depth + 1, folded)
    for name, file in folder.files:
        yield TreeRow(depth, name, f"{path}{name}", file, (file,))
