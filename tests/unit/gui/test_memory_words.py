"""What the Memory dock says and computes without a window."""

from __future__ import annotations

import pytest

from timmy_desktop.gui.panels.memory import map_geometry as geometry
from timmy_desktop.gui.panels.memory.filters import Chosen, filters_of
from timmy_desktop.gui.panels.memory.map_geometry import Lens
from timmy_desktop.gui.panels.memory.reading import facts_of, readable, use_counts, use_lines
from timmy_desktop.gui.panels.memory.rows import Row, row_of, row_of_hit, second_line, spoken, title_of
from timmy_desktop.gui.panels.memory.sentences import (
    events_wish,
    forget_details,
    forget_said,
    forget_title,
    import_said,
    prune_said,
    recall_said,
    status_said,
    subtitle,
)
from timmy_desktop.gui.panels.memory.snippets import bare, marks_of, snippet
from timmy_desktop.gui.panels.memory.undo import UndoStack, inverse
from timmy_desktop.gui.panels.memory.wording import reason_words
from timmy_desktop.memory.types import (
    Change,
    Entry,
    FileOutcome,
    ForgetReport,
    Hit,
    MemoryStatus,
    Pruned,
    Question,
    RecallReport,
    Trace,
    Use,
)

DAY = 86_400_000_000


def entry(content: str = "My boat is called Wilma.", **facts: object) -> Entry:
    values: dict[str, object] = {
        "id": "0198f2a0-0000-7000-8000-0000abcd1234", "number": 1, "type": "fact", "content": content,
        "source": "", "owner": "person", "visibility": "shared", "state": "accepted", "task_id": "",
        "conversation_id": "", "message_id": "", "document_id": "", "chunk": 0, "local_only": False,
        "pinned": False, "superseded_by": "", "metadata": {}, "rev": 1, "created_us": 5 * DAY,
        "updated_us": 5 * DAY, "used_us": 0, "is_embedded": True,
    }  # fmt: skip
    return Entry(**{**values, **facts})  # type: ignore[arg-type]


def test_words_are_marked_whole_in_any_case_and_once() -> None:
    text = "Boat, boats and a boat house; straße STRASSE"
    assert [text[s : s + n] for s, n in marks_of(text, ["boat", "boat house"])] == ["Boat", "boat house"]
    assert marks_of("nothing", ["", " "]) == ()
    assert marks_of("two\n  words", ["two words"]) == ((0, 11),)


def test_a_snippet_begins_near_the_word_and_never_holds_the_whole() -> None:
    late = "x " * 400 + "the harbour pilot " + "y " * 9000
    shown = snippet(late, ["pilot"])
    assert shown.text.startswith("… ")
    assert len(shown.text) < 240
    assert [shown.text[s : s + n] for s, n in shown.marks] == ["pilot"]
    assert snippet("Short.", ["other"]).text == "Short."
    assert "\\u{202e}" in snippet("a\u202eb").text


def test_markdown_and_fences_are_bare_in_a_line() -> None:
    shown = snippet(bare("## A panel\n\n- Events reach `widgets`\n```py\nx = 1\n```\n")).text
    assert shown == "A panel – Events reach widgets x = 1"
    assert bare('"""Holds tasks."""\nimport x').strip().startswith("Holds tasks.")


def test_rows_say_what_and_why() -> None:
    hit = Hit(entry(), 0.66, 0.731, ("boat",), ("other",))
    row = row_of_hit(hit)
    assert reason_words(hit) == "“boat” · meaning 0.73"
    assert second_line(row) == "Fact · You · 1 alike"
    assert spoken(row).endswith("Fact, You, score 0.66, found by “boat” · meaning 0.73")
    piece = entry(type="document", source="/a/notes.md", chunk=3, metadata={"title": "notes.md", "of": 12})
    assert title_of(piece) == "notes.md, 3 of 12"
    private = row_of(entry(visibility="private", local_only=True, owner="echo"))
    assert second_line(private) == "Fact · Echo · private · local only"


