"""What a tool is: a name, words and a JSON schema for the model, and an answer in text."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from timmy_desktop.inert import inert_line
from timmy_desktop.swarm.errors import ToolError

# About 6,000 tokens: what one answer may take of a small model's context.
MOST_CHARACTERS = 24_000


class Tool(Protocol):
    """Something that an agent can call. `parameters` is the JSON schema of its arguments."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, Any]: ...

    async def run(self, arguments: Mapping[str, Any]) -> str:
        """The answer for the model; ToolError says what was wrong in words that the model can act on.

        What it shows comes from the workspace, or has passed `without_private_keys` before it was cut.
        """
        ...


class Arguments(BaseModel):
    """The base of every tool's arguments: nothing unknown is accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)


A = TypeVar("A", bound=Arguments)


class TypedTool(Generic[A]):
    """A tool whose arguments are checked against a model before it sees them."""

    name: str
    description: str
    arguments: type[A]

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON schema, without the titles that cost a model tokens and tell it nothing."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        schema.pop("description", None)
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
        return schema

    async def run(self, arguments: Mapping[str, Any]) -> str:
        """Checks the arguments and answers."""
        return await self.answer(self.checked(arguments))

    def checked(self, arguments: Mapping[str, Any]) -> A:
        """The arguments as the tool wants them; ToolError says what is wrong with them."""
        try:
            return self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            raise ToolError(_explain(self.name, error)) from error

    async def answer(self, arguments: A) -> str:
        """The tool's own work."""
        raise NotImplementedError


def capped(text: str, what: str = "answer", limit: int = MOST_CHARACTERS) -> str:
    """`text`, cut at `limit` characters with a last line that says so."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[The {what} was cut here: {len(text):,} characters, {limit:,} shown.]"


def _explain(name: str, error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(part) for part in problem["loc"]) or "arguments"
        problems.append(f"{inert_line(place, 80)}: {problem['msg']}")
    return f"{name} was not run, its arguments are wrong: {'; '.join(problems[:5])}."
