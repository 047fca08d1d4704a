"""Tasks: posted, bid for, done, paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panel import Area, Panel, PanelSpec

if TYPE_CHECKING:
    from timmy_desktop.services import Services


def build(services: Services) -> Panel:
    """The panel over the coordinator and the bus."""
    from timmy_desktop.gui.keepsakes import Keepsakes
    from timmy_desktop.gui.panels.tasks.panel import TasksPanel

    names = {agent.id: agent.name for agent in services.coordinator.agents()}
    panel = TasksPanel(
        swarm=services.coordinator,
        bus=services.bus,
        supervisor=services.supervisor,
        keepsakes=Keepsakes(services.paths.data_dir / "panel-tasks.json"),
        name_of=lambda agent_id: names.get(agent_id, agent_id),
        statuses=services.router.status,
        simulated=services.ledger.is_simulated,
        now_us=services.clock.now_us,
        memory=services.memory,
    )
    panel.start()
    return panel


SPEC = PanelSpec(
    name="tasks",
    title="Tasks",
    area=Area.LEFT,
    build=build,
    glyph="tasks",
    summary="Post tasks, watch bids and steps, read results and what they cost.",
    shortcut="Ctrl+2",
)
