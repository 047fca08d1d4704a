"""`timmy-desktop verify-log`: checks the event log's hash chain."""

from __future__ import annotations

import argparse
import sys

from timmy_desktop.bootstrap import chain_key
from timmy_desktop.cli.session import EXPECTED_ERRORS, complain, print_json, run
from timmy_desktop.inert import inert
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Secrets
from timmy_desktop.storage.chain import ChainReport
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.folder import DataFolder
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log

INTACT, BROKEN, USAGE, PARTLY = 0, 1, 2, 3


def verify(options: argparse.Namespace) -> int:
    """0: intact; 1: broken, and where; 2: it could not be checked; 3: only the newer part could be."""
    paths = Paths.default(options.data_dir)
    try:
        report = _verified(paths)
    except EXPECTED_ERRORS as error:
        complain(error, options.json)
        return USAGE
    if options.json:
        print_json(
            {
                "intact": report.intact and not report.unverified,
                "events": report.rows,
                "unverified": report.unverified,
                "last_seq": report.last_seq,
                "head": report.head.hex(),
                "broken_seq": report.broken_seq,
                "problem": report.problem,
            }
        )
    else:
        _print_words(report)
    if not report.intact:
        return BROKEN
    return PARTLY if report.unverified else INTACT


def _verified(paths: Paths) -> ChainReport:
    if not paths.database.exists():
        raise StorageError(f"There is no event log in {paths.data_dir}. Name its folder with --data-dir.")
    reports: list[ChainReport] = []

    async def work() -> int:
        # The folder is held so that the log can't grow between the rows and the anchor.
        with DataFolder(paths.data_dir) as folder:
            folder.acquire("verify-log")
            database = Database(paths.database)
            try:
                reports.append(await database.read(lambda session: _verify(session, paths)))
            finally:
                await database.close()
        return 0

    run(work())
    return reports[0]


def _verify(session: Session, paths: Paths) -> ChainReport:
    key = chain_key(paths, Secrets()).existing(session)
    if key is None:
        raise StorageError("The key of this log is neither in the keychain nor in the data folder.")
    progress = _print_progress if sys.stderr.isatty() else None
    return verify_log(session, paths.database, key, paths.data_dir / ANCHOR_FILE, progress)


def _print_progress(rows: int) -> None:
    print(f"\r{rows:,} events", end="", file=sys.stderr, flush=True)


def _print_words(report: ChainReport) -> None:
    if report.unverified and report.intact:
        print(f"Events 1 to {report.unverified:,} can't be verified: their key is gone.")
        print(f"Intact from there on: {report.rows:,} events, head {report.head.hex()[:16]}…")
    elif report.intact:
        print(f"Intact: {report.rows:,} events, head {report.head.hex()[:16]}…")
    else:
        print(f"BROKEN at event {report.broken_seq}: {inert(report.problem)}.")
        print("Everything before it is as it was written. Keep a copy of the data folder before you go on.")
