"""The memory: whether what is near is found, how soon, and how well what people ask for."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.harness import Row
from tests.bench.memory_held_out import DISTRACTORS, EXACT, PARAPHRASES
from tests.bench.memory_texts import docstring_texts, kept_folder, vectors_of
from tests.fakes.memory_world import MemoryWorld
from timmy_desktop.memory import PERSON, Asker, rows, words
from timmy_desktop.memory.drain import EXACT_MOST
from timmy_desktop.memory.embedding import MiniLm
from timmy_desktop.memory.index import _SPACE
from timmy_desktop.memory.types import Filters, NewEntry
from timmy_desktop.memory.vectors import Wanted
from timmy_desktop.storage.database import Session

# MEMORY_TEXTS in the environment: how many texts, where the whole 100,000 would take too long to embed.
TEXTS = int(os.environ.get("MEMORY_TEXTS", "100000"))
OWNERS = 10
QUERIES = 200


def memory_recall() -> list[Row]:
    """recall@10 of the search's own way against exact numpy, with and without an owner filter."""
    rows: list[Row] = []
    for count in sorted({min(10_000, TEXTS), TEXTS}):
        texts = docstring_texts(count)
        rows += asyncio.run(_recall(texts, vectors_of(texts)))
    return rows


def memory_query() -> list[Row]:
    """Text to results with an owner filter, p95, against the embedding alone."""
    texts = docstring_texts(TEXTS)
    return asyncio.run(_query(texts, vectors_of(texts)))


def memory_quality() -> list[Row]:
    """recall@1 and @5 on held-out paraphrases and exact tokens, against vectors alone and words alone."""
    return asyncio.run(_quality())


