"""Makes the proof packet of a revision: runs the tests that it takes, and compares what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from timmy_desktop.upgrades import rows
from timmy_desktop.upgrades.dependencies import added_dependencies, imports, own_packages
from timmy_desktop.upgrades.examining import steering, text_of
from timmy_desktop.upgrades.kinds_of_files import holds_tests, is_manifest, is_test, outside_purpose
from timmy_desktop.upgrades.patch_parts import added_lines
from timmy_desktop.upgrades.quarantine import Quarantine, TreeChange
from timmy_desktop.upgrades.records import Records
from timmy_desktop.upgrades.reports import names
from timmy_desktop.upgrades.threads import UpgradeThreads
from timmy_desktop.upgrades.trials import Trials
from timmy_desktop.upgrades.types import (
    Coverage,
    ProofPacket,
    Proposal,
    Revision,
    TestKind,
    TestReport,
    Weakening,
)
from timmy_desktop.upgrades.weakening import weakened
from timmy_desktop.upgrades.workshop import Workshop

Tell = Callable[[str], None]
_CAME_TO_A_RESULT = ("passed", "failed", "none")


@dataclass(frozen=True, slots=True)
class Case:
    """One revision with everything that is needed to look into it. `old` and `new` are trees or commits."""

    workshop: Workshop
    quarantine: Quarantine
    proposal: Proposal
    revision: Revision
    patch: bytes
    changes: tuple[TreeChange, ...]
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """What can be said without running anything."""

    weakened: tuple[Weakening, ...]
    steering: tuple[str, ...]
    dependencies: tuple[str, ...]
    outside: tuple[str, ...]


class Prover:
    """Makes proof packets. Trees that were tested before are not tested again, save the merge."""

    def __init__(self, *, records: Records, trials: Trials, threads: UpgradeThreads) -> None:
        self._records = records
        self._trials = trials
        self._threads = threads

    async def prove(self, case: Case, tell: Tell) -> ProofPacket:
        """Runs what is to be run, writes each report and the packet. `tell` gets what it does, in words."""
        tell("Reading the change")
        reading = await self._threads.git(lambda: _read(case))
        tell("Testing the merge")
        merge, cover = await self._tested(case, case.new, "merge", trace=_traced(case))
        tell("Testing the target without it")
        base = await self._once(case, case.revision.target_head, "base")
        branch = merge
        if case.revision.base_commit != case.revision.target_head:
            tell("Testing the proposal alone")
            branch = await self._once(case, case.revision.commit, "branch")
        tell("Testing the tests")
        without = await self._without(case, base, merge)
        old = await self._old_tests(case)
        packet = _compared(case, reading, base, merge, without, old)
        coverage, note = _coverage(case, merge, cover)
        packet = replace(packet, branch=branch, coverage=coverage, coverage_note=note)
        await self._records.proved(case.proposal, case.revision.number, packet)
        return packet

    async def _once(self, case: Case, commit: str, kind: TestKind) -> TestReport:
        tree = await self._threads.git(lambda: case.quarantine.resolve(commit, "tree"))
        target_id = case.proposal.target_id
        known = await self._records.read(lambda session: rows.tested_tree(session, target_id, tree))
        if known is not None:
            return replace(known, kind=kind)
        return (await self._tested(case, tree, kind))[0]

    async def _tested(
        self, case: Case, tree: str, kind: TestKind, *, only: Sequence[str] = (), trace: Sequence[str] = ()
    ) -> tuple[TestReport, Mapping[str, Any]]:
        report, cover = await self._trials.run(
            case.workshop, case.quarantine, tree, kind, only=only, trace=trace
        )
        await self._records.tested(case.proposal, case.revision.number, report)
        return report, cover

    async def _without(self, case: Case, base: TestReport, merge: TestReport) -> TestReport | None:
        """The proposal's tests on the target's own code; None where nothing can be learnt from them."""
        files = [change.path for change in case.changes if change.new_mode and holds_tests(change.path)]
        is_mere_tests = all(is_test(change.path) for change in case.changes)
        if not files or is_mere_tests or not _new_tests(base, merge):
            return None
        tree = await self._threads.git(lambda: _only_tests(case))
        return (await self._tested(case, tree, "without", only=files))[0]

    async def _old_tests(self, case: Case) -> TestReport | None:
        """The tests as they were, on the merged code; None where they were not changed."""
        changed = [change for change in case.changes if change.old_mode and is_test(change.old_path)]
        files = [change.old_path for change in changed if holds_tests(change.old_path)]
        if not files:
            return None
        tree = await self._threads.git(lambda: _with_old_tests(case, changed))
        return (await self._tested(case, tree, "old_tests", only=files))[0]


def _read(case: Case) -> _Reading:
    texts = {
        change.path: (
            text_of(case.quarantine, case.old, change.old_path) if change.old_mode else "",
            text_of(case.quarantine, case.new, change.path) if change.new_mode else "",
        )
        for change in case.changes
        if not change.is_binary
    }
    own = own_packages(case.quarantine.paths(case.new))
    needed = [
        entry
        for path, both in texts.items()
        if is_manifest(path)
        for entry in added_dependencies(path, *both)
    ]
    imported = {
        name
        for path, (old, new) in texts.items()
        if path.endswith(".py")
        for name in imports(new) - imports(old) - own
        if not _is_imported(case, name)
    }
    words = f"{case.proposal.title} {case.proposal.description}"
    return _Reading(
        weakened=tuple(
            found
            for change in case.changes
            if change.old_mode and holds_tests(change.old_path) and change.path in texts
            for found in _weakened(change, *texts[change.path])
        ),
        steering=steering(case.quarantine, case.changes, case.old, case.new),
        dependencies=(*needed, *(f"imports {name}" for name in sorted(imported))),
        outside=outside_purpose(words, [change.path for change in case.changes]),
    )


def _weakened(change: TreeChange, old: str, new: str) -> tuple[Weakening, ...]:
    if not change.new_mode:
        return (Weakening(change.path, 0, "the file with its tests was removed"),)
    return weakened(change.path, old, new)


def _is_imported(case: Case, name: str) -> bool:
    """Whether the target's code imports a package already."""
    pattern = rf"^[[:space:]]*(import|from)[[:space:]]+{name}([[:space:].,]|$)"
    answer = case.quarantine.ask(["grep", "-q", "-E", "-e", pattern, case.old, "--", "*.py"])
    return answer.status == 0


