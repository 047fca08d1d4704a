"""A provider that does as it is told: instant, refusing, hanging, slow, garbled, dying, calling tools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from timmy_desktop.routing.errors import BrokenOff, ContextTooLong, Garbled, ProviderError, Unreachable
from timmy_desktop.routing.types import (
    CompletionRequest,
    Deadlines,
    Finished,
    Health,
    ProviderDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)


class FakeClock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now_us(self) -> int:
        return round(self.seconds * 1_000_000)

    def monotonic(self) -> float:
        return self.seconds


@dataclass(frozen=True)
class Script:
    """What one request gets: words, then perhaps a hold, an error or tool calls."""

    words: tuple[str, ...] = ("Hello", " world")
    calls: tuple[ToolCall, ...] = ()
    error: ProviderError | None = None
    hangs: bool = False
    unfinished: bool = False

    @classmethod
    def refuses(cls) -> Script:
        return cls(words=(), error=Unreachable("Nothing listens there."))

    @classmethod
    def hangs_silently(cls) -> Script:
        return cls(words=(), hangs=True)

    @classmethod
    def dies_in_the_middle(cls) -> Script:
        return cls(words=("Half an",), error=BrokenOff("The connection ended in the middle of the answer."))

    @classmethod
    def says_garbage(cls) -> Script:
        return cls(words=(), error=Garbled("What came back is not JSON."))


@dataclass
class ScriptedProvider:
    """Follows `script`, or `scripts` one by one first; counts what it was asked and what was closed."""

    name: str = "scripted"
    kind: str = "scripted"
    is_remote: bool = False
    model: str = "scripted-1"
    supports_tools: bool = True
    deadlines: Deadlines = field(default_factory=lambda: Deadlines(1.0, 5.0, 10.0, 20.0))
    script: Script = field(default_factory=Script)
    scripts: list[Script] = field(default_factory=list)
    state: Health = field(default_factory=lambda: Health("ready", "", "scripted-1", ("scripted-1",)))
    health_of: Callable[[], Health] | None = None
    context_characters: int = 10_000
    release: asyncio.Event = field(default_factory=asyncio.Event)
    requests: list[CompletionRequest] = field(default_factory=list)
    probes: int = 0
    open_streams: int = 0
    running: bool = False
    usage: Usage | None = None

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False

    async def warm_up(self) -> None:
        return None

    async def health(self) -> Health:
        self.probes += 1
        return self.health_of() if self.health_of is not None else self.state

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[ProviderDelta, None]:
        self.requests.append(request)
        script = self.scripts.pop(0) if self.scripts else self.script
        self.open_streams += 1
        try:
            if sum(len(message.content) for message in request.messages) > self.context_characters:
                raise ContextTooLong("The messages are longer than the model's context.")
            for word in script.words:
                yield TextDelta(word)
            if script.hangs:
                await self.release.wait()
            if script.error is not None:
                # As over a real wire, a failure is not there in the same turn of the loop.
                await asyncio.sleep(0)
                raise script.error
            for call in script.calls if request.tools else ():
                yield ToolCallDelta(call)
            if not script.unfinished:
                yield _finished(script, request, self.usage)
        finally:
            self.open_streams -= 1


def _finished(script: Script, request: CompletionRequest, usage: Usage | None) -> Finished:
    reason = "tool_calls" if script.calls and request.tools else "stop"
    return Finished(reason, usage or Usage(7, len(script.words)), "scripted-1")


def unavailable(name: str = "it") -> Health:
    return Health("unavailable", f"Nothing answers at {name}. Start it.")
