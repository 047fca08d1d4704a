"""The panels, in the order of their shortcuts. A new one is a folder and a line here."""

from __future__ import annotations

from timmy_desktop.gui.panel import PanelSpec
from timmy_desktop.gui.panels import activity, chat, events, ledger, memory, router, tasks, upgrades

PANELS: tuple[PanelSpec, ...] = (
    activity.SPEC, tasks.SPEC, chat.SPEC, router.SPEC, ledger.SPEC, memory.SPEC, upgrades.SPEC, events.SPEC,
)  # fmt: skip
