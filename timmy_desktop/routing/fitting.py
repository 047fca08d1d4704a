"""A request as a given provider can take it: short enough, and with tools in words where it knows none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from timmy_desktop.routing.context import Fitted, prompt_room, trimmed
from timmy_desktop.routing.types import CompletionRequest, Message

if TYPE_CHECKING:
    from timmy_desktop.routing.providers.base import Provider


def prepared(request: CompletionRequest, provider: Provider, room: int = 0) -> Fitted:
    """`request` as `provider` is sent it; `room` for the prompt, in tokens, goes before its known context."""
    if not room and (limit := context_of(provider)):
        room = prompt_room(request, limit)
    if not room:
        return Fitted(fitted(request, provider))
    cut = trimmed(request, room, provider.model or provider.name)
    return Fitted(fitted(cut.request, provider), cut.note)


def takes_all(provider: Provider) -> bool:
    """Whether `prepared` leaves every request to `provider` as it is."""
    return provider.supports_tools and not getattr(provider, "context_tokens", 0)


def context_of(provider: Provider) -> int:
    """The tokens of the provider's context where it knows them, else 0."""
    return int(getattr(provider, "context_tokens", 0))


def fitted(request: CompletionRequest, provider: Provider) -> CompletionRequest:
    """`request`, without tools and with past tool calls told in words if `provider` supports none."""
    return request if provider.supports_tools else without_tools(request)


def without_tools(request: CompletionRequest) -> CompletionRequest:
    """`request` for a model that knows no tools."""
    if not _has_tools(request):
        return request
    return replace(request, tools=(), messages=tuple(_in_words(message) for message in request.messages))


def _has_tools(request: CompletionRequest) -> bool:
    return bool(request.tools) or any(
        message.role == "tool" or message.tool_calls for message in request.messages
    )


def _in_words(message: Message) -> Message:
    if message.role == "tool":
        return Message("user", f"The tool {message.name or 'that was called'} returned:\n{message.content}")
    if message.tool_calls:
        calls = [f"(calls {call.name} {_written(call.arguments)})" for call in message.tool_calls]
        return Message(message.role, "\n".join([message.content, *calls]).strip())
    return message


def _written(arguments: Mapping[str, Any]) -> str:
    # Not orjson, which refuses numbers beyond 64 bits: here they are only words.
    return json.dumps(dict(arguments), ensure_ascii=False, separators=(",", ":"))
