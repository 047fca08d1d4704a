"""How risky a change is, by what it touches: pure, and on the side of caution."""

from __future__ import annotations

from collections.abc import Sequence

from timmy_desktop.upgrades.kinds_of_files import is_manifest, is_prose, is_test
from timmy_desktop.upgrades.quarantine import EXECUTABLE, SYMLINK, TreeChange
from timmy_desktop.upgrades.types import ProofPacket, Risk

FEW_LINES, MANY_LINES = 60, 600
FEW_FILES, MANY_FILES = 5, 25


def assessed(changes: Sequence[TreeChange], steering: Sequence[str]) -> tuple[Risk, tuple[str, ...]]:
    """The risk, and in words what makes it more than low. `steering`: files that steer the tests."""
    high = [*_when(bool(steering), f"changes how tests are run: {', '.join(steering)}"), *_high(changes)]
    if high:
        return "high", tuple(high)
    medium = _medium(changes)
    return ("medium", tuple(medium)) if medium else ("low", ())


def speaks_against(proof: ProofPacket) -> tuple[str, ...]:
    """What a proof packet holds against approving by machine; empty when nothing."""
    return tuple(
        reason
        for found, reason in (
            (proof.removed_tests, "tests were removed"),
            (proof.skipped_tests, "tests are skipped that ran before"),
            (proof.broken_tests, "tests fail that passed before"),
            (proof.weakened, "tests ask less than before"),
            (proof.steering, "what steers the tests was changed"),
            (proof.outside, "files outside the stated purpose were changed"),
            (proof.dependencies, "dependencies were added"),
        )
        if found
    )


def _high(changes: Sequence[TreeChange]) -> list[str]:
    lines = _lines(changes)
    gone = [change.path for change in changes if change.status == "D" and is_test(change.path)]
    return [
        *_when(lines > MANY_LINES, f"{lines:,} lines are changed"),
        *_when(len(changes) > MANY_FILES, f"{len(changes):,} files are changed"),
        *_when(any(is_manifest(change.path) for change in changes), "changes what the project depends on"),
        *_when(any(change.new_mode == SYMLINK for change in changes), "adds or changes a symbolic link"),
        *_when(bool(gone), f"removes tests: {', '.join(gone)}"),
    ]


def _medium(changes: Sequence[TreeChange]) -> list[str]:
    lines = _lines(changes)
    code = [change for change in changes if not is_prose(change.path)]
    grew = [change for change in changes if change.new_mode == EXECUTABLE != change.old_mode]
    return [
        *_when(lines > FEW_LINES, f"{lines:,} lines are changed"),
        *_when(len(code) > FEW_FILES, f"{len(code)} files of code are changed"),
        *_when(any(change.is_binary for change in changes), "changes binary files"),
        *_when(any(change.status == "D" for change in changes), "removes files"),
        *_when(bool(grew), "makes a file executable"),
    ]


def _when(holds: bool, reason: str) -> list[str]:
    return [reason] if holds else []


def _lines(changes: Sequence[TreeChange]) -> int:
    return sum(change.added + change.removed for change in changes if not change.is_binary)
