"""WebSockets as the feed sees them; the only module that knows the library. Silent: headers hold tokens."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from socket import SO_SNDBUF, SOL_SOCKET
from typing import TYPE_CHECKING, Any

from timmy_desktop.feed import proof
from timmy_desktop.feed.errors import FeedError, GoneError, RefusedError
from timmy_desktop.feed.messages import GOING_AWAY, SUBPROTOCOL

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection
    from websockets.asyncio.server import Server, ServerConnection
    from websockets.http11 import Request, Response

PATH = "/feed"
_BEARER = "Bearer "
_IN_PROTOCOL = "token."
_WORDS = {
    HTTPStatus.UNAUTHORIZED: "A token is needed, and it must be the right one.",
    HTTPStatus.FORBIDDEN: "The feed is for programs of this computer, and for pages that its settings name.",
    HTTPStatus.NOT_FOUND: f"The feed is at {PATH}.",
    HTTPStatus.SERVICE_UNAVAILABLE: "As many clients as may be are connected.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may cost. Sizes are bytes, times are seconds."""

    clients: int = 256
    message_bytes: int = 16_384
    system_bytes: int = 262_144
    """What the system may hold of what it was sent and has not read."""
    opening_s: float = 5.0
    ping_every_s: float = 20.0
    pong_within_s: float = 20.0
    send_within_s: float = 10.0
    closing_s: float = 2.0
    messages: int = 20
    """How many messages of its own it may send within `messages_within_s`."""
    messages_within_s: float = 10.0


class Connection:
    """One client that was let in."""

    def __init__(self, socket: ServerConnection, closing_s: float) -> None:
        self._socket, self._closing_s = socket, closing_s

    async def send(self, text: str) -> None:
        """GoneError when the client has gone. Waits while the client does not read."""
        from websockets.exceptions import ConnectionClosed

        try:
            await self._socket.send(text)
        except ConnectionClosed as error:
            raise _gone(error) from error

    async def messages(self) -> AsyncIterator[str | bytes]:
        """What the client says, until it has gone."""
        from websockets.exceptions import ConnectionClosed

        try:
            async for message in self._socket:
                yield message
        except ConnectionClosed as error:
            raise _gone(error) from error

    async def close(self, code: int, reason: str) -> None:
        """Says why, waits a little until that was read, and ends it."""
        try:
            async with asyncio.timeout(self._closing_s):
                await self._socket.close(code, reason[:120])
        except TimeoutError:
            pass
        finally:
            self._socket.transport.abort()


class Listener:
    """Listens on a loopback address, and on none other."""

    def __init__(
        self,
        *,
        token: str,
        origins: Sequence[str],
        limits: Limits,
        handle: Callable[[Connection], Awaitable[None]],
    ) -> None:
        self._token, self._origins, self._limits, self._handle = token, frozenset(origins), limits, handle
        self._server: Server | None = None
        self._open: set[Connection] = set()
        self._port = 0

    @property
    def port(self) -> int:
        """The port that it listens on; the one that was free where 0 was asked for."""
        return self._port

    @property
    def clients(self) -> int:
        return len(self._open)

    async def open(self, host: str, port: int) -> None:
        """Raises OSError where the port is taken, FeedError for an address that others could reach."""
        from websockets.asyncio.server import serve

        if not ip_address(host).is_loopback:
            raise FeedError(
                f"The feed listens on this computer alone, and {host} is not its loopback address."
            )
        limits = self._limits
        self._server = await serve(
            self._served,
            host,
            port,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            select_subprotocol=_chosen,
            compression=None,
            process_request=self._admit,
            server_header=None,
            open_timeout=limits.opening_s,
            ping_interval=limits.ping_every_s,
            ping_timeout=limits.pong_within_s,
            close_timeout=limits.closing_s,
            max_size=limits.message_bytes,
            max_queue=4,
            logger=_silent(),
        )
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def close(self) -> None:
        """Says goodbye to everybody, and lets go of the port."""
        if self._server is None:
            return
        server, self._server = self._server, None
        goodbyes = (one.close(GOING_AWAY, "Timmy is closing") for one in tuple(self._open))
        await asyncio.gather(*goodbyes)
        server.close()
        await server.wait_closed()

    async def _served(self, socket: ServerConnection) -> None:
        connection = Connection(socket, self._limits.closing_s)
        # Else the system would keep megabytes for one that does not read, and all of it out of date.
        raw = socket.transport.get_extra_info("socket")
        raw.setsockopt(SOL_SOCKET, SO_SNDBUF, self._limits.system_bytes)
        self._open.add(connection)
        try:
            await self._handle(connection)
        finally:
            self._open.discard(connection)

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        status = self._judged(socket, request)
        if status is None:
            return None
        if status == HTTPStatus.NOT_FOUND and (shown := self._proven(socket, request)):
            return socket.respond(HTTPStatus.OK, f"{shown}\n")
        return socket.respond(status, f"{_WORDS[status]}\n")

    def _proven(self, socket: ServerConnection, request: Request) -> str | None:
        path, _, query = request.path.partition("?")
        return proof.answer(self._token, socket.local_address[:2], query) if path == proof.PATH else None

    def _judged(self, socket: ServerConnection, request: Request) -> HTTPStatus | None:
        headers = request.headers
        peer = socket.remote_address
        if not peer or not ip_address(str(peer[0])).is_loopback:
            return HTTPStatus.FORBIDDEN
        if not all(is_here(host, self._port) for host in headers.get_all("Host") or [""]):
            return HTTPStatus.FORBIDDEN
        if any(origin not in self._origins for origin in headers.get_all("Origin")):
            return HTTPStatus.FORBIDDEN
        if request.path.partition("?")[0] != PATH:
            return HTTPStatus.NOT_FOUND
        if not any(self._is_token(offered) for offered in _offered(headers)):
            return HTTPStatus.UNAUTHORIZED
        return HTTPStatus.SERVICE_UNAVAILABLE if len(self._open) >= self._limits.clients else None

    def _is_token(self, offered: str) -> bool:
        return hmac.compare_digest(offered.encode("utf-8", "replace"), self._token.encode())


