"""Every message that docs/guide/troubleshooting.md explains is one that the code says."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

import pytest

from tests.papers import DOCS

GUIDE = DOCS / "guide/troubleshooting.md"
MESSAGES = re.findall(r"^### `(.+)`$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)


@lru_cache(maxsize=1)
def texts() -> tuple[str, ...]:
    """Every text in the code, with … where a value is put in."""
    files = [*(DOCS.parent / "timmy_desktop").rglob("*.py"), *(DOCS.parent / "packaging").glob("*.py")]
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in files)
    found = (_text(node) for tree in trees for node in ast.walk(tree))
    return tuple(dict.fromkeys(text for text in found if text))


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%s|\{\w*\}", "…", node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return ""


def test_there_are_messages() -> None:
    assert len(MESSAGES) > 30
    assert len(set(MESSAGES)) == len(MESSAGES)


@pytest.mark.parametrize("message", MESSAGES)
def test_the_code_says_it(message: str) -> None:
    parts = [re.escape(part.strip()) for part in message.split("…") if part.strip(" .:")]
    pattern = re.compile(".*".join(parts), re.DOTALL)
    assert any(pattern.search(text) for text in texts()), f"nothing says: {message}"