def test_filters_become_the_question() -> None:
    chosen = Chosen(
        types=("fact",), owner="echo", time="week", state="replaced", pinned=True, place=("task", "t1")
    )
    filters = filters_of(chosen, 100 * DAY)
    assert (filters.types, filters.owners, filters.pinned) == (("fact",), ("echo",), True)
    assert (filters.since_us, filters.superseded, filters.task_id) == (93 * DAY, True, "t1")
    assert filters_of(Chosen(time="older"), 1000 * DAY).until_us == 634 * DAY
    assert filters_of(Chosen(), 0).pinned is None
    assert Chosen().is_default
    assert not chosen.is_default


def test_the_way_back_of_a_change_is_what_each_was() -> None:
    def row(name: str, pinned: bool) -> Row:
        return row_of(entry(id=name, pinned=pinned))

    back = inverse([row("a", True), row("b", False), row("c", False)], Change(pinned=True))
    assert [(ids, change.pinned) for ids, change in back] == [(["a"], True), (["b", "c"], False)]


def test_forgetting_lets_go_of_undo_steps_too() -> None:
    async def nothing() -> None:
        return None

    stack = UndoStack()
    stack.push("One.", nothing, ["a"])
    stack.push("Two.", nothing, ["b", "c"])
    stack.forget(["c"])
    assert stack.next_words == "One."
    step = stack.pop()
    assert step is not None
    assert step.ids == {"a"}
    assert stack.pop() is None


def test_forgetting_is_told_as_it_was() -> None:
    report = ForgetReport(3, 12, 5_000_000, 2, 1, ("table", "WAL"), note="Searched by a sample.")
    words, tone = forget_said(report)
    assert tone == "good"
    assert words == (
        "3 memories were forgotten. 1 message or result with them. 12 files (5.0 MB) in the data folder "
        "were searched, and no byte of it was found."
    )
    assert forget_details(report) == [
        "Cleaned: table, WAL.",
        "2 backups were removed; a new one takes their place.",
        "Searched by a sample.",
    ]
    left = ForgetReport(1, 12, 500, 0, 0, ("table",), (Trace("swarm.db", "the chat", 2),))
    assert forget_said(left) == (
        "1 memory was forgotten. 12 files (500 B) in the data folder were searched; 1 place still holds "
        "some of its words.",
        "warn",
    )
    assert forget_details(left)[0] == "Left in swarm.db, the chat: 2 places."
    with_events = forget_details(ForgetReport(1, 12, 500, 0, 1, ("table",), events_removed=1))
    assert with_events[1] == "1 event was removed from the log; the time scrubber begins after that."
    assert events_wish(1) == "Also remove the 1 event of the log that holds its words"
    assert forget_title(1) == "Forget this memory for good?"


@pytest.mark.parametrize(
    ("files", "note", "stopped", "words", "tone"),
    [
        ([], "", False, "No file was taken in.", "good"),
        ([FileOutcome("a", "new", 3)], "", False, "1 file: 1 new. 3 pieces can be found now.", "good"),
        ([FileOutcome("a", "refused", 0, "x")], "", False, "1 file: 1 refused.", "warn"),
        (
            [FileOutcome("a", "unchanged", 2)], "Only some.", True,
            "Stopped. 1 file: 1 as before. What was taken in stays; import again to go on. Only some.", "warn",
        ),
    ],
)  # fmt: skip
def test_an_import_is_told(files: list[FileOutcome], note: str, stopped: bool, words: str, tone: str) -> None:
    assert import_said(files, note, stopped=stopped) == (words, tone)


def test_pruning_and_recall_are_told() -> None:
    assert prune_said(Pruned((("conversation", 1200), ("document", 1)))) == (
        "1,200 conversations and 1 document would be forgotten for good. Facts and pinned memories are kept."
    )
    assert prune_said(Pruned(())).startswith("Nothing is that old.")
    asked = (Question("a", "?", 1), Question("b", "?", 4), Question("c", "?", 0), Question("d", "?", 1))
    words, tone = recall_said(RecallReport(asked, 0.5, 0.75, 0.8, "m"))
    assert tone == "good"
    assert (
        words
        == "3 of 4 facts found among the first five (75 %), 50 % in the first place. Last time it was 80 %."
    )
    assert recall_said(RecallReport(asked, 0, 0, None, "m", "Another model."))[1] == "bad"
    words, tone = recall_said(RecallReport(asked, 0.5, 0.75, 0.8, "m", "Another model.", is_measure=True))
    assert (words, tone) == (
        "Another model. It finds 75 % of the facts among the first five; that is the new measure.",
        "warn",
    )
    assert "Tell one under Facts" in recall_said(RecallReport((), 0, 0, None, "m"))[0]


