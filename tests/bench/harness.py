"""Measures the project and a reference A B A B …, and says what the medians mean against a goal."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One result. `reference` and `ratio` are None where a benchmark stands alone."""

    name: str
    value: float
    unit: str
    reference: float | None
    ratio: float | None
    goal: str
    met: bool
    note: str = ""


def in_turn(
    project: Callable[[], float], reference: Callable[[], float], rounds: int = 5
) -> tuple[float, float, float]:
    """Medians of project, reference and their ratio pair by pair, after one warm-up of each."""
    project()
    reference()
    pairs = []
    for number in range(rounds):
        # Who goes first changes, so that neither always meets the machine as the other left it.
        if number % 2:
            second, first = reference(), project()
        else:
            first, second = project(), reference()
        pairs.append((first, second))
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(first / second for first, second in pairs),
    )


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count() or 0,
        "load_before": round(os.getloadavg()[0] * 100),
    }


def report(rows: Sequence[Row], to: Path | None) -> None:
    """Prints a table; writes JSON where asked to."""
    header = f"{'name':22}{'value':>14} {'unit':12}{'reference':>14}{'ratio':>10}  {'goal':28}met"
    print(header)
    print("-" * len(header))
    for row in rows:
        reference = "" if row.reference is None else f"{row.reference:,.3f}"
        ratio = "" if row.ratio is None else f"{row.ratio:,.3f}"
        met = "yes" if row.met else "NO"
        print(f"{row.name:22}{row.value:>14,.3f} {row.unit:12}{reference:>14}{ratio:>10}  {row.goal:28}{met}")
        if row.note:
            print(f"    {row.note}")
    if to is not None:
        to.write_text(
            json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]}, indent=1) + "\n"
        )
        print(f"Written to {to}", file=sys.stderr)
