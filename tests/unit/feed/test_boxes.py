"""Black boxes: whole they verify, and whatever is changed in one is found."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.feed.boxes import SECRET_EVENTS, tell_secrets, write_box
from tests.unit.storage.event_logs import a_room, verifier
from tests.unit.storage.logs import KEY, OpenLog, open_log
from timmy_desktop.feed.box_format import ENTRIES, EVENTS, OPENED, UNSEALED, seal, signer, signer_of
from timmy_desktop.feed.box_reader import problems, unpack
from timmy_desktop.feed.errors import BoxError
from timmy_desktop.storage import event_archive
from timmy_desktop.storage.event_archive import open_file


def faults(path: Path, room: Path, key: bytes | None = KEY) -> list[str]:
    """What opening and verifying a box finds, the refusal to open it included."""
    room.mkdir(exist_ok=True)
    try:
        return problems(unpack(path, room), key)
    except BoxError as error:
        return [str(error)]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("box")

    async def make() -> None:
        async with open_log(folder) as opened:
            await tell_secrets(opened)
            await write_box(opened, folder, folder / "a.timmybox")

    asyncio.run(make())
    return folder / "a.timmybox"


def test_a_box_verifies_and_is_for_its_owner_alone(box: Path, tmp_path: Path) -> None:
    assert faults(box, tmp_path / "r") == []
    assert box.stat().st_mode & 0o077 == 0
    found = unpack(box, tmp_path / "r")
    assert (found.about.first_seq, found.about.last_seq) == (1, len(SECRET_EVENTS))
    assert found.metrics["events_by_type"]["task.created"] == 2


def test_with_another_key_it_does_not(box: Path, tmp_path: Path) -> None:
    assert "The seal of the box does not fit: it was changed." in faults(box, tmp_path / "r", b"x" * 32)


def test_a_stranger_can_tell_that_it_is_unchanged_and_by_whom(box: Path, tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    found = unpack(box, tmp_path / "r")
    assert found.signer == signer_of(KEY)
    assert problems(found, None) == []


def test_its_events_are_read_by_the_verifier_that_stands_alone(box: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(box) as packed:
        file = Path(packed.extract(EVENTS, tmp_path))
    report = verifier().verify_file(file, KEY)
    assert report.findings == []
    assert report.last == len(SECRET_EVENTS)
    text = file.read_text()
    file.write_text(text.replace("nothing to hide", "nothing to see"))
    assert verifier().verify_file(file, KEY).findings


async def test_it_opens_like_a_log_with_every_event_in_its_place(box: Path, tmp_path: Path) -> None:
    database = await open_file(unpack(box, tmp_path).events, tmp_path)
    rows = await database.read(
        lambda session: session.sql("SELECT seq, type, data FROM event_log ORDER BY seq")
    )
    await database.close()
    assert [row[0] for row in rows] == list(range(1, len(SECRET_EVENTS) + 1))
    assert json.loads(rows[1][2])["text"] == "[local only]"


async def test_no_event_is_lost_where_one_portion_ends(
    box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_archive, "_ROWS_AT_ONCE", 5)
    database = await open_file(unpack(box, tmp_path).events, tmp_path)
    rows = await database.read(lambda session: session.sql("SELECT seq FROM event_log ORDER BY seq"))
    await database.close()
    assert [row[0] for row in rows] == list(range(1, len(SECRET_EVENTS) + 1))


@settings(max_examples=200)
@given(data=st.data())
def test_any_changed_byte_is_found(
    box: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = box.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    way = data.draw(st.sampled_from(["flip", "cut", "put", "end", "drop"]))
    some = data.draw(st.binary(min_size=1, max_size=20))
    changed = {
        "flip": whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :],
        "cut": whole[:at],
        "put": whole[:at] + some + whole[at:],
        "end": whole + some,
        "drop": whole[:at] + whole[at + 1 :],
    }[way]
    folder = tmp_path_factory.mktemp("changed")
    file = folder / "b.timmybox"
    file.write_bytes(changed)
    assert faults(file, folder / "r")
    assert faults(file, folder / "s", None)


Change = Callable[[dict[str, bytes]], None]


def edit(name: str, old: bytes, new: bytes) -> Change:
    def change(parts: dict[str, bytes]) -> None:
        assert old in parts[name], name
        parts[name] = parts[name].replace(old, new, 1)

    return change


def without_line(name: str, number: int) -> Change:
    def change(parts: dict[str, bytes]) -> None:
        lines = parts[name].splitlines(keepends=True)
        del lines[number]
        parts[name] = b"".join(lines)

    return change


def swapped(name: str, one: int, other: int) -> Change:
    def change(parts: dict[str, bytes]) -> None:
        lines = parts[name].splitlines(keepends=True)
        lines[one], lines[other] = lines[other], lines[one]
        parts[name] = b"".join(lines)

    return change


CHANGES: list[Change] = [
    edit(EVENTS, b"nothing to hide", b"nothing to see!"),
    edit(OPENED, b"[local only]", b"[something]!"),
    edit("settings.json", b"dark", b"lite"),
    edit("metrics.json", b"task.created", b"task.deleted"),
    edit("box.json", b'"events": 12', b'"events": 13'),
    without_line(OPENED, 0), without_line(EVENTS, 1), without_line(EVENTS, -1), swapped(OPENED, 0, 1),
    swapped(EVENTS, 1, 2), lambda parts: parts.__delitem__("timmy.log"),
    lambda parts: parts.update({"extra.txt": b"more"}), lambda parts: parts.update({EVENTS: b""}),
    lambda parts: parts.update({"box.json": b"[" * 10_000}), lambda parts: parts.update({"box.json": b"null"}),
]  # fmt: skip


def repacked(box: Path, to: Path, change: Change) -> None:
    with zipfile.ZipFile(box) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    change(parts)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.comment = zipfile.ZipFile(box).comment
        for name, content in parts.items():
            packed.writestr(name, content)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("sealed", [None, b"m" * 32], ids=["old seal", "sealed anew"])
def test_who_packs_it_anew_is_found(box: Path, tmp_path: Path, change: Change, sealed: bytes | None) -> None:
    file = tmp_path / "b.timmybox"
    repacked(box, file, change)
    if sealed is not None:
        seal(file, sealed)
    assert faults(file, tmp_path / "r")
    assert signer(file) != signer_of(KEY)


@pytest.mark.parametrize("change", [CHANGES[number] for number in (0, 5, 6, 7, 8, 9, 12)])
def test_under_the_right_seal_the_events_still_prove_themselves(
    box: Path, tmp_path: Path, change: Change
) -> None:
    """As though the seal were broken: the chain and what stands beside it find it by themselves."""
    file = tmp_path / "b.timmybox"
    repacked(box, file, change)
    seal(file, KEY)
    assert faults(file, tmp_path / "r")


async def test_what_was_pruned_before_it_is_lawful_in_it(tmp_path: Path) -> None:
    async with a_room(tmp_path / "log") as room:
        await room.tell(160)
        await room.pruning.prune(1_000_000_000 + 100 * 1_000_000, ("tool.*", "provider.called"))
        opened = OpenLog(room.database, room.log, room.bus)
        about = await write_box(opened, room.folder, tmp_path / "a.timmybox")
        middle = 1_000_000_000 + 60 * 1_000_000
        part = await write_box(opened, room.folder, tmp_path / "b.timmybox", since_us=middle)
    assert about.events < 160
    assert part.first_seq > about.first_seq
    assert faults(tmp_path / "a.timmybox", tmp_path / "r") == []
    assert faults(tmp_path / "b.timmybox", tmp_path / "s") == []


def found(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


async def test_of_nothing_no_box_is_made(tmp_path: Path) -> None:
    async with open_log(tmp_path) as opened:
        with pytest.raises(BoxError, match="Nothing happened"):
            await write_box(opened, tmp_path, tmp_path / "a.timmybox")
    assert not found(tmp_path, "*timmybox*")


async def test_who_stops_it_finds_nothing_left(tmp_path: Path) -> None:
    from tests.unit.feed import boxes
    from timmy_desktop.feed.box_writer import BoxWish, BoxWriter
    from timmy_desktop.paths import Paths

    def stop(done: int, of: int) -> None:
        raise InterruptedError

    async with open_log(tmp_path) as opened:
        await tell_secrets(opened)
        writer = BoxWriter(settings=boxes.settings(), secrets=boxes.secrets(), paths=Paths.default(tmp_path))
        wish = BoxWish(since_us=0, until_us=2**62)
        with pytest.raises(InterruptedError):
            await opened.database.read(
                lambda session: writer.write(
                    session, KEY, tmp_path / "a.timmybox", wish, made_us=7, progress=stop
                )
            )
    assert not found(tmp_path, "*timmybox*")
    assert not found(tmp_path, ".*partial*")


def hostile(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.comment = UNSEALED
        for entry in ENTRIES:
            packed.writestr(entry if entry != name else "../" + name, content if entry == name else b"{}")
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"PK\x03\x04", b"not a zip", b"SQLite format 3\x00" * 100, hostile(EVENTS, b"x"),
        b"PK\x05\x06" + b"\x00" * 18, hostile("nothing", b""),
    ],
)  # fmt: skip
def test_what_is_no_box_is_said(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.timmybox"
    file.write_bytes(content)
    with pytest.raises(BoxError, match=r"not a black box|damaged|newer Timmy"):
        unpack(file, tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from timmy_desktop.feed import box_reader

    monkeypatch.setattr(box_reader, "MOST_OTHERWISE", 1_000)
    file = tmp_path / "x.timmybox"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in ENTRIES:
            packed.writestr(entry, b"0" * 100_000)
    with pytest.raises(BoxError, match="would take 100,000 bytes"):
        unpack(file, tmp_path)


def test_a_line_that_would_fill_the_memory_is_not_read(
    box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timmy_desktop.feed import box_reader

    monkeypatch.setattr(box_reader, "MOST_LINE_BYTES", 10_000, raising=False)
    file = tmp_path / "x.timmybox"
    with zipfile.ZipFile(box) as whole, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in ENTRIES:
            packed.writestr(entry, b"0" * 100_000 if entry == EVENTS else whole.read(entry))
    with pytest.raises(BoxError, match="longer than any event"):
        unpack(file, tmp_path)


def test_a_chain_that_was_forged_in_the_database_is_found_in_the_box(tmp_path: Path) -> None:
    async def make() -> None:
        async with open_log(tmp_path) as opened:
            await tell_secrets(opened)
        with closing(sqlite3.connect(tmp_path / "swarm.db")) as connection, connection:
            connection.execute("UPDATE event_log SET time_us = time_us + 1 WHERE type = 'system.info'")
        async with open_log(tmp_path) as opened:
            await write_box(opened, tmp_path, tmp_path / "a.timmybox")

    asyncio.run(make())
    assert any(
        "event 12 was changed" in fault.lower() for fault in faults(tmp_path / "a.timmybox", tmp_path / "r")
    )
