"""`timmy-desktop follow`: goes on after every break, and nothing that it prints can steer a terminal."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import serve

from tests.conditions import eventually
from tests.unit.feed.feeds import TOKEN, open_feed
from timmy_desktop.cli import main
from timmy_desktop.cli.follow import Printer, lines_of
from timmy_desktop.feed import proof
from timmy_desktop.feed.errors import RefusedError
from timmy_desktop.feed.follower import Following
from timmy_desktop.feed.selection import Selection

HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u2028\r\n\x9b31m"


class Heard:
    """Collects what a following shows, and ends it after so many events."""

    def __init__(self, most: int) -> None:
        self.seqs: list[int] = []
        self.messages: list[dict[str, Any]] = []
        self.breaks: list[str] = []
        self._most = most

    def show(self, message: dict[str, Any]) -> bool:
        self.messages.append(message)
        self.seqs += [event["seq"] for event in message.get("events", [])]
        return len(self.seqs) < self._most

    @property
    def is_following(self) -> bool:
        return bool(self.messages) and self.messages[-1]["kind"] in ("subscribed", "events")


async def test_it_goes_on_where_it_was_after_the_application_came_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_desktop.feed.follower.FIRST_WAIT_S", 0.01)
    heard = Heard(9)
    async with open_feed(tmp_path) as feed:
        port = feed.port
        following = Following(host="127.0.0.1", port=port, token=TOKEN)
        running = asyncio.ensure_future(following.run(heard.show, heard.breaks.append))
        await eventually(lambda: heard.is_following)
        await feed.tell(3)
        await eventually(lambda: heard.seqs == [1, 2, 3])
    async with open_feed(tmp_path, feed_port=port) as feed:
        await feed.tell(6)
        await asyncio.wait_for(running, 20)
    assert heard.seqs == list(range(1, 10))
    assert heard.breaks[0] == "Timmy is closing"


async def test_it_asks_for_what_was_chosen(tmp_path: Path) -> None:
    heard = Heard(1)
    async with open_feed(tmp_path) as feed:
        await feed.tell(2)
        chosen = Selection(include=frozenset({"task.*"}), agents=frozenset({"a1"}))
        following = Following(host="127.0.0.1", port=feed.port, token=TOKEN, selection=chosen, after=0)
        running = asyncio.ensure_future(following.run(heard.show, heard.breaks.append))
        await eventually(lambda: heard.is_following)
        await feed.tell(2, agent_id="a1")
        await asyncio.wait_for(running, 20)
    assert heard.seqs[0] == 3


async def test_a_token_that_is_refused_is_not_tried_again(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed:
        following = Following(host="127.0.0.1", port=feed.port, token="x" * 40)
        with pytest.raises(RefusedError, match="does not know this token"):
            await following.run(lambda _: True, print)
        assert feed.server.served == 0


@pytest.mark.parametrize("passes_on", [False, True])
async def test_the_token_is_not_sent_to_who_has_taken_the_port(tmp_path: Path, passes_on: bool) -> None:
    """Not even to one who passes the question on to the feed, and its answer back."""
    heard = bytearray()

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(asked := await reader.read(4_096))
        if passes_on:
            there, here = await asyncio.open_connection("127.0.0.1", feed.port)
            here.write(asked.replace(b":%d" % port, b":%d" % feed.port))
            writer.write(await there.read())
            here.close()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"0" * 64)
        writer.close()

    async with open_feed(tmp_path) as feed, await asyncio.start_server(taken, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        following = Following(host="127.0.0.1", port=port, token=TOKEN)
        with pytest.raises(RefusedError, match="was not sent"):
            await following.run(lambda _: True, print)
        assert heard.startswith(b"GET /proof?nonce=")
        assert TOKEN.encode() not in heard


async def test_what_asks_for_no_proof_gets_none(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed, httpx.AsyncClient(trust_env=False) as client:
        url, nonce = f"http://127.0.0.1:{feed.port}/proof", "0" * 64
        answers = [
            await client.get(f"{url}?nonce={nonce}"),
            await client.get(f"{url}?nonce={nonce}", headers={"Origin": "http://elsewhere.example"}),
            await client.get(f"{url}?nonce={nonce}", headers={"Host": "rebound.example"}),
            await client.get(f"{url}?nonce=short"),
            await client.get(url),
        ]
        assert [answer.status_code for answer in answers] == [200, 403, 403, 404, 404]
        assert TOKEN not in "".join(answer.text for answer in answers)


@pytest.mark.parametrize("said", ["nonsense", "[]", "\x1b[2J", "7", "[" * 5000])
async def test_what_is_not_a_feed_ends_nothing(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks: list[str] = []
    monkeypatch.setattr("timmy_desktop.feed.follower.FIRST_WAIT_S", 0.01)

    async def speak(socket: Any) -> None:
        await socket.send(said)
        await socket.wait_closed()

    def knows(socket: Any, request: Any) -> Any:
        shown = proof.answer(TOKEN, socket.local_address[:2], request.path.partition("?")[2])
        return socket.respond(200, shown) if shown else None

    async with serve(
        speak,
        "127.0.0.1",
        0,
        subprotocols=["timmy.feed.1"],
        process_request=knows,  # type: ignore[list-item]
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        following = Following(host="127.0.0.1", port=port, token=TOKEN)
        running = asyncio.ensure_future(following.run(lambda _: True, breaks.append))
        await eventually(lambda: len(breaks) > 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert set(breaks) == {"what was said there is not a feed's"}


def hostile_message() -> dict[str, Any]:
    return {
        "kind": "events",
        "seq": 2,
        "events": [
            {"seq": 1, "time_us": 10**30, "type": HOSTILE, "task_id": HOSTILE, "data": {HOSTILE: [HOSTILE, "x" * 10**6]}},
            {"seq": HOSTILE, "time_us": HOSTILE, "type": None, "data": HOSTILE},
            HOSTILE,
        ],
        "folded": {"count": 3, "by_type": {HOSTILE: 3}},
    }  # fmt: skip


def test_hostile_events_are_inert_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Printer().show(hostile_message())
    Printer(as_json=True).show(hostile_message())
    printer = Printer()
    printer.show({"kind": "subscribed", "gap": {"first_seq": HOSTILE, "last_seq": 3, "text": HOSTILE}})
    printer.lost(HOSTILE)
    told = capsys.readouterr()
    for text in (told.out, told.err):
        assert all(line.isprintable() for line in text.split("\n"))
        assert "\u202e" not in text
    lines = told.out.splitlines()
    assert max(len(line) for line in lines if not line.startswith("{")) <= 400
    assert json.loads(lines[3])["folded"]["count"] == 3


@given(
    message=st.dictionaries(
        st.sampled_from(["kind", "events", "folded", "gap", "seq"]),
        st.recursive(
            st.sampled_from(["events", "subscribed"]) | st.text() | st.integers() | st.none() | st.floats(),
            lambda some: (
                st.lists(some) | st.dictionaries(st.sampled_from(["by_type", "count", "seq", "data"]), some)
            ),
        ),
    )
)
def test_any_message_is_a_few_printable_lines(message: dict[str, Any]) -> None:
    assert all(line.isprintable() for line in lines_of(message))


def test_without_a_token_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data-dir", str(tmp_path), "follow"]) == 1
    assert "feed_enabled = true" in capsys.readouterr().err


def test_the_token_is_printed_for_other_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "feed.token").write_text(TOKEN)
    assert main(["--data-dir", str(tmp_path), "follow", "--print-token"]) == 0
    assert capsys.readouterr().out == f"{TOKEN}\n"


def test_it_ends_after_as_many_as_were_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    events = [{"seq": number, "time_us": 0, "type": "task.started", "data": {}} for number in range(5)]
    assert Printer(most=3).show({"kind": "events", "seq": 4, "events": events}) is False
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_options_are_read() -> None:
    from timmy_desktop.cli import _parser

    options: argparse.Namespace = _parser().parse_args(
        ["follow", "--include", "task.*", "--include", "bid.submitted", "--exclude", "x.y", "--after", "7"]
    )
    assert (options.include, options.exclude, options.after) == (["task.*", "bid.submitted"], ["x.y"], 7)
