"""Router: which provider answered, how fast, what failed and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panel import Area, Panel, PanelSpec

if TYPE_CHECKING:
    from timmy_desktop.services import Services

REHEARSED_US = 7 * 86_400 * 1_000_000
"""A rehearsal replays the last week."""


def build(services: Services) -> Panel:
    """The panel over the router, its history and the bus."""
    import asyncio

    from timmy_desktop.gui.keepsakes import Keepsakes
    from timmy_desktop.gui.panels.router.outcome import Outcome, outcome_of
    from timmy_desktop.gui.panels.router.panel import RouterPanel
    from timmy_desktop.gui.wording import dollars
    from timmy_desktop.routing.policy import Policy

    async def rehearse(policy: Policy) -> Outcome:
        from timmy_desktop.routing.rehearsal import replay

        now_us = services.clock.now_us()
        recording = await services.router_history.recording(now_us - REHEARSED_US, now_us)
        return outcome_of(await asyncio.to_thread(replay, recording, policy))

    def budget_words(provider: str) -> str:
        spent = services.router.budget.spent_today(provider)
        return f"{dollars(spent)} of {dollars(services.router.budget.daily)} today" if spent else ""

    panel = RouterPanel(
        router=services.router,
        history=services.router_history,
        bus=services.bus,
        supervisor=services.supervisor,
        keepsakes=Keepsakes(services.paths.data_dir / "panel-router.json"),
        now_us=services.clock.now_us,
        budget_words=budget_words,
        policy=services.router.policy,
        rehearsal=rehearse,
    )
    panel.start()
    return panel


SPEC = PanelSpec(
    name="router",
    title="Router",
    area=Area.RIGHT,
    build=build,
    glyph="router",
    summary="Latency of each provider over time, circuits, requests with their receipts, and rehearsals.",
    shortcut="Ctrl+4",
)
