"""An agent at work: the loop of model and tools, within limits, ending in a result or in the true reason."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import orjson

from timmy_desktop.clock import Clock
from timmy_desktop.events.agents import ToolCalled, ToolCompleted, ToolFailed
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.tasks import TaskStepped
from timmy_desktop.identifiers import short_id
from timmy_desktop.inert import inert_line, storable
from timmy_desktop.memory.types import Context
from timmy_desktop.routing.errors import NoProviderError, RouterError
from timmy_desktop.routing.types import CompletionRequest, Message, Reply, ToolCall, ToolSpec
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.personas import CHANGE_PREFIX, Persona
from timmy_desktop.swarm.recollection import NOTHING, Recollection
from timmy_desktop.swarm.recordable import recordable
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.tools.caller import Caller

SOURCE = "worker"
CODE = "code"  # the capability of those agents that the person may have given a model of their own
MOST_CALLS_A_STEP = 8
# The same call with the same arguments is answered once, pointed back to after that, then ends the attempt.
MOST_REPEATS = 3
_SUMMARY = 300
_TEMPERATURE = 0.3

# The log can't forget; what goes into the memory and comes out of it does not stand there.
_LEFT_OUT = {"left_out": "what the memory is asked or told is not logged"}
_PRIVATE_ANSWER = "answered from the memory"

_LAST_STEP = "This is your last step: no tools are left. Answer now with what you have found."
_REPEATED = "You have made this very call before; its answer is above. Use it, or answer without it."
_TOO_MANY = f"This call was not made: at most {MOST_CALLS_A_STEP} calls fit into one step. Ask again."


class Router(Protocol):
    """What a worker needs of the cascade router."""

    async def complete(self, request: CompletionRequest) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What one attempt may use."""

    steps: int
    tokens: int
    seconds: float
    reply_tokens: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the worker is given."""

    task_id: str
    agent_id: str
    text: str
    persona: Persona
    local_only: bool


@dataclass(frozen=True, slots=True)
class Done:
    """The attempt has a result; `note` says what to know about it."""

    result: str
    provider: str
    model: str
    tokens_in: int
    tokens_out: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt has none. `curable` when another agent might do better."""

    reason: str
    curable: bool
    tokens_in: int = 0
    tokens_out: int = 0


class Worker:
    """Runs attempts. Cancelling `run` stops the model and the tools."""

    def __init__(
        self,
        *,
        router: Router,
        tools: Toolbox,
        bus: EventBus,
        clock: Clock,
        limits: Limits,
        recollection: Recollection | None = None,
        change_limits: Limits | None = None,
    ) -> None:
        """`change_limits` are for tasks that end in a proposal, which take longer.

        `recollection` puts what the memory knows of a task before the agent; None for agents without."""
        self._router = router
        self._tools = tools
        self._bus = bus
        self._clock = clock
        self._limits = limits
        self._change_limits = change_limits or limits
        self._recollection = recollection

    async def run(self, assignment: Assignment) -> Done | Failed:
        """One attempt, from the task's text to its end."""
        limits = self._change_limits if assignment.text.startswith(CHANGE_PREFIX) else self._limits
        attempt = _Attempt(
            self._router, self._tools, self._bus, self._clock, limits, assignment, self._recollection
        )
        try:
            outcome = await self._within(attempt, limits)
        finally:
            proposal_id = await self._tools.ended(assignment.task_id)
        return _with_proposal(outcome, proposal_id, assignment)

    async def _within(self, attempt: _Attempt, limits: Limits) -> Done | Failed:
        try:
            async with asyncio.timeout(limits.seconds):
                return await attempt.run()
        except TimeoutError:
            return attempt.failed(f"The time limit of {limits.seconds:g} seconds passed.", curable=False)
        except NoProviderError as error:
            return attempt.failed(str(error), curable=False)
        except RouterError as error:
            return attempt.failed(f"The model could not be asked: {error}", curable=False)


