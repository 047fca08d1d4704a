"""Runs a target's tests on any tree, in the sandbox, and tells what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from timmy_desktop.clock import Clock
from timmy_desktop.upgrades.errors import RepositoryError, SandboxError
from timmy_desktop.upgrades.interpreter import interpreter_for
from timmy_desktop.upgrades.quarantine import Quarantine
from timmy_desktop.upgrades.reports import read, report_of
from timmy_desktop.upgrades.sandbox import Job, Limits, Sandbox, Unconfined
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.types import TestKind, TestReport
from timmy_desktop.upgrades.workshop import Workshop

NO_SANDBOX = (
    "Tests were not run: this machine has no sandbox for them. Install bubblewrap, or allow this "
    "repository's tests to run without one."
)


class Trials:
    """Test runs, one after the other."""

    def __init__(
        self,
        *,
        threads: UpgradeThreads,
        clock: Clock,
        limits: Limits,
        find: Callable[[], Sandbox | None],
    ) -> None:
        """`find` gives this machine's sandbox, or None."""
        self._threads = threads
        self._clock = clock
        self._limits = limits
        self._find = find

    def sandbox(self) -> str:
        """The name of the sandbox; empty where there is none."""
        found = self._find()
        return found.name if found is not None else ""

    async def run(
        self,
        workshop: Workshop,
        quarantine: Quarantine,
        tree: str,
        kind: TestKind,
        *,
        only: Sequence[str] = (),
        trace: Sequence[str] = (),
    ) -> tuple[TestReport, Mapping[str, Any]]:
        """The report of the tests on `tree`, and which lines of the files in `trace` ran.

        Cancelling it ends the run.
        """
        stop = threading.Event()

        def is_stopped() -> bool:
            return stop.is_set() or self._threads.is_stopped()

        try:
            return await self._threads.tests(
                lambda: self._run(workshop, quarantine, tree, kind, tuple(only), tuple(trace), is_stopped)
            )
        finally:
            stop.set()

    def _run(
        self,
        workshop: Workshop,
        quarantine: Quarantine,
        tree: str,
        kind: TestKind,
        only: tuple[str, ...],
        trace: tuple[str, ...],
        is_stopped: Callable[[], bool],
    ) -> tuple[TestReport, Mapping[str, Any]]:
        target, now = workshop.target, self._clock.now_us()
        sandbox = self._find() or (Unconfined() if target.unsandboxed else None)
        if sandbox is None:
            return TestReport(kind, tree, "not_run", NO_SANDBOX, time_us=now), {}
        try:
            interpreter = interpreter_for(target.folder, target.python)
            with workshop.checked_out(quarantine, tree) as place:
                job = Job(place, target.folder, interpreter, only, trace)
                ran = sandbox.run(job, self._limits, is_stopped)
        except (SandboxError, RepositoryError) as error:
            return TestReport(kind, tree, "broken", str(error), time_us=now), {}
        report = report_of(ran, kind, tree, sandbox.name, now)
        return report, read(ran.report).cover
