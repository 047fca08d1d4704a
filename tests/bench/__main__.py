"""`python -m tests.bench [NAME…] [--json FILE]`: what `packaging/dev.py bench` runs."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.harness import Row, report

# Name → module; each module has a function of that name that returns its rows.
BENCHMARKS = {
    "event_append": "tests.bench.events",
    "event_append_one": "tests.bench.events",
    "event_verify": "tests.bench.events",
    "event_summary_1m": "tests.bench.event_queries",
    "event_page_1m": "tests.bench.event_queries",
    "event_search_1m": "tests.bench.event_queries",
    "events_view_1m": "tests.bench.events_view",
    "scrub_seek_1m": "tests.bench.scrub",
    "router_overhead": "tests.bench.routing",
    "router_dead": "tests.bench.routing",
    "router_hang": "tests.bench.routing",
    "router_series": "tests.bench.routing",
    "task_roundtrip": "tests.bench.swarm",
    "balance_1m": "tests.bench.ledger",
    "memory_recall": "tests.bench.memory",
    "memory_query": "tests.bench.memory",
    "memory_quality": "tests.bench.memory",
    "upgrade_prepare": "tests.bench.upgrades",
    "start_window": "tests.bench.window",
    "start_frozen": "tests.bench.window",
    "feed_flood": "tests.bench.window",
    "feed_clients": "tests.bench.feed",
    "chart_frame": "tests.bench.charts",
    "ledger_view_1m": "tests.bench.ledger_view",
    "diff_open": "tests.bench.diffs",
    "diff_scroll": "tests.bench.diffs",
    "diff_mode": "tests.bench.diffs",
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    rows: list[Row] = []
    for name in options.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows.extend(getattr(importlib.import_module(BENCHMARKS[name]), name)())
    report(rows, options.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
