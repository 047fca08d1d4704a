"""Puts tool calls together that arrive in pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from timmy_desktop.routing.errors import Garbled
from timmy_desktop.routing.types import ToolCall


@dataclass(slots=True)
class _Partial:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ToolCallAssembly:
    """Collects the `tool_calls` of an OpenAI stream's deltas by their index."""

    def __init__(self) -> None:
        self._partial: dict[int, _Partial] = {}

    def add(self, part: dict[str, Any]) -> None:
        """Takes one entry of a delta's `tool_calls`."""
        index = part.get("index")
        call = self._partial.setdefault(len(self._partial) if index is None else int(index), _Partial())
        function = part.get("function") or {}
        call.id = part.get("id") or call.id
        call.name = call.name or str(function.get("name") or "")
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = orjson.dumps(arguments).decode()
        call.arguments.append(arguments or "")

    def calls(self) -> tuple[ToolCall, ...]:
        """The whole calls, in order; raises Garbled where one has no name or no JSON object."""
        return tuple(_whole(index, call) for index, call in sorted(self._partial.items()))


def _whole(index: int, call: _Partial) -> ToolCall:
    if not call.name:
        raise Garbled("The model called a tool without a name.")
    try:
        arguments = orjson.loads("".join(call.arguments) or "{}")
    except orjson.JSONDecodeError as error:
        raise Garbled(f"The model called {call.name} with arguments that are not JSON.") from error
    if not isinstance(arguments, dict):
        raise Garbled(f"The model called {call.name} with arguments that are not a JSON object.")
    return ToolCall(call.id or f"call_{index}", call.name, arguments)
