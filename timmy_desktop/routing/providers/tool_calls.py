"""Tools on the wire: how they are declared, and calls put together that arrive in pieces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from timmy_desktop.routing.bounds import Allowance
from timmy_desktop.routing.errors import Garbled
from timmy_desktop.routing.types import ToolCall, ToolSpec


def declared(tool: ToolSpec) -> dict[str, Any]:
    """A tool as both OpenAI's and Ollama's chat requests declare it."""
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
        },
    }


@dataclass(slots=True)
class _Partial:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class ToolCallAssembly:
    """Collects the `tool_calls` of an OpenAI stream's deltas by their index."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._partial: dict[int, _Partial] = {}

    def add(self, part: dict[str, Any]) -> None:
        """Takes one entry of a delta's `tool_calls`; raises Garbled when it is one too many."""
        index = part.get("index")
        call = self._partial.setdefault(len(self._partial) if index is None else int(index), _Partial())
        function = part.get("function") or {}
        if not call.name:
            call.name = str(function.get("name") or "")
            self._allowance.take(len(call.name))
        call.id = str(part.get("id") or call.id)
        arguments = _text_of(function.get("arguments"))
        # An entry counts even when it is empty: it is kept.
        self._allowance.take(1 + len(arguments))
        call.arguments.append(arguments)

    def calls(self) -> tuple[ToolCall, ...]:
        """The whole calls, in order; raises Garbled where one has no name or no JSON object."""
        return tuple(_whole(index, call) for index, call in sorted(self._partial.items()))


def _text_of(arguments: object) -> str:
    if isinstance(arguments, str):
        return arguments
    return orjson.dumps(arguments).decode() if arguments else ""


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
