"""What can go wrong between a request and an answer, and whose fault each of it is."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

from timmy_desktop.routing.types import Attempt, Skipped


class Blame(Enum):
    """What a failed attempt means for its provider."""

    NONE = "none"  # the request's own fault, or the person's wish
    SOFT = "soft"  # counts towards the threshold
    GONE = "gone"  # nothing listens: out at once, and a free probe proves its return
    HUNG = "hung"  # listens and says nothing: out at once, and only an answer proves its return
    WAIT = "wait"  # asked to be left alone for a while
    DISABLED = "disabled"  # out until its health says otherwise


class RouterError(Exception):
    """Base of this package's errors; the message says what happened and what to do."""


class ProviderError(RouterError):
    """One attempt on one provider failed."""

    outcome: ClassVar[str] = "failed"
    blame: ClassVar[Blame] = Blame.SOFT


class ServerError(ProviderError):
    """The provider answered that it failed (5xx)."""

    outcome = "server_error"


class Unreachable(ProviderError):
    """Nothing listens there, or the connection was refused."""

    outcome = "refused"
    blame = Blame.GONE


class ConnectTimeout(ProviderError):
    """No connection within the deadline."""

    outcome = "connect_timeout"
    blame = Blame.GONE


class FirstTokenTimeout(ProviderError):
    """Connected, and not a word within the deadline."""

    outcome = "first_token_timeout"
    blame = Blame.HUNG


class TotalTimeout(ProviderError):
    """The answer took longer than allowed."""

    outcome = "total_timeout"


class RateLimited(ProviderError):
    """Too many requests; the provider asks to be left alone for `retry_after` seconds."""

    outcome = "rate_limited"
    blame = Blame.WAIT

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadKey(ProviderError):
    """The provider does not accept the key."""

    outcome = "bad_key"
    blame = Blame.DISABLED


class BadRequest(ProviderError):
    """The provider does not accept this request."""

    outcome = "bad_request"
    blame = Blame.NONE


class ContextTooLong(ProviderError):
    """The messages don't fit into the model's context."""

    outcome = "context_too_long"
    blame = Blame.NONE


class LocalOnly(ProviderError):
    """The request must stay on this machine and this model would take it elsewhere."""

    outcome = "local_only"
    blame = Blame.NONE


class ModelMissing(ProviderError):
    """The provider does not have the model."""

    outcome = "model_missing"
    blame = Blame.DISABLED


class Garbled(ProviderError):
    """What came back is not what its API promises."""

    outcome = "garbled"


class BrokenOff(ProviderError):
    """The connection ended in the middle of the answer."""

    outcome = "broken_off"


class NotConfigured(ProviderError):
    """Something must be set or installed before this provider can be used."""

    outcome = "not_configured"
    blame = Blame.DISABLED


class UnknownProviderError(RouterError):
    """No provider has that name."""


class NoProviderError(RouterError):
    """No provider answered; `attempts` were made, `skipped` were not asked."""

    def __init__(self, attempts: Sequence[Attempt], skipped: Sequence[Skipped]) -> None:
        self.attempts = tuple(attempts)
        self.skipped = tuple(skipped)
        super().__init__(_explain(self.attempts, self.skipped))


_SHORTEN = "Shorten the text, or use a model with a larger context."
_GET_A_MODEL = "Start Ollama, install the embedded model, or set up an API in Preferences; then try again."


def _explain(attempts: Sequence[Attempt], skipped: Sequence[Skipped]) -> str:
    said = [f"{attempt.provider}: {attempt.detail}" for attempt in attempts]
    said += [f"{skip.provider} was not asked: {skip.reason}" for skip in skipped]
    reasons = " ".join(map(_sentence, said)) or "No provider is configured."
    too_long = any(attempt.outcome == ContextTooLong.outcome for attempt in attempts)
    return f"No model answered. {reasons} {_SHORTEN if too_long else _GET_A_MODEL}"


def _sentence(words: str) -> str:
    """What a server said, closed, so that the next step does not run on from it."""
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."