def _only_tests(case: Case) -> str:
    files: dict[str, bytes | None] = {}
    for change in case.changes:
        if is_test(change.path) and change.new_mode:
            files[change.path] = case.quarantine.blob(case.new, change.path, 1 << 30)
    return case.quarantine.written(case.old, files)


def _with_old_tests(case: Case, changed: Sequence[TreeChange]) -> str:
    files: dict[str, bytes | None] = {
        change.old_path: case.quarantine.blob(case.old, change.old_path, 1 << 30) for change in changed
    }
    return case.quarantine.written(case.new, files)


def _traced(case: Case) -> list[str]:
    return [
        change.path
        for change in case.changes
        if change.new_mode and change.path.endswith(".py") and not is_test(change.path)
    ]


def _new_tests(base: TestReport, merge: TestReport) -> set[str]:
    return names(merge.cases) - names(base.cases)


def _compared(
    case: Case,
    reading: _Reading,
    base: TestReport,
    merge: TestReport,
    without: TestReport | None,
    old: TestReport | None,
) -> ProofPacket:
    new = _new_tests(base, merge)
    is_comparable = base.outcome in _CAME_TO_A_RESULT and merge.outcome in _CAME_TO_A_RESULT
    ran = names(base.cases, "passed", "failed", "error", "xpassed", "xfailed")
    passed = names(base.cases, "passed")
    fails, detail = _fails_without(new, without)
    return ProofPacket(
        base=base,
        merge=merge,
        old_tests=old,
        removed_tests=_sorted(names(base.cases) - names(merge.cases)) if is_comparable else (),
        skipped_tests=_sorted(ran & names(merge.cases, "skipped")),
        broken_tests=_sorted(passed & names(merge.cases, "failed", "error")),
        new_tests=_sorted(new) if is_comparable else (),
        weakened=(*reading.weakened, *_only_as_changed(case, base, merge, old)),
        steering=reading.steering,
        fails_without=fails,
        fails_without_detail=detail,
        outside=reading.outside,
        dependencies=reading.dependencies,
    )


def _only_as_changed(
    case: Case, base: TestReport, merge: TestReport, old: TestReport | None
) -> tuple[Weakening, ...]:
    """Tests that fail with the change as they were, and pass only as they are now."""
    if old is None:
        return ()
    suspects = (
        names(old.cases, "failed", "error")
        & names(base.cases, "passed")
        & names(merge.cases, "passed", "skipped")
    )
    paths = {change.old_path: change.path for change in case.changes}
    return tuple(
        Weakening(paths.get(name.partition("::")[0], ""), 0, f"{name} passes only because it was changed")
        for name in _sorted(suspects)
    )


def _fails_without(
    new: set[str], without: TestReport | None
) -> tuple[Literal["yes", "no", "none", "unknown"], str]:
    if not new:
        return "none", "No tests were added."
    if without is None:
        return "unknown", "The change is of tests alone, or its tests can't be told apart."
    if without.outcome not in ("passed", "failed"):
        return "unknown", without.detail
    if without.outcome == "failed":
        bad = names(without.cases, "failed", "error")
        # A file that can't even be imported without the change reports one error for all of its tests.
        count = len(bad & new) or len(new)
        return "yes", f"{count:,} of the {len(new):,} new tests fail without the change."
    return "no", "The new tests pass without the change too, so they do not show that it works."


def _coverage(case: Case, merge: TestReport, cover: Mapping[str, Any]) -> tuple[tuple[Coverage, ...], str]:
    if not _traced(case):
        return (), "No Python code outside the tests was changed."
    if merge.outcome not in ("passed", "failed"):
        return (), f"Which lines ran is not known: {merge.detail}"
    added = added_lines(case.patch)
    found = []
    for path in _traced(case):
        seen = cover.get(path)
        if not isinstance(seen, dict):
            continue
        lines = added.get(path, set()) & set(map(int, seen.get("code", ())))
        missed = lines - set(map(int, seen.get("ran", ())))
        found.append(Coverage(path, len(lines), len(lines) - len(missed), tuple(sorted(missed))))
    return tuple(found), "" if found else "The runner did not say which lines ran."


def _sorted(found: set[str]) -> tuple[str, ...]:
    return tuple(sorted(found))
