"""What goes into the router and what comes out of it; frozen, and free of any provider's own shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from timmy_desktop.identifiers import new_id

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls"]
HealthState = Literal["ready", "loading", "unavailable", "not_configured"]
CircuitState = Literal["CLOSED", "OPEN", "HALF_OPEN"]

MOST_TOKENS = 2**53  # what JSON, SQLite and a float all carry exactly


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants to be called, with its arguments already parsed."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; `tool_call_id` and `name` belong to the role `tool`."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model is told of it; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """What a model is asked. With `local_only` no byte of it goes to a remote provider."""

    messages: tuple[Message, ...]
    purpose: str
    max_tokens: int
    tools: tuple[ToolSpec, ...] = ()
    temperature: float = 0.7
    local_only: bool = False
    task_id: str = ""
    agent_id: str = ""
    request_id: str = field(default_factory=new_id)
    stop: tuple[str, ...] = ()
    conversation_id: str = ""


def _count(said: object) -> int:
    if not isinstance(said, int | float) or said != said:
        return 0
    return int(min(max(said, 0), MOST_TOKENS))


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; 0 where it did not say.

    Servers say anything: what is no count becomes 0, and what is absurd becomes 0 or MOST_TOKENS.
    """

    tokens_in: int = 0
    tokens_out: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens_in", _count(self.tokens_in))
        object.__setattr__(self, "tokens_out", _count(self.tokens_out))


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer's text, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A whole tool call; providers put partial ones together themselves."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Pulse:
    """The model is at work (thinking, say) and has nothing to show yet; the router passes none on."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is whole; always a provider's last delta. `model` is the one that really answered."""

    reason: FinishReason
    usage: Usage
    model: str = ""


ProviderDelta: TypeAlias = TextDelta | ToolCallDelta | Pulse | Finished


@dataclass(frozen=True, slots=True)
class Health:
    """How a provider is; `detail` says in words what is the matter and what to do next."""

    state: HealthState
    detail: str = ""
    model: str = ""
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a provider may take, in seconds; `cold_first_token` while its model is still loading."""

    connect: float = 3.0
    first_token: float = 60.0
    total: float = 600.0
    cold_first_token: float = 300.0


class Attempt(NamedTuple):  # made for every call: a frozen dataclass takes three times as long
    """One try on one provider. `outcome` is "ok", "cancelled" or a ProviderError's `outcome`.

    `queue_ms` went by before it was asked; `reason` says why it was, `note` what was done to the prompt.
    """

    number: int
    provider: str
    model: str
    outcome: str
    detail: str
    ttft_ms: int | None
    total_ms: int
    usage: Usage = Usage()
    breaker: CircuitState = "CLOSED"
    had_text: bool = False
    is_remote: bool = False
    queue_ms: int = 0
    cost_microcents: int = 0
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A provider that was not asked, and why."""

    provider: str
    reason: str


class Reply(NamedTuple):  # made for every call: a frozen dataclass takes three times as long
    """A whole answer and how it came about; times are from the request's start, milliseconds.

    `reason` says why this provider; `notes` what was left out of the prompt, and by which rule.
    """

    text: str
    tool_calls: tuple[ToolCall, ...]
    provider: str
    model: str
    usage: Usage
    ttft_ms: int
    total_ms: int
    attempts: tuple[Attempt, ...]
    request_id: str
    finish_reason: FinishReason
    skipped: tuple[Skipped, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()
    cost_microcents: int = 0


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """A provider is being asked; what it says follows."""

    provider: str
    model: str
    attempt: int


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The attempt is over without an answer. With `had_text`, the text so far is void; another may follow."""

    provider: str
    reason: str
    had_text: bool


@dataclass(frozen=True, slots=True)
class Completed:
    """The stream's last event."""

    reply: Reply


RouterEvent: TypeAlias = AttemptStarted | TextDelta | ToolCallDelta | AttemptFailed | Completed


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """A provider at a glance; `last_latency_ms` is -1 before the first answer.

    `reason` says why it is left out, if it is; `seconds_to_probe` is -1 while no probe is planned;
    `over_budget` says why the request that the day's budget turned away last could not be paid for now.
    """

    name: str
    kind: str
    is_remote: bool
    state: CircuitState
    health: Health | None
    last_error: str
    model: str
    last_latency_ms: int
    is_enabled: bool = True
    reason: str = ""
    seconds_to_trial: float = 0.0
    seconds_to_probe: float = -1.0
    spent_today_microcents: int = 0
    over_budget: str = ""
