from __future__ import annotations

from pathlib import Path

from tests.fakes.services import FakeHealth, FakeStatus
from timmy_desktop.gui.findings import all_checked, everything, of_provider, usable


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
    assert names.keys() >= {"Ollama", "Git"}
