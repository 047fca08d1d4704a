"""The panels, in the order of the docks: explicit, readable, safe to freeze."""

from __future__ import annotations

from timmy_desktop.gui.panel import PanelSpec
from timmy_desktop.gui.panels import activity, chat, events, ledger, memory, router, tasks

PANELS: tuple[PanelSpec, ...] = (
    activity.SPEC, tasks.SPEC, chat.SPEC, router.SPEC, ledger.SPEC, memory.SPEC, events.SPEC,
)  # fmt: skip
