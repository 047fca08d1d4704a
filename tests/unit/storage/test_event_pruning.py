"""Pruning, archives and exports: what goes is told and kept, and what is left still proves itself."""

from __future__ import annotations

import csv
import gzip
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.semconv._incubating.attributes import error_attributes, gen_ai_attributes
from opentelemetry.semconv.schemas import Schemas

from tests.unit.storage.event_logs import KEY, Room, a_room, changed, only, verifier
from timmy_desktop.events.system import LogPruned, SystemInfo
from timmy_desktop.storage import event_archive
from timmy_desktop.storage.chain_key import _start_mac
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_archive import archives, open_file
from timmy_desktop.storage.event_counts import summary
from timmy_desktop.storage.event_export import ENDINGS, Format, csv_lines, export, json_line, safe_cell
from timmy_desktop.storage.event_file import EventFileWriter, read_rows
from timmy_desktop.storage.event_filter import EventFilter
from timmy_desktop.storage.event_index import index_step
from timmy_desktop.storage.event_plan import want_removed, wanted
from timmy_desktop.storage.event_prune import EventPruning, remove
from timmy_desktop.storage.event_rows import LogRow, rows_between
from timmy_desktop.storage.event_saved import forget_filter, save_filter, saved_filters
from timmy_desktop.storage.event_spans import SCHEMA_URL, SEMCONV_VERSION, spans
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log, write_anchor

EVENTS = 240
START_US = 1_000_000_000
MIDDLE_US = START_US + 120 * 1_000_000
VERIFIER = verifier()
HOSTILE = "=1+1\x1b[31m\u202eevil\u2066\x00\x07<b>\r\n\t@SUM(A1)"


async def whole(room: Room) -> list[LogRow]:
    return await room.database.read(lambda session: list(rows_between(session, 1, 10**9)))


async def is_intact(room: Room) -> bool:
    room.anchor()
    path = room.folder / "swarm.db"
    report = await room.database.read(
        lambda session: verify_log(session, path, KEY, room.folder / ANCHOR_FILE)
    )
    alone = VERIFIER.verify(room.folder, KEY)
    assert report.intact == (not alone.findings), (report, alone)
    return report.intact


@pytest.fixture
async def room(tmp_path: Path) -> Any:
    async with a_room(tmp_path / "log") as opened:
        await opened.tell(EVENTS)
        yield opened


@pytest.mark.parametrize("types", [(), ("tool.*",), ("bid.submitted", "provider.called")], ids=str)
async def test_what_is_old_goes_and_the_rest_still_verifies(room: Room, types: tuple[str, ...]) -> None:
    before = await whole(room)

    def goes(row: LogRow) -> bool:
        named = not types or any(row.type == one or row.type.startswith(one.rstrip("*")) for one in types)
        return row.time_us < MIDDLE_US and named and not row.type.startswith("log.")

    plan = await room.pruning.plan(MIDDLE_US, types)
    pruned = await room.pruning.prune(MIDDLE_US, types)
    after = await whole(room)
    assert pruned.events == plan.events == sum(map(goes, before)) > 10
    assert after[:-1] == [row for row in before if not goes(row)]
    told = after[-1]
    assert told.type == LogPruned.type
    assert told.values()["events"] == pruned.events
    assert sum(told.values()["by_type"].values()) == pruned.events
    assert told.values()["archive"] == (pruned.archive.name if pruned.archive else "")
    assert await is_intact(room)


