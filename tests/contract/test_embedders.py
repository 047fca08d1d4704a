"""What every embedder owes the memory; the fake and the real model alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakes.memory_world import FakeEmbedder
from timmy_desktop.memory.embedding import Embedder, MiniLm
from timmy_desktop.memory.errors import EmbedderError

TEXTS = ("My boat is called Marigold.", "The invoice was paid late.", "x", "A longer text. " * 200, "…", "ü")


@pytest.fixture(params=[FakeEmbedder, MiniLm])
async def embedder(request: pytest.FixtureRequest) -> AsyncIterator[Embedder]:
    made: Embedder = request.param()
    yield made
    await made.close()


async def test_vectors_are_of_unit_length_and_of_their_dimensions(embedder: Embedder) -> None:
    vectors = await embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


async def test_a_text_has_one_vector_alone_or_in_company(embedder: Embedder) -> None:
    together = await embedder.embed(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        assert float((await embedder.embed([text]))[0] @ vector) > 0.97


async def test_what_is_alike_is_near(embedder: Embedder) -> None:
    vectors = await embedder.embed(
        ["My boat is called Marigold.", "What is the name of my ship?", "Bread is baked in an oven."]
    )
    assert float(vectors[0] @ vectors[1]) > float(vectors[0] @ vectors[2])


async def test_it_is_loaded_when_asked_to_and_says_whose_vectors_they_are(embedder: Embedder) -> None:
    assert not embedder.is_loaded
    await embedder.load()
    assert embedder.is_loaded
    assert "@" in embedder.model


@pytest.mark.parametrize("broken", ["model", "tokenizer"])
async def test_a_damaged_file_is_told_by_its_checksum(tmp_path: Path, broken: str) -> None:
    (tmp_path / broken).write_bytes(b"not what it was")
    arguments: dict[str, Any] = {f"{broken}_file": tmp_path / broken}
    embedder = MiniLm(**arguments)
    with pytest.raises(EmbedderError, match="checksum is wrong"):
        await embedder.load()
    assert not embedder.is_loaded
    await embedder.close()


async def test_a_missing_file_is_said(tmp_path: Path) -> None:
    embedder = MiniLm(tmp_path / "gone.onnx")
    with pytest.raises(EmbedderError, match="can't be read"):
        await embedder.load()
    await embedder.close()
