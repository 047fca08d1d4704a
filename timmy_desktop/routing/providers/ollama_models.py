"""What Ollama has installed, and which of it a person would want to talk to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

_NOT_FOR_CHAT = ("embed", "minilm", "bge-", "rerank", "guard", "ocr", "-fim", "whisper", "bert")
_NOT_FOR_CHAT_FAMILIES = ("bert", "nomic-bert", "xlm-roberta")
_FOR_CHAT = ("instruct", "chat", "-it")
_RAW = ("-base", ":base", "-text", ":text")


class Abilities(NamedTuple):
    """What a model can do ("completion", "tools"…), and the longest context it was made for (0: unknown)."""

    capabilities: tuple[str, ...] = ()
    context_tokens: int = 0


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """One entry of /api/tags. A remote one is run by somebody else's machine."""

    name: str
    family: str = ""
    modified_at: str = ""
    is_remote: bool = False
    size: int = 0

    @property
    def can_chat(self) -> bool:
        """Whether it is a language model, as far as its name and family tell."""
        name = self.name.lower()
        return self.family.lower() not in _NOT_FOR_CHAT_FAMILIES and not any(
            part in name for part in _NOT_FOR_CHAT
        )


def installed(listing: Any) -> tuple[InstalledModel, ...]:
    """The models of an answer from /api/tags; raises ValueError for what is none."""
    try:
        return tuple(_model(entry) for entry in listing.get("models") or ())
    except (AttributeError, TypeError, KeyError) as error:
        raise ValueError("This is not a list of models.") from error


def find(name: str, models: Sequence[InstalledModel]) -> InstalledModel | None:
    """The model called `name`; without a tag `:latest` is meant."""
    wanted = name if ":" in name else f"{name}:latest"
    return next((model for model in models if model.name in (name, wanted)), None)


def choose(models: Sequence[InstalledModel], loaded: Sequence[str]) -> InstalledModel | None:
    """The local chat model to use where none is set: tuned for chat, then loaded, then newest."""
    candidates = [model for model in models if model.can_chat and not model.is_remote]
    return max(candidates, key=lambda model: _worth(model, loaded), default=None)


def _worth(model: InstalledModel, loaded: Sequence[str]) -> tuple[int, bool, str]:
    name = model.name.lower()
    tuned = any(part in name for part in _FOR_CHAT) - any(part in name for part in _RAW)
    return tuned, model.name in loaded, model.modified_at


def _model(entry: Mapping[str, Any]) -> InstalledModel:
    name = str(entry.get("model") or entry["name"])
    details = entry.get("details") or {}
    is_remote = bool(entry.get("remote_host") or entry.get("remote_model")) or name.endswith(
        ("-cloud", ":cloud")
    )
    modified_at, size = str(entry.get("modified_at") or ""), entry.get("size") or 0
    return InstalledModel(name, str(details.get("family") or ""), modified_at, is_remote, int(size))
