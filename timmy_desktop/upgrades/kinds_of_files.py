"""What a file is for, told by its name: a test, what steers the tests, a manifest of dependencies, prose."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

_TEST_NAMES = (
    "test_*.py",
    "*_test.py",
    "tests.py",
    "*.test.js",
    "*.test.ts",
    "*.spec.js",
    "*.spec.ts",
    "*_test.go",
)
_TEST_FOLDERS = frozenset(("tests", "test", "testing", "__tests__", "spec"))
_STEERING = (
    "conftest.py", "pytest.ini", ".pytest.ini", "tox.ini", "noxfile.py", "sitecustomize.py",
    "usercustomize.py", "*.pth", ".coveragerc", "pytest.toml", ".pytest.toml",
)  # fmt: skip
# These steer the tests only by some of what they hold; see `steers`.
_PARTLY = {"pyproject.toml": "pytest", "setup.cfg": "pytest"}
_MANIFESTS = (
    "pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "requirements*.in", "constraints*.txt",
    "pipfile", "package.json", "cargo.toml", "go.mod", "gemfile", "environment*.yml",
)  # fmt: skip
_PROSE = ("*.md", "*.rst", "*.txt", "*.adoc", "license*", "changelog*", "readme*")
_WORD = re.compile(r"[A-Za-z0-9_]{3,}")
# Too common in descriptions and in names to say anything.
_EMPTY_WORDS = frozenset(
    ("the", "and", "for", "that", "with", "from", "this", "test", "tests", "add", "fix", "src", "lib", "init",
     "file", "files", "main", "change", "changes", "code", "docs", "doc", "new", "all", "not", "use")
)  # fmt: skip


def is_test(path: str) -> bool:
    """Whether the file holds tests, or serves them."""
    place = PurePosixPath(path)
    folders = {part.casefold() for part in place.parts[:-1]}
    return _is(path, _TEST_NAMES) or (bool(folders & _TEST_FOLDERS) and place.suffix in (".py", ".js", ".ts"))


def holds_tests(path: str) -> bool:
    """Whether a runner looks for tests in it."""
    return _is(path, _TEST_NAMES) and path.endswith(".py")


def steers(path: str, old: str, new: str) -> bool:
    """Whether the file tells the runner of the tests what to do, and says something else than before."""
    mark = _PARTLY.get(PurePosixPath(path).name.casefold())
    if mark is not None:
        return (mark in old or mark in new) and _about(old, mark) != _about(new, mark)
    return _is(path, _STEERING)


def is_manifest(path: str) -> bool:
    """Whether the file names what the project depends on."""
    return _is(path, _MANIFESTS)


def is_prose(path: str) -> bool:
    """Whether the file is for people to read."""
    return _is(path, _PROSE) and not is_manifest(path)


def outside_purpose(text: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The files that a description says nothing of, where it says something of the others.

    A file is spoken of by its name, its folder's, or a word that stands in them; tests and prose go along
    with anything.
    """
    words = {word.casefold() for word in _WORD.findall(text)} - _EMPTY_WORDS
    changed = [path for path in paths if not is_test(path) and not is_prose(path)]
    spoken_of = {path for path in changed if words & _words_of(path)}
    folders = {str(PurePosixPath(path).parent) for path in spoken_of} - {"."}
    if not spoken_of:
        return ()
    return tuple(
        path for path in changed if path not in spoken_of and str(PurePosixPath(path).parent) not in folders
    )


def _words_of(path: str) -> set[str]:
    whole = PurePosixPath(path)
    words = {whole.stem.casefold()}
    for part in whole.with_suffix("").parts:
        words |= {word.casefold() for word in re.split(r"[_\W]+", part) if len(word) > 2}
    return words - _EMPTY_WORDS


def _about(text: str, mark: str) -> str:
    """The sections of an ini or toml file whose heading has `mark` in it."""
    kept, inside = [], False
    for line in text.splitlines():
        if line.startswith("["):
            inside = mark in line
        if inside:
            kept.append(line)
    return "\n".join(kept)


def _is(path: str, patterns: Iterable[str]) -> bool:
    name = PurePosixPath(path).name.casefold()
    return any(fnmatchcase(name, pattern) for pattern in patterns)
