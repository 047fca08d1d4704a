"""What a text shares with the forgotten is found, however it was cut, wrapped or quoted."""

from __future__ import annotations

import orjson
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.memory.passages import FORGOTTEN, Passages

SECRET = 'The safe of the cottage opens with "zanzibarquokka\\7"\nand, since May, with nothing else at all'


def test_the_whole_a_part_a_quotation_and_another_wrapping_are_taken_out() -> None:
    passages = Passages([SECRET], [])
    assert passages.without(SECRET) == FORGOTTEN
    assert passages.without(f"Note: ({SECRET}) Right?") == f"Note: ({FORGOTTEN}) Right?"
    assert passages.without('…the cottage opens with "ZANZIBARQUOKKA\\7" and…') == f"…{FORGOTTEN}…"
    wrapped = " ".join(SECRET.split())
    assert passages.without(wrapped) == FORGOTTEN
    assert passages.without("Another safe, and another cottage") == "Another safe, and another cottage"


def test_a_short_content_is_found_only_as_a_whole() -> None:
    passages = Passages(["Pin 99310", "no"], [])
    assert passages.without("my pin 99310.") == f"my {FORGOTTEN}."
    assert passages.without("pin 993101, no") == "pin 993101, no"


def test_a_short_line_of_a_longer_content_is_found_alone() -> None:
    passages = Passages(["The list of all that is in the shed:\none red parasol\na saw"], [])
    assert passages.without("We have one red parasol.") == f"We have {FORGOTTEN}."


def test_a_cited_line_goes_whatever_it_says() -> None:
    passages = Passages([], ["m:1a2b3c4d"])
    text = "From the memory:\n[m:1a2b3c4d] (fact, from echo) …cut to bits\n[m:00000000] (fact) Stays\nSee [m:1a2b3c4d]."
    gone = f"From the memory:\n{FORGOTTEN}\n[m:00000000] (fact) Stays\nSee [m:1a2b3c4d]."
    assert passages.without(text) == gone


def test_it_reaches_into_json() -> None:
    passages = Passages([SECRET], [])
    prompt = [{"role": "assistant", "content": "", "tool_calls": [{"arguments": {"content": [SECRET]}}]}]
    gone = passages.without_in(prompt)
    assert gone[0]["tool_calls"][0]["arguments"] == {"content": [FORGOTTEN]}
    assert b"zanzibar" not in orjson.dumps(gone)


@given(st.text(min_size=30), st.text(), st.text())
def test_what_was_taken_out_is_not_found_again(content: str, before: str, after: str) -> None:
    passages = Passages([content], [])
    kept = passages.without(f"{before} {content} {after}")
    assert passages.without(kept) == kept or FORGOTTEN in passages.without(kept)


@given(st.text())
def test_without_anything_to_forget_nothing_changes(text: str) -> None:
    assert Passages([], []).without(text) == text
