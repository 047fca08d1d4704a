"""Which dock has a page about the past."""

from __future__ import annotations

from collections.abc import Mapping

from timmy_desktop.gui.scrubber.content import Render
from timmy_desktop.gui.scrubber.money_then import ledger_then
from timmy_desktop.gui.scrubber.rooms_then import events_then, memory_then, router_then
from timmy_desktop.gui.scrubber.upgrades_then import upgrades_then
from timmy_desktop.gui.scrubber.work_then import tasks_then

RENDERS: Mapping[str, Render] = {
    "activity": events_then,
    "tasks": tasks_then,
    "router": router_then,
    "ledger": ledger_then,
    "memory": memory_then,
    "upgrades": upgrades_then,
    "events": events_then,
}
"""By the name of the panel. A dock that is not here says that it has no past, and can't be used meanwhile."""
