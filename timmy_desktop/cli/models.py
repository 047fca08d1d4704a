"""`timmy-desktop models`: lists, fetches and deletes models."""

from __future__ import annotations

import argparse
import sys
from contextlib import aclosing
from dataclasses import asdict

from timmy_desktop.bootstrap import build_models
from timmy_desktop.cli.session import EXPECTED_ERRORS, complain, load, print_json, run
from timmy_desktop.inert import inert
from timmy_desktop.routing.airllm_folder import gigabytes
from timmy_desktop.routing.models import Listing, ModelEntry, ModelError, ModelLibrary

DONE, FAILED, USAGE = 0, 1, 2


def models(options: argparse.Namespace) -> int:
    """0: done; 1: it failed, and why; 2: no name was given."""
    if options.action != "list" and not options.name:
        complain(ModelError(f"Name the model: timmy-desktop models {options.action} NAME"), options.json)
        return USAGE
    try:
        library = build_models(*load(options))
        return run(_act(library, options))
    except (*EXPECTED_ERRORS, ModelError) as error:
        complain(error, options.json)
        return FAILED


async def _act(library: ModelLibrary, options: argparse.Namespace) -> int:
    if options.action == "pull":
        await _pull(library, options.name, options.json)
    elif options.action == "delete":
        await library.delete(options.name)
        _say({"deleted": options.name}, f"Deleted {options.name}.", options.json)
    else:
        _show(await library.listing(), options.json)
    return DONE


async def _pull(library: ModelLibrary, name: str, as_json: bool) -> None:
    is_live = sys.stderr.isatty()
    async with aclosing(library.pull(name)) as steps:
        async for step in steps:
            if is_live:
                share = f"{100 * step.done / step.total:.0f} %" if step.total else ""
                print(
                    f"\r\x1b[K{inert(name)}: {share} {inert(step.words)}", end="", file=sys.stderr, flush=True
                )
    if is_live:
        print(file=sys.stderr)
    _say({"pulled": name, "bytes": step.total}, f"{name} is there ({gigabytes(step.total)}).", as_json)


def _show(listing: Listing, as_json: bool) -> None:
    if as_json:
        print_json({"models": [asdict(model) for model in listing.models], "notes": list(listing.notes)})
        return
    for model in listing.models:
        print(inert(_line(model)))
    for note in listing.notes:
        print(inert(note), file=sys.stderr)


def _line(model: ModelEntry) -> str:
    share = f" {100 * model.fetched // model.size} %" if model.state == "partial" and model.size else ""
    about = ", ".join(part for part in (model.licence, model.good_for, model.problem) if part)
    size = gigabytes(model.size) if model.size else ""
    return f"{model.name:<30} {model.provider:<9} {model.state + share:<12} {size:>9}  {about}".rstrip()


def _say(values: dict[str, object], words: str, as_json: bool) -> None:
    if as_json:
        print_json(values)
    else:
        print(inert(words))
