"""Small instruct models that do well with llama.cpp; each is fetched when a person asks for it."""

from __future__ import annotations

from dataclasses import dataclass

HUB = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A GGUF file on the hub. `about_bytes` is for choosing by; what counts is what the hub states."""

    name: str
    repository: str
    file: str
    about_bytes: int
    licence: str
    good_for: str

    def url(self, hub: str = HUB) -> str:
        """Where the file lies."""
        return f"{hub}/{self.repository}/resolve/main/{self.file}"


CATALOGUE = (
    CatalogueModel(
        "qwen2.5-0.5b-instruct",
        "Qwen/Qwen2.5-0.5B-Instruct-GGUF",
        "qwen2.5-0.5b-instruct-q4_k_m.gguf",
        491_000_000,
        "Apache-2.0",
        "trying things out on any machine",
    ),
    CatalogueModel(
        "qwen2.5-1.5b-instruct",
        "Qwen/Qwen2.5-1.5B-Instruct-GGUF",
        "qwen2.5-1.5b-instruct-q4_k_m.gguf",
        1_117_000_000,
        "Apache-2.0",
        "chat and simple tasks with 4 GB of memory",
    ),
    CatalogueModel(
        "smollm2-1.7b-instruct",
        "HuggingFaceTB/SmolLM2-1.7B-Instruct-GGUF",
        "smollm2-1.7b-instruct-q4_k_m.gguf",
        1_056_000_000,
        "Apache-2.0",
        "chat in English with 4 GB of memory",
    ),
    CatalogueModel(
        "qwen2.5-coder-1.5b-instruct",
        "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        1_117_000_000,
        "Apache-2.0",
        "code with 4 GB of memory",
    ),
    CatalogueModel(
        "qwen3-4b",
        "Qwen/Qwen3-4B-GGUF",
        "Qwen3-4B-Q4_K_M.gguf",
        2_497_000_000,
        "Apache-2.0",
        "agents with tools, with 8 GB of memory",
    ),
)
