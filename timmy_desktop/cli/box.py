"""`timmy-desktop export-box` and `open-box`: black boxes, on the command line and in a window."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from timmy_desktop.bootstrap import chain_key
from timmy_desktop.cli.log import age_us
from timmy_desktop.cli.session import EXPECTED_ERRORS, complain, load, print_json, run
from timmy_desktop.cli.window import NO_DISPLAY, has_display
from timmy_desktop.clock import SystemClock
from timmy_desktop.feed.box_format import About, fingerprint, signer
from timmy_desktop.feed.box_reader import Box, problems, unpack
from timmy_desktop.feed.box_writer import BoxWish, BoxWriter
from timmy_desktop.feed.errors import FeedError
from timmy_desktop.inert import inert
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Secrets
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.verify_timmy_log import UnusableError, read_key

DONE, CHANGED, USAGE, SIGNED = 0, 1, 2, 3


def box(options: argparse.Namespace) -> int:
    """0: done, or whole; 1: the box was changed; 2: it could not be done; 3: so the signature says."""
    try:
        if hasattr(options, "out"):
            return run(_export(options))
        return _check(options) if options.check or options.json else _show(options)
    except (*EXPECTED_ERRORS, FeedError, UnusableError) as error:
        complain(error, options.json)
        return USAGE


async def _export(options: argparse.Namespace) -> int:
    """The application may be running: it is only read."""
    settings, paths = load(options)
    now_us, out = SystemClock().now_us(), options.out.absolute()
    wish = BoxWish(since_us=now_us - age_us(options.newer_than), until_us=now_us, with_log=not options.no_log)
    writer = BoxWriter(settings=settings, secrets=Secrets(), paths=paths)

    def write(session: Session) -> About:
        key = chain_key(paths, Secrets()).existing(session)
        if key is None:
            raise StorageError("The key of this log is neither in the keychain nor in the data folder.")
        return writer.write(session, key, out, wish, made_us=now_us)

    about = await _read(paths, write)
    if options.json:
        print_json({"file": str(out), "events": about.events, "redacted": about.redacted})
    else:
        print(f"{about.events:,} events, {about.redacted:,} of them redacted, written to {inert(str(out))}.")
        print(f"Signed by {fingerprint(signer(out))}.")
    return DONE


async def _read(paths: Paths, work: Callable[[Session], About]) -> About:
    if not paths.database.exists():
        raise StorageError(f"There is no event log in {paths.data_dir}. Name its folder with --data-dir.")
    database = Database(paths.database)
    try:
        return await database.read(work)
    finally:
        await database.close()


def _check(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="timmy-box-") as folder:
        found = unpack(options.file, Path(folder))
        key = box_key(options, found)
        wrong = problems(found, key)
    about, signed_by = found.about, fingerprint(found.signer)
    if options.json:
        verdict = {"whole": not wrong, "by_key": key is not None, "signed_by": signed_by, "problems": wrong}
        print_json({"events": about.events, "redacted": about.redacted, "log_id": about.log_id, **verdict})
    else:
        print(
            f"{about.events:,} events ({about.first_seq} to {about.last_seq}), {about.redacted:,} redacted."
        )
        for line in wrong or [_verdict(key is not None, signed_by)]:
            print(inert(line))
    return CHANGED if wrong else DONE if key is not None else SIGNED


def _verdict(by_key: bool, signer: str) -> str:
    """The words for a box in which nothing wrong was found."""
    if by_key:
        return "Whole: every byte is as it was exported, and the chain holds."
    return (
        f"Unchanged since it was signed by {signer}; ask the sender whether that is theirs. The key of its "
        "log is not on this computer, so the chain was not verified."
    )


def _show(options: argparse.Namespace) -> int:
    if not has_display():
        print(f"{NO_DISPLAY}\nOr look at it here: timmy-desktop open-box --check", file=sys.stderr)
        return USAGE
    from timmy_desktop.app import run_box
    from timmy_desktop.settings import load_settings

    paths = Paths.default(options.data_dir)
    return run_box(
        options.file, lambda found: box_key(options, found), load_settings(paths.config_file).theme
    )


def box_key(options: argparse.Namespace, found: Box) -> bytes | None:
    """The key of the box's log: the one that was named, or this data folder's where it is the same log."""
    if options.key:
        return read_key(options.key)
    paths = Paths.default(options.data_dir)
    if not paths.database.exists():
        return None
    return asyncio.run(_key_of(paths, found.about.log_id))


async def _key_of(paths: Paths, log_id: str) -> bytes | None:
    def read(session: Session) -> bytes | None:
        named = session.sql("SELECT value FROM meta WHERE name = 'log_id'")
        same = bool(named) and named[0][0] == log_id
        return chain_key(paths, Secrets()).existing(session) if same else None

    database = Database(paths.database)
    try:
        return await database.read(read)
    finally:
        await database.close()
