"""One attempt on one provider: its deadlines, its deltas, and what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeAlias

from timmy_desktop.clock import Clock
from timmy_desktop.routing.bounds import Allowance
from timmy_desktop.routing.breaker import Permit
from timmy_desktop.routing.budget import FREE, Charge
from timmy_desktop.routing.errors import (
    BrokenOff,
    FirstTokenTimeout,
    ProviderError,
    RateLimited,
    TotalTimeout,
)
from timmy_desktop.routing.fitting import prepared, takes_all
from timmy_desktop.routing.journal import Passage, Tick
from timmy_desktop.routing.lane import Lane
from timmy_desktop.routing.patience import Patience
from timmy_desktop.routing.types import (
    Attempt,
    AttemptStarted,
    CompletionRequest,
    Finished,
    ProviderDelta,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from timmy_desktop.routing.watch import Watch

logger = logging.getLogger(__name__)

RunEvent: TypeAlias = AttemptStarted | TextDelta | ToolCallDelta
UNFINISHED = "The answer ended before it was whole."
_new = tuple.__new__
Deltas: TypeAlias = AsyncGenerator[ProviderDelta, None]


class AttemptRun:
    """Runs the attempt as an iterator of its events; afterwards `attempt` says what came of it."""

    __slots__ = (
        "_allowance", "_answered", "_asking", "_breaker_before", "_calls", "_charge", "_clock", "_ended",
        "_error", "_lane", "_note", "_number", "_over", "_patience", "_permit", "_pulses_before", "_queue_ms",
        "_reason", "_room", "_started", "_text", "_watch", "attempt", "finished", "sent",
    )  # fmt: skip

    def __init__(
        self,
        lane: Lane,
        permit: Permit,
        request: CompletionRequest,
        number: int,
        clock: Clock,
        patience: Patience,
        ended: Callable[[Attempt], None],
        reason: str = "",
        queue_ms: int = 0,
        room: int = 0,
    ) -> None:
        """`room` for the prompt, in tokens, goes before the provider's known context."""
        self._lane = lane
        self._permit = permit
        self._charge: Charge = FREE
        self.sent = request  # as the provider gets it, once that is known
        self._note = ""
        self._room = room
        self._number = number
        self._reason = reason
        self._queue_ms = queue_ms
        self._clock = clock
        self._patience = patience
        self._ended = ended
        self._started = lane.journal.now  # when the permit was given, in this very turn
        self._text: list[str] = []
        self._calls: list[ToolCall] = []
        self._allowance = Allowance(request.max_tokens)
        self._breaker_before = lane.breaker.state
        self._pulses_before = lane.pulses
        self._watch: Watch | None = None
        self._asking: asyncio.Task[None] | None = None
        self._answered: Tick | None = None
        self._over: Tick | None = None
        self._error: ProviderError | None = None
        self.finished: Finished | None = None
        self.attempt: Attempt | None = None

    @property
    def first_token_at(self) -> float | None:
        """When the first token came, by the journal's clock."""
        return self._answered.at if self._answered is not None else None

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(self._text)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tools that are to be called."""
        return tuple(self._calls)

    async def events(self) -> AsyncGenerator[RunEvent, None]:
        """The attempt's events. An error ends them quietly: there may be others to ask; the log has it."""
        provider = self._lane.provider
        with _Ending(self):
            self._prepare()
            if self._charge.reserved:
                await self._hold()
            yield AttemptStarted(provider.name, provider.model, self._number)
            watch = self._watch = Watch(provider.deadlines, self._is_late, self._patience.alarm)
            async with aclosing(provider.stream(self.sent)) as deltas:
                while (piece := await self._piece(watch, deltas)) is not None:
                    yield piece

    async def whole(self) -> None:
        """The attempt without its events, at a lower cost, for those who wait for the whole answer."""
        provider = self._lane.provider
        try:
            self._prepare()
            if self._charge.reserved:
                await self._hold()
            watch = self._watch = Watch(provider.deadlines, self._is_late, self._patience.alarm)
            deltas = provider.stream(self.sent)
            takes_last = self._takes_last
            try:
                watch.begin()
                async for delta in deltas:
                    if watch.has_expired:
                        raise self._too_late()
                    if takes_last(delta):
                        break
                else:
                    raise BrokenOff(UNFINISHED)
            except asyncio.CancelledError as error:
                if watch.is_its_own():
                    raise self._too_late() from error
                raise
            finally:
                watch.end()
                await deltas.aclose()
        except BaseException as error:
            if not self._ended_by(error):
                raise
        else:
            self._ended_by(None)

    def _prepare(self) -> None:
        """Fits the request and reserves its price; within the attempt, whose end gives everything back."""
        if self._room or not takes_all(self._lane.provider):
            fitted = prepared(self.sent, self._lane.provider, self._room)
            self.sent, self._note = fitted.request, fitted.note
        self._charge = self._lane.charge(self.sent)

    def _hold(self) -> Awaitable[None]:
        return self._lane.hold(self.sent, self._number, self._charge)

    async def _piece(self, watch: Watch, deltas: Deltas) -> TextDelta | ToolCallDelta | None:
        """The next piece of the answer; None when it is whole."""
        while True:
            try:
                delta = await watch.pull(deltas)
            except TimeoutError as error:
                raise self._too_late() from error
            except StopAsyncIteration:
                raise BrokenOff(UNFINISHED) from None
            if self._takes_last(delta):
                return None
            if isinstance(delta, TextDelta | ToolCallDelta):
                return delta

    def _takes_last(self, delta: ProviderDelta) -> bool:
        """Keeps what came; whether it was the last."""
        if self._answered is None:
            if self._watch is not None:
                self._watch.answered()
            self._answered = self._lane.answered(self._permit, self._started)
        else:
            self._lane.pulse()
        if isinstance(delta, TextDelta):
            text = delta.text
            self._allowance.take(len(text))
            self._text.append(text)
        elif isinstance(delta, Finished):
            self.finished = delta
            return True
        elif isinstance(delta, ToolCallDelta):
            self._allowance.take(_length_of(delta.call))
            self._calls.append(delta.call)
        return False

    def _ended_by(self, error: BaseException | None) -> bool:
        """Draws the conclusions; whether `error` goes no further."""
        outcome, detail = "failed", "An unexpected error ended it; the log has it."
        try:
            if error is None:
                outcome, detail = "ok", ""
                self._over = self._lane.succeeded(self._permit)
            elif isinstance(error, ProviderError):
                outcome, detail = error.outcome, str(error)
                self._error, self._over = error, self._lane.failed(self._permit, error)
            elif isinstance(error, asyncio.CancelledError | GeneratorExit):
                outcome, detail = "cancelled", "Stopped before the answer was whole."
            elif isinstance(error, Exception):
                # One provider's defect must not keep the next one from being asked.
                logger.error("An attempt on %s ended unexpectedly.", self._lane.provider.name, exc_info=error)
                self._error = ProviderError(detail)
                self._over = self._lane.failed(self._permit, self._error)
        finally:
            if self._watch is not None:
                self._watch.close()
            if self._asking is not None:
                self._asking.cancel()
            if self._over is None:
                self._over = self._lane.left(self._permit)
            self._close(outcome, detail, self._over)
        return isinstance(error, Exception)

    def _is_late(self, watch: Watch) -> None:
        self._asking = self._patience.ask(watch, self._lane, self._pulses_before)

    def _too_late(self) -> ProviderError:
        provider = self._lane.provider
        if self._answered is not None:
            return TotalTimeout(f"The answer took longer than {provider.deadlines.total:g} s.")
        waited = self._clock.monotonic() - self._started
        return FirstTokenTimeout(f"{provider.name} said nothing for {waited:.3g} s.")

    def passage(self, *, again: bool) -> Passage:
        """The attempt for the journal, once it is over; `again` when the same lane is asked once more."""
        error, deadlines = self._error, self._lane.provider.deadlines
        return Passage(
            provider=self._lane.provider.name,
            outcome=self.attempt.outcome if self.attempt is not None else "cancelled",
            blame=error.blame.value if error is not None else "",
            wait=error.retry_after if isinstance(error, RateLimited) else 0.0,
            answered=self._answered,
            ended=self._over or self._lane.journal.tick(),
            first_token_deadline=deadlines.first_token,
            total_deadline=deadlines.total,
            again=again,
        )

    @property
    def budget_words(self) -> str:
        """What the attempt meant for the budget."""
        return self._charge.words

    def _close(self, outcome: str, detail: str, over: Tick) -> None:
        provider, charge, first, finished = self._lane.provider, self._charge, self._answered, self.finished
        usage = finished.usage if finished is not None else Usage()
        started = self._started
        # As Attempt(…) with every field named, at a third of the cost.
        self.attempt = attempt = _new(
            Attempt,
            (
                self._number,
                provider.name,
                (finished.model if finished is not None else "") or provider.model,
                outcome,
                detail,
                None if first is None else round((first[1] - started) * 1000),
                round((over[1] - started) * 1000),
                usage,
                self._breaker_before,
                bool(self._text),
                provider.is_remote,
                self._queue_ms,
                0 if charge is FREE else charge.settle(outcome, usage, self.text),
                self._reason,
                self._note,
            ),
        )
        self._ended(attempt)


class _Ending:
    """Ends the attempt, whatever came of it."""

    __slots__ = ("_run",)

    def __init__(self, run: AttemptRun) -> None:
        self._run = run

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return self._run._ended_by(error)


def _length_of(call: ToolCall) -> int:
    return len(call.id) + len(call.name) + len(repr(call.arguments))
