"""Lets a feed show that it knows the token before anybody sends it: another program may have taken its port.

Who asks sends a number used once; the answer is an HMAC of it under the token, with the very address that was
asked, so that who listens elsewhere can't pass the question on to the feed and its answer back.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import secrets

from timmy_desktop.feed.errors import GoneError, RefusedError

PATH = "/proof"
_NONCE = re.compile(r"nonce=([0-9a-f]{64})")
_MOST_BYTES, _WITHIN_S = 4_096, 5.0


def answer(token: str, address: tuple[str, int], query: str) -> str | None:
    """What the feed at `address` says to a question; None for what is none."""
    asked = _NONCE.fullmatch(query)
    return None if asked is None else _mac(token, address, asked[1])


async def ask(host: str, port: int, token: str) -> None:
    """Returns where the feed knows the token; RefusedError where not, GoneError where none answers."""
    nonce, shown = secrets.token_hex(32), f"[{host}]" if ":" in host else host
    try:
        async with asyncio.timeout(_WITHIN_S):
            address, said = await _said(host, port, f"{PATH}?nonce={nonce}", f"{shown}:{port}")
    except (OSError, TimeoutError) as error:
        raise GoneError(reason=f"no feed answers at {shown}:{port}") from error
    head, _, body = said.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise GoneError(reason="what answers there is not a feed")
    if not hmac.compare_digest(body.strip(), _mac(token, address, nonce).encode()):
        raise RefusedError(
            f"What listens at {shown}:{port} does not know this token: it is another program, or another "
            "Timmy. The token was not sent to it."
        )


async def _said(host: str, port: int, path: str, name: str) -> tuple[tuple[str, int], bytes]:
    """The address that was reached, and all that it said, or the first of it."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        peer, said = writer.get_extra_info("peername"), b""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        while len(said) < _MOST_BYTES and (more := await reader.read(_MOST_BYTES)):
            said += more
        return (str(peer[0]), int(peer[1])), said
    finally:
        writer.close()


def _mac(token: str, address: tuple[str, int], nonce: str) -> str:
    text = f"timmy feed proof 1|{address[0]}|{address[1]}|{nonce}"
    return hmac.new(token.encode(), text.encode(), "sha256").hexdigest()
