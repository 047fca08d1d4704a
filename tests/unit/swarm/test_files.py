"""The gate to the opened folder, and the tools that read through it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.secret_files import is_secret
from timmy_desktop.swarm.errors import ToolError, WorkspaceError
from timmy_desktop.swarm.personas import ALL_TOOLS, CHANGE_TOOLS, PAY
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.tools.base import MOST_CHARACTERS
from timmy_desktop.swarm.tools.search import SearchFiles
from timmy_desktop.swarm.tools.workspace import Workspace, is_protected


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "src"
    (top / "deep/er").mkdir(parents=True)
    (top / "a.py").write_text("one\nTwo\r\nthree\n")
    (top / "deep/er/b.txt").write_text("needle here\n")
    (tmp_path / "src_evil").mkdir()
    (tmp_path / "src_evil/x").write_text("needle outside\n")
    (top / "out").symlink_to(tmp_path / "src_evil")
    (top / "outfile").symlink_to(tmp_path / "src_evil/x")
    (top / "within").symlink_to(top / "deep")
    return top


@pytest.fixture
async def tools(top: Path) -> AsyncIterator[Toolbox]:
    box = Toolbox(workspace=Workspace(top))
    yield box
    await box.stop()


async def use(tools: Toolbox, name: str, **arguments: Any) -> str:
    return await asyncio.wait_for(tools.run(name, arguments, ALL_TOOLS), 20)


@pytest.mark.parametrize(
    "path",
    ["..", "../src_evil/x", "deep/../../src_evil/x", "out/x", "outfile", "/etc/passwd", "out", "/", "a\0b"],
)
async def test_nothing_outside_is_reached(tools: Toolbox, path: str) -> None:
    for name in ("read_file", "list_files"):
        with pytest.raises(ToolError, match=r"outside|is not a path"):
            await use(tools, name, path=path)
    with pytest.raises(ToolError, match=r"outside|is not a path"):
        await use(tools, "search_files", pattern="needle", path=path)


async def test_a_folder_beside_with_the_same_beginning_is_outside(top: Path, tools: Toolbox) -> None:
    with pytest.raises(ToolError, match="outside"):
        await use(tools, "read_file", path=f"{top}_evil/x")
    assert await use(tools, "read_file", path=f"{top}/a.py") == "1\tone\n2\tTwo\n3\tthree"


@given(
    st.lists(
        st.sampled_from(["..", ".", "deep", "er", "out", "within", "outfile", "x", "a.py", "", "~"]),
        max_size=9,
    )
)
def test_whatever_the_path_its_place_is_inside(parts: list[str]) -> None:
    base = Path(os.environ["HOME"]) / "gate"
    top = base / "src"
    (top / "deep/er").mkdir(parents=True, exist_ok=True)
    (base / "src_evil").mkdir(exist_ok=True)
    for name, target in (("out", base / "src_evil"), ("within", top / "deep")):
        if not (top / name).is_symlink():
            (top / name).symlink_to(target)
    workspace = Workspace(top)
    try:
        place = workspace.locate("/".join(parts))
    except WorkspaceError:
        return
    assert ".." not in place.parts
    assert not place.is_absolute()
    assert Path(os.path.realpath(top / place)).is_relative_to(top)


async def test_links_that_end_inside_are_followed(tools: Toolbox) -> None:
    assert await use(tools, "read_file", path="within/er/b.txt") == "1\tneedle here"


async def test_a_link_put_in_after_the_check_is_not_followed(top: Path, tmp_path: Path) -> None:
    workspace = Workspace(top)
    place = workspace.locate("deep/er/b.txt")
    (top / "deep/er/b.txt").unlink()
    (top / "deep/er").rmdir()
    (top / "deep/er").symlink_to(tmp_path / "src_evil")
    (tmp_path / "src_evil/b.txt").write_text("outside")
    with pytest.raises(WorkspaceError):
        workspace.read_bytes(place)


async def test_special_huge_and_binary_files_are_refused_at_once(top: Path, tools: Toolbox) -> None:
    os.mkfifo(top / "pipe")
    with (top / "huge").open("wb") as huge:
        huge.truncate(1 << 30)
    (top / "image").write_bytes(b"\x89PNG\0\0")
    for path, words in (
        ("pipe", "not an ordinary file"),
        ("huge", "1,073,741,824 bytes"),
        ("image", "binary"),
    ):
        with pytest.raises(ToolError, match=words):
            await use(tools, "read_file", path=path)
    with pytest.raises(ToolError, match="is a folder"):
        await use(tools, "read_file", path="deep")
    with pytest.raises(ToolError, match="There is no"):
        await use(tools, "read_file", path="nothing")
    listed = await use(tools, "list_files")
    assert "pipe (special)" in listed
    assert "out (link)" in listed
    found = await use(tools, "search_files", pattern="needle")
    assert found == "deep/er/b.txt:1: needle here\n[1 files above 1,000,000 bytes were skipped.]"


async def test_devices_are_refused() -> None:
    box = Toolbox(workspace=Workspace(Path("/dev")))
    with pytest.raises(ToolError, match="not an ordinary file"):
        await box.run("read_file", {"path": "zero"}, ALL_TOOLS)
    await box.stop()


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "deep/.env.local",
        "id_rsa",
        "server.pem",
        ".ssh/config",
        "x/.AWS/credentials",
        ".git/config",
        "ID_ED25519",
    ],
)
async def test_secrets_and_gits_own_files_are_not_read(top: Path, tools: Toolbox, path: str) -> None:
    (top / path).parent.mkdir(parents=True, exist_ok=True)
    (top / path).write_text("needle secret")
    with pytest.raises(ToolError, match=r"keys or passwords|git's own"):
        await use(tools, "read_file", path=path)
    assert "secret" not in await use(tools, "search_files", pattern="needle")
    (top / "innocent").symlink_to(top / path)
    with pytest.raises(ToolError, match=r"keys or passwords|git's own"):
        await use(tools, "read_file", path="innocent")


def test_what_is_made_to_be_shared_is_no_secret() -> None:
    assert not is_secret(PurePosixPath(".env.example"))
    assert not is_secret(PurePosixPath("id_rsa.pub"))
    assert not is_protected(PurePosixPath("src/environment.py"))
    assert not is_protected(PurePosixPath(".gitignore"))


KEY = (
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n\n"
    "MIIEhush+/hush\nhush==\n-----END RSA PRIVATE KEY-----\n"
)


async def test_private_keys_are_left_out_wherever_a_reading_begins(top: Path, tools: Toolbox) -> None:
    (top / "notes.txt").write_text(f"before\r\n{KEY}after \xe9\n")
    (top / "one.json").write_text('{"key": "' + KEY.replace("\n", "\\n") + '", "x": 1}')
    whole = (await use(tools, "read_file", path="notes.txt")).splitlines()
    assert whole[0] == "1\tbefore"
    assert whole[1] == "2\t-----BEGIN RSA PRIVATE KEY-----"
    assert whole[2:7] == ["3\t[left out]", "4\t[left out]", "5\t", "6\t[left out]", "7\t[left out]"]
    assert whole[7:] == ["8\t-----END RSA PRIVATE KEY-----", "9\tafter \xe9"]
    for first in range(2, 9):
        text = await use(tools, "read_file", path="notes.txt", first_line=first)
        assert "hush" not in text
        assert "after" in text
    for regex in (False, True):
        assert await use(tools, "search_files", pattern="hush", regex=regex) == "Nothing found."
        assert await use(tools, "search_files", pattern="after", regex=regex) == "notes.txt:9: after \xe9"
        found = await use(tools, "search_files", pattern="PRIVATE KEY", regex=regex, glob="notes*")
        assert [line.split(" ")[0] for line in found.splitlines()] == ["notes.txt:2:", "notes.txt:8:"]
    assert '", "x": 1}' in await use(tools, "read_file", path="one.json")
    assert "hush" not in await use(tools, "read_file", path="one.json")


async def test_ranges_cuts_and_long_lines_say_so(top: Path, tools: Toolbox) -> None:
    (top / "long").write_text("\n".join(f"line {n} " + "x" * 1000 for n in range(1, 1001)))
    text = await use(tools, "read_file", path="long", first_line=5, last_line=6)
    assert text.startswith("5\tline 5 xxx")
    assert "[…]" in text
    assert text.endswith("[Lines 5 to 6 of 1000.]")
    whole = await use(tools, "read_file", path="long")
    assert len(whole) < MOST_CHARACTERS + 200
    assert "was cut here" in whole
    with pytest.raises(ToolError, match="1000 lines"):
        await use(tools, "read_file", path="long", first_line=1001)


async def test_names_and_lines_that_steer_a_terminal_are_inert(top: Path, tools: Toolbox) -> None:
    (top / "evil\x1b[2J\nname").write_text("x\x1b]0;owned\x07\n")
    assert "\x1b" not in await use(tools, "list_files")
    assert "\x1b" not in await use(tools, "search_files", pattern="owned")


async def test_searching_by_text_regex_case_and_name(top: Path, tools: Toolbox) -> None:
    assert await use(tools, "search_files", pattern="tWO") == "a.py:2: Two"
    assert await use(tools, "search_files", pattern="tWO", match_case=True) == "Nothing found."
    assert await use(tools, "search_files", pattern="^t(wo|hree)$", regex=True) == "a.py:3: three"
    assert (
        await use(tools, "search_files", pattern="^t(wo|hree).?$", regex=True) == "a.py:2: Two\na.py:3: three"
    )
    assert await use(tools, "search_files", pattern="e", glob="*.txt") == "deep/er/b.txt:1: needle here"
    assert (
        await use(tools, "search_files", pattern="needle", path="deep/er/b.txt")
        == "deep/er/b.txt:1: needle here"
    )
    with pytest.raises(ToolError, match="not a POSIX"):
        await use(tools, "search_files", pattern="(", regex=True)
    with pytest.raises(ToolError, match="one line"):
        await use(tools, "search_files", pattern="a\nb")


async def test_regex_matches_keep_their_files_apart(top: Path, tools: Toolbox) -> None:
    for number in range(20):
        (top / f"n{number:02}").write_text(f"first\nmark {number}" + ("\n" if number % 2 else ""))
    found = await use(tools, "search_files", pattern="mark [0-9]+", regex=True, glob="n*")
    assert found.splitlines() == [f"n{number:02}:2: mark {number}" for number in range(20)]


async def test_too_many_matches_are_cut_with_a_word(top: Path, tools: Toolbox) -> None:
    (top / "many").write_text("hit\n" * 500)
    for regex in (False, True):
        found = (await use(tools, "search_files", pattern="hit", regex=regex)).splitlines()
        assert len(found) == 101
        assert "Only the first 100" in found[-1]


async def test_a_search_has_a_time_limit(top: Path) -> None:
    box = Toolbox(workspace=Workspace(top), families=[lambda w, e: (SearchFiles(w, e, seconds=-1.0),)])
    for arguments in ({"pattern": "needle"}, {"pattern": "needle", "glob": "no file's name"}):
        assert "at its limit" in await box.run("search_files", arguments, ["search_files"])
    await box.stop()


async def test_a_tool_not_given_to_the_agent_is_not_there(tools: Toolbox) -> None:
    with pytest.raises(ToolError, match="The tools are: list_files"):
        await tools.run("read_file", {"path": "a.py"}, ["list_files"])
    assert [spec.name for spec in tools.specs(["list_files", "unheard_of"])] == ["list_files"]
    assert set(tools.names) == {*ALL_TOOLS, *CHANGE_TOOLS, PAY}


async def test_arguments_are_checked_with_words(tools: Toolbox) -> None:
    with pytest.raises(ToolError, match="path: Field required"):
        await use(tools, "read_file")
    with pytest.raises(ToolError, match="first_line"):
        await use(tools, "read_file", path="a.py", first_line=0)
    with pytest.raises(ToolError, match="command"):
        await use(tools, "read_file", path="a.py", command="ls")
    assert tools.specs(["read_file"])[0].parameters["required"] == ["path"]


def test_no_folder_is_opened_until_the_person_opens_one(tmp_path: Path) -> None:
    workspace = Workspace()
    with pytest.raises(WorkspaceError, match="No folder is opened"):
        workspace.locate("x")
    with pytest.raises(WorkspaceError, match="There is no folder"):
        workspace.open(tmp_path / "none")
    workspace.open(tmp_path)
    assert workspace.folder == tmp_path
    workspace.close()
    assert workspace.folder is None
