"""Secrets seeded into tasks and settings are in no frame and in no box."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.feed.boxes import (
    API_KEY,
    INDENTED,
    LOCAL,
    PASSWORD,
    PREIMAGE,
    PRIVATE,
    SECRET_EVENTS,
    SEEDED,
    secrets,
    settings,
    tell_secrets,
    write_box,
)
from tests.unit.feed.feeds import OpenFeed, subscribed
from tests.unit.storage.logs import open_log
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.base import EventRecord, UnknownEvent
from timmy_desktop.feed.backlog import Backlog
from timmy_desktop.feed.clean_exports import cleaner
from timmy_desktop.feed.known_secrets import read_known
from timmy_desktop.feed.open_event import Openness
from timmy_desktop.feed.redaction import Redactor, withheld
from timmy_desktop.feed.server import FeedServer
from timmy_desktop.settings import Secrets
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_export import Format, export
from timmy_desktop.storage.event_filter import EventFilter
from timmy_desktop.supervisor import TaskSupervisor


@pytest.mark.parametrize("kept", [True, False], ids=["from before the start", "live"])
async def test_no_frame_holds_one(tmp_path: Path, kept: bool) -> None:
    supervisor = TaskSupervisor()
    async with open_log(tmp_path) as opened:
        if kept:
            await tell_secrets(opened)
        wanted = settings().model_copy(update={"feed_enabled": True, "feed_port": 0})
        server = FeedServer(
            bus=opened.bus, database=opened.database, clock=SystemClock(), supervisor=supervisor, secrets=secrets(),
            settings=wanted, data_dir=tmp_path,
        )  # fmt: skip
        await server.start()
        feed = OpenFeed(server, opened, wanted)
        token = (tmp_path / "feed.token").read_text()
        async with feed.client(token) as client:
            await subscribed(client, after=0)
            if not kept:
                await tell_secrets(opened)
            frames, count = [], 0
            while count < len(SECRET_EVENTS):
                frames.append(str(await client.recv()))
                count += len(json.loads(frames[-1])["events"])
        await server.stop()
        await supervisor.close()
    text = "".join(frames)
    for secret in (*SEEDED, token, API_KEY[:12]):
        assert secret not in text
    assert "nothing to hide" in text
    events = {event["type"]: event for frame in frames for event in json.loads(frame)["events"]}
    completed = events["task.completed"]
    assert completed["data"]["result"] == "[local only]"
    assert (completed["data"]["provider"], completed["data"]["duration_ms"]) == ("embedded", 5)
    assert events["payment.settled"]["data"]["preimage"] == "[redacted]"
    assert completed["task_id"] == LOCAL


async def test_no_box_holds_one(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    line = f"2026-01-01 00:00:00,000 WARNING x: key {API_KEY} and {PASSWORD}\n    {PRIVATE}\n        {INDENTED}\n"
    (logs / "timmy.log").write_text(line)
    async with open_log(tmp_path) as opened:
        await tell_secrets(opened)
        about = await write_box(opened, tmp_path, tmp_path / "a.timmybox")
    with zipfile.ZipFile(tmp_path / "a.timmybox") as box:
        texts = {name: box.read(name).decode() for name in box.namelist()}
    for name, text in texts.items():
        for secret in (*SEEDED, API_KEY[:12], "k" * 32):
            assert secret not in text, name
    assert "WARNING x: key [redacted]" in texts["timmy.log"]
    assert "example.test" in texts["settings.json"]
    assert about.events == len(SECRET_EVENTS)
    assert 0 < about.redacted < about.events


@pytest.mark.parametrize("form", ["csv", "jsonl", "otel"])
async def test_no_export_holds_one(tmp_path: Path, form: Format) -> None:
    out = tmp_path / "events"
    async with open_log(tmp_path) as opened:
        await tell_secrets(opened)

        def write(session: Session) -> int:
            clean = cleaner(session, settings(), secrets(), tmp_path)
            return export(session, out, form, EventFilter(), key=b"", made_us=0, clean=clean)

        written = await opened.database.read(write)
    text = out.read_text()
    assert written == len(SECRET_EVENTS)
    assert "[redacted]" in text or form == "otel"  # of words, spans hold few
    for secret in (*SEEDED, API_KEY[:12]):
        # What was said in private is the owner's own, who exports it for himself.
        assert secret == PRIVATE or secret not in text, secret


def test_where_nothing_may_leave_no_task_says_anything() -> None:
    everything = Openness(Redactor(), all_local=True)
    assert everything.data("task.completed", "any", {"result": PRIVATE}) == {"result": "[local only]"}
    assert everything.data("system.info", "", {"message": "kept"}) == {"message": "kept"}


def test_what_timmy_asks_of_a_tool_in_a_conversation_is_nobody_elses_business() -> None:
    """The event does not say whether that conversation is local only, and the task's text is in it."""
    seen = Openness(Redactor()).data("tool.called", "", {"tool": "post_task", "arguments": {"text": PRIVATE}})
    assert seen == {"tool": "post_task", "arguments": {"[local only] 1": "[local only]"}}
    assert withheld({"text": PRIVATE, "n": 1, "list": [PRIVATE], "map": {PRIVATE: PRIVATE}, "provider": "p"}) == {
        "text": "[local only]", "n": 1, "list": ["[local only]"], "map": {"[local only] 1": "[local only]"},
        "provider": "p",
    }  # fmt: skip
    assert withheld({"tool": "not a name but words"}) == {"tool": "[local only]"}


