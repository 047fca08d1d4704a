"""What a folder with a model's weights holds, and what AirLLM makes of it: one file for each layer."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
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
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
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
        """The folder's name, or the model's where the folder is called after a revision."""
        return self.home.name.rpartition("--")[2] if self.home != self.path else self.path.name

    @property
    def home(self) -> Path:
        """The folder that stays the same from one revision to the next."""
        repository = self.path.parent.parent
        is_snapshot = self.path.parent.name == "snapshots" and repository.name.startswith("models--")
        return repository if is_snapshot else self.path


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


def is_hub_id(confirmed: Path) -> bool:
    """Whether this is an id of the hub ("Qwen/Qwen2.5-7B-Instruct") rather than a folder."""
    return _HUB_ID.fullmatch(confirmed.as_posix()) is not None


def find_folder(wanted: str, confirmed: Sequence[Path], environment: Mapping[str, str] | None = None) -> Path:
    """The confirmed model that `wanted` names, by its path, its id or its last part; the first where empty.

    Raises FolderProblem for any other: code may lie beside a model, and would be run.
    """
    if not confirmed:
        raise FolderProblem("no model folder is confirmed. Add one that you trust to airllm_models.")
    named = [entry for entry in confirmed if _is_called(wanted, entry)] if wanted else list(confirmed)
    if not named:
        raise FolderProblem(
            f"{wanted} is not among the folders that you confirmed. Add it to airllm_models if you trust it: "
            "what lies beside a model may be run."
        )
    return folder_of(named[0], os.environ if environment is None else environment)


def folder_of(confirmed: Path, environment: Mapping[str, str]) -> Path:
    """Where a confirmed model lies: the folder itself, or what the hub's client has fetched of an id.

    Raises FolderProblem for an id that was not fetched; nothing is fetched here.
    """
    if not is_hub_id(confirmed):
        return confirmed.expanduser().resolve()
    repository = _hub_cache(environment) / f"models--{confirmed.as_posix().replace('/', '--')}"
    try:
        revision = (repository / "refs/main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        revision = ""
    folder = repository / "snapshots" / revision
    if not re.fullmatch(r"[0-9a-f]{7,64}", revision) or not folder.is_dir():
        raise FolderProblem(f"{confirmed} is not on this machine. Fetch it first: hf download {confirmed}")
    return folder


def _hub_cache(environment: Mapping[str, str]) -> Path:
    if chosen := environment.get("HF_HUB_CACHE"):
        return Path(chosen).expanduser()
    if home := environment.get("HF_HOME"):
        return Path(home).expanduser() / "hub"
    return Path(environment.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "huggingface/hub"


def _is_called(wanted: str, entry: Path) -> bool:
    if is_hub_id(entry):
        return wanted in (entry.as_posix(), entry.name)
    folder, path = entry.expanduser().resolve(), Path(wanted).expanduser()
    return wanted == folder.name or (path.is_absolute() and path.resolve() == folder)


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
    digest = hashlib.blake2b(str(model.home).encode(), digest_size=4).hexdigest()
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
