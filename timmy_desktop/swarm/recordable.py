"""What a model made up, as values that the event log can carry: bounded, without floats and huge numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from timmy_desktop.inert import storable

_LONGEST = 2000
_MOST = 50
_DEEPEST = 6
_LARGEST = 1 << 53


def recordable(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with long texts and lists cut, numbers that JSON can't carry exactly as text."""
    items = list(arguments.items())[:_MOST]
    return {storable(str(name))[:200]: _value(value, 1) for name, value in items}


def _value(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _LARGEST:
        return value
    if depth < _DEEPEST and isinstance(value, Mapping):
        items = list(value.items())[:_MOST]
        return {storable(str(name))[:200]: _value(inner, depth + 1) for name, inner in items}
    if depth < _DEEPEST and isinstance(value, list | tuple):
        return [_value(inner, depth + 1) for inner in value[:_MOST]]
    return storable(_text(value))[:_LONGEST]


def _text(value: Any) -> str:
    try:
        return str(value)
    except ValueError:
        return "a number with too many digits"
