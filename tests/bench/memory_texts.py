"""Real texts in number, with their vectors: paragraphs of the docstrings of the installed packages."""

from __future__ import annotations

import ast
import asyncio
import random
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from timmy_desktop.memory.embedding import MiniLm

_SHORTEST, _LONGEST = 40, 110


def docstring_texts(most: int) -> list[str]:
    """Different texts, in an order that says nothing."""
    paths = sysconfig.get_paths()
    files = sorted({file for root in ("stdlib", "purelib") for file in Path(paths[root]).rglob("*.py")})
    random.Random(1).shuffle(files)
    found: dict[str, None] = {}
    for file in files:
        for text in _texts_of(file):
            found[text] = None
        if len(found) >= most:
            break
    return list(found)[:most]


def vectors_of(texts: list[str], cache: Path) -> Any:
    """Their vectors, embedded once and kept in `cache`."""
    if cache.exists():
        known = np.load(cache)
        if len(known) >= len(texts):
            return known[: len(texts)]

    async def embed() -> Any:
        embedder = MiniLm()
        parts = []
        for start in range(0, len(texts), 1024):
            parts.append(await embedder.embed(texts[start : start + 1024]))
            print(f"\r{start:,} of {len(texts):,} embedded", end="", file=sys.stderr, flush=True)
        await embedder.close()
        return np.concatenate(parts)

    vectors = asyncio.run(embed())
    np.save(cache, vectors)
    return vectors


def _texts_of(file: Path) -> Iterator[str]:
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
                text = " ".join(paragraph.split())
                if len(text) >= _SHORTEST:
                    yield text[:_LONGEST]
