"""Which provider a request goes to next: the configured order first, then a second look at the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from timmy_desktop.routing.breaker import Permit
from timmy_desktop.routing.journal import Look
from timmy_desktop.routing.lane import Entry, Lane
from timmy_desktop.routing.types import CompletionRequest, Skipped

Passed: TypeAlias = tuple[Lane, Permit]


class Cascade:
    """One request's way through the lanes; each lane is entered once at most, unless told `again`."""

    __slots__ = ("_first", "_looked_again", "_reasons", "_request", "_second", "looks")

    def __init__(self, lanes: Sequence[Lane], request: CompletionRequest) -> None:
        self._request = request
        self._first = list(lanes)[::-1]  # the next one last
        self._second: list[Lane] = []
        self._looked_again = False
        self._reasons: dict[str, str] = {}
        self.looks: list[Look] = []

    @property
    def has_skipped(self) -> bool:
        """Whether `skipped` holds any."""
        return bool(self._reasons)

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The lanes that did not let the request in, and why."""
        if not self._reasons:
            return ()
        return tuple(Skipped(name, reason) for name, reason in self._reasons.items())

    def next_now(self) -> Passed | None:
        """What `next` gives where the next lane lets in at once, as it nearly always does; None elsewhere."""
        if not self._first:
            return None
        lane = self._first[-1]
        entry = lane.enter_now(self._request)
        if entry is None:
            return None
        self._first.pop()
        return self._taken(lane, entry)

    async def next(self) -> Passed | None:
        """The next lane and the permit for one attempt on it; None when none is left."""
        while self._first:
            lane = self._first.pop()
            entry = lane.enter_now(self._request) or await lane.enter(self._request)
            if (passed := self._taken(lane, entry)) is not None:
                return passed
        await self._look_again()
        while self._second:
            lane = self._second.pop(0)
            permit = await self.enter(lane, last_resort=True)
            if permit is not None:
                return lane, permit
        return None

    def _taken(self, lane: Lane, entry: Entry) -> Passed | None:
        self.looks.append(entry.look)
        if entry.permit is not None:
            if self._reasons:
                self._reasons.pop(lane.provider.name, None)
            return lane, entry.permit
        self._reasons[lane.provider.name] = entry.words
        self._second.append(lane)
        return None

    def again(self, lane: Lane) -> None:
        """Has `lane` looked at once more, next."""
        if self._looked_again:
            self._second.insert(0, lane)
        else:
            self._first.append(lane)

    async def enter(self, lane: Lane, *, last_resort: bool) -> Permit | None:
        """The permit for one attempt on `lane`; None, with the reason kept, where there is none."""
        entry = await lane.enter(self._request, last_resort=last_resort)
        self.looks.append(entry.look)
        if entry.permit is not None:
            self._reasons.pop(lane.provider.name, None)
        else:
            self._reasons[lane.provider.name] = entry.words
        return entry.permit

    async def _look_again(self) -> None:
        """Asks those that were left out how they are now, all at once: somebody may just have started one."""
        if self._looked_again:
            return
        self._looked_again = True
        allowed = (
            lane
            for lane in self._second
            if lane.is_enabled and not (self._request.local_only and lane.provider.is_remote)
        )
        await asyncio.gather(*(lane.probe() for lane in allowed))