async def _recall(texts: Sequence[str], vectors: Any) -> list[Row]:
    """As the application searches, and with the index asked whatever the size."""
    made, count = [], len(texts)
    owners = np.arange(count) % OWNERS
    everyone, third = owners >= 0, owners == 3
    async with _filled(texts, vectors) as world:
        for label, filters, mask, exact_most in (
            ("owner", Filters(owners=("owner-3",)), third, EXACT_MOST),
            ("all", Filters(), everyone, EXACT_MOST),
            ("index", Filters(), everyone, 0),
        ):
            world.memory._drain._exact_most = exact_most
            found = []
            for place in range(0, count, count // QUERIES):
                asked = texts[place][: len(texts[place]) // 2]
                vector, near = await world.memory._drain.nearest(asked, Wanted(PERSON, filters), 10)
                scores = np.where(mask, vectors @ vector, -2.0)
                tenth = np.partition(scores, -10)[-10]
                found.append(sum(scores[one.number - 1] >= tenth - 1e-6 for one in near) / 10)
            recall = statistics.mean(found)
            by_index = exact_most == 0 or (label == "all" and count > EXACT_MOST)
            note = f"{count:,} texts; {'candidates of the index' if by_index else 'compared exactly'}"
            name = f"memory_recall_{label}"
            made.append(Row(name, recall, "recall@10", 1.0, recall, ">= 0.99", recall >= 0.99, note))
    return made


async def _query(texts: Sequence[str], vectors: Any) -> list[Row]:
    async with _filled(texts, vectors) as world:
        filters, asker = Filters(owners=("owner-3",)), PERSON
        whole, alone, everybody = [], [], []
        for place in range(0, len(texts), len(texts) // QUERIES):
            asked = texts[place][:60]
            start = time.perf_counter()
            await world.memory.search(asked, asker=asker, filters=filters, limit=10)
            whole.append(time.perf_counter() - start)
            start = time.perf_counter()
            await world.embedder.embed([asked])
            alone.append(time.perf_counter() - start)
            start = time.perf_counter()
            await world.memory.search(asked, asker=Asker("owner-3"), limit=10)
            everybody.append(time.perf_counter() - start)
    value, reference, other = (_p95(times) * 1000 for times in (whole, alone, everybody))
    ratio = value / reference
    note = f"{len(texts):,} texts, {OWNERS} owners; medians {_median(whole)} and {_median(alone)} ms"
    met = ratio <= 3 and value <= 15
    return [
        Row("memory_query", value, "ms p95", reference, ratio, "<= 3 x embedding, <= 15 ms", met, note),
        Row("memory_query_all", other, "ms p95", reference, other / reference, "report", True, "no filter"),
    ]


async def _quality() -> list[Row]:
    exact = [fact for fact, _ in EXACT]
    twins = [twin for fact in exact for twin in _twins(fact)]
    facts = list(dict.fromkeys([fact for fact, _ in PARAPHRASES] + exact + list(DISTRACTORS) + twins))
    cases = [*PARAPHRASES, *EXACT]
    with tempfile.TemporaryDirectory() as name:
        async with MemoryWorld(Path(name), embedder=MiniLm()) as world:
            for fact in facts:
                await world.memory.remember(NewEntry(content=fact, type="conversation"))
            await world.memory.settled()
            ways: dict[str, Any] = {"both": _by_both, "vectors": _by_vectors, "words": _by_words}
            places = {
                way: [await _place(world, find, question, fact) for fact, question in cases]
                for way, find in ways.items()
            }
    made = []
    for most in (1, 5):
        recall = {way: statistics.mean(0 < place <= most for place in found) for way, found in places.items()}
        best = max(recall["vectors"], recall["words"])
        split = len(PARAPHRASES)
        part = [
            statistics.mean(0 < place <= most for place in some)
            for some in (places["both"][:split], places["both"][split:])
        ]
        note = (
            f"{len(cases)} questions; vectors {recall['vectors']:.2f}, words {recall['words']:.2f}; "
            f"paraphrases {part[0]:.2f}, exact tokens {part[1]:.2f}"
        )
        met = recall["both"] > recall["vectors"] and recall["both"] > recall["words"]
        made.append(
            Row(
                f"memory_quality_{most}",
                recall["both"],
                f"recall@{most}",
                best,
                recall["both"] / best,
                "above both",
                met,
                note,
            )
        )
    return made


def _twins(fact: str) -> list[str]:
    """The same with other numbers: an order, a fault, a ticket is one of many."""
    return [
        re.sub(r"\d", lambda digit, by=shift: str((int(digit[0]) + by) % 10), fact)
        for shift in range(1, 10)
        if re.search(r"\d", fact)
    ]


async def _place(world: MemoryWorld, find: Any, question: str, fact: str) -> int:
    found: Sequence[str] = await find(world, question)
    return found.index(fact) + 1 if fact in found else 0


async def _by_both(world: MemoryWorld, question: str) -> list[str]:
    result = await world.memory.search(question, asker=PERSON, limit=10)
    return [hit.entry.content for hit in result.hits]


async def _by_vectors(world: MemoryWorld, question: str) -> list[str]:
    _, near = await world.memory._drain.nearest(question, Wanted(PERSON, Filters()), 10)
    found = await world.rows("SELECT number, content FROM memory_entries")
    contents = dict(found)
    return [contents[one.number] for one in near]


async def _by_words(world: MemoryWorld, question: str) -> list[str]:
    terms = words.plan(question).terms
    if not terms:
        return []
    found = await world.rows(
        "SELECT e.content FROM memory_words JOIN memory_entries e ON e.number = memory_words.rowid "
        "WHERE memory_words MATCH ? ORDER BY rank LIMIT 10",
        words.match(terms),
    )
    return [row[0] for row in found]


@asynccontextmanager
async def _filled(texts: Sequence[str], vectors: Any) -> AsyncIterator[MemoryWorld]:
    """A memory of these texts, indexed in Chroma; made once and kept beside the vectors between runs."""
    folder = kept_folder(texts, str(_SPACE))
    is_new = not folder.exists()
    place = folder.with_suffix(".part") if is_new else folder
    if is_new:
        shutil.rmtree(place, ignore_errors=True)
        await _make(place, texts, vectors)
        place.rename(folder)
    async with MemoryWorld(folder, embedder=MiniLm(), chroma=True, start_after=3600) as world:
        await world.memory.warm_up()
        assert len(await world.memory.in_index()) == len(texts)
        yield world


async def _make(folder: Path, texts: Sequence[str], vectors: Any) -> None:
    """The vectors are written as the drain would write them; the drain itself fills the index."""
    async with MemoryWorld(folder, embedder=MiniLm(), chroma=True, start_after=3600) as world:
        model = world.embedder.model

        def fill(session: Session) -> None:
            session.connection.executemany(
                "INSERT INTO memory_entries(number, id, type, content, owner, visibility, state, digest, vector, "
                "vector_model, created_us, updated_us) "
                "VALUES (?, ?, 'document', ?, ?, 'shared', 'accepted', ?, ?, ?, 1, 1)",
                [
                    (number, f"{number:036}", text, f"owner-{(number - 1) % OWNERS}", rows.digest(text),
                     vector.tobytes(), model)
                    for number, (text, vector) in enumerate(zip(texts, vectors, strict=True), 1)
                ],
            )  # fmt: skip

        await world.db.write(fill)
        start = time.perf_counter()
        await world.memory.warm_up()
        took = time.perf_counter() - start
        print(json.dumps({"indexed": len(texts), "seconds": round(took, 1)}), file=sys.stderr)


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _median(times: Sequence[float]) -> str:
    return f"{statistics.median(times) * 1000:.1f}"
