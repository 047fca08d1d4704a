"""What is typed into the field, as conditions: words, "a phrase", -without, type:tool.*, provider=ollama."""

from __future__ import annotations

import re
from typing import Any, get_args

from timmy_desktop.storage.event_filter import Condition, Field

_PART = re.compile(r'(-?)(?:(\w+):)?(?:([\w.-]+)=)?(?:"([^"]*)"?|(\S+))')
_NAMED = frozenset(get_args(Field)) - {"text", "value"}


def conditions_of(text: str) -> tuple[Condition, ...]:
    """Never fails: what is not understood is looked for as it stands."""
    found: list[Condition] = []
    for part in _PART.finditer(text):
        minus, field, path, quoted, plain = part.groups()
        value = quoted if quoted is not None else plain or ""
        include = not minus
        if not value:
            continue
        if field in _NAMED and path is None:
            named: Any = field
            found.append(Condition(named, value, include))
        elif path is not None and field is None:
            found.append(Condition("value", value, include, path))
        else:
            found.append(Condition("text", part[0][len(minus) :].strip('"'), include))
    return tuple(found)


def words_of(condition: Condition) -> str:
    """A condition on a chip."""
    name = condition.path if condition.field == "value" else condition.field
    value = f"“{condition.value}”" if condition.field == "text" else condition.value
    return f"{'' if condition.include else 'not '}{name} {value}"
