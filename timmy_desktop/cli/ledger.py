"""`timmy-desktop ledger …`: balance, health, check, reconcile and receipt, for scripts."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from timmy_desktop.cli.session import EXPECTED_ERRORS, built, complain, print_json, run
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.ledger import Ledger, LedgerError
from timmy_desktop.ledger.money import format_msat
from timmy_desktop.log_file import log_to_file

DONE, FAILED, USAGE = 0, 1, 2
BALANCES = {
    "available": ("available", "free to spend"),
    "pending": ("on its way", "reserved and in flight together"),
    "escrow": ("reserved", "for tasks under way"),
    "in_flight": ("in flight", "sent, and not known yet what became of it"),
    "suspense": ("set aside", "received, and not clear for what"),
    "net": ("net", "came in, less went out and fees"),
    "incoming": ("came in", ""),
    "outgoing": ("went out", ""),
    "fees": ("fees", "to the network"),
    "receivable": ("expected", "open invoices, no money yet"),
}
"""What the dock calls each balance, and what it is."""

Report = dict[str, Any]


def ledger(options: argparse.Namespace) -> int:
    """0: done and well; 1: done, and something needs a person; 2: it could not be done."""
    try:
        return run(_ledger(options))
    except (*EXPECTED_ERRORS, LedgerError) as error:
        complain(error, options.json)
        return USAGE


async def _ledger(options: argparse.Namespace) -> int:
    act, words, is_well = ACTIONS[options.action]
    async with _opened(options) as opened:
        report = await act(opened, options)
    if options.json:
        print_json(report)
    else:
        for line in words(report):
            print(inert(line))
    return DONE if is_well(report) else FAILED


@asynccontextmanager
async def _opened(options: argparse.Namespace) -> AsyncIterator[Ledger]:
    """The ledger alone: no model is looked for, no task taken up."""
    services = built(options)
    with log_to_file(services.paths):
        await services.start("ledger", only="ledger")
        try:
            yield services.ledger
        finally:
            await services.stop()


async def _balance(opened: Ledger, _: argparse.Namespace) -> Report:
    return {"simulated": opened.is_simulated, **asdict(await opened.balances())}


async def _health(opened: Ledger, _: argparse.Namespace) -> Report:
    return asdict(await opened.health())


async def _check(opened: Ledger, _: argparse.Namespace) -> Report:
    return asdict(await opened.check())


async def _reconcile(opened: Ledger, _: argparse.Namespace) -> Report:
    return asdict(await opened.reconcile("command line"))


async def _receipt(opened: Ledger, options: argparse.Namespace) -> Report:
    text = await opened.receipt(options.id)
    options.out.write_text(text, encoding="utf-8")
    return {"receipt": str(options.out)}


def _balance_words(report: Report) -> list[str]:
    kind = "Simulated sats" if report["simulated"] else "Sats"
    sums = [(format_msat(report[f"{name}_msat"]), *words) for name, words in BALANCES.items()]
    wide = max(len(sum_) for sum_, *_ in sums)
    return [f"{kind}:", *(f"  {word:<11} {sum_:>{wide}}   {means}".rstrip() for sum_, word, means in sums)]


def _health_words(report: Report) -> list[str]:
    if not report["ok"]:
        return [f"The Lightning node can't be used: {report['problem']}"]
    kind = "simulated, " if report["simulated"] else ""
    said = f"{report['backend']} ({kind}{report['network']}), height {report['height']}: {report['node_id']}"
    return [said, *report["cautions"]]


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _check_words(report: Report) -> list[str]:
    if not report["problems"]:
        adds = "adds" if report["transactions"] == 1 else "add"
        return [f"Every sat is accounted for: {_many(report['transactions'], 'transaction')} {adds} up."]
    return ["THE BOOK DOES NOT ADD UP:", *(f"  {problem}" for problem in report["problems"])]


def _reconcile_words(report: Report) -> list[str]:
    if report["state"] == "unreachable":
        return [f"Ledger and node could not be compared: {report['detail']}"]
    head = "Ledger and node agree" if report["state"] == "agrees" else "LEDGER AND NODE DIFFER"
    lines = [f"{head}: {_many(report['checked'], 'payment')} compared. {report['detail']}".strip()]
    for found in report["differences"]:
        says = f"the ledger says {found['book_says']}, the node {found['node_says']}"
        lines.append(inert_line(f"  {found['state']}: {found['kind']} {found['subject'][:16]}: {says}", 300))
    return lines


ACTIONS: dict[
    str,
    tuple[
        Callable[[Ledger, argparse.Namespace], Awaitable[Report]],
        Callable[[Report], list[str]],
        Callable[[Report], bool],
    ],
] = {
    "balance": (_balance, _balance_words, lambda _: True),
    "health": (_health, _health_words, lambda report: bool(report["ok"])),
    "check": (_check, _check_words, lambda report: not report["problems"]),
    "reconcile": (_reconcile, _reconcile_words, lambda report: report["state"] == "agrees"),
    "receipt": (_receipt, lambda report: [f"Written to {report['receipt']}."], lambda _: True),
}
