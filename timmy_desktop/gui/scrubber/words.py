"""Moments as people read them."""

from __future__ import annotations

from timmy_desktop.gui.wording import exact_time, relative_time
from timmy_desktop.scrubber.past import Reach
from timmy_desktop.scrubber.world import World


def as_it_was(time_us: int, now_us: int) -> str:
    """`As it was at 14:03:22`, with the day where it is another one."""
    then, now = exact_time(time_us), exact_time(now_us)
    day = "" if then[:10] == now[:10] else f"on {then[:10]} "
    return f"As it was {day}at {then[11:19]}"


def exactly(world: World, reach: Reach, now_us: int) -> str:
    """The moment to the millisecond, how long ago, and the number of its last event."""
    ago = relative_time(world.time_us, now_us)
    return f"{exact_time(world.time_us)} · {ago} · event {world.seq:,} of {reach.last_seq:,}"


def caution(world: World | None, reach: Reach) -> str:
    """What keeps the past from being whole; empty where it is."""
    words = []
    if reach.refused:
        words.append(
            f"What was kept of the pruned past is not used: {reach.refused}. Have the chain verified."
        )
    if reach.base_seq or reach.pruned:
        words.append(
            f"The past is known from {exact_time(reach.first_us)[:19]} on, event {reach.first_seq:,}: "
            "what came before was pruned."
        )
    if reach.pruned:
        since = "then" if reach.pruned >= reach.base_seq else f"before event {reach.pruned + 1:,}"
        words.append(f"What was made {since} is missing here, and sums count from there.")
    if world is not None and world.skipped:
        words.append(f"{world.skipped:,} events of a newer version of Timmy are left out.")
    return " ".join(words)