def is_here(host: str, port: int) -> bool:
    """Whether a `Host` header names this machine's loopback: a name that was rebound to it does not."""
    name, _, number = host.rpartition(":")
    return number == str(port) and name.lower() in ("127.0.0.1", "localhost", "[::1]")


class Follower:
    """A connection to a feed, from the other side."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            await self._socket.send(text)
        except ConnectionClosed as error:
            raise _gone(error) from error

    async def receive(self) -> str:
        """The next message; GoneError when the feed has gone."""
        from websockets.exceptions import ConnectionClosed

        try:
            message = await self._socket.recv()
        except ConnectionClosed as error:
            raise _gone(error) from error
        return message if isinstance(message, str) else message.decode("utf-8", "replace")

    async def close(self) -> None:
        await self._socket.close()


async def connect(host: str, port: int, token: str) -> Follower:
    """Connects to a feed of this computer, once it has shown that it knows the token.

    RefusedError where it says no or does not know it, GoneError where there is none.
    """
    from websockets.asyncio.client import connect as open_socket
    from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus

    await proof.ask(host, port, token)
    shown = f"[{host}]" if ":" in host else host
    try:
        socket = await open_socket(
            f"ws://{shown}:{port}{PATH}",
            additional_headers={"Authorization": _BEARER + token},
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            compression=None,
            proxy=None,
            max_size=4_000_000,
            close_timeout=2,
            logger=_silent(),
        )
    except InvalidStatus as error:
        status = error.response.status_code
        words = _WORDS.get(HTTPStatus(status), f"it answered with status {status}")
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise GoneError(reason=words) from error
        raise RefusedError(words) from error
    except InvalidMessage as error:
        raise GoneError(reason="what answers there is not a feed") from error
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise GoneError(reason=f"no feed answers at {shown}:{port}") from error
    return Follower(socket)


def _offered(headers: Any) -> list[str]:
    """Tokens in the request: a header, or for browsers, which can't set one, among the subprotocols."""
    given = [value[len(_BEARER) :] for value in headers.get_all("Authorization") if value.startswith(_BEARER)]
    for value in headers.get_all("Sec-WebSocket-Protocol"):
        names = (name.strip() for name in value.split(","))
        given += [name[len(_IN_PROTOCOL) :] for name in names if name.startswith(_IN_PROTOCOL)]
    return given


def _chosen(socket: ServerConnection, offered: Sequence[str]) -> Any:
    """Ours where it is offered; never the token, which the answer would repeat."""
    del socket
    return SUBPROTOCOL if SUBPROTOCOL in offered else None


def _gone(error: Any) -> GoneError:
    closed = error.rcvd or error.sent
    return GoneError(closed.code, closed.reason) if closed is not None else GoneError()


def _silent() -> logging.Logger:
    """A logger of nobody's: at its most talkative the library would write down the token."""
    made = logging.Logger("feed wire")
    made.disabled = True
    return made
