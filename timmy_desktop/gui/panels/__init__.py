"""The panels, in the order of their shortcuts. A new one is a folder and a line here."""

from __future__ import annotations

from timmy_desktop.gui.panel import PanelSpec
from timmy_desktop.gui.panels import activity, chat, events, memory, router, tasks

PANELS: tuple[PanelSpec, ...] = (activity.SPEC, tasks.SPEC, chat.SPEC, router.SPEC, memory.SPEC, events.SPEC)
