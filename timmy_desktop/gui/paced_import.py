"""Brings a large library of Qt classes in on the GUI thread, a few milliseconds at a time.

Never on another thread: Shiboken keeps what it knows of its types in a table without a lock, and Qt asks for
a widget's type while the interpreter's lock is free. A class that another thread defines just then can make
the table move under that question, which ends the process. And never in one go: the window would wait.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import importlib.util
import sys
import time
from collections.abc import Iterator, Sequence
from types import CodeType, ModuleType

_SLICE_S = 0.008
_QT = ("PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets")
_coming: dict[str, asyncio.Event] = {}


async def import_paced(name: str, *, plain: Sequence[str] = ()) -> ModuleType:
    """The package `name`, whose own top level runs statement by statement.

    `plain` names what it needs that knows nothing of Qt; those come in on another thread before. Raises
    ImportError as an import does; what was half loaded is then gone.
    """
    while name in _coming:
        await _coming[name].wait()
    if name not in sys.modules:
        done = _coming[name] = asyncio.Event()
        try:
            await asyncio.to_thread(lambda: [importlib.import_module(other) for other in plain])
            await _in_slices(_qt_classes())
            await _in_slices(_statements(name))
        except BaseException:
            _forget(name)
            raise
        finally:
            del _coming[name]
            done.set()
    return sys.modules[name]


async def _in_slices(steps: Iterator[object]) -> None:
    until = time.monotonic() + _SLICE_S
    for _ in steps:
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + _SLICE_S


def _qt_classes() -> Iterator[object]:
    """Each class of Qt is made when somebody first asks for it: most of the time goes there."""
    for module in map(importlib.import_module, _QT):
        for name in dir(module):
            yield getattr(module, name, None)


def _statements(name: str) -> Iterator[object]:
    """Runs the package's top level, one statement a step; all in one where its source is not at hand."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    source = getattr(spec.loader, "get_source", lambda _: None)(name)
    if source is None:
        yield importlib.import_module(name)
        return
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    for code in _compiled(source, str(spec.origin)):
        exec(code, module.__dict__)  # noqa: S102 - its own source, as an import runs it
        yield None


def _compiled(source: str, file: str) -> list[CodeType]:
    tree = ast.parse(source, file)
    return [compile(ast.Module([statement], []), file, "exec") for statement in tree.body]


def _forget(name: str) -> None:
    for loaded in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
        del sys.modules[loaded]
