"""Activity: what happens, as it happens, a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panel import Area, Panel, PanelSpec

if TYPE_CHECKING:
    from timmy_desktop.services import Services


def build(services: Services) -> Panel:
    """The panel over the bus, the log and the agents' names."""
    from timmy_desktop.gui.panels.activity.panel import ActivityPanel

    names = {agent.id: agent.name for agent in services.coordinator.agents()}
    return ActivityPanel(services.bus, services.database, services.supervisor, names)


SPEC = PanelSpec(
    name="activity",
    title="Activity",
    area=Area.LEFT,
    build=build,
    glyph="activity",
    summary="What agents, tasks, payments and models do, live.",
    shortcut="Ctrl+1",
)
