"""The bundle as a signed, notarised .dmg, where an identity is given. It runs on a Mac alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import shipped
from steps import Step, StepError, run_logged, say

HERE = Path(__file__).resolve().parent
ENTITLEMENTS = HERE / "macos/entitlements.plist"
# A "Developer ID Application" identity of the keychain; a profile that `notarytool store-credentials` kept.
IDENTITY, PROFILE = "TIMMY_SIGN_IDENTITY", "TIMMY_NOTARY_PROFILE"
_MACH_O = (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def build_dmg(bundle: Path, out: Path, environment: Mapping[str, str], log: Path) -> Path:
    """Signs and notarises what it can, says what it could not, and writes the image into `out`."""
    target = out / f"{shipped.NAME}-{shipped.VERSION}-{os.uname().machine}.dmg"
    identity, profile = environment.get(IDENTITY, ""), environment.get(PROFILE, "")
    if not identity:
        say(f"Not signed: set {IDENTITY}. Until then a Mac asks before it opens the app (docs/releasing.md).")
    commands = [*signing(bundle, identity or "-"), *imaging(bundle, target)]
    if identity:
        commands.append(_codesign(identity, target))
    if identity and profile:
        commands += notarising(target, profile)
    with Step("Signing and packing the bundle") as step:
        for command in commands:
            step.say(command[0])
            if run_logged(command, log) != 0:
                raise StepError(f"`{' '.join(command[:3])} …` failed.", log)
    return target


def signing(bundle: Path, identity: str) -> list[list[str]]:
    """Every program and library from the inside out, the bundle last, with the hardened runtime."""
    inner = sorted(mach_o_files(bundle), key=lambda path: (-len(path.parts), str(path)))
    return [_codesign(identity, path) for path in [*inner, bundle]] + [
        ["codesign", "--verify", "--deep", "--strict", str(bundle)]
    ]


def mach_o_files(bundle: Path) -> Iterator[Path]:
    """What has to be signed by itself."""
    for path in bundle.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) in _MACH_O:
                    yield path


def imaging(bundle: Path, target: Path) -> list[list[str]]:
    """A disk image with the bundle and the way to drag it to."""
    folder = bundle.parent / "image"
    return [
        ["rm", "-rf", str(folder), str(target)],
        ["mkdir", "-p", str(folder)],
        ["ditto", str(bundle), str(folder / bundle.name)],
        ["ln", "-s", "/Applications", str(folder / "Applications")],
        [
            *["hdiutil", "create", "-format", "ULFO", "-volname"],
            shipped.TITLE,
            "-srcfolder",
            str(folder),
            str(target),
        ],
    ]


def notarising(target: Path, profile: str) -> list[list[str]]:
    """Apple's word on it, put into the image itself."""
    return [
        ["xcrun", "notarytool", "submit", str(target), "--keychain-profile", profile, "--wait"],
        ["xcrun", "stapler", "staple", str(target)],
    ]


def _codesign(identity: str, path: Path) -> list[str]:
    options = ["--force", "--options", "runtime", "--entitlements", str(ENTITLEMENTS)]
    when = [] if identity == "-" else ["--timestamp"]
    return ["codesign", *options, *when, "--sign", identity, str(path)]
