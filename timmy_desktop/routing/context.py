"""Prompts that fit: tokens by estimate, and a rule for what goes when there are too many.

The oldest messages go first. System messages, the last message of the person and what follows it stay; a
tool's answer goes with the call that it belongs to. Whoever trims says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from timmy_desktop.routing.types import CompletionRequest, Message

_BYTES_A_TOKEN = 3  # rather too many tokens than too few: English has about four bytes in one
_TOKENS_A_MESSAGE = 6
_LEAST_SHARE_FOR_PROMPT = 4


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request as it is sent; `note` says what was left out, and is empty when nothing was."""

    request: CompletionRequest
    note: str = ""


def estimate_text(text: str) -> int:
    """About how many tokens `text` is."""
    length = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return -(-length // _BYTES_A_TOKEN)


def estimate(request: CompletionRequest) -> int:
    """About how many tokens the prompt of `request` is, its tools included."""
    return sum(map(_tokens, request.messages)) + _tokens_of_tools(request)


def _tokens(message: Message) -> int:
    tokens = _TOKENS_A_MESSAGE + estimate_text(message.content)
    for call in message.tool_calls:
        tokens += estimate_text(call.name) + estimate_text(_written(call.arguments))
    return tokens


def _tokens_of_tools(request: CompletionRequest) -> int:
    return sum(
        _TOKENS_A_MESSAGE
        + estimate_text(tool.name + tool.description)
        + estimate_text(_written(tool.parameters))
        for tool in request.tools
    )


def _written(value: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(dict(value)).decode()
    except TypeError:  # what JSON can't carry; about as long in any other writing
        return _in_any_writing(value)


def _in_any_writing(value: Mapping[str, Any]) -> str:
    try:
        return repr(dict(value))
    except RecursionError:
        return ""


def prompt_room(request: CompletionRequest, context_tokens: int) -> int:
    """How many tokens of a context are left for the prompt."""
    return max(context_tokens - request.max_tokens, context_tokens // _LEAST_SHARE_FOR_PROMPT)


def trimmed(request: CompletionRequest, room: int, whose: str) -> Fitted:
    """`request` with the oldest messages left out until it is about `room` tokens; `whose` context it is."""
    if (tokens := estimate(request)) <= room:
        return Fitted(request)
    groups = _groups(request.messages)
    gone: set[int] = set()
    before = tokens
    for group in groups:
        if tokens <= room:
            break
        tokens -= sum(_tokens(request.messages[place]) for place in group)
        gone.update(group)
    if not gone:
        return Fitted(request)
    kept = tuple(message for place, message in enumerate(request.messages) if place not in gone)
    which = "oldest message" if len(gone) == 1 else f"{len(gone)} oldest messages"
    note = (
        f"Left out: the {which} (about {before - tokens:,} tokens), because the context of "
        f"{whose} has room for about {room:,}."
    )
    return Fitted(replace(request, messages=kept), note)


def _groups(messages: Sequence[Message]) -> list[list[int]]:
    """What may go, oldest first: places of messages that go together."""
    last_asked = max((place for place, message in enumerate(messages) if message.role == "user"), default=-1)
    groups: list[list[int]] = []
    for place, message in enumerate(messages):
        if message.role == "system" or place == last_asked:
            continue
        if message.role == "tool" and groups and messages[groups[-1][0]].tool_calls:
            groups[-1].append(place)
        else:
            groups.append([place])
    if groups and groups[-1][-1] == len(messages) - 1:
        groups.pop()  # the last word, whoever has it, is what is to be answered
    return groups
