"""What clients hear: what they asked for, from where they were, folded where it is too much, and never lost."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.conditions import eventually
from tests.unit.feed.feeds import Tally, all_of, heard, open_feed, subscribed
from timmy_desktop.events.tasks import TaskCompleted, TaskStarted, TaskStepped
from timmy_desktop.feed.wire import Limits


async def test_it_says_who_it_is_and_nothing_before_it_is_asked(tmp_path: Path) -> None:
    async with open_feed(tmp_path, activity_feed_buffer=7) as feed:
        await feed.tell(3)
        async with feed.client() as client:
            hello = await heard(client)
            await feed.tell(2)
            assert hello["kind"] == "hello"
            assert hello["protocol"] == 1
            assert (hello["last_seq"], hello["buffer"], hello["throttle"]) == (3, 7, 1000)
            await client.send('{"op": "subscribe"}')
            assert await heard(client) == {"kind": "subscribed", "after": 5, "replayed": 0, "gap": None}
            await feed.tell(1)
            assert (await all_of(client, 1)).seqs == [6]


async def test_filters_include_and_exclude(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed, feed.client() as client:
        await subscribed(
            client, include=["task.*"], exclude=["task.stepped"], agents=["a1"], sources=["test"]
        )
        mine: dict[str, Any] = {"source": "test", "task_id": "t", "agent_id": "a1"}
        stepped = TaskStepped(
            **mine,
            step=1,
            text="",
            tool_calls=[],
            provider="p",
            model="m",
            tokens_in=1,
            tokens_out=1,
            duration_ms=1,
        )
        await feed.say(
            TaskStarted(**mine),
            TaskStarted(**mine | {"agent_id": "a2"}),
            TaskStarted(**mine | {"source": "other"}),
            stepped,
            TaskStarted(**mine, attempt=2),
        )
        message = await heard(client)
        assert [event["seq"] for event in message["events"]] == [1, 5]
        assert message["seq"] == 5
        assert message["events"][1]["data"] == {"attempt": 2}
        assert {"time_us", "type", "version", "severity", "source", "task_id", "agent_id"} < set(
            message["events"][0]
        )


async def test_who_comes_back_gets_what_came_meanwhile(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed:
        async with feed.client() as client:
            await subscribed(client)
            await feed.tell(4)
            seq = (await all_of(client, 4)).seq
        await feed.tell(5)
        async with feed.client() as client:
            answer = await subscribed(client, after=seq)
            assert answer == {"kind": "subscribed", "after": 4, "replayed": 5, "gap": None}
            assert (await all_of(client, 5)).seqs == [5, 6, 7, 8, 9]


async def test_what_is_no_longer_kept_is_named(tmp_path: Path) -> None:
    async with open_feed(tmp_path, activity_feed_buffer=10) as feed:
        await feed.tell(30)
        async with feed.client() as client:
            answer = await subscribed(client, after=5)
            assert (answer["gap"]["first_seq"], answer["gap"]["last_seq"], answer["replayed"]) == (6, 20, 10)
            assert (await all_of(client, 10)).seqs == list(range(21, 31))


async def test_the_last_ones_are_kept_over_a_restart(tmp_path: Path) -> None:
    async with open_feed(tmp_path, activity_feed_buffer=10) as feed:
        await feed.tell(12)
    async with open_feed(tmp_path, activity_feed_buffer=10) as feed, feed.client() as client:
        answer = await subscribed(client, after=2)
        assert (answer["gap"], answer["replayed"]) == (None, 10)
        await feed.tell(1)
        assert (await all_of(client, 11)).seqs == list(range(3, 14))


async def test_who_is_ahead_of_the_log_is_told(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed, feed.client() as client:
        await feed.tell(3)
        answer = await subscribed(client, after=90)
        assert (answer["gap"]["first_seq"], answer["gap"]["last_seq"]) == (4, 90)
        assert "another log" in answer["gap"]["text"]


async def test_a_flood_is_folded_and_every_count_adds_up(tmp_path: Path) -> None:
    async with (
        open_feed(tmp_path, websocket_event_throttle=4, activity_feed_buffer=10) as feed,
        feed.client() as everything,
        feed.client() as some,
    ):
        await subscribed(everything)
        await subscribed(some, include=["task.completed"])
        for _ in range(60):
            await feed.tell(29)
            await feed.say(_completed())
        tally, few = await all_of(everything, 1800), await all_of(some, 60)
    assert tally.total == 1800
    assert tally.folded > 500
    assert tally.seq == 1800
    assert tally.seqs == sorted(set(tally.seqs))
    assert few.total == 60
    assert all(seq % 30 == 0 for seq in few.seqs)


async def test_a_client_hears_no_more_messages_than_it_may(tmp_path: Path) -> None:
    async with open_feed(tmp_path, websocket_event_throttle=20) as feed, feed.client() as client:
        await subscribed(client)
        loop, times, tally = asyncio.get_running_loop(), [], Tally([])

        async def listen() -> None:
            while tally.total < 400:
                tally.take(await heard(client))
                times.append(loop.time())

        listening = asyncio.ensure_future(listen())
        for _ in range(400):
            await feed.tell(1)
        await listening
        # A message may be read late and the next in time, so what counts is the whole.
        assert (len(times) - 1) / 20 <= times[-1] - times[0] + 0.06


async def test_who_does_not_read_is_folded_and_then_dropped_and_nobody_else_waits(tmp_path: Path) -> None:
    limits = Limits(send_within_s=0.4, closing_s=5)
    async with open_feed(tmp_path, limits=limits, activity_feed_buffer=100) as feed, feed.client() as quick:
        with socket.socket() as small:
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            small.connect(("127.0.0.1", feed.port))
            async with feed.client(sock=small, max_queue=1, ping_interval=None) as slow:
                await subscribed(slow)
                await subscribed(quick)
                held = next(iter(feed.server._clients))
                total = 0
                while len(feed.server._clients) == 2 and total < 20_000:
                    await feed.say(*(_completed("x" * 1900) for _ in range(100)))
                    total += 100
                    assert (await all_of(quick, 100)).total == 100
                    assert held.waiting <= 200
                assert await closed_with(slow) == (4008, "nothing was read for 0.4 seconds")


async def test_a_client_that_died_without_a_word_is_let_go(tmp_path: Path) -> None:
    limits = Limits(ping_every_s=0.05, pong_within_s=0.2, closing_s=0.1)
    async with open_feed(tmp_path, limits=limits) as feed:
        client = await feed.client(ping_interval=None)
        await subscribed(client)
        client.transport.pause_reading()
        await eventually(lambda: feed.server.status.clients == 0)
        client.transport.abort()
        await client.wait_closed()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", "JSON object"), ("[1]", "one thing to say"), ("nonsense", "JSON object"), ("[" * 3000, "JSON object"),
        ('{"op": "delete"}', "one thing to say"), ('{"op": "subscribe", "x": 1}', "no “x”"), (b"\x00\xff", "not bytes"),
        ('{"op": "subscribe", "after": -1}', "number"), ('{"op": "subscribe", "after": true}', "number"),
        ('{"op": "subscribe", "after": 1e400}', "number"), ('{"op": "subscribe", "after": 99999999999999999999}', "number"),
        ('{"op": "subscribe", "include": "task.*"}', "list of texts"), ('{"op": "subscribe", "include": [1]}', "list of"),
        (json.dumps({"op": "subscribe", "tasks": ["x"] * 101}), "at most"),
        (json.dumps({"op": "subscribe", "tasks": ["x" * 201]}), "at most"),
        ('{"op": "subscribe", "after": ' + "9" * 5000 + "}", "JSON object"),
    ],
)  # fmt: skip
async def test_what_is_not_understood_is_answered_and_the_subscription_stays(
    tmp_path: Path, said: str | bytes, words: str
) -> None:
    async with open_feed(tmp_path) as feed, feed.client() as client:
        await subscribed(client)
        await client.send(said)
        answer = await heard(client)
        assert answer["kind"] == "error"
        assert words in answer["text"]
        await feed.tell(1)
        assert (await all_of(client, 1)).seqs == [1]


async def closed_with(client: ClientConnection) -> tuple[int, str]:
    """How the server ended it; everything that it said before is read."""
    with pytest.raises(ConnectionClosed) as caught:
        await exhaust(client)
    closed = caught.value.rcvd
    assert closed is not None
    return closed.code, closed.reason


async def exhaust(client: ClientConnection) -> None:
    while True:
        await client.recv()


async def test_who_is_never_understood_is_dropped(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed, feed.client() as client:
        for _ in range(5):
            await client.send("?")
        assert (await closed_with(client))[0] == 4400


async def test_who_talks_too_much_is_dropped(tmp_path: Path) -> None:
    async with open_feed(tmp_path, limits=Limits(messages=5)) as feed, feed.client() as client:
        for _ in range(6):
            await client.send('{"op": "subscribe"}')
        assert (await closed_with(client))[0] == 4029


async def test_a_message_that_is_too_long_ends_it(tmp_path: Path) -> None:
    async with open_feed(tmp_path, limits=Limits(message_bytes=1000)) as feed, feed.client() as client:
        await client.send('{"op": "subscribe", "tasks": ["' + "x" * 2000 + '"]}')
        assert (await closed_with(client))[0] == 1009


async def test_at_the_end_everybody_is_told(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed, feed.client() as client:
        await subscribed(client)
        await feed.server.stop()
        assert (await closed_with(client))[0] == 1001
        assert feed.server.status.state == "off"


async def test_what_is_hostile_or_huge_arrives_inert_and_cut(tmp_path: Path) -> None:
    hostile = "\x1b[2J\u202e<script>=cmd()\x00\ud7ff" + "x" * 1_000_000
    async with open_feed(tmp_path) as feed, feed.client() as client:
        await subscribed(client)
        await feed.say(_completed(hostile))
        text = str(await client.recv())
        assert len(text) < 10_000
        assert text.isascii()
        assert text.isprintable()
        event = json.loads(text)["events"][0]
        assert event["cut"] is True
        assert event["data"]["result"].startswith("\x1b[2J\u202e<script>=cmd()\x00")


def _completed(result: str = "done") -> TaskCompleted:
    return TaskCompleted(
        source="test", task_id="task-1", result=result, provider="p", model="m", duration_ms=1, tokens_in=1,
        tokens_out=1,
    )  # fmt: skip
