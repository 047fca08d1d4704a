"""Asks the router and its history for what the dock shows, and tells the panel what came. Free of Qt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from timmy_desktop.gui.panels.router.outcome import Outcome
from timmy_desktop.gui.panels.router.readings import ReadingTable, table_of
from timmy_desktop.gui.starter import Starter
from timmy_desktop.routing.policy import Policy
from timmy_desktop.routing.records import LatencySeries, Receipt, RequestRow
from timmy_desktop.routing.types import ProviderStatus

PAGE = 100
_SECOND = 1_000_000
_LEAST_REFRESH_US = 900_000
_REFRESHES_A_WINDOW = 240
_SERIES = 8


class History(Protocol):
    """What the dock needs of RouterHistory."""

    async def series(self, since_us: int, until_us: int, buckets: int) -> LatencySeries: ...
    async def requests(
        self,
        limit: int = 200,
        before: int | None = None,
        provider: str | None = None,
        outcome: str | None = None,
        text: str = "",
    ) -> Sequence[RequestRow]: ...
    async def receipt(self, request_id: str) -> Receipt: ...


class Router(Protocol):
    """What the dock needs of the router."""

    def status(self) -> Sequence[ProviderStatus]: ...
    async def try_now(self, name: str) -> Any: ...
    async def set_enabled(self, name: str, enabled: bool) -> Any: ...
    async def reorder(self, names: Sequence[str]) -> Any: ...


Rehearsal = Callable[[Policy], Coroutine[Any, Any, Outcome]]
"""Replays the recorded requests under another policy and tells what would have changed."""


class RouterStarter(Starter, Protocol):
    """It is asked what still runs, too."""

    def running(self, name: str = "") -> bool: ...


class Screen(Protocol):
    """What the panel shows when asked to."""

    def show_chart(self, chart: Chart) -> None: ...
    def show_chart_fault(self, words: str) -> None: ...
    def show_requests(self, rows: Sequence[RequestRow], how: str) -> None: ...
    def show_requests_fault(self, words: str) -> None: ...
    def show_receipt(self, receipt: Receipt) -> None: ...
    def show_receipt_fault(self, words: str) -> None: ...
    def show_providers(self) -> None: ...
    def show_rehearsal(self, outcome: Outcome) -> None: ...
    def say(self, words: str, tone: str) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """What was measured, and the picture and numbers made of it, for one span of time."""

    series: LatencySeries
    picture: Any
    table: ReadingTable
    is_live: bool

    @property
    def is_empty(self) -> bool:
        return not any(provider.buckets for provider in self.series.providers)


class RouterController:
    """One for each panel. Late replies to superseded questions are dropped by the starter."""

    def __init__(
        self,
        *,
        router: Router,
        history: History,
        rehearsal: Rehearsal,
        starter: RouterStarter,
        screen: Screen,
        now_us: Callable[[], int],
    ) -> None:
        self._router, self._history, self._starter, self._screen = router, history, starter, screen
        self._rehearsal = rehearsal
        self._now_us = now_us
        self.window_s = 3600
        self.is_live = True
        self.log = True
        self.buckets = 120
        self.columns = 0
        """How many pixels wide the chart is; 0 while nobody knows."""
        self._since_us = self._until_us = 0
        self._read_until_us = 0
        self._stale = True
        self._query: tuple[str, str, str] = ("", "", "")

    @property
    def roles(self) -> dict[str, str]:
        """A colour for each provider: by name in the alphabet, so that reordering repaints nothing."""
        statuses = self._router.status()
        names = sorted(status.name for status in statuses)
        colors = {name: f"series{place % _SERIES + 1}" for place, name in enumerate(names)}
        return {status.name: colors[status.name] for status in statuses}

    # The chart

    def go_live(self) -> None:
        """Follows the clock with the chosen window."""
        self.is_live = True
        self.read_chart()

    def pause(self) -> None:
        """Stays with the span that is on screen."""
        if self.is_live:
            self.is_live = False
            self._until_us = self._read_until_us or self._now_us()
            self._since_us = self._until_us - self.window_s * _SECOND

    def look(self, since_s: float, until_s: float) -> None:
        """Another span, chosen by zooming or panning."""
        self.is_live = False
        self._since_us, self._until_us = int(since_s * _SECOND), int(until_s * _SECOND)
        self.read_chart()

    def choose_window(self, seconds: int) -> None:
        """How much time is shown; while paused, around the same end."""
        self.window_s = seconds
        self._since_us = self._until_us - seconds * _SECOND
        self.read_chart()

    def tick(self) -> None:
        """Once a second while on screen: reads again where there is something new to see."""
        if self._starter.running("chart") or not self.is_live:
            return
        age = self._now_us() - self._read_until_us
        if (
            self._stale and age >= _LEAST_REFRESH_US
        ) or age >= self.window_s * _SECOND // _REFRESHES_A_WINDOW:
            self.read_chart()

    def note_news(self) -> None:
        """Something was called, failed over or opened."""
        self._stale = True
        if not self._starter.running("news"):
            self._starter.start("news", self._newest(), self._show_news)
        self._screen.show_providers()

    def read_chart(self) -> None:
        """Reads the span and shows it when it has come."""
        if self.is_live:
            self._until_us = self._now_us()
            self._since_us = self._until_us - self.window_s * _SECOND
        self._read_until_us, self._stale = self._until_us, False
        self._starter.start(
            "chart",
            self._chart(self._since_us, self._until_us, self.is_live),
            self._screen.show_chart,
            failed=lambda error: self._screen.show_chart_fault(_said(error)),
        )

    async def _chart(self, since_us: int, until_us: int, is_live: bool) -> Chart:
        series = await self._history.series(since_us, until_us, self.buckets)
        whole = await self._history.series(since_us, until_us, 1)
        return await asyncio.to_thread(_made, series, whole, self.roles, self.log, self.columns, is_live)

    # Requests

    def find(self, text: str, provider: str, outcome: str) -> None:
        """Another question to the list of requests."""
        self._query = (text, provider, outcome)
        self._starter.start(
            "requests",
            self._page(None),
            lambda rows: self._screen.show_requests(rows, "all"),
            failed=lambda error: self._screen.show_requests_fault(_said(error)),
        )

    def read_requests(self) -> None:
        """The same question again."""
        self.find(*self._query)

    def older(self, before: int | None) -> None:
        """The page below."""
        self._starter.start(
            "older", self._page(before), lambda rows: self._screen.show_requests(rows, "older")
        )

    def open_receipt(self, request_id: str) -> None:
        """Reads a receipt."""
        self._starter.start(
            "receipt",
            self._history.receipt(request_id),
            self._screen.show_receipt,
            failed=lambda error: self._screen.show_receipt_fault(_said(error)),
        )

    async def _page(self, before: int | None) -> Sequence[RequestRow]:
        text, provider, outcome = self._query
        return await self._history.requests(
            limit=PAGE, before=before, provider=provider or None, outcome=outcome or None, text=text
        )

    async def _newest(self) -> tuple[tuple[str, str, str], Sequence[RequestRow]]:
        query = self._query
        return query, await self._page(None)

    def _show_news(self, answer: tuple[tuple[str, str, str], Sequence[RequestRow]]) -> None:
        query, rows = answer
        if query == self._query:
            self._screen.show_requests(rows, "newer")

    # Providers and rehearsal

    def rehearse(self, policy: Policy) -> None:
        """Replays the recorded requests under `policy`."""
        self._starter.start(
            "rehearsal",
            self._rehearsal(policy),
            self._screen.show_rehearsal,
            failed=lambda error: self._screen.show_rehearsal(Outcome(_said(error), "bad")),
        )

    def try_now(self, name: str) -> None:
        """Asks whether the provider answers, whatever its circuit says."""
        self._starter.start(
            f"try {name}", self._router.try_now(name), lambda _: self._screen.show_providers()
        )

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Leaves the provider out, or uses it again."""
        self._control(self._router.set_enabled(name, enabled))

    def reorder(self, names: Sequence[str]) -> None:
        """Asks the providers in this order from now on."""
        self._control(self._router.reorder(tuple(names)))

    def _control(self, work: Coroutine[Any, Any, Any]) -> None:
        self._starter.start("control", work, lambda _: self._screen.show_providers())


def _made(
    series: LatencySeries, whole: LatencySeries, roles: dict[str, str], log: bool, columns: int, is_live: bool
) -> Chart:
    # numpy comes in with the plot, off the GUI thread.
    from timmy_desktop.gui.panels.router.snapshot import picture_of

    picture = picture_of(series, roles, log=log, columns=columns)
    return Chart(series, picture, table_of(series, whole, roles), is_live)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
