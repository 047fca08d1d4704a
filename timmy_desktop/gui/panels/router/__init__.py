"""Router: which provider answered, how fast, what failed and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panel import Area, Panel, PanelSpec

if TYPE_CHECKING:
    from timmy_desktop.services import Services


def build(services: Services) -> Panel:
    """The panel over the router, its history and the bus."""
    from timmy_desktop.gui.keepsakes import Keepsakes
    from timmy_desktop.gui.panels.router.panel import RouterPanel

    panel = RouterPanel(
        router=services.router,
        history=services.router_history,
        bus=services.bus,
        supervisor=services.supervisor,
        keepsakes=Keepsakes(services.paths.data_dir / "panel-router.json"),
        now_us=services.clock.now_us,
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
