"""Patches that git wrote are read exactly, and what is no patch is refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import unidiff
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.patches import git_patch
from timmy_desktop.upgrades.diff import Diff, FileChange
from timmy_desktop.upgrades.diff_folds import lines_of, old_lines
from timmy_desktop.upgrades.diff_patch import PatchError, read_patch

# What a line can hold that has meaning in a patch, in a terminal or to Python's idea of a line.
LINE = st.text(st.sampled_from("ab -+@\\\t\r\x0b\x0c\x1b\u2028\u202eé\U0001f600/"), max_size=8)
TEXT = st.builds(
    lambda lines, end: "\n".join(lines) + end, st.lists(LINE, max_size=24), st.sampled_from(["", "\n"])
)


def patch_between(old: str, new: str) -> bytes:
    with TemporaryDirectory() as name:
        for file, text in (("a", old), ("b", new)):
            (Path(name) / file).write_bytes(text.encode("utf-8", "surrogateescape"))
        done = subprocess.run(
            ["git", "diff", "--no-index", "--text", "a", "b"], cwd=name, capture_output=True, check=False
        )
        return done.stdout


def rendered(diff: Diff) -> Iterator[str]:
    """The lines of the patch that the model was read from."""
    for file in diff.files:
        yield from file.head
        for hunk in file.hunks:
            yield hunk.head
            for line in hunk.lines:
                yield line.kind + line.text
                if not line.ends:
                    yield "\\ No newline at end of file"


def again(diff: Diff) -> bytes:
    text = "".join(f"{line}\n" for line in rendered(diff))
    return text.encode("utf-8", "surrogateescape")


def only_file(patch: bytes) -> FileChange:
    (file,) = read_patch(patch).files
    return file


@settings(max_examples=60)
@given(TEXT, TEXT)
def test_a_patch_of_git_reads_and_writes_back_to_its_bytes(old: str, new: str) -> None:
    patch = patch_between(old, new)
    assert again(read_patch(patch)) == patch


@settings(max_examples=60)
@given(TEXT, TEXT)
def test_the_old_file_follows_from_the_new_one_and_the_patch(old: str, new: str) -> None:
    patch = patch_between(old, new)
    if patch and new and old:
        assert old_lines(only_file(patch), lines_of(new)) == lines_of(old)


@settings(max_examples=40)
@given(TEXT, TEXT)
def test_it_agrees_with_unidiff(old: str, new: str) -> None:
    patch = patch_between(old.replace("\r", ""), new.replace("\r", ""))
    ours = [
        (line.kind, line.text)
        for file in read_patch(patch).files
        for hunk in file.hunks
        for line in hunk.lines
    ]
    theirs = [
        (line.line_type, line.value.removesuffix("\n"))
        for file in unidiff.PatchSet(patch.decode())
        for hunk in file
        for line in hunk
        if line.line_type != "\\"
    ]
    assert ours == theirs


def test_numbers_counts_and_the_missing_line_feed() -> None:
    file = only_file(git_patch({"a": "one\ntwo\nthree"}, {"a": "one\n2\nthree\nfour\n"}))
    assert [(line.kind, line.old, line.new, line.text, line.ends) for line in file.hunks[0].lines] == [
        (" ", 1, 1, "one", True),
        ("-", 2, 0, "two", True),
        ("-", 3, 0, "three", False),
        ("+", 0, 2, "2", True),
        ("+", 0, 3, "three", True),
        ("+", 0, 4, "four", True),
    ]
    assert (file.added, file.removed, file.status) == (3, 2, "modified")


def test_lines_that_look_like_heads_are_lines() -> None:
    old = "-- a/x\ndiff --git a/q b/q\n@@ -1 +1 @@\nsame\n"
    file = only_file(git_patch({"a": old}, {"a": "++ b/x\nsame\n"}))
    assert [line.text for line in file.hunks[0].lines] == [
        "-- a/x", "diff --git a/q b/q", "@@ -1 +1 @@", "++ b/x", "same",
    ]  # fmt: skip


def test_new_deleted_renamed_empty_binary_and_modes() -> None:
    old = {"gone": "x\n", "here": "a\n" * 20, "pic.png": b"\x89PNG\0\1", "run": "#!/bin/sh\n"}
    new = {
        "there": "a\n" * 20 + "b\n",
        "pic.png": b"\x89PNG\0\2",
        "run": "#!/bin/sh\n",
        "empty": "",
        "made": "y\n",
    }
    files = {file.path: file for file in read_patch(git_patch(old, new, modes={"run": 0o100755})).files}
    assert {path: file.status for path, file in files.items()} == {
        "gone": "deleted", "there": "renamed", "pic.png": "modified", "run": "modified",
        "empty": "added", "made": "added",
    }  # fmt: skip
    assert (files["there"].old_path, files["there"].is_moved) == ("here", True)
    assert files["there"].similarity > 90
    assert files["pic.png"].is_binary
    assert files["pic.png"].hunks == ()
    assert files["run"].mode_changed
    assert (files["run"].old_mode, files["run"].new_mode) == ("100644", "100755")


@pytest.mark.parametrize(
    "path", ["with space", "tab\there", 'quo"te', "back\\slash", "new\nline", "é/ü", "a b/b b", "\udcff"]
)
def test_names_of_every_kind(path: str) -> None:
    changed = read_patch(git_patch({path: "x\n"}, {path: "y\n"})).files
    made = read_patch(git_patch({}, {path: "", "other": "z\n"})).files
    deleted = read_patch(git_patch({path: "x\n", "other": "z\n"}, {"other": "z\n"})).files
    mode = read_patch(git_patch({path: "x\n"}, {path: "x\n"}, modes={path: 0o100755})).files
    for files in (changed, made, deleted, mode):
        assert path in [file.path for file in files]


def test_a_real_history_reads_back_to_its_bytes() -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        ["git", "log", "-p", "-30", "--format=", "--no-merges", "--no-ext-diff"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    patch = b"".join(line for line in done.stdout.splitlines(keepends=True) if line != b"\n")
    if patch:
        assert again(read_patch(patch)) == patch


@pytest.mark.parametrize(
    ("patch", "words"),
    [
        ("hello\n", "belongs to no file"),
        ("diff --git a/x b/x\nwhat is this\n", "no part of a patch"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-x\n", "ends in the middle"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n*y\n", "no line of a hunk"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ nonsense @@\n", "can't be read"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n x\n-y\n+z\n", "longer than it says"),
    ],
)
def test_what_is_no_patch_is_refused(patch: str, words: str) -> None:
    with pytest.raises(PatchError, match=words):
        read_patch(patch)


def test_an_empty_patch_changes_nothing() -> None:
    assert read_patch(b"") == Diff()
