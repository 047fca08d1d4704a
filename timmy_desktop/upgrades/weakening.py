"""Finds where changed tests ask less than they did: pure, over the text of a file before and after."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from timmy_desktop.upgrades.types import Weakening

_LONGEST = 1_000_000
_SKIPS = frozenset(
    ("skip", "skipif", "xfail", "skipTest", "skipIf", "skipUnless", "expectedFailure", "importorskip")
)
_CHECKS = frozenset(("raises", "warns", "fail", "approx"))


@dataclass(frozen=True, slots=True)
class _Test:
    """What a test asks."""

    line: int
    checks: tuple[str, ...]
    skips: int
    empty_checks: int


def weakened(path: str, old: str, new: str) -> tuple[Weakening, ...]:
    """What the tests of a file ask less than before. A file that can't be read is said to be so."""
    before, after = _tests(old), _tests(new)
    if after is None:
        return (Weakening(path, 0, "the file can't be read as Python, so its tests don't run"),)
    if before is None:
        return ()
    return tuple(
        Weakening(path, line, what)
        for name, test in before.items()
        for line, what in _less(name, test, after.get(name))
    )


def _less(name: str, old: _Test, new: _Test | None) -> Iterator[tuple[int, str]]:
    if new is None:
        yield 0, f"{name} was removed or renamed"
        return
    if new.skips > old.skips:
        yield new.line, f"{name} is skipped or expected to fail"
    if new.empty_checks > old.empty_checks:
        yield new.line, f"{name} asserts what is always true"
    lost = Counter(old.checks) - Counter(new.checks)
    gained = Counter(new.checks) - Counter(old.checks)
    if lost.total() > gained.total():
        less = lost.total() - gained.total()
        yield new.line, f"{name} checks {less} {'thing' if less == 1 else 'things'} less than before"
    elif lost:
        changed = lost.total()
        yield new.line, f"{name} checks {changed} {'thing' if changed == 1 else 'things'} differently"


def _tests(text: str) -> dict[str, _Test] | None:
    """The tests of a file by name; None when it is no Python."""
    if len(text) > _LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    whole = _skips_of_module(tree)
    return {name: _asked(node, whole) for name, node in _functions(tree.body, "")}


def _functions(body: list[ast.stmt], before: str) -> Iterator[tuple[str, ast.AST]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{before}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield f"{before}{node.name}", node


def _asked(node: ast.AST, skips: int) -> _Test:
    checks, empty = list[str](), 0
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            checks.append(ast.unparse(inner.test))
            empty += _is_always_true(inner.test)
        elif isinstance(inner, ast.Call):
            name = _name(inner.func)
            skips += name in _SKIPS
            if name in _CHECKS or name.startswith("assert"):
                checks.append(ast.unparse(inner))
        elif isinstance(inner, ast.Attribute) and inner.attr in _SKIPS:
            skips += 1
    return _Test(getattr(node, "lineno", 0), tuple(checks), skips, empty)


def _skips_of_module(tree: ast.Module) -> int:
    """A `pytestmark` or a call at the top skips every test of the file."""
    top = (node for node in tree.body if isinstance(node, ast.Assign | ast.Expr))
    return sum(
        1
        for node in top
        for inner in ast.walk(node)
        if isinstance(inner, ast.Attribute) and inner.attr in _SKIPS
    )


def _is_always_true(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.Tuple):
        return bool(test.elts)
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(_is_always_true(value) for value in test.values)
    is_same = (
        isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq | ast.Is)
    )
    return is_same and isinstance(test, ast.Compare) and ast.dump(test.left) == ast.dump(test.comparators[0])


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
