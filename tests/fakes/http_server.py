"""A small HTTP/1.1 server on the loopback that can misbehave in all the ways that real ones do."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

REASONS = {200: "OK", 307: "Temporary Redirect"}


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Exchange:
    """One answer, whole or piece by piece."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, status: int, content: Any, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self._head(status, {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers})
        self._writer.write(body)
        await self._writer.drain()

    async def begin(self, content_type: str, status: int = 200) -> None:
        self._head(status, {"Content-Type": content_type, "Transfer-Encoding": "chunked"})
        await self._writer.drain()

    async def piece(self, data: bytes) -> None:
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()

    async def end(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def hang(self) -> None:
        """Until the client hangs up."""
        await self._reader.read()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())


@dataclass
class HttpServer:
    """Listens on a free port within `async with`; subclasses answer."""

    requests: list[Request] = field(default_factory=list)
    hung_up: int = 0
    port: int = 0

    async def answer(self, request: Request, exchange: Exchange) -> None:
        raise NotImplementedError

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Any:
        self._tasks: set[asyncio.Task[None]] = set()
        await self.listen()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.die()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            request = await _read(reader)
            if request is not None:
                self.requests.append(request)
                await self.answer(request, Exchange(reader, writer))
        except ConnectionError:
            self.hung_up += 1
        except asyncio.IncompleteReadError:
            pass  # it connected and thought better of it
        except asyncio.CancelledError:
            pass  # the server dies; a task of asyncio's own must not report that
        finally:
            self._tasks.discard(task)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, body)
