"""What every vector index owes the memory; the fake and Chroma alike."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.memory_world import FakeIndex
from timmy_desktop.memory.errors import IndexFault
from timmy_desktop.memory.index import ChromaIndex, VectorIndex

MODEL = "model@1"


@pytest.fixture(params=["fake", "chroma"])
async def index(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorIndex]:
    made: VectorIndex = FakeIndex() if request.param == "fake" else ChromaIndex(tmp_path / "index")
    yield made
    await made.close()


def unit(*values: float) -> Any:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


async def test_it_is_new_once(index: VectorIndex) -> None:
    assert not await index.open(MODEL)
    await index.put([1], np.array([unit(1, 0)]))
    assert await index.open(MODEL)
    assert await index.numbers() == [1]


async def test_the_nearest_come_first_and_the_newest_vector_counts(index: VectorIndex) -> None:
    await index.open(MODEL)
    await index.put([1, 2, 3], np.array([unit(1, 0), unit(0, 1), unit(1, 1)]))
    assert await index.nearest(unit(1, 0.1), 3) == [1, 3, 2]
    await index.put([2], np.array([unit(1, 0.1)]))
    assert (await index.nearest(unit(1, 0.1), 1)) == [2]
    assert sorted(await index.numbers()) == [1, 2, 3]


async def test_what_is_dropped_is_gone_and_dropping_again_no_matter(index: VectorIndex) -> None:
    await index.open(MODEL)
    await index.put([1, 2], np.array([unit(1, 0), unit(0, 1)]))
    await index.drop([1, 7])
    await index.drop([1])
    assert await index.numbers() == [2]
    assert await index.nearest(unit(1, 0), 1) == [2]


async def test_another_model_begins_anew(index: VectorIndex) -> None:
    await index.open(MODEL)
    await index.put([1], np.array([unit(1, 0)]))
    assert not await index.open("model@2")
    assert await index.numbers() == []


@pytest.mark.parametrize("leave", ["discard", "set_aside"])
async def test_after_discarding_it_is_new(index: VectorIndex, leave: str) -> None:
    await index.open(MODEL)
    await index.put([1], np.array([unit(1, 0)]))
    await getattr(index, leave)()
    assert not await index.open(MODEL)
    assert await index.numbers() == []


async def test_before_it_is_open_it_says_so(index: VectorIndex) -> None:
    with pytest.raises(IndexFault, match="not open"):
        await index.numbers()


def _garbage(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"nothing of a database" * 1000)


def _emptied(folder: Path) -> None:
    for file in folder.rglob("*.bin"):
        file.write_bytes(b"")
    (folder / "chroma.sqlite3").write_bytes(b"")


@pytest.mark.parametrize("harm", [_garbage, _emptied])
async def test_a_damaged_folder_is_a_fault_or_an_empty_index(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    folder = tmp_path / "index"
    first = ChromaIndex(folder)
    await first.open(MODEL)
    await first.put([1], np.array([unit(1, 0)]))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await first.close()
    harm(folder)
    again = ChromaIndex(folder)
    try:
        is_known = await again.open(MODEL)
    except IndexFault:
        await again.set_aside()
        is_known = await again.open(MODEL)
    assert not is_known
    assert await again.numbers() == []
    await again.close()
