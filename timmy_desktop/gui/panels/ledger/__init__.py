"""Ledger: every sat that agents earn and spend, and what needs a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timmy_desktop.gui.panel import Area, Panel, PanelSpec

if TYPE_CHECKING:
    from timmy_desktop.services import Services

WORK_S, REST_S = 0.003, 0.003
"""An export shares the interpreter with the window: for how long it works, and then rests."""


def build(services: Services) -> Panel:
    """The panel over the ledger, its history and the bus."""
    from timmy_desktop.gui.keepsakes import Keepsakes
    from timmy_desktop.gui.panels.ledger.panel import LedgerPanel
    from timmy_desktop.gui.panels.ledger.words import Worth
    from timmy_desktop.ledger import invoice
    from timmy_desktop.ledger.export import LedgerExport
    from timmy_desktop.ledger.export.pace import Pace
    from timmy_desktop.ledger.history import LedgerHistory

    settings = services.settings
    panel = LedgerPanel(
        book=services.ledger,
        history=LedgerHistory(services.database),
        exporter=LedgerExport(services.database, pace=Pace(work_seconds=WORK_S, rest_seconds=REST_S)),
        bus=services.bus,
        supervisor=services.supervisor,
        keepsakes=Keepsakes(services.paths.data_dir / "panel-ledger.json"),
        now_us=services.clock.now_us,
        names={agent.id: agent.name for agent in services.coordinator.agents()},
        proves=invoice.proves,
        worth=Worth(settings.fiat_cents_per_bitcoin, settings.fiat_currency),
    )
    panel.start()
    return panel


SPEC = PanelSpec(
    name="ledger",
    title="Ledger",
    area=Area.RIGHT,
    build=build,
    glyph="ledger",
    summary="Balance, money in and out, every payment with its proof, and what waits for your word.",
    shortcut="Ctrl+5",
)
