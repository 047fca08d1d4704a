"""Real texts in number, with their vectors: paragraphs of the docstrings of the installed packages.

Vectors are kept between runs, by the text's digest, in the user's cache folder, a file for each model.
`python -m tests.bench.memory_texts --limit 20000` embeds so many of those that are missing, and may be
stopped at any time: nothing is embedded twice.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import hashlib
import random
import sqlite3
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from timmy_desktop.memory.embedding import MiniLm

_SHORTEST, _LONGEST = 40, 110
_AT_ONCE = 512


@cache
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


def vectors_of(texts: Sequence[str]) -> Any:
    """Their vectors; what the cache lacks is embedded first."""
    with closing(_opened()) as cache:
        asyncio.run(_fill(cache, texts))
        known = _known(cache, texts)
    return np.array([np.frombuffer(known[digest_of(text)], np.float32) for text in texts])


def digest_of(text: str) -> bytes:
    """What a text is known by in the cache."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def cache_file(model: str) -> Path:
    """Where the vectors of that model are kept between runs."""
    folder = Path(platformdirs.user_cache_dir("timmy-desktop", appauthor=False)) / "bench"
    return folder / f"vectors-{model.replace('@', '-')}.db"


def kept_folder(texts: Sequence[str], kind: str) -> Path:
    """Where a memory of these texts is kept between runs, made in a way of that `kind`."""
    model = MiniLm().model
    told = hashlib.blake2b("\0".join((model, kind, *texts)).encode(), digest_size=8).hexdigest()
    return cache_file(model).parent / f"memory-{len(texts)}-{told}"


def _opened() -> sqlite3.Connection:
    embedder = MiniLm()
    file = cache_file(embedder.model)
    file.parent.mkdir(parents=True, exist_ok=True)
    cache = sqlite3.connect(file, timeout=60)
    cache.execute("PRAGMA journal_mode = WAL")
    cache.execute("CREATE TABLE IF NOT EXISTS vectors(digest BLOB PRIMARY KEY, vector BLOB) WITHOUT ROWID")
    return cache


def _known(cache: sqlite3.Connection, texts: Sequence[str]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for start in range(0, len(texts), _AT_ONCE):
        some = [digest_of(text) for text in texts[start : start + _AT_ONCE]]
        marks = ", ".join("?" * len(some))
        found |= dict(cache.execute(f"SELECT digest, vector FROM vectors WHERE digest IN ({marks})", some))
    return found


async def _fill(cache: sqlite3.Connection, texts: Sequence[str], limit: int = 0) -> int:
    """Embeds what is missing, at most `limit` (0: all), and commits piece by piece; how many were embedded."""
    known = _known(cache, texts)
    missing = [text for text in texts if digest_of(text) not in known]
    missing = missing[:limit] if limit else missing
    embedder = MiniLm()
    try:
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            vectors = await embedder.embed(some)
            rows = [(digest_of(text), vector.tobytes()) for text, vector in zip(some, vectors, strict=True)]
            with cache:
                cache.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
            print(
                f"\r{start + len(some):,} of {len(missing):,} embedded", end="", file=sys.stderr, flush=True
            )
    finally:
        await embedder.close()
    return len(missing)


def main(arguments: Sequence[str]) -> int:
    """Fills the cache in pieces, so that the benchmarks find it filled."""
    parser = argparse.ArgumentParser(prog="memory_texts", description=main.__doc__)
    parser.add_argument("--texts", type=int, default=100_000, help="of how many texts")
    parser.add_argument("--limit", type=int, default=0, help="embed at most so many now; 0: all")
    options = parser.parse_args(arguments)
    texts = docstring_texts(options.texts)
    with closing(_opened()) as cache:
        made = asyncio.run(_fill(cache, texts, options.limit))
        left = len({digest_of(text) for text in texts} - _known(cache, texts).keys())
    print(f"\n{made:,} embedded now, {left:,} of {len(texts):,} left", file=sys.stderr)
    return 0


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


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
