"""The rows of a diff view: what they show, what opens in place, and that every row can be found again."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.patches import git_patch
from timmy_desktop.gui.widgets.diff_view.caret import Caret, selected_text
from timmy_desktop.gui.widgets.diff_view.document import DiffDocument, read
from timmy_desktop.gui.widgets.diff_view.finding import Found
from timmy_desktop.gui.widgets.diff_view.geometry import Geometry, Measures
from timmy_desktop.gui.widgets.diff_view.moving import next_change, previous_change
from timmy_desktop.gui.widgets.diff_view.parts import PartKind, Remark
from timmy_desktop.gui.widgets.diff_view.spoken import spoken_row
from timmy_desktop.upgrades.diff import Place
from timmy_desktop.upgrades.diff_folds import lines_of

OLD = [f"line {number}" for number in range(1, 101)]
NEW = [*OLD[:30], "added", *OLD[30:70], "changed", *OLD[71:]]
MEASURES = Measures(line=16, head=28, bar=22, columns=0)
TEXTS = st.lists(st.sampled_from(["a", "b", "  a", "c d", "", "e" * 90]), max_size=30)


def document(old: list[str] = OLD, new: list[str] = NEW) -> DiffDocument:
    patch = git_patch({"a": "\n".join(old) + "\n", "b": "x\n"}, {"a": "\n".join(new) + "\n", "b": "y\n"})
    return DiffDocument(read(patch))


def kinds(made: DiffDocument) -> list[str]:
    return [part.kind.value for part in made.parts]


def shown(made: DiffDocument) -> list[str]:
    rows = [made.cell(row) for row in range(made.rows)]
    return [f"{cell.line.kind}{cell.line.text}" for cell in rows if cell is not None and cell.file == 0]


def test_files_hunks_and_lines_follow_each_other() -> None:
    made = document()
    assert kinds(made) == ["file", "hunk", "lines", "hunk", "lines", "fold", "file", "hunk", "lines", "fold"]
    assert shown(made)[:4] == [" line 28", " line 29", " line 30", "+added"]
    assert made.hidden_in(0, 0) == 27
    assert made.hidden_in(0, 2) == -1


def test_a_fold_opens_in_place_from_both_ends_and_then_whole() -> None:
    made = document()
    assert made.put_text(0, "\n".join(NEW) + "\n")
    made.open_fold(0, 1, 5, 5)
    assert made.hidden_in(0, 1) == 24
    lines = shown(made)
    assert " line 38" in lines
    assert " line 63" in lines
    assert " line 50" not in lines
    made.open_fold(0, 1, 20, 20)
    assert made.hidden_in(0, 1) == 0
    for gap in (0, 2):
        made.open_fold(0, gap, 1000, 0)
    assert [line[1:] for line in shown(made) if line[0] != "-"] == NEW
    assert [line[1:] for line in shown(made) if line[0] != "+"] == OLD


def test_a_text_that_is_not_the_file_of_the_diff_opens_nothing() -> None:
    made = document()
    assert not made.put_text(0, "something else\n")
    made.open_fold(0, 0)
    assert made.hidden_in(0, 0) == 27


def test_side_by_side_every_line_stands_once_on_its_side() -> None:
    made = document()
    unified = shown(made)
    made.show(split=True)
    pairs = [made.cells(row) for row in range(made.rows)]
    old = [f"{cell.line.kind}{cell.line.text}" for cell, _ in pairs if cell and cell.file == 0]
    new = [f"{cell.line.kind}{cell.line.text}" for _, cell in pairs if cell and cell.file == 0]
    assert old == [line for line in unified if line[0] != "+"]
    assert new == [line for line in unified if line[0] != "-"]


@settings(max_examples=40)
@given(TEXTS, TEXTS, st.booleans())
def test_every_row_is_found_again_and_the_heights_add_up(old: list[str], new: list[str], split: bool) -> None:
    made = document(["start", *old, "end"], ["start", *new, "end"])
    made.show(split=split)
    for columns in (0, 20):
        geometry = Geometry(made, Measures(16, 28, 22, columns))
        place = 0
        for row in range(made.rows):
            assert geometry.top(row) == place
            assert geometry.row_at(place) == row
            assert geometry.row_at(place + geometry.row_height(row) - 1) == row
            place += geometry.row_height(row)
        assert place == geometry.height
    for row in range(made.rows):
        assert made.row_of(made.anchor(row)) == row


@settings(max_examples=40)
@given(TEXTS, TEXTS, st.booleans())
def test_changes_are_the_rows_that_changed(old: list[str], new: list[str], split: bool) -> None:
    made = document(["start", *old, "end"], ["start", *new, "end"])
    made.show(split=split)
    marked = {row for first, last, _ in made.changes for row in range(first, last)}
    changed = {
        row for row in range(made.rows)
        if any(cell is not None and cell.line.kind != " " for cell in made.cells(row))
    }  # fmt: skip
    assert marked == changed


def test_comments_stand_under_their_lines_in_both_ways() -> None:
    made = document()
    made.put_remarks(
        [Remark("one", "a", 31, "new"), Remark("two", "a", 71, "old"), Remark("whole", "a", 0, "new")]
    )
    for split in (False, True):
        made.show(split=split)
        rows = [made.part_at(row)[0] for row in range(made.rows)]
        places = {
            made.remarks[part.hunk].key: row for row, part in enumerate(rows) if part.kind is PartKind.COMMENT
        }
        assert set(places) == {"one", "two", "whole"}
        above = made.cell(places["one"] - 1)
        assert above is not None
        assert above.line.text == "added"
        old, _ = made.cells(places["two"] - 1)
        assert old is not None
        assert old.line.old == 71
        assert places["whole"] == 1


def test_a_comment_on_a_line_that_is_not_shown_stands_under_the_head() -> None:
    made = document()
    made.put_remarks([Remark("far", "a", 5, "new")])
    assert made.part_at(1)[0].kind is PartKind.COMMENT


def test_hunks_are_left_out_and_files_as_a_whole() -> None:
    made = document()
    made.take(0, 1, False)
    assert (made.is_taken(0, 0), made.is_taken(0, 1), made.is_taken(0, -1)) == (True, False, False)
    made.take(0, -1, True)
    assert made.is_taken(0, -1)
    made.take(0, -1, False)
    assert made.left_out == {(0, 0), (0, 1)}


def test_ignoring_white_space_keeps_the_hunks_and_says_what_it_hides() -> None:
    made = document(["a", " b", "c"], ["a", "  b", "d"])
    made.show(ignore_space=True)
    assert made.hidden_by_space == 2
    assert shown(made) == [" a", "   b", "-c", "+d"]
    made.show(ignore_space=False)
    assert made.hidden_by_space == 0


def test_what_was_seen_is_folded_away() -> None:
    made = document()
    made.show_seen(0, True)
    assert kinds(made) == ["file", "file", "hunk", "lines", "fold"]


def test_going_from_change_to_change() -> None:
    made = document()
    first = next_change(made, -1)
    second = next_change(made, first)
    assert [made.cell(row).line.text for row in (first, second)] == ["added", "line 71"]  # type: ignore[union-attr]
    assert previous_change(made, second) == first
    assert previous_change(made, first) == -1


def test_words_are_found_on_their_side_with_or_without_a_capital() -> None:
    made = document(["Kettle İ kettle", "z"], ["kettle Kettle", "z"])
    found = Found(made, "kettle")
    assert [(hit.start, hit.end) for hit in found.hits] == [(0, 6), (9, 15), (0, 6), (7, 13)]
    assert len(Found(made, "Kettle").hits) == 2
    assert found.hits[found.after(0, 0)].row == found.hits[0].row
    assert found.before(0, 0) == len(found.hits) - 1


def test_lines_are_found_by_their_number() -> None:
    made = document()
    assert made.cell(made.row_of_number(0, 31)).line.text == "added"  # type: ignore[union-attr]
    assert made.cell(made.row_of_number(0, 71, old=True)).line.text == "line 71"  # type: ignore[union-attr]


def test_what_is_copied_hides_nothing_and_keeps_tabs() -> None:
    made = document(["a"], ["a", "\tif x\u202e:", "b"])
    rows = [
        row
        for row in range(made.rows)
        if (cell := made.cell(row)) and cell.file == 0 and cell.line.kind == "+"
    ]
    caret = Caret(rows[-1], 1, "new", (rows[0], 0))
    assert selected_text(made, caret) == "\tif x\\u{202e}:\nb"


def test_rows_are_told_in_words() -> None:
    made = document()
    words = [spoken_row(made, row) for row in range(made.rows)]
    assert words[0] == "File a, 2 added, 1 removed"
    assert words[1] == "Hunk 1, 27 unchanged lines folded"
    assert "added 31: added" in words
    assert "removed 71: line 71" in words


def test_moved_lines_lead_to_each_other() -> None:
    block = ["def moved_function(first):", "    return first + SOMETHING"]
    made = document([*block, *OLD], [*OLD, *block])
    moved = [cell for row in range(made.rows) if (cell := made.cell(row)) and made.moved_to(cell)]
    assert len(moved) == 4
    place = made.moved_to(moved[0])
    assert isinstance(place, Place)
    assert made.cell(made.row_of_place(place)).line.kind != moved[0].line.kind  # type: ignore[union-attr]


def test_lines_of_the_whole_file_are_its_lines() -> None:
    made = document()
    made.put_text(0, "\n".join(NEW) + "\n")
    assert made.text_of(0) == (OLD, lines_of("\n".join(NEW) + "\n"))
    assert MEASURES.columns == 0
