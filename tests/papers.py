"""Code that stands in the papers, to be run by tests: what people copy from there works."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parent.parent / "docs"


def code(paper: str, name: str) -> str:
    """The block that follows `<!-- run: name -->` in the paper."""
    text = (DOCS / paper).read_text(encoding="utf-8")
    found = re.search(rf"<!-- run: {name} -->\n```\w+\n(.*?)```", text, re.DOTALL)
    assert found is not None, f"{paper} has no block called {name}"
    return found[1]


def module(paper: str, name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """That block as a module, importable until the test ends: dataclasses look themselves up there."""
    made = ModuleType(f"paper_{name}")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    exec(compile(code(paper, name), f"{paper}:{name}", "exec"), made.__dict__)
    return made
