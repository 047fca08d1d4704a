"""Chat: the conversation with Timmy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panel import Area, Panel, PanelSpec

if TYPE_CHECKING:
    from timmy_desktop.services import Services


def build(services: Services) -> Panel:
    """The panel over Timmy."""
    from timmy_desktop.gui.keepsakes import Keepsakes
    from timmy_desktop.gui.panels.chat.panel import ChatPanel

    panel = ChatPanel(
        chat=services.timmy,
        supervisor=services.supervisor,
        keepsakes=Keepsakes(services.paths.data_dir / "panel-chat.json"),
        statuses=services.router.status,
        now_us=services.clock.now_us,
        folder_is_open=lambda: services.workspace.folder is not None,
        all_local=services.settings.local_only,
        memory=services.memory,
    )
    panel.start()
    return panel


SPEC = PanelSpec(
    name="chat",
    title="Chat",
    area=Area.CENTRE,
    build=build,
    glyph="chat",
    summary="Talk with Timmy, who answers on your models and puts the swarm to work.",
    shortcut="Ctrl+3",
)
