"""`timmy-desktop run-task`: one task from post to paid, for scripts."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any

from timmy_desktop.cli.session import EXPECTED_ERRORS, built, complain, print_json, run, running
from timmy_desktop.events.base import EventRecord
from timmy_desktop.events.routing import ProviderFailedOver
from timmy_desktop.events.tasks import TaskRetried, TaskStarted
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.services import Services
from timmy_desktop.storage.event_query import task_events
from timmy_desktop.swarm.errors import SwarmError
from timmy_desktop.swarm.task import TaskView

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
MSAT_PER_SAT = 1000


def run_task(options: argparse.Namespace) -> int:
    """0: completed; 1: failed or cancelled; 2: it could not be posted; 130: interrupted."""
    text = sys.stdin.read() if options.text == "-" else options.text
    try:
        changes = {"workspace": options.workspace.absolute()} if options.workspace else {}
        return run(_run_task(built(options, **changes), text, options))
    except (*EXPECTED_ERRORS, SwarmError) as error:
        complain(error, options.json)
        return USAGE


async def _run_task(services: Services, text: str, options: argparse.Namespace) -> int:
    started = time.monotonic()
    if not options.json:
        services.bus.subscribe_all(_print_progress)
    async with running(services, "run-task"):
        if services.workspace.folder is not None:
            await asyncio.to_thread(services.workspace.root)  # raises for a folder that is not there
        coordinator = services.coordinator
        task_id = await coordinator.post(
            text, local_only=options.local_only, max_price_msat=options.max_price * MSAT_PER_SAT
        )
        try:
            task = await coordinator.wait(task_id)
        except asyncio.CancelledError:
            await coordinator.cancel(task_id)
            raise
        milliseconds = round((time.monotonic() - started) * 1000)
        report = await _report(services, task, milliseconds)
    if options.json:
        print_json(report)
    else:
        _print_words(report)
    return DONE if task.status == "completed" else FAILED


async def _report(services: Services, task: TaskView, milliseconds: int) -> dict[str, Any]:
    events = await services.database.read(lambda session: task_events(session, task.id))
    names = {agent.id: agent.name for agent in services.coordinator.agents()}
    return {
        "task": task.id,
        "status": str(task.status),
        "result": task.result,
        "reason": task.reason,
        "agent": names.get(task.agent_id, task.agent_id),
        "provider": task.provider,
        "model": task.model,
        "paid_msat": task.paid_msat,
        "fee_msat": task.fee_msat,
        "simulated_payment": services.ledger.is_simulated,
        "tokens_in": task.tokens_in,
        "tokens_out": task.tokens_out,
        "events": [record.type for record in events],
        "milliseconds": milliseconds,
    }


def _print_progress(records: Sequence[EventRecord]) -> None:
    """A line for what a person waits for, on standard error: a model can take minutes."""
    for record in records:
        event = record.event
        if isinstance(event, TaskStarted):
            print(f"Bid for and begun (attempt {event.attempt}); the model is asked …", file=sys.stderr)
        elif isinstance(event, TaskRetried | ProviderFailedOver):
            print(inert_line(event.reason, 300), file=sys.stderr)


def _print_words(report: dict[str, Any]) -> None:
    if report["status"] != "completed":
        print(f"The task {report['status']}: {inert(report['reason'])}", file=sys.stderr)
        return
    print(inert(report["result"]))
    sats = f"{report['paid_msat'] / MSAT_PER_SAT:,.3f}".rstrip("0").rstrip(".")
    simulated = " (simulated)" if report["simulated_payment"] else ""
    who = f"{report['agent']} on {report['provider']}, {report['model']}"
    if report["reason"]:
        print(f"\n{inert(report['reason'])}", file=sys.stderr)
    print(f"\n{who}: {report['milliseconds']:,} ms, {sats} sat{simulated}", file=sys.stderr)