@dataclass
class _Attempt:
    router: Router
    tools: Toolbox
    bus: EventBus
    clock: Clock
    limits: Limits
    assignment: Assignment
    recollection: Recollection | None = None
    context: Context = NOTHING
    messages: list[Message] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0

    async def run(self) -> Done | Failed:
        persona = self.assignment.persona
        system = persona.prompt
        if self.recollection is not None:
            self.context = await self.recollection.of(self.assignment.text, self.caller)
            system = f"{system}\n\n{self.context.text}".strip()
        self.messages = [Message("system", system), Message("user", self.assignment.text)]
        specs = self.tools.specs(persona.tools)
        for step in range(1, self.limits.steps + 1):
            left = self.limits.tokens - self.tokens_out
            if left <= 0:
                break
            reply = await self._ask(step, specs if step < self.limits.steps else (), left)
            if not reply.tool_calls or step == self.limits.steps:
                return await self._with_sources(self._ended(reply))
            self.messages.append(Message("assistant", reply.text, tool_calls=reply.tool_calls))
            if (stuck := await self._use_tools(reply.tool_calls)) is not None:
                return stuck
        return self.failed(
            f"The limit of {self.limits.tokens} tokens was used up without a result.", curable=True
        )

    @cached_property
    def caller(self) -> Caller:
        work = self.assignment
        return Caller(work.persona.name, work.task_id, stays_here=work.local_only, agent_id=work.agent_id)

    async def _with_sources(self, outcome: Done | Failed) -> Done | Failed:
        """The result with marks of what it took from the memory, and that noted."""
        if self.recollection is None or isinstance(outcome, Failed):
            return outcome
        result = await self.recollection.used(outcome.result, self.assignment.text, self.context, self.caller)
        return replace(outcome, result=result)

    def failed(self, reason: str, *, curable: bool) -> Failed:
        return Failed(reason, curable, self.tokens_in, self.tokens_out)

    def _ended(self, reply: Reply) -> Done | Failed:
        result = storable(reply.text).strip()
        if not result:
            asked = " and asked for tools beyond its last step" if reply.tool_calls else ""
            return self.failed(f"The model {reply.model} gave no text{asked}.", curable=True)
        note = "The answer was cut off at the limit of its length." if reply.finish_reason == "length" else ""
        return Done(result, reply.provider, reply.model, self.tokens_in, self.tokens_out, note)

    async def _ask(self, step: int, specs: Sequence[ToolSpec], left: int) -> Reply:
        if step > 1 and step == self.limits.steps:
            self.messages.append(Message("user", _LAST_STEP))
        started = self.clock.monotonic()
        reply = await self.router.complete(
            CompletionRequest(
                messages=tuple(self.messages),
                purpose="code" if CODE in self.assignment.persona.capabilities else "agent",
                tools=tuple(specs),
                max_tokens=min(self.limits.reply_tokens, left),
                temperature=_TEMPERATURE,
                local_only=self.assignment.local_only,
                task_id=self.assignment.task_id,
                agent_id=self.assignment.agent_id,
            )
        )
        self.tokens_in += reply.usage.tokens_in
        # A provider that doesn't count still uses up the limit: about four characters make a token.
        self.tokens_out += reply.usage.tokens_out or len(reply.text) // 4 + 1
        self._report(step, reply, round((self.clock.monotonic() - started) * 1000))
        return reply

    def _report(self, step: int, reply: Reply, duration_ms: int) -> None:
        self.bus.emit(
            TaskStepped(
                source=SOURCE,
                task_id=self.assignment.task_id,
                agent_id=self.assignment.agent_id,
                step=step,
                text=storable(reply.text),
                tool_calls=[storable(call.name) for call in reply.tool_calls],
                provider=reply.provider,
                model=reply.model,
                tokens_in=reply.usage.tokens_in,
                tokens_out=reply.usage.tokens_out,
                duration_ms=duration_ms,
            )
        )

    async def _use_tools(self, calls: Sequence[ToolCall]) -> Failed | None:
        for number, call in enumerate(calls):
            # What did not fit into the step was not made: asked for again, it is new.
            answer = _TOO_MANY if number >= MOST_CALLS_A_STEP else await self._answer(call)
            if answer is None:
                return self.failed(
                    f"The agent kept calling {storable(call.name)} with the same arguments.", curable=True
                )
            self.messages.append(Message("tool", answer, tool_call_id=call.id, name=call.name))
        return None

    async def _answer(self, call: ToolCall) -> str | None:
        """What the model is told; None when it has asked for the same too often."""
        # The same question about a draft that has changed since is another one.
        key = _key(call) + self.tools.works_on(call.name, self.assignment.task_id)
        self.calls[key] = self.calls.get(key, 0) + 1
        if self.calls[key] > MOST_REPEATS:
            return None
        return _REPEATED if self.calls[key] > 1 else await self._use(call)

    async def _use(self, call: ToolCall) -> str:
        about: dict[str, Any] = {
            "source": SOURCE,
            "task_id": self.assignment.task_id,
            "agent_id": self.assignment.agent_id,
            "call_id": storable(call.id),
            "tool": storable(call.name)[:80],
        }
        is_private = self.tools.is_private(call.name)
        arguments = _LEFT_OUT if is_private else recordable(call.arguments)
        await self.bus.publish(ToolCalled(**about, arguments=arguments))
        started = self.clock.monotonic()
        try:
            answer = await self.tools.run(
                call.name, call.arguments, self.assignment.persona.tools, self.caller
            )
        except ToolError as error:
            reason, duration = storable(str(error)), self._since(started)
            self.bus.emit(ToolFailed(**about, reason=reason, duration_ms=duration))
            return f"Error: {reason}"
        self.bus.emit(
            ToolCompleted(
                **about,
                summary=_PRIVATE_ANSWER if is_private else answer[:_SUMMARY],
                size=len(answer),
                duration_ms=self._since(started),
            )
        )
        return answer

    def _since(self, started: float) -> int:
        return round((self.clock.monotonic() - started) * 1000)


def _with_proposal(outcome: Done | Failed, proposal_id: str, assignment: Assignment) -> Done | Failed:
    """Names the proposal in the result. A task that was to end in one and did not has failed."""
    if proposal_id:
        said = f"The proposal {short_id(proposal_id)} waits in Upgrades for a decision."
        if isinstance(outcome, Failed):
            return Done(said, "", "", outcome.tokens_in, outcome.tokens_out, outcome.reason)
        return replace(outcome, result=f"{outcome.result}\n\n{said}")
    if isinstance(outcome, Done) and assignment.text.startswith(CHANGE_PREFIX):
        reason = f"No change was proposed. {assignment.persona.name} said: {outcome.result}"
        return Failed(inert_line(reason, 1000), True, outcome.tokens_in, outcome.tokens_out)
    return outcome


def _key(call: ToolCall) -> str:
    arguments: Mapping[str, Any] = recordable(call.arguments)
    return f"{call.name} {orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS).decode()}"
