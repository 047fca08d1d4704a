"""The shipped model's products done as int8: the same vectors, nearly, from the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer

from timmy_desktop.memory.embedding import _TOKENIZER, MiniLm, _installed_model
from timmy_desktop.memory.int8_model import multiplied_as_int8

TEXTS = (
    "My boat is called Marigold.",
    "which ship",
    ">>> yarr = rng.random((3, 3)) >>> yarr array([[0.45038594, 0.37]])",
    "The allotment must be watered in the evening, and the shed locked.",
)
PRODUCTS_OF_WEIGHTS = 36


@pytest.fixture(scope="module")
def shipped() -> bytes:
    return _installed_model().read_bytes()


def session_of(model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def by_float32(model: bytes, texts: Sequence[str]) -> Any:
    session, tokenizer = session_of(model), Tokenizer.from_file(str(_TOKENIZER))
    tokenizer.no_padding()
    made = []
    for text in texts:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        (hidden,) = session.run(None, given)
        made.append(hidden[0].mean(0) / np.linalg.norm(hidden[0].mean(0)))
    return np.array(made)


async def test_vectors_are_nearly_those_of_float32(shipped: bytes) -> None:
    embedder = MiniLm()
    vectors = await embedder.embed(TEXTS)
    await embedder.close()
    wanted = by_float32(shipped, TEXTS)
    cosines = (vectors * wanted).sum(1)
    assert (cosines > 0.998).all(), cosines
    # Not the float32 arithmetic by another name.
    assert (cosines < 0.999999).any(), cosines


def test_every_product_of_a_weight_is_changed_and_nothing_of_its_floats_stays(shipped: bytes) -> None:
    changed = multiplied_as_int8(shipped)
    assert shipped.count(b"MatMulNBits") == 0
    assert changed.count(b"MatMulNBits") == PRODUCTS_OF_WEIGHTS
    assert changed.count(b"val_49_scale") == 2  # the tensor, and the product that takes it
    assert b"val_49_f" not in changed
    # Of what is not touched all is kept.
    session, before = session_of(changed), session_of(shipped)
    assert [one.name for one in session.get_inputs()] == [one.name for one in before.get_inputs()]
    assert [one.name for one in session.get_outputs()] == [one.name for one in before.get_outputs()]


def test_the_identity_of_a_vector_tells_how_it_was_made() -> None:
    name, _, rest = MiniLm().model.partition("@")
    assert name == "all-MiniLM-L6-v2-int8"
    assert rest == "8199be6f699a395f+int8x64"