@given(before=st.text(max_size=30), after=st.text(max_size=30))
def test_a_known_secret_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert API_KEY not in Redactor([API_KEY]).text(f"{before}{API_KEY}{after}")


@given(
    values=st.recursive(
        st.text() | st.integers() | st.booleans() | st.none(),
        lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    )
)
def test_any_value_comes_through_as_a_value(values: object) -> None:
    json.dumps(Redactor([API_KEY], home="/home/me").value(values))
    json.dumps(withheld(values))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("sk-proj-abcdefghij123", "[redacted]"), ("see https://u:p4ss@h/x", "see https://[redacted]@h/x"),
        ("Authorization: Bearer abcdefgh12", "Authorization: Bearer [redacted]"), ("api_key = 'abcd1234'", "api_key = '[redacted]'"),
        ("/home/me/notes and /home/meera", "~/notes and /home/meera"), ("tokens: 12 of 40", "tokens: 12 of 40"),
        ("a token was found", "a token was found"), ("risk-averse and task-list", "risk-averse and task-list"),
        ("caf" + "e" * 61, "caf" + "e" * 61), (PREIMAGE, PREIMAGE), ("desk-lamp-shade-holder", "desk-lamp-shade-holder"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_and_what_does_not(text: str, seen: str) -> None:
    assert Redactor(home="/home/me").text(text) == seen


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("X-Api-Key", True), ("accessToken", True), ("clientSecret", True), ("Set-Cookie", True), ("auth token", True),
        ("db.password", True), ("tokensIn", False), ("tokens-out", False), ("author", False), ("keyboard", False),
    ],
)  # fmt: skip
def test_a_name_says_so_however_it_is_written(name: str, is_secret: bool) -> None:
    assert Redactor().value({name: "abcdef123456"}) == {name: "[redacted]" if is_secret else "abcdef123456"}


async def test_what_was_said_in_private_is_found_where_a_secret_is_in_it(tmp_path: Path) -> None:
    said = f"password: {API_KEY} opens the gate behind the old mill"
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/timmy.log").write_text(f"2026-01-01 00:00:00,000 WARNING x: {said}\n")
    async with open_log(tmp_path) as opened:
        await tell_secrets(opened)
        await opened.bus.publish(
            work=lambda session: session.sql("UPDATE tasks SET text = ? WHERE id = ?", (said, LOCAL))
        )
        await write_box(opened, tmp_path, tmp_path / "a.timmybox")
    with zipfile.ZipFile(tmp_path / "a.timmybox") as box:
        log = box.read("timmy.log").decode()
    assert "old mill" not in log
    assert "WARNING x: [redacted]" in log


def test_an_event_of_an_unknown_type_is_opened_like_any_other() -> None:
    backlog = Backlog(5, Openness(Redactor([API_KEY]), local_tasks=[LOCAL]))
    event = UnknownEvent(
        type_name=f"later.{API_KEY}", type_version=3, task_id=LOCAL, source=API_KEY, data={"note": PRIVATE}
    )
    values = json.loads(backlog.encoded(EventRecord(1, 2, event, b"")))
    assert values["type"] == "later.[redacted]"
    assert (values["version"], values["source"], values["data"]) == (
        3,
        "[redacted]",
        {"note": "[local only]"},
    )
    assert backlog.type_name(EventRecord(1, 2, event, b"")) == "later.[redacted]"


def test_the_secret_of_a_lightning_node_is_known_and_its_password_alone(tmp_path: Path) -> None:
    kept = Secrets({"TIMMY_SECRET_LIGHTNING": "user:pass-word-of-the-node"})
    redactor = Redactor(read_known(settings(), kept, tmp_path, "log"))
    assert redactor.text("user:pass-word-of-the-node") == "[redacted]"
    assert redactor.text("it is pass-word-of-the-node") == "it is [redacted]"
