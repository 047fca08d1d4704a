"""A provider that was never here is told calmly: one word, why, and the next step."""

from __future__ import annotations

from dataclasses import replace

from timmy_desktop.gui.panels.router.provider_model import item_of
from timmy_desktop.routing.types import Health, ProviderStatus

NO_OLLAMA = "Nothing answers at 127.0.0.1:11434. Start Ollama, or correct its address."


def refused(last_latency_ms: int, *, is_remote: bool = False) -> ProviderStatus:
    return ProviderStatus(
        name="ollama", kind="ollama", is_remote=is_remote, state="OPEN", health=Health("unavailable", NO_OLLAMA),
        last_error=NO_OLLAMA, model="", last_latency_ms=last_latency_ms, reason=NO_OLLAMA, seconds_to_trial=29,
    )  # fmt: skip


def test_on_a_first_start_it_is_not_running_and_no_fault() -> None:
    row = item_of(refused(-1), "series1")
    assert (row.look.word, row.look.tone) == ("Not running", "muted")
    assert (row.model, row.trouble) == (
        "Nothing answers at 127.0.0.1:11434.",
        "Start Ollama, or correct its address.",
    )
    assert row.spoken.startswith("Ollama, Not running, Nothing answers")


def test_what_answered_before_and_is_gone_is_a_fault() -> None:
    for status in (refused(420), refused(-1, is_remote=True)):
        row = item_of(status, "series1")
        assert (row.look.word, row.look.tone, row.trouble) == ("Open", "bad", NO_OLLAMA)


def test_what_is_not_set_up_says_why_in_the_model_s_line() -> None:
    status = ProviderStatus(
        name="api", kind="api", is_remote=True, state="CLOSED", last_error="", model="", last_latency_ms=-1,
        health=Health("not_configured", "Off. Set a base URL and a key for api in Preferences to use it."),
    )  # fmt: skip
    row = item_of(status, "series1")
    assert (row.model, row.trouble) == ("Off.", "Set a base URL and a key for api in Preferences to use it.")


def test_what_failed_in_another_way_than_by_its_probe_is_a_fault() -> None:
    row = item_of(replace(refused(-1), reason="It has said nothing for 60 s."), "series1")
    assert (row.look.word, row.trouble) == ("Open", "It has said nothing for 60 s.")