def test_the_state_of_the_memory_is_told_with_the_next_step() -> None:
    missing = MemoryStatus("missing", "", "ready", 7, 0, None, "It is not installed.")
    assert status_said(missing) == (
        "Words still search, meanings do not. It is not installed.", "warn", "Try again",
    )  # fmt: skip
    assert status_said(MemoryStatus("ready", "m", "broken", 7, 0))[2] == "Rebuild"
    assert status_said(MemoryStatus("ready", "m", "ready", 7, 0)) == ("", "", "")
    assert subtitle(MemoryStatus("ready", "m", "filling", 1200, 30)) == "1,200 memories, 30 to index"
    assert subtitle(missing) == "7 memories, words only"
    assert subtitle(MemoryStatus("ready", "m", "ready", 0, 0)) == ""


def test_uses_are_told_by_reply() -> None:
    uses = [
        Use("e", "r2", "message", "cited", "echo", 9, 0.0),
        Use("e", "r2", "message", "retrieved", "echo", 8, 0.5),
        Use("e", "r1", "task", "retrieved", "forge", 3, 0.4),
    ]
    lines = use_lines(uses)
    assert [line.words for line in lines] == ["Echo: found (0.50), cited", "Forge: found (0.40)"]
    assert use_counts(uses) == "Found twice, cited once."
    assert use_counts([]) == "No reply has used it yet."


def test_provenance_and_text_fit_what_it_is() -> None:
    facts = dict((name, value) for value, name, _ in facts_of(entry(visibility="private"), 5 * DAY))  # noqa: C402
    assert (facts["owner"], facts["seen by"], facts["last used"]) == ("You", "you alone", "never")
    assert readable(entry()) == ("My boat is called Wilma.", True)
    code = entry("x = '```'", type="document", source="/a/b.py")
    assert readable(code) == ("````py\nx = '```'\n````", False)
    assert readable(entry("# A", type="document", source="/a/b.md")) == ("# A", False)


def test_the_map_goes_there_and_back_and_keeps_the_point_under_the_pointer() -> None:
    lens, size = Lens(0.2, -0.1, 3.0), (800.0, 400.0)
    at = geometry.to_screen(lens, *size, (0.4, 0.3))
    assert geometry.to_map(lens, *size, at) == pytest.approx((0.4, 0.3))
    nearer = geometry.zoomed(lens, *size, at, 1.5)
    assert nearer.zoom == 4.5
    assert geometry.to_screen(nearer, *size, (0.4, 0.3)) == pytest.approx(at)
    assert geometry.zoomed(lens, *size, at, 1e9).zoom == 60
    moved = geometry.moved(lens, *size, 10, -5)
    assert geometry.to_screen(moved, *size, (0.4, 0.3)) == pytest.approx((at[0] + 10, at[1] - 5))
    shown = geometry.showing(Lens(zoom=10), *size, (0.9, 0.9))
    x, y = geometry.to_screen(shown, *size, (0.9, 0.9))
    assert 0 < x < 800
    assert 0 < y < 400


def test_neighbours_lie_in_the_direction_of_the_key() -> None:
    places = [(0.0, 0.0), (10.0, 1.0), (4.0, 9.0), (-6.0, 0.0), (0.0, -8.0)]
    every = range(len(places))
    found = [geometry.neighbour(places, 0, way, every) for way in ((1, 0), (0, 1), (-1, 0), (0, -1))]
    assert found == [1, 2, 3, 4]
    assert geometry.neighbour(places, 1, (1, 0), every) == -1
    assert geometry.nearest(places, (9.0, 0.0), 5) == 1
    assert geometry.nearest(places, (100.0, 0.0), 5) == -1
