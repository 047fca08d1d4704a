"""Memory: what is remembered, found, corrected and forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panel import Area, Panel, PanelSpec

if TYPE_CHECKING:
    from timmy_desktop.services import Services


def build(services: Services) -> Panel:
    """The panel over the memory and the bus."""
    from timmy_desktop.gui.keepsakes import Keepsakes
    from timmy_desktop.gui.panels.memory.panel import MemoryPanel

    panel = MemoryPanel(
        memory=services.memory,
        bus=services.bus,
        supervisor=services.supervisor,
        keepsakes=Keepsakes(services.paths.data_dir / "panel-memory.json"),
        now_us=services.clock.now_us,
    )
    panel.start()
    return panel


SPEC = PanelSpec(
    name="memory",
    title="Memory",
    area=Area.BELOW,
    build=build,
    glyph="memory",
    summary="Search, correct, pin and forget what Timmy and the agents remember.",
    shortcut="Ctrl+6",
)
