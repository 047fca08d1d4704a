"""LND's REST API as bytes: one pinned certificate, the macaroon, streamed answers, errors in words."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.errors import BackendError

NOT_FOUND = 5
CONNECT_S = 5.0
_MOST_BYTES = 32_000_000
_LONGEST_LINE = 4_000_000
_LONGEST_WORDS = 300
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


class LndRefusedError(BackendError):
    """LND answered with an error of its own; `code` is gRPC's."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class LndWire:
    """Asks one LND; the macaroon never enters a message."""

    def __init__(self, *, url: str, certificate: Path | None, secret: Callable[[], str]) -> None:
        self._url = url
        self._certificate = certificate
        self._secret = secret
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()
        self.macaroon = ""

    async def close(self) -> None:
        """Lets go of connections; the next question makes new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """The JSON object at `path`."""
        return await self._asked("GET", path, params=query)

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What comes back for `body`."""
        return await self._asked("POST", path, json=body)

    async def stream(self, method: str, path: str, **options: Any) -> AsyncGenerator[dict[str, Any], None]:
        """The results of a streaming call, one after the other; LndRefusedError for an error among them."""
        async with self._opened(method, path, **options) as response:
            if response.status_code != httpx.codes.OK:
                raise _refusal(await _whole(response), response.status_code)
            async for line in _lines(response):
                answer = _object(line)
                if "error" in answer:
                    raise _refusal(line, response.status_code)
                result = answer.get("result")
                if isinstance(result, dict):
                    yield result

    async def _asked(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        async with self._opened(method, path, **options) as response:
            content = await _whole(response)
            if response.status_code != httpx.codes.OK:
                raise _refusal(content, response.status_code)
            return _object(content)

    @asynccontextmanager
    async def _opened(self, method: str, path: str, **options: Any) -> AsyncIterator[httpx.Response]:
        client = await self._connected()
        try:
            async with client.stream(method, path, **options) as response:
                yield response
        except httpx.HTTPError as error:
            raise BackendError(f"LND at {client.base_url.host} was not reached: {_why(error)}") from error

    async def _connected(self) -> httpx.AsyncClient:
        # Two who ask first at once would make two, and one of them would never be closed.
        async with self._making:
            if self._client is None:
                self._client = await asyncio.to_thread(self._make_client)
            return self._client

    def _make_client(self) -> httpx.AsyncClient:
        if not self._url.lower().startswith("https://"):
            raise BackendError("LND's address is not set: set lightning_url, as in https://127.0.0.1:8080.")
        self.macaroon = _in_one_line(self._secret())
        if not self.macaroon:
            raise BackendError(
                "LND's macaroon is not set: keep it, in hexadecimal, in the keychain as `lightning`, or in "
                "TIMMY_SECRET_LIGHTNING."
            )
        return httpx.AsyncClient(
            base_url=self._url.rstrip("/"),
            headers={"Grpc-Metadata-macaroon": self.macaroon},
            verify=pinned(self._certificate),
            timeout=httpx.Timeout(None, connect=CONNECT_S),
            follow_redirects=False,
            trust_env=False,
        )


def pinned(certificate: Path | None) -> ssl.SSLContext:
    """Trusts this one certificate and none else; the certificate, not the host's name, is the identity."""
    if certificate is None:
        raise BackendError(
            "LND's certificate is not set: set lightning_certificate to a copy of its tls.cert."
        )
    try:
        text = certificate.expanduser().read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BackendError(f"LND's certificate {certificate} can't be read.") from error
    if text.count(_CERTIFICATE) != 1:
        raise BackendError(
            f"{certificate} must hold exactly one certificate, LND's own tls.cert: it is what is trusted."
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=text)
    except ssl.SSLError as error:
        raise BackendError(f"{certificate} is no certificate that can be used.") from error
    return context


async def read_until(
    rows: AsyncGenerator[dict[str, Any], None],
    is_enough: Callable[[dict[str, Any]], bool],
    grace_s: float = 0.0,
) -> dict[str, Any] | None:
    """The first row that is enough, else the last one; None when there was none.

    A stream that doesn't end within `grace_s` after it is cut by cancelling: every generator in it is unwound
    then, where a mere `break` would leave the inner ones to the garbage collector.
    """
    found: dict[str, Any] | None = None
    enough = False
    try:
        async with aclosing(rows), asyncio.timeout(None) as limit:
            async for row in rows:
                found = found if enough else row
                if not enough and (enough := is_enough(row)):
                    limit.reschedule(asyncio.get_running_loop().time() + grace_s)
    except TimeoutError:
        if not enough:
            raise
    return found


async def _whole(response: httpx.Response) -> bytes:
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > _MOST_BYTES:
            raise BackendError("LND's answer is too long to be one.")
    return bytes(content)


async def _lines(response: httpx.Response) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in response.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in filter(bytes.strip, lines):
            yield line
        if len(rest) > _LONGEST_LINE:
            raise BackendError("LND's answer is too long to be one.")
    if rest.strip():
        yield rest


def _object(content: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BackendError("What answered is not LND: its answer is no JSON.") from error
    if not isinstance(answer, dict):
        raise BackendError("What answered is not LND: its answer is no JSON object.")
    return answer


def _refusal(content: bytes, status: int) -> BackendError:
    try:
        answer = orjson.loads(content)
    except orjson.JSONDecodeError:
        answer = {}
    said = answer.get("error", answer) if isinstance(answer, dict) else {}
    said = said if isinstance(said, dict) else {"message": said}
    words = inert_line(str(said.get("message", "")), _LONGEST_WORDS)
    code = said.get("code", answer.get("code", 0) if isinstance(answer, dict) else 0)
    if not words and status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        words = "the macaroon is not accepted"
    if not isinstance(code, int) or not words:
        return BackendError(f"LND answered with status {status}.")
    return LndRefusedError(f"LND refused: {words}", code)


def _in_one_line(macaroon: str) -> str:
    """As a header can carry it: `xxd` breaks it into lines, and httpx repeats whatever it refuses."""
    try:
        return bytes.fromhex(macaroon).hex()
    except ValueError:
        raise BackendError(
            "LND's macaroon can't be read: keep it in hexadecimal, as `xxd -p -c 0` writes it."
        ) from None


def _why(error: httpx.HTTPError) -> str:
    words = str(error).lower()
    if "certificate" in words:
        return "it does not show the certificate that is pinned. Is lightning_certificate its tls.cert?"
    return inert_line(str(error), _LONGEST_WORDS) or type(error).__name__
