"""What a person changes while the router runs: the order, and who is switched on. Kept beyond a restart."""

from __future__ import annotations

from collections.abc import Sequence

from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus
from timmy_desktop.events.routing import (
    ProviderDisabled,
    ProviderEnabled,
    ProvidersReordered,
    ProviderTried,
)
from timmy_desktop.routing import keeping
from timmy_desktop.routing.errors import RouterError, UnknownProviderError
from timmy_desktop.routing.keeping import Choices
from timmy_desktop.routing.lane import Lane
from timmy_desktop.routing.rows import SOURCE, line


class Controls:
    """The order and the switches; they hold at once for requests that begin afterwards."""

    def __init__(self, bus: EventBus, lanes: Sequence[Lane]) -> None:
        """`lanes` stand in the order of the settings."""
        self._bus = bus
        self._lanes = tuple(lanes)
        self.order = self._lanes

    @property
    def _configured(self) -> tuple[str, ...]:
        return tuple(lane.provider.name for lane in self._lanes)

    def lane(self, name: str) -> Lane:
        """The lane called `name`. Raises UnknownProviderError."""
        for lane in self._lanes:
            if lane.provider.name == name:
                return lane
        raise UnknownProviderError(
            f"There is no provider {name!r}. There are: {', '.join(self._configured) or 'none'}."
        )

    def restore(self, choices: Choices) -> None:
        """Takes up what was chosen in an earlier run."""
        self._arrange(keeping.chosen_order(choices, self._configured))
        if choices.configured != self._configured:
            return  # the settings were changed since; they say it now
        for lane in self._lanes:
            lane.is_enabled = lane.provider.name not in choices.switched_off

    async def set_enabled(self, name: str, enabled: bool) -> None:
        """See CascadeRouter."""
        lane = self.lane(name)
        if lane.is_enabled == enabled:
            return
        lane.is_enabled = enabled
        event = ProviderEnabled if enabled else ProviderDisabled
        await self._publish(event(source=SOURCE, provider=name))

    async def reorder(self, names: Sequence[str]) -> None:
        """See CascadeRouter."""
        if sorted(names) != sorted(self._configured):
            raise RouterError(f"The order must name each provider once: {', '.join(self._configured)}.")
        if tuple(names) == tuple(lane.provider.name for lane in self.order):
            return
        self._arrange(names)
        await self._publish(ProvidersReordered(source=SOURCE, order=list(names)))

    def allow_trial(self, lane: Lane, *, local_only: bool) -> None:
        """Raises RouterError where a trial is out of the question."""
        if local_only and lane.provider.is_remote:
            raise RouterError(f"{lane.provider.name} is remote, and local models only are allowed.")
        if not lane.is_enabled:
            raise RouterError(f"{lane.provider.name} is switched off. Switch it on first.")

    async def tried(self, lane: Lane) -> None:
        """Tells what a trial found."""
        state = lane.health.state if lane.health is not None else "unavailable"
        detail = lane.health.detail if lane.health is not None else ""
        if lane.breaker.state == "OPEN":
            state, detail = "unavailable", lane.breaker.reason or detail
        await self._bus.publish(
            ProviderTried(source=SOURCE, provider=lane.provider.name, state=state, detail=line(detail))
        )

    def _arrange(self, names: Sequence[str]) -> None:
        self.order = tuple(self.lane(name) for name in names)

    async def _publish(self, event: Event) -> None:
        choices = Choices(
            self._configured,
            tuple(lane.provider.name for lane in self.order),
            frozenset(lane.provider.name for lane in self._lanes if not lane.is_enabled),
        )
        await self._bus.publish(event, work=lambda session: keeping.write_choices(session, choices))
