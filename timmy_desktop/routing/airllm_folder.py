"""What a folder with a model's weights holds, and what AirLLM makes of it: one file for each layer."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEIGHTS = (
    "model.safetensors.index.json",
    "model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
)
SPLIT_FOLDER = "splitted_model"  # AirLLM's own name for it
_SPARE = 1.05
_OUTSIDE_LAYERS = 3  # embedding, norm, head


class FolderProblem(Exception):  # noqa: N818
    """The folder can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on this disk: `layer_files` is how many its split makes, `stamp` changes with its weights."""

    path: Path
    weight_bytes: int
    layer_files: int
    context_tokens: int
    stamp: str

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Split:
    """Where a model's layers are kept, and how far they are."""

    folder: Path
    done: int
    total: int
    bytes_done: int

    @property
    def is_whole(self) -> bool:
        """Whether every layer has its file."""
        return self.done >= self.total


def find_folder(wanted: str, confirmed: Sequence[Path]) -> Path:
    """The confirmed folder that `wanted` names, by its path or its last part; the first where it is empty.

    Raises FolderProblem for any other: code may lie beside a model, and would be run.
    """
    folders = [path.expanduser().resolve() for path in confirmed]
    if not folders:
        raise FolderProblem("no model folder is confirmed. Add one that you trust to airllm_models.")
    if not wanted:
        return folders[0]
    named = [folder for folder in folders if folder.name == wanted]
    path = Path(wanted).expanduser()
    if not named and path.is_absolute() and path.resolve() in folders:
        named = [path.resolve()]
    if not named:
        raise FolderProblem(
            f"{wanted} is not among the folders that you confirmed. Add it to airllm_models if you trust it: "
            "what lies beside a model may be run."
        )
    return named[0]


def read_folder(path: Path) -> ModelFolder:
    """What the folder says of its model. Raises FolderProblem."""
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
        weights = sorted(file for file in path.iterdir() if file.suffix in (".safetensors", ".bin"))
        facts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in weights]
    except FileNotFoundError as error:
        raise FolderProblem(f"{path} holds no model: there is no config.json.") from error
    except (OSError, ValueError) as error:
        raise FolderProblem(f"{path} can't be read: {error}.") from error
    if not isinstance(config, dict) or not any((path / name).exists() for name in WEIGHTS):
        raise FolderProblem(f"{path} holds no weights. Download the model again.")
    size = sum(size for _, size, _ in facts)
    stamp = hashlib.blake2b(repr(facts).encode(), digest_size=8).hexdigest()
    return ModelFolder(path, size, _layer_files(path, config), _context(config), stamp)


def split_of(model: ModelFolder, root: Path) -> Split:
    """How far the layers of `model` are that belong below `root`."""
    digest = hashlib.blake2b(str(model.path).encode(), digest_size=4).hexdigest()
    name = re.sub(r"[^\w.-]", "_", model.name)
    folder = root / f"{name}-{digest}" / model.stamp
    done, size = 0, 0
    for file in (folder / SPLIT_FOLDER).glob("*"):
        if file.suffix == ".done":
            done += 1
        elif not file.is_symlink():
            size += file.stat().st_size
    return Split(folder, done, model.layer_files, size)


def make_room(model: ModelFolder, split: Split) -> None:
    """Readies the folder for the layers; layers of older weights go. Raises FolderProblem without room."""
    try:
        split.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in split.folder.parent.iterdir():
            if other != split.folder:
                shutil.rmtree(other, ignore_errors=True)
        free = shutil.disk_usage(split.folder).free
    except OSError as error:
        raise FolderProblem(f"{split.folder} can't be made: {error.strerror}.") from error
    needed = int(model.weight_bytes * _SPARE) - split.bytes_done
    if not split.is_whole and free < needed:
        raise FolderProblem(
            f"{model.name} has to be split into layers, once. That takes {gigabytes(needed)}, and the disk "
            f"of {split.folder.parent} has {gigabytes(free)} left. Free some space."
        )


def gigabytes(size: int) -> str:
    """A size for people: "1.2 GB", "35 MB"."""
    return f"{size / 1e9:,.1f} GB" if size >= 100_000_000 else f"{max(1, round(size / 1e6))} MB"


def _layer_files(path: Path, config: dict[str, Any]) -> int:
    names = _tensor_names(path)
    if names:
        return len({_module_of(name) for name in names})
    inner = config.get("text_config")
    layers = config.get("num_hidden_layers") or (inner or {}).get("num_hidden_layers") or 0
    return int(layers) + _OUTSIDE_LAYERS - bool(config.get("tie_word_embeddings"))


def _module_of(tensor: str) -> str:
    layer = re.match(r".*?\.(layers|h|blocks)\.\d+", tensor)
    return layer[0] if layer else tensor.rpartition(".")[0]


def _tensor_names(path: Path) -> list[str]:
    """The tensors that the weights list, as far as that can be read without loading them."""
    for name in ("pytorch_model.bin.index.json", "model.safetensors.index.json"):
        if (path / name).exists():
            try:
                return list(json.loads((path / name).read_text(encoding="utf-8"))["weight_map"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise FolderProblem(f"{path / name} can't be read. Download the model again.") from error
    return _safetensors_names(path / "model.safetensors")


def _safetensors_names(file: Path) -> list[str]:
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            header = json.loads(opened.read(min(length, 64_000_000)))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise FolderProblem(f"{file} is no safetensors file. Download the model again.") from error
    return [name for name in header if name != "__metadata__"]


def _context(config: dict[str, Any]) -> int:
    inner = config.get("text_config")
    found = config.get("max_position_embeddings") or (inner or {}).get("max_position_embeddings") or 0
    return int(found) if isinstance(found, int) else 0
