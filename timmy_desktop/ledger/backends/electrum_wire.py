"""Electrum's JSON-RPC as bytes: on this machine alone, with its user and password, errors in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import httpx
import orjson

from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.errors import BackendError

CONNECT_S = 5.0
_LONGEST_WORDS = 300


class ElectrumRefusedError(BackendError):
    """Electrum answered with an error of its own."""


class ElectrumWire:
    """Asks one daemon; the password never enters a message."""

    def __init__(self, *, url: str, secret: Callable[[], str]) -> None:
        self._url = url
        self._secret = secret
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()
        self._number = 0

    async def close(self) -> None:
        """Lets go of connections; the next question makes new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def ask(self, method: str, **parameters: Any) -> Any:
        """The result of one call; ElectrumRefusedError for an error of the daemon's own."""
        client = await self._connected()
        self._number += 1
        body = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters}
        try:
            response = await client.post("/", json=body)
        except httpx.HTTPError as error:
            words = inert_line(str(error), _LONGEST_WORDS) or type(error).__name__
            # Not the address as it was set: a password may stand in it.
            raise BackendError(f"Electrum at {_place(client)} was not reached: {words}") from error
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise BackendError(
                "Electrum does not accept the user and password. See its rpcuser and rpcpassword."
            )
        return _result(response)

    async def _connected(self) -> httpx.AsyncClient:
        # Two who ask first at once would make two, and one of them would never be closed.
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make_client)
            return self._client

    def _make_client(self) -> httpx.AsyncClient:
        try:
            url = httpx.URL(self._url)
        except httpx.InvalidURL as error:
            raise BackendError("Electrum's address can't be read.") from error
        if url.scheme != "http" or not _is_here(url.host):
            raise BackendError(
                "Electrum's address is that of its JSON-RPC on this machine: set lightning_url, as in "
                "http://127.0.0.1:7777. Its password is not sent over a network."
            )
        user, colon, password = self._secret().partition(":")
        if not colon:
            raise BackendError(
                "Electrum's user and password are not set: keep them, as user:password, in the keychain as "
                "`lightning`, or in TIMMY_SECRET_LIGHTNING."
            )
        return httpx.AsyncClient(
            base_url=url,
            auth=(user, password),
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            follow_redirects=False,
            trust_env=False,
        )


def _place(client: httpx.AsyncClient) -> str:
    return f"{client.base_url.host}:{client.base_url.port or 80}"


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _result(response: httpx.Response) -> Any:
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise BackendError(f"What answered is not Electrum (status {response.status_code}).") from error
    if not isinstance(answer, dict):
        raise BackendError("What answered is not Electrum.")
    if error_said := answer.get("error"):
        words = error_said.get("message", "") if isinstance(error_said, dict) else error_said
        raise ElectrumRefusedError(f"Electrum refused: {inert_line(str(words), _LONGEST_WORDS)}")
    return answer.get("result")
