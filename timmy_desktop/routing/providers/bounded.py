"""Keeps a server from filling memory below the parsers: with a body, a line or an event without end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import cast

import httpx

from timmy_desktop.routing.errors import Garbled

MOST_BYTES = 4 * 1024 * 1024
_STREAMS = ("/chat/completions", "/api/chat", "/api/pull")
_NO_ENCODING = ("", "identity")


def limits(*, local: bool) -> httpx.Limits:
    """Which connections are used again: those to other machines, soon; on this one none, a new one is free.

    Servers end what was used a few times or lay idle (llama.cpp's both), and one that ends under the next
    request looks like a death of its server.
    """
    return httpx.Limits(
        max_connections=100, max_keepalive_connections=0 if local else 20, keepalive_expiry=2.0
    )


async def ask_plainly(request: httpx.Request) -> None:
    """A request hook: no compression, whose little may become very much."""
    request.headers["Accept-Encoding"] = "identity"


async def bound(response: httpx.Response) -> None:
    """A response hook: a body of at most MOST_BYTES, and in an answer's stream that much at a time."""
    if response.headers.get("content-encoding", "").lower() not in _NO_ENCODING:
        raise Garbled("The server compresses its answers although it was asked not to.")
    response.stream = _Bounded(cast("httpx.AsyncByteStream", response.stream), _mark_of(response))


def _mark_of(response: httpx.Response) -> bytes:
    """What ends a piece: a parser keeps everything up to it. Nothing does in a body that is read whole."""
    if not response.is_success or not response.request.url.path.endswith(_STREAMS):
        return b""
    return b"\n\n" if "text/event-stream" in response.headers.get("content-type", "") else b"\n"


class _Bounded(httpx.AsyncByteStream):
    """Passes chunks on; raises Garbled when MOST_BYTES have come since the last `mark`."""

    def __init__(self, stream: httpx.AsyncByteStream, mark: bytes) -> None:
        self._stream = stream
        self._mark = mark
        self._since = 0
        self._tail = b""
        self._chunks: AsyncIterator[bytes] | None = None

    # No generator of its own: one that is left in the middle would be closed too late.
    def __aiter__(self) -> AsyncIterator[bytes]:
        self._chunks = aiter(self._stream)
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(cast("AsyncIterator[bytes]", self._chunks))
        self._count(chunk)
        return chunk

    async def aclose(self) -> None:
        if isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()
        await self._stream.aclose()

    def _count(self, chunk: bytes) -> None:
        self._since += len(chunk)
        if self._mark:
            self._look_for_mark(self._tail + chunk)
        if self._since > MOST_BYTES:
            raise Garbled(f"The server sent more than {MOST_BYTES // 2**20} MB in one piece.")

    def _look_for_mark(self, content: bytes) -> None:
        # Carriage returns end lines too; of one at the end nobody knows yet whether it is half a line's end.
        half = b"\r" if content.endswith(b"\r") else b""
        lines = content.removesuffix(half).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = lines.rfind(self._mark)
        if end >= 0:
            self._since = len(lines) - end - len(self._mark) + len(half)
        self._tail = lines[-1:] + half
