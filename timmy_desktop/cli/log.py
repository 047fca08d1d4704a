"""`timmy-desktop log …`: export, prune, archives, verify, key and verifier, for scripts."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from timmy_desktop.cli.session import EXPECTED_ERRORS, built, complain, print_json, run
from timmy_desktop.feed.clean_exports import cleaner
from timmy_desktop.inert import inert
from timmy_desktop.log_file import log_to_file
from timmy_desktop.services import Services
from timmy_desktop.storage import verify_timmy_log
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.event_archive import archives
from timmy_desktop.storage.event_export import export
from timmy_desktop.storage.event_filter import Condition, EventFilter
from timmy_desktop.storage.private_file import write_private_file

DONE, FAILED, USAGE = 0, 1, 2
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}

Report = dict[str, Any]
Action = Callable[[Services, argparse.Namespace], Awaitable[Report]]


def log(options: argparse.Namespace) -> int:
    """0: done; 1: what was verified is not intact; 2: it could not be done."""
    try:
        if options.action == "verifier":
            shutil.copyfile(Path(str(verify_timmy_log.__file__)).with_suffix(".py"), options.out)
            return _told({"file": str(options.out)}, options)
        return run(_log(options))
    except (*EXPECTED_ERRORS, verify_timmy_log.UnusableError) as error:
        complain(error, options.json)
        return USAGE


async def _log(options: argparse.Namespace) -> int:
    async with _opened(options) as services:
        report = await ACTIONS[options.action](services, options)
    return _told(report, options)


@asynccontextmanager
async def _opened(options: argparse.Namespace) -> AsyncIterator[Services]:
    """The log and its index alone: no model is looked for, no task taken up."""
    services = built(options)
    with log_to_file(services.paths):
        await services.start("log", only="memory")
        try:
            yield services
        finally:
            await services.stop()


async def _export(services: Services, options: argparse.Namespace) -> Report:
    await services.event_index.catch_up()
    wanted = _filter(services, options)
    key, made_us = services.event_log.key, services.clock.now_us()
    path: Path = options.out.absolute()

    def write(session: Session) -> int:
        clean = cleaner(session, services.settings, services.secrets, services.paths.data_dir)
        return export(session, path, options.format, wanted, key=key, made_us=made_us, clean=clean)

    events = await services.database.read(write)
    return {"events": events, "file": str(path)}


async def _prune(services: Services, options: argparse.Namespace) -> Report:
    before_us = services.clock.now_us() - age_us(options.older_than)
    if not options.yes:
        plan = await services.event_pruning.plan(before_us, options.type)
        return {
            "would_remove": plan.events,
            "by_type": dict(plan.by_type),
            "hint": "Nothing was removed: add --yes.",
        }
    pruned = await services.event_pruning.prune(before_us, options.type, archive=not options.no_archive)
    return {"removed": pruned.events, "archive": str(pruned.archive or "")}


async def _archives(services: Services, _: argparse.Namespace) -> Report:
    found = await services.database.read(lambda session: archives(session, services.paths.archives))
    return {
        "archives": [
            {"file": str(one.path), "events": one.rows, "first_seq": one.first_seq, "last_seq": one.last_seq}
            for one in found
        ]
    }


async def _verify(services: Services, options: argparse.Namespace) -> Report:
    report = verify_timmy_log.verify_file(options.file, services.event_log.key)
    problems = [{"seq": one.seq, "problem": one.problem} for one in report.findings]
    return {"intact": not problems, "events": report.rows, "head": report.head, "problems": problems}


async def _key(services: Services, options: argparse.Namespace) -> Report:
    write_private_file(options.out, services.event_log.key.hex().encode())
    return {"file": str(options.out), "hint": "Who has this key can forge the log. Keep it apart from it."}


def age_us(text: str) -> int:
    """`30d`, `12h`, `90m`, `4w` as microseconds; StorageError for anything else."""
    found = re.fullmatch(r"(\d+)([mhdw])", text)
    if found is None:
        raise StorageError(f"{text!r} is no age. Write a number and m, h, d or w, as in 30d.")
    return int(found[1]) * _UNITS[found[2]] * 1_000_000


def _filter(services: Services, options: argparse.Namespace) -> EventFilter:
    conditions = [Condition("type", value) for value in options.type]
    conditions += [Condition("task", options.task)] if options.task else []
    conditions += [Condition("text", options.text)] if options.text else []
    since = services.clock.now_us() - age_us(options.newer_than) if options.newer_than else None
    return EventFilter(tuple(conditions), since)


def _told(report: Report, options: argparse.Namespace) -> int:
    if options.json:
        print_json(report)
    else:
        for name, value in report.items():
            _print(name, value)
    return DONE if report.get("intact", True) else FAILED


def _print(name: str, value: Any) -> None:
    if not value and isinstance(value, list | dict | str):
        print(f"{name.replace('_', ' ')}: none")
    elif isinstance(value, list):
        for one in value:
            print(inert("  ".join(f"{key} {part}" for key, part in one.items())))
    elif isinstance(value, dict):
        print(
            f"{name.replace('_', ' ')}: {inert(', '.join(f'{key} {part:,}' for key, part in value.items()))}"
        )
    elif name == "hint":
        print(value, file=sys.stderr)
    else:
        shown = str(value)
        if isinstance(value, bool):
            shown = "yes" if value else "no"
        elif isinstance(value, int):
            shown = f"{value:,}"
        print(f"{name.replace('_', ' ')}: {inert(shown)}")


ACTIONS: dict[str, Action] = {
    "export": _export,
    "prune": _prune,
    "archives": _archives,
    "verify": _verify,
    "key": _key,
}
