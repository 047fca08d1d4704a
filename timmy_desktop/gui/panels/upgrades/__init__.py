"""Upgrades: what agents want to change in code, reviewed line by line before anything is applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panel import Area, Panel, PanelSpec

if TYPE_CHECKING:
    from timmy_desktop.services import Services


def build(services: Services) -> Panel:
    """The panel over the upgrade queue and the bus."""
    from timmy_desktop.gui.keepsakes import Keepsakes
    from timmy_desktop.gui.panels.upgrades.panel import UpgradesPanel

    panel = UpgradesPanel(
        queue=services.upgrades,
        bus=services.bus,
        supervisor=services.supervisor,
        keepsakes=Keepsakes(services.paths.data_dir / "panel-upgrades.json"),
        now_us=services.clock.now_us,
    )
    panel.start()
    return panel


SPEC = PanelSpec(
    name="upgrades",
    title="Upgrades",
    area=Area.BELOW,
    build=build,
    glyph="upgrades",
    summary="Review what agents want to change, line by line, before anything is applied.",
    shortcut="Ctrl+7",
)
