"""What a change makes a project depend on: pure, over the text of its files before and after."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
import warnings
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from timmy_desktop.inert import inert_line

_LONGEST = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


def added_dependencies(path: str, old: str, new: str) -> tuple[str, ...]:
    """What a manifest asks for that it did not before, as it writes it: another version is new, too."""
    name = PurePosixPath(path).name.casefold()
    if name == "pyproject.toml":
        read = _of_pyproject
    elif name == "package.json":
        read = _of_package_json
    else:
        read = _of_lines
    gained = read(new) - read(old)
    return tuple(inert_line(text, 200) for text in sorted(gained))


def imports(text: str) -> frozenset[str]:
    """The packages beyond the standard library that a module imports, by their first names."""
    if len(text) > _LONGEST:
        return frozenset()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return frozenset(found - set(sys.stdlib_module_names))


def own_packages(paths: Iterable[str]) -> frozenset[str]:
    """The names that the project's own files can be imported by."""
    own: set[str] = set()
    for path in paths:
        place = PurePosixPath(path)
        if place.suffix == ".py":
            own |= {place.stem, *place.parts[:-1]}
    return frozenset(own)


def _of_pyproject(text: str) -> set[str]:
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return set()
    project = _table(values.get("project"))
    found = _texts(project.get("dependencies")) | _texts(_table(values.get("build-system")).get("requires"))
    for group in (project.get("optional-dependencies"), values.get("dependency-groups")):
        for names in _table(group).values():
            found |= _texts(names)
    poetry = _table(_table(_table(values.get("tool")).get("poetry")).get("dependencies"))
    return found | {f"{name} {version}" for name, version in poetry.items()}


def _of_package_json(text: str) -> set[str]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return set()
    groups = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
    tables = (_table(_table(values).get(group)) for group in groups)
    return {f"{name} {version}" for table in tables for name, version in table.items()}


def _of_lines(text: str) -> set[str]:
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {line for line in lines if _NAME.match(line) or line.startswith(("-", "git+", "http"))}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> set[str]:
    return {entry for entry in value if isinstance(entry, str)} if isinstance(value, list) else set()
