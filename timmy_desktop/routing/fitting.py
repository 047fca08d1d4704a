"""A request as a given provider can take it: tools become words where the model knows none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from timmy_desktop.routing.types import CompletionRequest, Message

if TYPE_CHECKING:
    from timmy_desktop.routing.providers.base import Provider


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
