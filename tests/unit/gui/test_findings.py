from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.services import FakeHealth, FakeStatus
from timmy_desktop.gui.findings import all_checked, everything, of_memory, of_provider, of_sandbox, usable
from timmy_desktop.memory.types import MemoryStatus


def test_a_ready_provider() -> None:
    assert usable(FakeStatus())
    assert of_provider(FakeStatus()).text == "Ready with gemma3:270m."


def test_an_open_circuit_is_not_usable_and_says_why() -> None:
    status = FakeStatus(state="OPEN", last_error="the connection was refused")
    assert not usable(status)
    assert of_provider(status).tone == "bad"
    assert "refused" in of_provider(status).text


def test_what_was_not_looked_at_yet() -> None:
    assert not all_checked([FakeStatus(), FakeStatus(health=None)])
    assert of_provider(FakeStatus(health=None)).tone == "muted"


def test_loading_counts_as_there() -> None:
    status = FakeStatus(health=FakeHealth("loading", "", "big"))
    assert usable(status)
    assert of_provider(status).text == "Loading big."


def test_everything_names_git_and_the_workspace(tmp_path: Path) -> None:
    names = {finding.name: finding for finding in everything([FakeStatus()], tmp_path)}
    assert names["Workspace"].text == str(tmp_path)
    assert names.keys() >= {"Ollama", "Git", "Sandbox"}


def test_a_missing_sandbox_has_its_next_step() -> None:
    assert of_sandbox("bubblewrap").tone == "good"
    assert of_sandbox("").tone == "warn"
    assert "Install bubblewrap" in of_sandbox("").text


def memory(**changes: object) -> MemoryStatus:
    values: dict[str, object] = {
        "embedder": "ready", "model": "m", "index": "ready", "entries": 12, "pending": 0, **changes
    }  # fmt: skip
    return MemoryStatus(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "tone", "words"),
    [
        ({}, "good", "12 memories, all found by meaning and by word."),
        ({"embedder": "missing", "detail": "It is not installed."}, "warn", "exact words alone. It is not"),
        ({"index": "broken", "detail": "Rebuild it."}, "warn", "can't be used. Rebuild it."),
        ({"embedder": "waiting"}, "muted", "loaded when it is needed"),
        ({"embedder": "loading"}, "accent", "being loaded"),
        ({"pending": 3}, "accent", "3 not found by meaning yet"),
        ({"entries": 1}, "good", "1 memory"),
    ],
)
def test_the_memory_tells_how_it_is(changes: dict[str, object], tone: str, words: str) -> None:
    finding = of_memory(memory(**changes))
    assert (finding.name, finding.tone) == ("Memory", tone)
    assert words in finding.text


def test_everything_names_the_memory() -> None:
    assert "Memory" in {finding.name for finding in everything([FakeStatus()], None, memory())}
