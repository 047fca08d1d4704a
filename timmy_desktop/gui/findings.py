"""What is there to work with and what is missing, each in words and with a next step. Free of Qt."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from timmy_desktop.gui.wording import count
from timmy_desktop.upgrades.sandbox import find_sandbox

OLLAMA_HELP = "https://ollama.com/download"


class HealthLike(Protocol):
    """routing.types.Health, as far as the window reads it."""

    @property
    def state(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def model(self) -> str: ...


class StatusLike(Protocol):
    """routing.types.ProviderStatus, as far as the window reads it."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def health(self) -> HealthLike | None: ...
    @property
    def last_error(self) -> str: ...
    @property
    def model(self) -> str: ...


class MemoryLike(Protocol):
    """memory.types.MemoryStatus, as far as the window reads it."""

    @property
    def embedder(self) -> str: ...
    @property
    def index(self) -> str: ...
    @property
    def entries(self) -> int: ...
    @property
    def pending(self) -> int: ...
    @property
    def detail(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked for. `tone` is good, warn, bad or muted; `brief` says it in two words."""

    name: str
    tone: str
    text: str
    brief: str = ""


_KINDS = {"ollama": "Ollama", "embedded": "Embedded model", "api": "API provider", "airllm": "AirLLM"}

_NOT_SET_UP = {"embedded": "none yet", "airllm": "optional", "api": "off"}


def provider_title(status: StatusLike) -> str:
    """The provider as people know it."""
    known = _KINDS.get(status.kind, status.kind)
    return known if status.name in ("", status.kind) else f"{known} “{status.name}”"


def provider_name(label: str) -> str:
    """The provider as people know it, by the label that events carry."""
    return _KINDS.get(label, label)


def usable(status: StatusLike) -> bool:
    """Whether the router would ask this provider now."""
    return (
        status.state != "OPEN" and status.health is not None and status.health.state in ("ready", "loading")
    )


def all_checked(statuses: Sequence[StatusLike]) -> bool:
    """Whether every provider has answered a probe, well or not."""
    return all(status.health is not None for status in statuses)


def of_provider(status: StatusLike) -> Finding:
    """How one provider is."""
    title, health = provider_title(status), status.health
    if health is None:
        return Finding(title, "muted", "Being looked at.", "is looked at")
    if status.state == "OPEN":
        words = f"Left out after failures: {status.last_error or health.detail}"
        return Finding(title, "bad", words, "does not answer")
    model = health.model or status.model
    if health.state == "ready":
        words = f"Ready with {model}." if model else health.detail or "Ready."
        return Finding(title, "good", words, "ready")
    if health.state == "loading":
        return Finding(title, "accent", health.detail or f"Loading {model}.", "is loading")
    words = health.detail or status.last_error or "Not reachable."
    if health.state == "not_configured":
        return Finding(title, "muted", words, _NOT_SET_UP.get(status.kind, "not set up"))
    return Finding(title, "warn", words, "does not answer")


def of_tools(git: str | None, workspace: Path | None) -> list[Finding]:
    """What the agents' tools need: `git` is the program's path."""
    found_git = (
        Finding("Git", "good", git, "found")
        if git
        else Finding(
            "Git", "warn", "Not found. Install git, so that agents can read a folder's history.", "missing"
        )
    )
    closed = "No folder is opened. Agents can read only what you open to them."
    found_folder = (
        Finding("Workspace", "good", str(workspace), workspace.name)
        if workspace
        else Finding("Workspace", "muted", closed, "none open")
    )
    return [found_git, found_folder]


def of_sandbox(name: str) -> Finding:
    """What tests of proposed changes are confined by; `name` is empty where there is nothing."""
    if name:
        return Finding("Sandbox", "good", name, name)
    missing = "None. Install bubblewrap, so that tests of proposed changes can be run."
    return Finding("Sandbox", "warn", missing, "missing")


def of_memory(status: MemoryLike) -> Finding:
    """How the memory is, and what to do where it is not well."""
    name, entries = "Memory", f"{count(status.entries, 'memory', 'memories')}"
    if status.embedder == "missing":
        why = status.detail or "The embedding model is missing. Install Timmy Desktop anew."
        return Finding(name, "warn", f"{entries}, found by exact words alone. {why}", "exact words alone")
    if status.index == "broken":
        why = status.detail or "Rebuild it in the Memory dock."
        return Finding(name, "warn", f"{entries}; the index can't be used. {why}", "without its index")
    if status.embedder == "waiting":
        words = f"{entries}; the embedding model is loaded when it is needed."
        return Finding(name, "muted", words, "ready when needed")
    if status.embedder == "loading":
        return Finding(name, "accent", f"{entries}; the embedding model is being loaded.", "is loading")
    if status.pending:
        words = f"{entries}, {status.pending:,} not found by meaning yet. They are being indexed."
        return Finding(name, "accent", words, "is indexing")
    return Finding(name, "good", f"{entries}, all found by meaning and by word.", "ready")


def everything(
    statuses: Sequence[StatusLike], workspace: Path | None, memory: MemoryLike | None = None
) -> list[Finding]:
    """All findings, for the first-run card and the doctor. Looks for git and a sandbox on PATH."""
    sandbox = find_sandbox()
    return [
        *(of_provider(status) for status in statuses),
        *([of_memory(memory)] if memory is not None else []),
        *of_tools(shutil.which("git"), workspace),
        of_sandbox(sandbox.name if sandbox is not None else ""),
    ]
