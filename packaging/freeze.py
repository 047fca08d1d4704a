"""`dev.py build`: the frozen application, its bill, and this platform's packages, into dist/."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import linux_packages
import macos_packages
import shipped
from environment import DEV, ROOT
from steps import Step, StepError, run_logged, say

WORK = ROOT / "build"
ICONS = WORK / "icons"
FROZEN = WORK / "frozen" / shipped.NAME
BUNDLE = WORK / "frozen" / f"{shipped.TITLE}.app"
DIST = ROOT / "dist"
HERE = Path(__file__).resolve().parent


def build(log: Path) -> list[Path]:
    """Makes everything that this platform can, and returns the packages."""
    DIST.mkdir(exist_ok=True)
    when = commit_time()
    with Step("Drawing the icons"):
        _python([str(HERE / "icons.py"), str(ROOT / "resources/icon.svg"), str(ICONS), shipped.NAME], log)
    with Step("Freezing the application (about a minute)"):
        shutil.rmtree(WORK / "frozen", ignore_errors=True)
        options = ["--noconfirm", "--distpath", str(WORK / "frozen"), "--workpath", str(WORK / "pyinstaller")]
        _python(["-m", "PyInstaller", *options, str(HERE / "timmy-desktop.spec")], log, when)
    with Step("Writing the bill of what ships"):
        _python([str(HERE / "bill.py"), str(FROZEN), str(DIST), str(when)], log)
    _say_sizes(json.loads((DIST / "sizes.json").read_text(encoding="utf-8")))
    return _packages(when, log)


def _packages(when: int, log: Path) -> list[Path]:
    if sys.platform == "darwin":
        return [macos_packages.build_dmg(BUNDLE, DIST, os.environ, log)]
    made = []
    if shutil.which("dpkg-deb"):
        with Step("Packing the .deb"):
            made.append(linux_packages.build_deb(FROZEN, ICONS, DIST, WORK, when, log))
    else:
        say("No .deb: dpkg-deb is not on this system.")
    with Step("Packing the .tar.xz"):
        made.append(linux_packages.build_tarball(FROZEN, DIST, when))
    return made


def commit_time() -> int:
    """Seconds since 1970 of what is built: of the commit, so that two builds of it are alike."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(asked.stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return int(time.time())


def _python(arguments: list[str], log: Path, when: int | None = None) -> None:
    epoch = {} if when is None else {"SOURCE_DATE_EPOCH": str(when), "PYTHONHASHSEED": "1"}
    if run_logged([str(DEV.python), *arguments], log, env={**os.environ, **epoch}, cwd=ROOT) != 0:
        raise StepError(f"{Path(arguments[0]).name} failed.", log)


def _say_sizes(found: dict[str, float]) -> None:
    before = _last_release()
    for name, size in list(found.items())[:12]:
        change = f"  ({size - before[name]:+.1f})" if name in before else ""
        say(f"  {name:24} {size:8.1f} MB{change}")


def _last_release() -> dict[str, float]:
    kept = HERE / "sizes-of-last-release.json"
    return dict(json.loads(kept.read_text(encoding="utf-8"))) if kept.exists() else {}
