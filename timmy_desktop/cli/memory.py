"""`timmy-desktop memory …`: search, remember, forget, import, export, stats and rebuild, for scripts."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timmy_desktop.cli.session import EXPECTED_ERRORS, built, complain, print_json, run
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.log_file import log_to_file
from timmy_desktop.memory import PERSON, Memory, MemoryFault
from timmy_desktop.memory.types import EVERYTHING, Entry, Filters, NewEntry, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DONE, FAILED, USAGE = 0, 1, 2
JSONL = ".jsonl"
_LINE = 160
_LEAST_SCORE = 0.005

Report = dict[str, Any]
Action = Callable[[Memory, argparse.Namespace], Awaitable[Report]]


def memory(options: argparse.Namespace) -> int:
    """0: done; 1: nothing found, or not all of it done; 2: it could not be done."""
    try:
        return run(_memory(options))
    except (*EXPECTED_ERRORS, MemoryFault) as error:
        complain(error, options.json)
        return USAGE


async def _memory(options: argparse.Namespace) -> int:
    act, words, is_done = ACTIONS[options.action]
    async with _opened(options) as opened:
        report = await act(opened, options)
    if options.json:
        print_json(report)
    else:
        words(report)
    return DONE if is_done(report) else FAILED


@asynccontextmanager
async def _opened(options: argparse.Namespace) -> AsyncIterator[Memory]:
    """The memory alone: no model is looked for, no task taken up."""
    services = built(options)
    with log_to_file(services.paths):
        await services.start("memory", only="memory")
        try:
            yield services.memory
        finally:
            await services.stop()


async def _search(opened: Memory, options: argparse.Namespace) -> Report:
    await opened.warm_up()
    filters = Filters(types=(options.type,)) if options.type else Filters()
    result = await opened.search(options.text, asker=PERSON, filters=filters, limit=options.limit)
    hits = [
        {**_shown(hit.entry), "score": round(hit.score, 4), "reason": hit.reason, "folded": list(hit.folded)}
        # What would be shown with 0.00 has nothing to do with the question; the best is shown all the same.
        for place, hit in enumerate(result.hits)
        if place == 0 or hit.score >= _LEAST_SCORE or result.mode == "newest"
    ]
    return {"hits": hits, "mode": result.mode, "milliseconds": round(result.took_ms, 1), "note": result.note}


async def _remember(opened: Memory, options: argparse.Namespace) -> Report:
    text = await asyncio.to_thread(sys.stdin.read) if options.text == "-" else options.text
    visibility: Any = "private" if options.private else "shared"
    new = NewEntry(
        content=text,
        visibility=visibility,
        pinned=options.pin,
        local_only=options.local_only,
        source="command",
    )
    entry = await opened.remember(new)
    await opened.settled()
    return _shown(await opened.entry(entry.id, asker=PERSON))


async def _forget(opened: Memory, options: argparse.Namespace) -> Report:
    entries = [await opened.entry(name, asker=PERSON) for name in options.ids]
    report = await opened.forget(
        [entry.id for entry in entries],
        asker=PERSON,
        sources=options.sources,
        events=options.events,
        tell=_teller(options),
    )
    return {
        "forgotten": report.entries,
        "gone": report.is_gone,
        "covered": list(report.covered),
        "traces": [{"file": one.file, "where": one.where, "count": one.count} for one in report.traces],
        "files_searched": report.files_searched,
        "bytes_searched": report.bytes_searched,
        "backups_removed": report.backups_removed,
        "sources_forgotten": report.sources_forgotten,
        "prompts_redacted": report.prompts_redacted,
        "events_removed": report.events_removed,
        "note": report.note,
    }


async def _import(opened: Memory, options: argparse.Namespace) -> Report:
    tell = _teller(options)
    lines = [path for path in options.paths if path.suffix == JSONL]
    documents = [path for path in options.paths if path.suffix != JSONL]
    entries = sum([await opened.import_lines(path) for path in lines])
    visibility: Any = "private" if options.private else "shared"
    report = await opened.import_documents(documents, visibility=visibility, tell=tell)
    await opened.settled()
    files = [
        {"path": file.path, "outcome": file.outcome, "chunks": file.chunks, "reason": file.reason}
        for file in report.files
    ]
    return {"entries": entries, "files": files, "chunks": report.chunks, "note": report.note}


async def _export(opened: Memory, options: argparse.Namespace) -> Report:
    path: Path = options.out.absolute()
    return {"entries": await opened.export_lines(path, asker=PERSON, filters=EVERYTHING), "file": str(path)}


async def _stats(opened: Memory, options: argparse.Namespace) -> Report:  # noqa: ARG001 - as the others
    numbers = await opened.statistics(asker=PERSON)
    found = {name: getattr(numbers, name) for name in numbers.__slots__}
    pairs = {name: dict(value) for name, value in found.items() if isinstance(value, tuple)}
    return {**found, **pairs, "model": opened.status().model}


async def _rebuild(opened: Memory, options: argparse.Namespace) -> Report:
    return {"indexed": await opened.rebuild(_teller(options))}


def _shown(entry: Entry) -> Report:
    return {
        "id": entry.id,
        "type": entry.type,
        "content": entry.content,
        "source": entry.source,
        "owner": entry.owner,
        "visibility": entry.visibility,
        "state": entry.state,
        "pinned": entry.pinned,
        "local_only": entry.local_only,
        "created_us": entry.created_us,
    }


def _teller(options: argparse.Namespace) -> Callable[[Progress], None] | None:
    """Progress on standard error, where a person looks on."""
    if options.json or not sys.stderr.isatty():
        return None
    return lambda progress: print(
        f"\r{progress.words} {progress.done:,}/{progress.total:,}\x1b[K", end="", file=sys.stderr, flush=True
    )


def _print_hits(report: Report) -> None:
    for hit in report["hits"]:
        print(
            f"{hit['score']:.2f}  m:{hit['id'][-8:]}  {hit['type']}, {hit['owner']}  ({inert(hit['reason'])})"
        )
        print(f"      {inert_line(hit['content'], _LINE)}")
    if not report["hits"]:
        print("Nothing found.", file=sys.stderr)
    if report["note"]:
        print(inert(report["note"]), file=sys.stderr)


def _print_entry(report: Report) -> None:
    print(f"Remembered as m:{report['id'][-8:]}.")


def _print_forgotten(report: Report) -> None:
    print(f"Forgotten: {report['forgotten']}. Cleaned: {', '.join(report['covered'])}.")
    print(f"{report['files_searched']:,} files, {report['bytes_searched']:,} bytes were searched for it.")
    for trace in report["traces"]:
        print(f"Still in {inert(trace['file'])}: {trace['where']} ({trace['count']}).")
    if report["note"]:
        print(inert(report["note"]))


def _print_imported(report: Report) -> None:
    for file in report["files"]:
        pieces = (
            f", {file['chunks']} {'piece' if file['chunks'] == 1 else 'pieces'}" if file["chunks"] else ""
        )
        reason = f". {inert(file['reason'])}" if file["reason"] else ""
        print(f"{file['outcome']}{pieces}: {inert(file['path'])}{reason}")
    if report["entries"]:
        print(f"{report['entries']:,} memories were new.")
    elif not report["files"]:
        print("Nothing in it was new.")
    if report["note"]:
        print(inert(report["note"]), file=sys.stderr)


def _print_pairs(report: Report) -> None:
    for name, value in report.items():
        if isinstance(value, Mapping):
            value = ", ".join(f"{inert(str(key))} {count:,}" for key, count in value.items()) or "none"
        shown = f"{value:,}" if isinstance(value, int) else value
        print(f"{name.replace('_', ' ')}: {shown}")


def _print_stats(report: Report) -> None:
    """As a person reads it: times instead of microseconds, sizes with their unit, marks of entries."""
    shown: Report = {}
    for name, value in report.items():
        if name.endswith("_bytes"):
            shown[name.replace("_bytes", "_size")] = _size(value)
        elif name.endswith("_us"):
            shown[name.removesuffix("_us")] = _time(value)
        else:
            shown[name] = value
    if used := report.get("most_used"):
        shown["most_used"] = {f"m:{name[-8:]}": times for name, times in used.items()}
    _print_pairs(shown)


def _size(number: int) -> str:
    if number < 1000:
        return f"{number} bytes"
    return f"{number / 1000:,.1f} kB" if number < 1_000_000 else f"{number / 1_000_000:,.1f} MB"


def _time(time_us: int) -> str:
    return f"{datetime.fromtimestamp(time_us / 1e6, UTC):%Y-%m-%d %H:%M:%S} UTC" if time_us else "none"


ACTIONS: dict[str, tuple[Action, Callable[[Report], None], Callable[[Report], bool]]] = {
    "search": (_search, _print_hits, lambda report: bool(report["hits"])),
    "remember": (_remember, _print_entry, lambda _: True),
    "forget": (_forget, _print_forgotten, lambda report: bool(report["gone"])),
    "import": (
        _import,
        _print_imported,
        lambda report: all(f["outcome"] != "refused" for f in report["files"]),
    ),
    "export": (_export, _print_pairs, lambda _: True),
    "stats": (_stats, _print_stats, lambda _: True),
    "rebuild": (_rebuild, _print_pairs, lambda _: True),
}