async def test_counters_and_words_forget_what_went(room: Room) -> None:
    await room.pruning.prune(MIDDLE_US, ("tool.*", "task.*"))
    await room.index.catch_up()
    tables = ("event_facets", "event_minutes", "event_hours", "event_blocks")

    def read(session: Any) -> list[Any]:
        return [session.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

    kept = await room.database.read(read)
    found = await room.found(only("text", "lantern"))

    def build_anew(session: Any) -> None:
        for table in tables:
            session.sql(f"DELETE FROM {table}")
        session.sql("INSERT INTO event_text(event_text) VALUES ('delete-all')")
        session.sql("DELETE FROM meta WHERE name = 'events_indexed'")
        while index_step(session):
            pass

    await room.database.write(build_anew)
    assert await room.database.read(read) == kept
    assert await room.found(only("text", "lantern")) == found


async def test_no_word_of_what_went_stays_in_any_file(room: Room) -> None:
    """FTS5 keeps the words of what was deleted until its pieces are merged, and a new event's beside them."""
    await room.say(SystemInfo(source="x", message="The zanzibarquokka sleeps"))
    await room.index.catch_up()
    room.clock.seconds += 10
    await room.say(SystemInfo(source="x", message="The wombatpalimpsest wakes"))
    await room.index.catch_up()
    assert b"zanzibarquokka" in await bytes_of(room)
    await room.pruning.prune(room.clock.now_us() - 5_000_000, archive=False)
    assert b"zanzibarquokka" not in await bytes_of(room)
    assert b"wombatpalimpsest" in await bytes_of(room)
    assert await room.found(only("text", "wombatpalimpsest")) == [room.log.head[0] - 1]
    assert await is_intact(room)


async def bytes_of(room: Room) -> bytes:
    # FTS5 writes of a word only what the one before has not.
    blocks = await room.database.read(lambda session: session.sql("SELECT block FROM event_text_data"))
    files = [path.read_bytes() for path in room.folder.glob("swarm.db*") if path.suffix != ".db-shm"]
    return b"".join((*files, *(row[0] for row in blocks)))


async def test_events_that_are_wanted_gone_are_removed_one_by_one(room: Room) -> None:
    before = await whole(room)
    gone = {before[7].seq, before[8].seq, before[100].seq, before[-1].seq}
    await room.database.write(lambda session: want_removed(session, [*gone, 10**6]))
    pruned = await room.pruning.remove_wanted()
    after = await whole(room)
    assert (pruned.events, pruned.archive) == (4, None)
    assert after[:-1] == [row for row in before if row.seq not in gone]
    told = after[-1].values()
    assert (told["gaps"], told["before_us"], told["first_seq"]) == (4, 0, min(gone))
    assert await room.database.read(wanted) == []
    assert await is_intact(room)
    # A prune over the holes, and another wish, fit too.
    await room.pruning.prune(MIDDLE_US)
    await room.database.write(lambda session: want_removed(session, [before[150].seq, after[-1].seq]))
    assert (await room.pruning.remove_wanted()).events == 1, "the log's own events stay"
    assert (await room.pruning.remove_wanted()).events == 0
    assert await is_intact(room)


async def test_a_log_that_was_pruned_before_its_key_was_lost_is_not_broken(tmp_path: Path) -> None:
    other, folder = b"n" * 32, tmp_path / "log"
    async with a_room(folder) as room:
        await room.tell(60)
        await room.pruning.prune(START_US + 30 * 1_000_000, archive=False)
    change = "INSERT INTO meta VALUES ('chain_start', ?)"
    changed(folder, lambda db: db.execute(change, (f"61:{_start_mac(other, 61)}",)))
    async with a_room(folder, key=other) as room:
        await room.tell(20)
        assert await found_in(room, other) == ([], [], 61)
        # Under the new key all is proven as ever, also of events that the old one covered.
        await room.pruning.prune(START_US + 45 * 1_000_000, archive=False)
        assert await found_in(room, other) == ([], [], 61)
    changed(folder, lambda db: db.execute("UPDATE event_gaps SET mac = ? WHERE first_seq > 61", (bytes(32),)))
    async with a_room(folder, key=other) as room:
        mine, alone, _ = await found_in(room, other)
        assert mine
        assert alone
        assert "not by the application" in mine[0] + alone[0]


async def found_in(room: Room, key: bytes) -> tuple[list[str], list[str], int]:
    """What the application and the stand-alone verifier find, and how many events can't be verified."""
    anchor = room.folder / ANCHOR_FILE
    write_anchor(anchor, key, *room.log.head)
    path = room.folder / "swarm.db"
    report = await room.database.read(lambda session: verify_log(session, path, key, anchor))
    alone = VERIFIER.verify(room.folder, key)
    return [report.problem] * (not report.intact), [one.problem for one in alone.findings], report.unverified


async def test_the_logs_own_events_are_never_pruned(room: Room) -> None:
    await room.pruning.prune(MIDDLE_US, ("tool.*",))
    room.clock.seconds += 10_000
    await room.pruning.prune(room.clock.now_us(), ("log.*",))
    await room.pruning.prune(room.clock.now_us())
    rows = await whole(room)
    assert [row.type for row in rows] == [LogPruned.type] * 2
    assert await is_intact(room)
    assert (await room.pruning.prune(room.clock.now_us())).events == 0


async def test_a_removal_that_was_interrupted_is_ended(room: Room) -> None:
    """Whether the process died before, between or after the steps: it verifies, and then it is done."""
    await room.index.catch_up()
    plan = await room.pruning.plan(MIDDLE_US)
    steps: list[str] = []

    def stop_after_first(words: str, done: int, total: int) -> None:
        steps.append(words)
        if words == "Removing events":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await room.pruning.prune(MIDDLE_US, archive=False, progress=stop_after_first)
    assert await is_intact(room)
    again = EventPruning(
        bus=room.bus, log=room.log, database=room.database, index=room.index, clock=room.clock,
        supervisor=None, archives=room.archives,
    )  # type: ignore[arg-type] # fmt: skip
    await again._finish(lambda *_: None)
    assert await is_intact(room)
    assert (await whole(room))[0].seq > plan.stretches[-1].last - 1


async def test_a_stretch_that_waits_for_its_removal_verifies(room: Room) -> None:
    """All the rows are still there: told, but not carried out."""
    await room.index.catch_up()
    plan = await room.pruning.plan(MIDDLE_US, ("tool.*",))
    from timmy_desktop.storage.event_gaps import digest_of

    await room.pruning._tell(plan, digest_of(KEY, plan.stretches), None)
    assert await is_intact(room)
    await room.database.write(lambda session: remove(session, plan.stretches[:3]))
    assert await is_intact(room)
    await room.database.write(lambda session: remove(session, plan.stretches[3:]))
    assert await is_intact(room)


async def test_what_changed_meanwhile_is_not_pruned(room: Room) -> None:
    await room.index.catch_up()
    plan = await room.pruning.plan(MIDDLE_US)
    await room.database.write(
        lambda session: session.sql("DELETE FROM event_log WHERE seq = ?", (plan.stretches[0].last,))
    )
    before = len(await whole(room))
    with pytest.raises(StorageError, match="nothing was removed"):
        await room.pruning._tell(plan, "ab" * 32, None)
    assert len(await whole(room)) == before


async def test_an_archive_has_what_went_and_opens_like_the_log(room: Room, tmp_path: Path) -> None:
    before = await whole(room)
    pruned = await room.pruning.prune(MIDDLE_US, ("tool.*",))
    assert pruned.archive is not None
    rows = [row for row in read_rows(pruned.archive) if isinstance(row, LogRow)]
    assert rows == [row for row in before if row.type.startswith("tool.") and row.time_us < MIDDLE_US]
    assert VERIFIER.verify(pruned.archive, KEY).findings == []
    listed = await room.database.read(lambda session: archives(session, room.archives))
    assert [(one.path, one.rows) for one in listed] == [(pruned.archive, len(rows))]
    assert pruned.archive.stat().st_mode & 0o077 == 0
    (tmp_path / "into").mkdir()
    opened = await open_file(pruned.archive, tmp_path / "into")
    try:
        counted = await opened.read(lambda session: summary(session, 0))
        assert sum(one.count for one in counted) == len(rows)
    finally:
        await opened.close()


async def test_what_is_no_archive_is_not_opened(tmp_path: Path) -> None:
    row = {
        "seq": 2**70,
        "time_us": 1,
        "type": "a.b",
        "version": 1,
        "source": "",
        "task_id": "",
        "agent_id": "",
    }
    huge = json.dumps({**row, "data": "{}", "hash": ""})
    heads = ("", "{}", "[]\n", "[" * 90_000)
    rows = ('{"seq": "x"}', huge, "[" * 90_000)
    for number, content in enumerate((*heads, *(f'{{"timmy_log": 1}}\n{row}\n' for row in rows))):
        file = tmp_path / f"{number}.jsonl"
        file.write_text(content)
        into = tmp_path / f"into{number}"
        into.mkdir()
        with pytest.raises(StorageError):
            await open_file(file, into)
        with pytest.raises(VERIFIER.UnusableError):
            VERIFIER.verify(file, KEY)


async def test_a_line_too_deep_to_be_read_is_found(room: Room, tmp_path: Path) -> None:
    pruned = await room.pruning.prune(MIDDLE_US)
    assert pruned.archive is not None
    head, *rest = gzip.decompress(pruned.archive.read_bytes()).splitlines(keepends=True)
    spoilt = tmp_path / "spoilt.jsonl"
    spoilt.write_bytes(b"".join((head, b"[" * 90_000 + b"\n", *rest)))
    assert any("can't be read" in found.problem for found in VERIFIER.verify(spoilt, KEY).findings)


async def test_an_archive_is_read_while_the_window_goes_on(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To unpack and parse five thousand events takes longer than the window may wait."""
    read_on: set[threading.Thread] = set()

    def read(path: Path) -> Iterator[object]:
        for row in read_rows(path):
            read_on.add(threading.current_thread())
            yield row

    pruned = await room.pruning.prune(MIDDLE_US)
    assert pruned.archive is not None
    monkeypatch.setattr(event_archive, "read_rows", read)
    (tmp_path / "into").mkdir()
    opened = await open_file(pruned.archive, tmp_path / "into")
    await opened.close()
    assert read_on
    assert threading.main_thread() not in read_on


async def test_a_full_disk_leaves_no_archive_and_removes_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EventFileWriter, "row", full)
    before = await whole(room)
    with pytest.raises(OSError, match="No space"):
        await room.pruning.prune(MIDDLE_US)
    assert await whole(room) == before
    assert list(room.archives.iterdir()) == []


# Exports


async def exported(room: Room, form: Format, wanted: EventFilter | None = None) -> str:
    path = room.folder / f"out{ENDINGS[form]}"
    await room.database.read(
        lambda session: export(session, path, form, wanted or EventFilter(), key=KEY, made_us=1)
    )
    assert path.stat().st_mode & 0o077 == 0
    return path.read_text() if form != "verifiable" else ""


async def test_a_table_is_safe_to_open(room: Room) -> None:
    await room.say(SystemInfo(source="=cmd", message=HOSTILE))
    text = await exported(room, "csv")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == EVENTS + 2
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
        assert cell.isprintable(), cell
    assert rows[-1][4] == "'=cmd"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n=1"])
def test_a_formula_is_text(text: str) -> None:
    assert not safe_cell(text).lstrip().startswith(("=", "+", "-", "@"))


async def test_lines_are_ascii_and_complete(room: Room) -> None:
    await room.say(SystemInfo(source="x", message=HOSTILE))
    text = await exported(room, "jsonl")
    lines = text.splitlines()
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(lines[-1])["data"]["message"] == HOSTILE
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, EVENTS + 2))
    assert "preimage" not in text, "what proves a payment stays at home"


async def test_an_export_holds_what_passes_the_filter(room: Room) -> None:
    lines = (await exported(room, "jsonl", only("type", "tool.*"))).splitlines()
    assert {json.loads(line)["type"].partition(".")[0] for line in lines} == {"tool"}


async def test_an_export_that_fails_leaves_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_desktop.storage.event_export._write_csv", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await exported(room, "csv")
    assert [path.name for path in room.folder.iterdir() if "out" in path.name] == []


async def test_the_clipboard_gets_the_same(room: Room) -> None:
    rows = (await whole(room))[:3]
    assert len(csv_lines(rows).splitlines()) == 4
    assert json.loads(json_line(rows[0]))["hash"] == rows[0].hash.hex()


# Spans


async def test_spans_have_the_names_of_the_conventions(room: Room) -> None:
    known = {
        value
        for module in (gen_ai_attributes, error_attributes)
        for value in vars(module).values()
        if isinstance(value, str)
    }
    rows = await whole(room)
    found = list(spans(iter(rows)))
    names = {attribute["key"] for span in found for attribute in span["attributes"]}
    assert {name for name in names if not name.startswith("timmy.")} <= known
    assert {"gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.tool.name", "gen_ai.agent.id"} <= names
    assert SCHEMA_URL in {schema.value for schema in Schemas}
    assert SCHEMA_URL.endswith(SEMCONV_VERSION)


async def test_spans_belong_to_their_task(room: Room) -> None:
    rows = await whole(room)
    found = list(spans(iter(rows)))
    ids = [span["spanId"] for span in found]
    assert len(set(ids)) == len(ids)
    for span in found:
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert len(span["traceId"]) == 32
        assert len(span["spanId"]) == 16
    ended = {span["spanId"]: span["traceId"] for span in found if span["name"].startswith("invoke_agent")}
    children = [span for span in found if span.get("parentSpanId") in ended]
    assert children
    assert all(span["traceId"] == ended[span["parentSpanId"]] for span in children)
    calls = sum(row.type == "provider.called" for row in rows)
    assert sum(span["name"].startswith("chat") for span in found) == calls


async def test_a_file_of_spans_is_otlp(room: Room) -> None:
    await room.say(SystemInfo(source="x", message=HOSTILE))
    for line in (await exported(room, "otel")).splitlines():
        request = json.loads(line)
        scope = request["resourceSpans"][0]["scopeSpans"][0]
        assert scope["schemaUrl"] == SCHEMA_URL
        assert scope["spans"]


# Saved filters


async def test_filters_are_kept_by_name(room: Room) -> None:
    wanted = only("type", "tool.*")
    name = await room.database.write(lambda session: save_filter(session, "my\x1b tools", wanted))
    assert "\x1b" not in name
    await room.database.write(lambda session: session.sql("INSERT INTO event_filters VALUES ('bad', '[]')"))
    assert await room.database.read(saved_filters) == {name: wanted}
    await room.database.write(lambda session: forget_filter(session, name))
    assert await room.database.read(saved_filters) == {}
