"""The chat's parts that need no window: transcript, history, words, Markdown's parts, keepsakes."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.agent.conversation import (
    MessageEnded,
    MessageStarted,
    MessageView,
    ProviderChanged,
    TextDelta,
)
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panels.chat.input_history import InputHistory
from timmy_desktop.gui.panels.chat.transcript import Change, Transcript
from timmy_desktop.gui.panels.chat.wording import footer_words
from timmy_desktop.gui.reachability import no_model_words
from timmy_desktop.gui.widgets.markdown_parts import Code, Prose, split_markdown
from timmy_desktop.gui.wording import provider_words

QUESTION = MessageView("q", "c", 1, "user", "Why?", "done", 1)
ANSWER = MessageView("a", "c", 2, "assistant", "", "streaming", 2)


def test_a_stream_grows_its_message_and_ends_as_it_is_stored() -> None:
    transcript = Transcript()
    assert transcript.apply(MessageStarted(QUESTION)) == Change(0, added=True)
    assert transcript.apply(MessageStarted(ANSWER)) == Change(1, added=True)
    for text in ("Be", "cause"):
        assert transcript.apply(TextDelta("a", text)) == Change(1, added=False)
    assert transcript[1].text == "Because"
    transcript.apply(MessageEnded(replace(ANSWER, text="Because.", state="done")))
    assert transcript[1].text == "Because."
    assert len(transcript) == 2


def test_what_belongs_elsewhere_is_left_alone() -> None:
    assert Transcript().apply(TextDelta("nobody", "x")) is None


def test_a_broken_provider_leaves_a_note_and_no_text() -> None:
    transcript = Transcript()
    transcript.reset([QUESTION, ANSWER])
    for event in (
        ProviderChanged("a", "ollama", "llama3.2", ""),
        TextDelta("a", "Half"),
        ProviderChanged("a", "embedded", "gemma3", "broke off: gone"),
        TextDelta("a", "Whole"),
    ):
        transcript.apply(event)
    assert transcript[1].text == "Whole"
    note = "Ollama · llama3.2 broke off: gone. Embedded · gemma3 began anew."
    assert transcript[1].notes == note
    transcript.apply(
        MessageEnded(replace(ANSWER, text="Whole", state="done", reason="ollama broke off: gone"))
    )
    assert transcript[1].notes == note


def test_a_note_is_read_back_from_the_database() -> None:
    transcript = Transcript()
    transcript.reset([replace(ANSWER, state="done", text="x", reason="ollama broke off")])
    assert transcript[0].notes == "ollama broke off"


def test_the_question_of_an_answer_is_found() -> None:
    transcript = Transcript()
    transcript.reset([QUESTION, ANSWER, replace(QUESTION, id="q2", text="And?")])
    assert transcript.question_before("a") == "Why?"
    assert transcript.question_before("unknown") == ""
    assert not transcript.is_last_answer("a")
    assert transcript.questions() == ["Why?", "And?"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "Waiting for the first word"),
        ({"text": "a", "provider": "ollama"}, "Ollama · writing"),
        (
            {"state": "done", "provider": "ollama", "model": "m", "ttft_ms": 412, "total_ms": 3_120},
            "Ollama · m · first word 0.4 s · 3.1 s",
        ),
        ({"state": "done", "provider": "my box", "ttft_ms": 12_000}, "My box · first word 12 s"),
        ({"state": "stopped", "text": "a"}, "Stopped by you"),
        ({"state": "failed"}, "No answer"),
        ({"state": "failed", "text": "a"}, "Broken off"),
    ],
)
def test_the_line_under_an_answer(facts: dict[str, object], words: str) -> None:
    assert footer_words(replace(ANSWER, **facts)) == words  # type: ignore[arg-type]


def test_a_long_wait_is_counted() -> None:
    assert footer_words(ANSWER, ANSWER.created_us + 1_900_000) == "Waiting for the first word"
    assert footer_words(ANSWER, ANSWER.created_us + 5_000_000) == "Waiting: the model is busy · 5 s"


def test_provider_words_are_inert() -> None:
    assert provider_words("\x1bollama", "") == "\\u{1b}ollama"


def test_history_walks_back_and_forth() -> None:
    history = InputHistory()
    assert history.older() is None
    history.reset(["a", "b", "b"])
    assert [history.older(), history.older(), history.older()] == ["b", "a", None]
    assert history.walking
    assert [history.newer(), history.newer(), history.newer()] == ["b", "", None]
    history.older()
    history.leave()
    assert not history.walking


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("one", [Prose("one")]),
        ("a\n```py\nx\n```\nb", [Prose("a"), Code("x", "py"), Prose("b")]),
        ("```\nx", [Code("x", "", closed=False)]),
        ("~~~\n```\n~~~", [Code("```")]),
        ("````\n```\n````", [Code("```")]),
        ("a `b` ``` c", [Prose("a `b` ``` c")]),
    ],
)
def test_markdown_is_parted_at_fences(text: str, parts: list[object]) -> None:
    assert split_markdown(text) == parts


@given(st.text(alphabet="ab`~\n ", max_size=60))
def test_no_letter_of_markdown_is_lost(text: str) -> None:
    parts = split_markdown(text)
    kept = "".join(part.text + (part.language if isinstance(part, Code) else "") for part in parts)
    assert kept.count("a") + kept.count("b") <= text.count("a") + text.count("b")
    if "`" not in text and "~" not in text:
        assert kept.split() == text.split()


def test_keepsakes_are_their_owners_alone_and_survive(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    kept = Keepsakes(path)
    kept.put("draft", "half")
    kept.put("limit", 3)
    kept.save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Keepsakes(path)
    assert (again.text("draft"), again.number("limit"), again.text("limit")) == ("half", 3, "")


def test_a_broken_or_unwritable_file_costs_nothing(
    tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    path = tmp_path / "kept.json"
    path.write_bytes(b"\xff{")
    assert Keepsakes(path).text("draft") == ""
    lost = Keepsakes(tmp_path / "missing" / "kept.json")
    expected_log("could not be written")
    lost.put("draft", "x")
    lost.save()
    assert lost.text("draft") == "x"


def test_no_model_is_said_only_when_every_one_is_out() -> None:
    def status(state: str, detail: str = "") -> SimpleNamespace:
        return SimpleNamespace(health=SimpleNamespace(state=state, detail=detail))

    unknown = SimpleNamespace(health=None)
    assert no_model_words([]) == ""
    assert no_model_words([unknown, status("unavailable", "x")]) == ""
    assert no_model_words([status("ready"), status("unavailable", "x")]) == ""
    out = [status("not_configured", "No key."), status("unavailable", "Start Ollama.")]
    assert no_model_words(out) == "Start Ollama."
    assert no_model_words([status("not_configured")]) != ""
