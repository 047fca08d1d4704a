"""Events: the whole log, to find anything in, to follow, and to prove that nothing was touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panel import Area, Panel, PanelSpec

if TYPE_CHECKING:
    from timmy_desktop.services import Services


def build(services: Services) -> Panel:
    """The panel over the log, its index, its pruning and the agents' names."""
    from timmy_desktop.feed.clean_exports import cleaner
    from timmy_desktop.gui.keepsakes import Keepsakes
    from timmy_desktop.gui.panels.events.chain_desk import ChainParts
    from timmy_desktop.gui.panels.events.panel import EventsPanel
    from timmy_desktop.storage.verification import ANCHOR_FILE

    return EventsPanel(
        bus=services.bus,
        database=services.database,
        index=services.event_index,
        supervisor=services.supervisor,
        keepsakes=Keepsakes(services.paths.data_dir / "panel-events.json"),
        names={agent.id: agent.name for agent in services.coordinator.agents()},
        now_us=services.clock.now_us,
        chain=ChainParts(
            log=services.event_log,
            database=services.database,
            pruning=services.event_pruning,
            anchor=services.paths.data_dir / ANCHOR_FILE,
            archives=services.paths.archives,
            now_us=services.clock.now_us,
            clean=lambda session: cleaner(
                session, services.settings, services.secrets, services.paths.data_dir
            ),
        ),
    )


SPEC = PanelSpec(
    name="events",
    title="Events",
    area=Area.BELOW,
    build=build,
    glyph="events",
    summary="Every event of the log: find, follow, count, export and verify.",
    shortcut="Ctrl+8",
)
