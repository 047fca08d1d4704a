"""How well an agent has done so far, as a number that one lucky or unlucky task can't swing."""

from __future__ import annotations

# A newcomer counts as one that did three of four tasks; the prior fades as its own record grows.
PRIOR_COMPLETED = 3
PRIOR_FAILED = 1


def success_milli(completed: int, failed: int) -> int:
    """The expected success of the next task, in thousandths (Laplace's rule with the prior above)."""
    if completed < 0 or failed < 0:
        raise ValueError("A record holds counts, which are not negative.")
    return (completed + PRIOR_COMPLETED) * 1000 // (completed + failed + PRIOR_COMPLETED + PRIOR_FAILED)
