"""`timmy-desktop propose`: puts what a branch changes into the upgrade queue, where a person decides."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import Any

from timmy_desktop.cli.session import EXPECTED_ERRORS, built, complain, load, print_json, run
from timmy_desktop.identifiers import short_id
from timmy_desktop.inert import inert_line
from timmy_desktop.log_file import log_to_file
from timmy_desktop.services import Services
from timmy_desktop.storage.folder import FolderInUseError
from timmy_desktop.upgrades.errors import RepositoryError, UpgradeError
from timmy_desktop.upgrades.handing_in import summary_of
from timmy_desktop.upgrades.inbox import INBOX, Inbox

DONE, USAGE = 0, 2
WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.2
NOBODY_ANSWERS = (
    "The application that has the data folder open did not take the proposal. Try again, or close it first."
)

# It was taken, so that another try could propose it twice.
NO_ANSWER_YET = "The application has taken the proposal and not answered yet. Look into the Upgrades dock."


def propose(options: argparse.Namespace) -> int:
    """0: it waits for a decision; 2: it was refused, with the reason."""
    try:
        return run(_propose(options))
    except (*EXPECTED_ERRORS, UpgradeError, RepositoryError) as error:
        complain(error, options.json)
        return USAGE


async def _propose(options: argparse.Namespace) -> int:
    description = sys.stdin.read() if options.description == "-" else options.description
    asked = {
        "repository": str(options.repo.expanduser().absolute()),
        "branch": options.branch,
        "description": description,
        "reasoning": options.reasoning,
        "proposer": options.proposer,
        "open_first": options.open,
    }
    services = built(options)
    try:
        with log_to_file(services.paths):
            await services.start("propose", only="upgrades")
    except FolderInUseError:
        report = await asyncio.to_thread(_handed_in, options, asked)
    else:
        report = await _proposed(services, asked, tested=options.wait)
    if options.json:
        print_json(report)
    else:
        print(f"Proposed as {short_id(report['proposal'])}: {inert_line(report['title'])}")
        files = "1 file" if report["files"] == 1 else f"{report['files']:,} files"
        print(f"{files}, +{report['added']} -{report['removed']}, {report['risk']} risk by its files.")
        if report["tests"]:
            print(f"Tests: {inert_line(report['tests'])}")
        print("It waits in the Upgrades dock for a decision.")
    return DONE


async def _proposed(services: Services, asked: dict[str, Any], *, tested: bool) -> dict[str, Any]:
    try:
        proposal = await services.upgrades.take(**asked)
        if tested:
            await services.upgrades.settled()
            proposal = await services.upgrades.proposal(proposal.id)
        return summary_of(proposal)
    finally:
        await services.stop()


def _handed_in(options: argparse.Namespace, asked: dict[str, Any]) -> dict[str, Any]:
    """Hands it to the application that has the data folder open, and waits for what that says."""
    _, paths = load(options)
    inbox = Inbox(paths.upgrades / INBOX)
    request = inbox.hand_in(**asked)
    deadline = time.monotonic() + WAIT_SECONDS
    while (answer := inbox.answer_to(request)) is None:
        if time.monotonic() > deadline:
            if inbox.take_back(request):
                raise UpgradeError(NOBODY_ANSWERS)
            if time.monotonic() > deadline + WAIT_SECONDS:
                raise UpgradeError(NO_ANSWER_YET)
        time.sleep(_LOOK_SECONDS)
    if "error" in answer:
        raise UpgradeError(str(answer["error"]))
    return answer
