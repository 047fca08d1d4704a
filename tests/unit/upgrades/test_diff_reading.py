"""What is worked out of a diff for its reader: words, moves, white space, folds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.patches import git_patch
from timmy_desktop.upgrades.diff import Diff, Place
from timmy_desktop.upgrades.diff_folds import Opened, context, gaps, lines_of, old_lines, whole
from timmy_desktop.upgrades.diff_moves import moved_lines
from timmy_desktop.upgrades.diff_patch import read_patch
from timmy_desktop.upgrades.diff_space import without_space_changes
from timmy_desktop.upgrades.diff_words import changed_words, likeness, paired

WORDS = st.text(st.sampled_from("ab_ (),.=\té"), max_size=30)


def taken(text: str, spans: tuple[tuple[int, int], ...]) -> list[str]:
    return [text[start:end] for start, end in spans]


def diff_of(old: str, new: str) -> Diff:
    return read_patch(git_patch({"a": old}, {"a": new}))


# Words within a line


def test_only_the_words_that_differ_are_marked() -> None:
    old, new = "total = compute(price, tax=True)", "total = compute(cost, tax=False)"
    removed, added = changed_words(old, new)
    assert (taken(old, removed), taken(new, added)) == (["price", "True"], ["cost", "False"])


def test_lines_that_have_nothing_in_common_are_not_marked() -> None:
    assert changed_words("import os", "class Kettle:") == ((), ())


def test_a_changed_indentation_is_marked() -> None:
    removed, added = changed_words("    return value", "        return value")
    assert taken("    return value", removed) == ["    "]
    assert taken("        return value", added) == ["        "]


def test_very_long_lines_are_compared_from_both_ends() -> None:
    old, new = "x" * 5_000 + "old" + "y" * 5_000, "x" * 5_000 + "new!" + "y" * 5_000
    removed, added = changed_words(old, new)
    assert (taken(old, removed), taken(new, added)) == (["old"], ["new!"])


@given(WORDS, WORDS)
def test_what_is_not_marked_is_the_same_on_both_sides(old: str, new: str) -> None:
    removed, added = changed_words(old, new)
    if removed or added:
        assert "".join(rest(old, removed).split()) == "".join(rest(new, added).split())


def rest(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    kept, place = "", 0
    for start, end in spans:
        assert place <= start < end <= len(text)
        kept, place = kept + text[place:start], end
    return kept + text[place:]


def test_the_line_that_became_another_is_found_among_several() -> None:
    removed = ["price = compute(order)", "return price"]
    added = ["log('computing')", "price = compute(order, tax)", "check(price)", "return price, tax"]
    assert paired(removed, added) == ((0, 1), (1, 3))


@given(st.lists(WORDS, max_size=6), st.lists(WORDS, max_size=6))
def test_pairs_never_cross(removed: list[str], added: list[str]) -> None:
    pairs = paired(removed, added)
    assert list(pairs) == sorted(pairs)
    assert len({old for old, _ in pairs}) == len({new for _, new in pairs}) == len(pairs)


@given(WORDS, WORDS)
def test_likeness_is_the_same_both_ways(old: str, new: str) -> None:
    assert likeness(old, new) == likeness(new, old)
    assert 0 <= likeness(old, new) <= 1


# Moved lines

BLOCK = "def moved_function(first):\n    return first + SOMETHING\n"


def test_a_function_that_was_moved_is_found_in_both_places() -> None:
    old = BLOCK + "".join(f"line {number}\n" for number in range(20))
    new = "".join(f"line {number}\n" for number in range(20)) + BLOCK
    diff = diff_of(old, new)
    moved = moved_lines(diff)
    assert len(moved) == 4
    for place, other in moved.items():
        assert moved[other] == place
        assert diff.line(place).text.strip() == diff.line(other).text.strip()
        assert {diff.line(place).kind, diff.line(other).kind} == {"+", "-"}


def test_it_is_found_in_another_file_and_with_another_indentation() -> None:
    indented = "".join(f"    {line}\n" for line in BLOCK.splitlines())
    patch = git_patch(
        {"a": f"x\n{BLOCK}", "b": "class Home:\n"}, {"a": "x\n", "b": f"class Home:\n{indented}"}
    )
    moved = moved_lines(read_patch(patch))
    assert {(place.file, other.file) for place, other in moved.items()} == {(0, 1), (1, 0)}


def test_braces_and_what_only_changed_its_indentation_are_not_moved() -> None:
    assert moved_lines(diff_of("{\n}\nx\n", "x\n{\n}\n")) == {}
    old, new = "x\nvalue = something_long(argument)\n", "x\n    value = something_long(argument)\n"
    assert moved_lines(diff_of(old, new)) == {}


# White space


def test_changes_of_white_space_alone_become_context() -> None:
    diff = diff_of("if x:\n  a = 1\n  b = 2\n", "if x:\n    a = 1\n    b = 3\n")
    read, hidden = without_space_changes(diff)
    assert [(line.kind, line.text) for line in read.files[0].hunks[0].lines] == [
        (" ", "if x:"), (" ", "    a = 1"), ("-", "  b = 2"), ("+", "    b = 3"),
    ]  # fmt: skip
    assert hidden == 2


@given(
    st.lists(st.sampled_from(["a", " a", "b", "a b", "ab ", ""]), max_size=10),
    st.lists(st.sampled_from(["a", "a ", "b", "c"]), max_size=10),
)
def test_nothing_but_white_space_is_ever_hidden(old: list[str], new: list[str]) -> None:
    diff = diff_of("\n".join(["start", *old, "end", ""]), "\n".join(["start", *new, "end", ""]))
    read, hidden = without_space_changes(diff)
    assert hidden >= 0
    for was, now in zip(diff.files, read.files, strict=True):
        assert len(was.hunks) == len(now.hunks)
        for side in "-+":
            assert bare(was, side) == bare(now, side)


def bare(file: object, left_out: str) -> list[str]:
    lines = [line for hunk in file.hunks for line in hunk.lines]  # type: ignore[attr-defined]
    return ["".join(line.text.split()) for line in lines if line.kind != left_out]


# Folds


def test_gaps_and_the_lines_that_they_fold() -> None:
    old = [f"line {number}" for number in range(1, 101)]
    new = [*old[:30], "added", *old[30:70], "changed", *old[71:]]
    patch = git_patch({"a": "\n".join(old) + "\n"}, {"a": "\n".join(new) + "\n"})
    (file,) = read_patch(patch).files
    found = gaps(file, len(new))
    assert [(gap.old, gap.new, gap.count) for gap in found] == [(1, 1, 27), (34, 35, 34), (75, 76, 26)]
    lines = context(found[1], new, 0, 2)
    assert [(line.old, line.new, line.text) for line in lines] == [(34, 35, "line 34"), (35, 36, "line 35")]
    assert old_lines(file, new) == old
    assert old_lines(file, ["something else"]) is None
    shown = sum(len(hunk.lines) - file.added for hunk in file.hunks)
    assert shown < len(new)


def test_the_end_of_a_file_is_unknown_until_it_was_read() -> None:
    (file,) = diff_of("a\nb\n", "a\nc\n").files
    assert [gap.count for gap in gaps(file)] == [0, -1]
    assert [gap.count for gap in gaps(file, 2)] == [0, 0]


def test_new_files_are_whole_and_have_no_folds() -> None:
    (file,) = read_patch(git_patch({}, {"a": "x\ny\n"})).files
    assert whole(file) == ["x", "y"]
    assert [gap.count for gap in gaps(file)] == [0, 0]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_never_more_is_opened_than_there_is(top: int, bottom: int, count: int) -> None:
    opened = Opened(top, bottom).clipped(count)
    assert opened.top + opened.bottom <= count


def test_lines_end_with_line_feeds_and_nothing_else() -> None:
    assert lines_of("a\x0cb\u2028c\rd\n") == ["a\x0cb\u2028c\rd"]
    assert Place(0, 0, 0) < Place(0, 1, 0)
