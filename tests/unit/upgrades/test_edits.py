"""Edits apply exactly or are refused; a patch cut into hunks and put together again is the same patch."""

from __future__ import annotations

import difflib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.upgrades.edits import Block, patched, replaced
from timmy_desktop.upgrades.errors import EditError
from timmy_desktop.upgrades.patch_parts import added_lines, chosen, file_parts
from timmy_desktop.upgrades.types import WHOLE_FILE, HunkRef

TEXT = "one\ntwo\nthree\nfour\n"


def test_blocks_apply_in_turn() -> None:
    assert replaced(TEXT, [Block("two\n", "2\n"), Block("2\nthree", "2\n3")]) == "one\n2\n3\nfour\n"


@pytest.mark.parametrize(
    ("search", "why"),
    [
        ("five", "is not in"),
        ("", "searches for nothing"),
        ("o", "2 times|3 times"),
        ("two\n three", "other white space"),
    ],
)
def test_blocks_are_refused_with_the_reason(search: str, why: str) -> None:
    with pytest.raises(EditError, match=why):
        replaced(TEXT, [Block(search, "x")])


def test_a_hunk_applies_where_it_says_and_nowhere_else() -> None:
    diff = "@@ -2,2 +2,2 @@\n two\n-three\n+3\n"
    assert patched(TEXT, diff) == "one\ntwo\n3\nfour\n"
    with pytest.raises(EditError, match=r"line 3 should be 'two'.*'three'"):
        patched(TEXT, diff.replace("-2,2", "-3,2"))
    with pytest.raises(EditError, match="ends too early"):
        patched(TEXT, "@@ -2,2 +2,2 @@\n two\n")
    with pytest.raises(EditError, match="no hunks"):
        patched(TEXT, "nothing\n")
    with pytest.raises(EditError, match="without line numbers"):
        patched(TEXT, "@@ @@\n two\n")


def test_the_end_of_a_file_without_a_newline_is_kept() -> None:
    assert (
        patched("a\nb", "@@ -2 +2 @@\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n")
        == "a\nc"
    )
    assert patched("a\nb", "@@ -2 +2 @@\n-b\n\\ No newline at end of file\n+c\n") == "a\nc\n"


LINES = st.lists(st.sampled_from(["a", "b", "", " c", "\t", "-x", "+y", "@@ z", "\\ w"]), max_size=30)


@given(LINES, LINES, st.booleans())
def test_a_real_diff_gives_the_new_text(old: list[str], new: list[str], has_end: bool) -> None:
    end = "\n" if has_end else ""
    before = "\n".join(old) + (end if old else "")
    after = "\n".join(new) + ("\n" if new else "")
    if before == after:
        return
    pieces = difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=2)
    lines = list(pieces)[2:]
    # difflib works on pieces, of which the last one is what follows the last newline.
    joined = "\n".join(lines) + "\n"
    assert patched(before + "\n", joined) == after + "\n"


def git_diff(folder: Path, old: str, new: str) -> bytes:
    (folder / "old").mkdir()
    (folder / "new").mkdir()
    (folder / "old/f").write_text(old)
    (folder / "new/f").write_text(new)
    done = subprocess.run(
        ["git", "diff", "--no-index", "--src-prefix=a/", "--dst-prefix=b/", "old/f", "new/f"],
        cwd=folder, capture_output=True,
    )  # fmt: skip
    return done.stdout.replace(b"a/old/f", b"a/f").replace(b"b/new/f", b"b/f")


def test_chosen_hunks_go_where_they_belong_though_the_text_repeats_itself(tmp_path: Path) -> None:
    block = "def f():\n    pass\n\n\n"
    old = block * 30
    lines = old.split("\n")
    first = [*lines]
    first[1:2] = ["    return 1", "    # and", "    # more", "    # lines"]
    first[80] = first[80] + " # changed"
    patch = git_diff(tmp_path, old, "\n".join(first))
    (part,) = file_parts(patch)
    assert len(part.hunks) == 2
    assert chosen(patch, [HunkRef("f", 0), HunkRef("f", 1)]) == patch
    assert chosen(patch, [HunkRef("f", WHOLE_FILE)]) == patch

    second = chosen(patch, [HunkRef("f", 1)])
    subprocess.run(["git", "init", "-q"], cwd=tmp_path / "old", check=True)
    subprocess.run(["git", "apply", "-"], cwd=tmp_path / "old", input=second, check=True)
    wanted = [*lines]
    wanted[77] += " # changed"  # three lines further down in the new text
    assert (tmp_path / "old/f").read_text() == "\n".join(wanted)


def test_added_lines_are_numbered_as_in_the_new_file(tmp_path: Path) -> None:
    patch = git_diff(tmp_path, TEXT, "zero\none\ntwo\n3\nfour\nfive\n")
    assert added_lines(patch) == {"f": {1, 4, 6}}
