"""What goes wrong on a wire, in the router's words; messages name the place and the next step."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from timmy_desktop.inert import inert_line
from timmy_desktop.routing.errors import (
    BadKey,
    BadRequest,
    BrokenOff,
    ConnectTimeout,
    ContextTooLong,
    Garbled,
    ModelMissing,
    NotConfigured,
    ProviderError,
    RateLimited,
    ServerError,
    Unreachable,
)

DEFAULT_RETRY_SECONDS = 30.0
LONGEST_RETRY_SECONDS = 3600.0
_MESSAGE_CHARACTERS = 300
_TOO_LONG = re.compile(
    r"context.{0,30}(length|size|window)|(prompt|input).{0,30}too long|maximum context", re.I
)


def from_transport(error: Exception, name: str, place: str) -> ProviderError:
    """The ProviderError for an httpx error, or the built-in ConnectionError, met on the way to `place`."""
    if isinstance(error, httpx.ConnectTimeout):
        return ConnectTimeout(f"{name} at {place} does not accept connections in time.")
    if isinstance(error, httpx.ConnectError | ConnectionRefusedError) or type(error) is ConnectionError:
        return Unreachable(f"Nothing answers at {place}. Start {name}, or correct its address.")
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | httpx.LocalProtocolError):
        return NotConfigured(f"The address of {name} is not usable; it must begin with http:// or https://.")
    if isinstance(error, httpx.DecodingError | httpx.TooManyRedirects):
        return Garbled(f"{name} at {place} sent what can't be decoded.")
    return BrokenOff(f"The connection to {name} at {place} broke off.")


def from_status(
    status: int, message: str, name: str, *, model: str = "", retry_after: str | None = None
) -> ProviderError:
    """The ProviderError for an HTTP answer that is no success; `message` is what the server said."""
    said = inert_line(message, _MESSAGE_CHARACTERS)
    if status == 429 or (status == 503 and retry_after):
        return RateLimited(f"{name} asks to wait: {said}", retry_seconds(retry_after))
    if status in (401, 403):
        return BadKey(f"{name} does not accept the key ({status}). Set another one in Preferences.")
    if status == 404:
        return ModelMissing(f"{name} does not have the model {model!r}, or the address is wrong: {said}")
    if status == 413 or (400 <= status < 500 and _TOO_LONG.search(message)):
        return ContextTooLong(f"The messages are longer than the context of {model or name}: {said}")
    if 300 <= status < 400:
        return NotConfigured(
            f"{name} redirects to another address, which is not followed. Correct its address."
        )
    if status < 500:
        return BadRequest(f"{name} refuses this request ({status}): {said}")
    return ServerError(f"{name} failed ({status}): {said}")


def retry_seconds(header: str | None) -> float:
    """What a Retry-After header asks for: seconds or a date; bounded, and a default without one."""
    if not header:
        return DEFAULT_RETRY_SECONDS
    try:
        seconds = float(header)
    except ValueError:
        seconds = _seconds_until(header)
    return min(max(seconds, 1.0), LONGEST_RETRY_SECONDS) if seconds == seconds else DEFAULT_RETRY_SECONDS


def _seconds_until(date: str) -> float:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return DEFAULT_RETRY_SECONDS
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
