"""Holds JSON against the parts of a published schema that the tests keep in data/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"
_TYPES: dict[str, Any] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list,
}  # fmt: skip


class Schemas:
    """The schemas of one API."""

    def __init__(self, file: str) -> None:
        described = json.loads((_DATA / file).read_text(encoding="utf-8"))
        self.paths: dict[str, list[str]] = described["paths"]
        self._schemas: dict[str, Any] = described["schemas"]

    def check(self, name: str, value: Any) -> None:
        """Fails with the place where `value` is not what the schema called `name` says."""
        problems = list(self._problems(self._schemas[name], value, name))
        assert not problems, "\n".join(problems)

    def members(self, name: str) -> list[str]:
        """The members that the schema called `name` knows."""
        return list(self._schemas[name]["properties"])

    def _problems(self, schema: dict[str, Any], value: Any, place: str) -> Any:
        if "$ref" in schema:
            yield from self._problems(self._schemas[schema["$ref"].rpartition("/")[2]], value, place)
            return
        if "oneOf" in schema:
            if all(list(self._problems(option, value, place)) for option in schema["oneOf"]):
                yield f"{place}: {value!r} fits none of the options"
            return
        kind = schema.get("type")
        if kind and (not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
            yield f"{place}: {value!r} is no {kind}"
            return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{place}: {value!r} is not one of {schema['enum']}"
        yield from self._members(schema, value, place)

    def _members(self, schema: dict[str, Any], value: Any, place: str) -> Any:
        if isinstance(value, dict):
            properties = schema.get("properties")
            yield from (
                f"{place}: {name} is missing" for name in schema.get("required", ()) if name not in value
            )
            for name, member in value.items() if properties else ():
                if name in properties:
                    yield from self._problems(properties[name], member, f"{place}.{name}")
        elif isinstance(value, list) and "items" in schema:
            for number, item in enumerate(value):
                yield from self._problems(schema["items"], item, f"{place}[{number}]")
