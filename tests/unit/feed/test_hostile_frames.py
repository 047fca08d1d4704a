"""What a hostile program may put on the wire: it is shut out, and nobody else notices."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conditions import eventually
from tests.unit.feed.feeds import TOKEN, OpenFeed, all_of, open_feed, subscribed
from timmy_desktop.feed.wire import Limits

HANDSHAKE = (
    "GET /feed HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Authorization: Bearer {token}\r\n\r\n"
)
MASK = b"\x00\x00\x00\x00"


async def said_raw(feed: OpenFeed, content: bytes, *, opened: bool = True) -> bytes:
    """Says these bytes, after a lawful handshake or instead of one; what came back until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", feed.port)
    try:
        if opened:
            writer.write(HANDSHAKE.format(port=feed.port, token=TOKEN).encode())
            await reader.readuntil(b"\r\n\r\n")
        writer.write(content)
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def is_well(feed: OpenFeed) -> None:
    """Others are served, and nothing of who was shut out is kept."""
    await eventually(lambda: feed.server.status.clients == 0)
    async with feed.client() as client:
        after = (await subscribed(client))["after"]
        await feed.tell(1)
        assert (await all_of(client, 1)).seqs == [after + 1]


@pytest.mark.parametrize(
    "content",
    [
        b"\x81\x05hello",  # not masked
        b"\x81\x84" + MASK + b"\xff\xfe\xfd\xfc",  # not UTF-8
        b"\xf1\x80" + MASK,  # reserved bits
        b"\x83\x80" + MASK,  # an opcode that nobody has given
        b"\x89\xfe\x00\x7e" + MASK + b"x" * 126,  # a ping that is too long
        b"\x80\x80" + MASK,  # goes on with what never began
        b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff" + MASK,  # nine quintillion bytes are announced
        b"\x88\x82" + MASK + b"\x00\x01",  # a close code that is none
        (b"\x01\x81" + MASK + b"[") + (b"\x00\x81" + MASK + b"[") * 20_000,  # piece by piece, without an end
        b"\x89\x80" * 3 + MASK,
        b"",
    ],
)
async def test_frames_that_break_the_rules_end_that_connection_alone(tmp_path: Path, content: bytes) -> None:
    async with open_feed(tmp_path, limits=Limits(closing_s=0.5)) as feed:
        await said_raw(feed, content)
        await is_well(feed)


@pytest.mark.parametrize(
    "content",
    [
        b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.0\r\n\r\n", b"GET /feed HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"GET /feed HTTP/1.1\r\n" + b"A: " + b"x" * 20_000 + b"\r\n\r\n", b"\r\n" * 100, b"POST /feed HTTP/1.1\r\n\r\n",
        b"GET /feed HTTP/1.1\r\nAuthorization: Bearer \xff\xfe\r\n\r\n", b"",
    ],
)  # fmt: skip
async def test_what_is_no_handshake_is_not_let_in(tmp_path: Path, content: bytes) -> None:
    async with open_feed(tmp_path, limits=Limits(opening_s=0.3)) as feed:
        answer = await said_raw(feed, content, opened=False)
        assert b" 101 " not in answer
        assert TOKEN.encode() not in answer
        await is_well(feed)


async def test_who_opens_and_says_nothing_is_let_go(tmp_path: Path) -> None:
    async with open_feed(tmp_path, limits=Limits(opening_s=0.2)) as feed:
        reader, writer = await asyncio.open_connection("127.0.0.1", feed.port)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


@settings(max_examples=25)
@given(contents=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=8))
def test_no_bytes_at_all_hurt_anybody(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]
) -> None:
    async def say() -> None:
        async with open_feed(tmp_path_factory.mktemp("feed"), limits=Limits(closing_s=0.3)) as feed:
            for content in contents:
                await said_raw(feed, content)
            await is_well(feed)

    asyncio.run(say())
