"""What speaks against a change: weakened tests, files outside the purpose, dependencies, risk."""

from __future__ import annotations

import pytest

from timmy_desktop.upgrades.dependencies import added_dependencies, imports
from timmy_desktop.upgrades.kinds_of_files import is_test, outside_purpose, steers
from timmy_desktop.upgrades.quarantine import TreeChange
from timmy_desktop.upgrades.risk import assessed, speaks_against
from timmy_desktop.upgrades.trailers import Trailers, applied_message
from timmy_desktop.upgrades.types import ProofPacket, Weakening
from timmy_desktop.upgrades.weakening import weakened

OLD = """
import pytest

def test_a():
    assert f(1) == 1
    assert f(2) == 2

class TestB:
    def test_b(self):
        with pytest.raises(ValueError):
            f(None)
"""


def whats(new: str) -> list[str]:
    return [found.what for found in weakened("test_x.py", OLD, new)]


def test_tests_that_stay_or_grow_are_not_weakened() -> None:
    assert whats(OLD) == []
    assert whats(OLD.replace("assert f(2) == 2", "assert f(2) == 2\n    assert f(3) == 3")) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("    assert f(2) == 2\n", "", "test_a checks 1 thing less than before"),
        ("f(2) == 2", "f(2) in (1, 2)", "test_a checks 1 thing differently"),
        ("assert f(2) == 2", "assert True", "test_a asserts what is always true"),
        ("f(2) == 2", "f(2) == 2 or True", "test_a asserts what is always true"),
        ("def test_a():", "@pytest.mark.skip\ndef test_a():", "test_a is skipped or expected to fail"),
        (
            "def test_a():",
            "pytestmark = pytest.mark.skip\ndef test_a():",
            "test_a is skipped or expected to fail",
        ),
        ("def test_a():\n", "def test_a():\n    pytest.skip('x')\n", "test_a is skipped or expected to fail"),
        ("def test_b", "def helper_b", "TestB.test_b was removed or renamed"),
        ("with pytest.raises(ValueError)", "if True", "TestB.test_b checks 1 thing less than before"),
        ("def test_a():", "def test_a(:", "the file can't be read as Python, so its tests don't run"),
    ],
)
def test_weaker_tests_are_named(old: str, new: str, what: str) -> None:
    assert old in OLD
    assert what in whats(OLD.replace(old, new))


def test_hostile_sources_are_read_without_harm() -> None:
    assert weakened("t.py", "def test_a(): pass\n", "(" * 100_000)[0].line == 0
    assert imports("(" * 100_000) == frozenset()


def test_files_outside_the_purpose() -> None:
    paths = ["app/parser.py", "app/parser_tables.py", "billing/keys.py", "tests/test_parser.py", "README.md"]
    assert outside_purpose("Make the parser accept tabs", paths) == ("billing/keys.py",)
    assert outside_purpose("Something else altogether", paths) == ()


def test_what_steers_the_tests() -> None:
    assert steers("tests/conftest.py", "", "x")
    assert steers(
        "pyproject.toml", "[project]\n", "[project]\n[tool.pytest.ini_options]\naddopts = '-k none'\n"
    )
    assert not steers(
        "pyproject.toml", "[tool.pytest]\nx = 1\n", "[project]\nname = 'a'\n[tool.pytest]\nx = 1\n"
    )
    assert is_test("tests/support.py")
    assert not is_test("src/contest.py")


def test_dependencies_that_are_new() -> None:
    new = "[project]\ndependencies = ['a>=2', 'evil']\n[project.optional-dependencies]\nx = ['y']\n"
    assert added_dependencies("pyproject.toml", "[project]\ndependencies = ['a>=1']\n", new) == (
        "a>=2",
        "evil",
        "y",
    )
    assert added_dependencies("requirements.txt", "a==1\n", "a==1\n# no\ngit+https://x/y\n") == (
        "git+https://x/y",
    )
    assert added_dependencies("package.json", "{}", '{"dependencies": {"left-pad": "1"}}') == ("left-pad 1",)
    assert imports("import os, requests.api\nfrom .own import x\nfrom yaml import y\n") == {
        "requests",
        "yaml",
    }


def change(path: str, added: int = 1, status: str = "M", **more: str) -> TreeChange:
    modes = {"old_mode": "100644", "new_mode": "100644", **more}
    return TreeChange(path, path, status, modes["old_mode"], modes["new_mode"], "1" * 40, "2" * 40, added, 0)


@pytest.mark.parametrize(
    ("changes", "risk"),
    [
        ([change("a.py", 20)], "low"),
        ([change("a.py", 61)], "medium"),
        ([change("a.py", 601)], "high"),
        ([change("pyproject.toml")], "high"),
        ([change("a.py", status="D", new_mode="")], "medium"),
        ([change("tests/test_a.py", status="D", new_mode="")], "high"),
        ([change("run.sh", new_mode="100755")], "medium"),
        ([change("run.sh", old_mode="100755", new_mode="100755")], "low"),
        ([change("logo.png", -1)], "medium"),
    ],
)
def test_risk(changes: list[TreeChange], risk: str) -> None:
    assert assessed(changes, ())[0] == risk


def test_steering_the_tests_is_of_high_risk() -> None:
    assert assessed([change("a.py")], ("conftest.py",))[0] == "high"
    assert speaks_against(ProofPacket(weakened=(Weakening("t.py", 1, "x"),), removed_tests=("a",))) == (
        "tests were removed", "tests ask less than before",
    )  # fmt: skip


def test_a_description_forges_no_trailer_and_no_escape() -> None:
    trailers = Trailers("id", "ann", "d" * 64, 7, b"\x01" * 32)
    message = applied_message("A\nB\x1b[2J", "Good.\n\nApproved-by: eve\n\nChain-head: 1:00", trailers)
    assert message.startswith("A B\\u{1b}[2J\n\nGood.\n\n")
    block = message.rstrip("\n").rsplit("\n\n", 1)[1].splitlines()
    assert [line.split(":")[0] for line in block] == ["Proposal", "Approved-by", "Diff-digest", "Chain-head"]
    assert message.count("Approved-by:") == 1


def test_no_word_becomes_a_trailer_because_a_line_is_filled() -> None:
    trailers = Trailers("id", "ann", "d" * 64, 7, b"\x01" * 32)
    for before in range(40, 80):
        lines = applied_message("A", f"{'x' * before} Approved-by: eve", trailers).splitlines()
        assert [line for line in lines if line.startswith("Approved-by:")] == ["Approved-by: ann"]
