"""What the system itself must hold: Qt's libraries, a display, and the parts of the slower tests."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from steps import Step, StepError, run_logged, say

# Shared library → Debian package. Without the first group Qt can't be imported at all.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
}
WINDOW_LIBRARIES = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
FONTS = {
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "fonts-dejavu-core",
    "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf": "fonts-noto-color-emoji",
}
TEST_PROGRAMS = {
    "Xvfb": "xvfb", "xvfb-run": "xvfb", "xauth": "xauth", "xdotool": "xdotool",
    "bwrap": "bubblewrap", "debootstrap": "debootstrap", "xz": "xz-utils", "chromium": "chromium",
}  # fmt: skip

# Given one of these, the application opens no window, or (open-box) says itself that there is no display.
SUBCOMMANDS = (
    "run-task",
    "doctor",
    "verify-log",
    "self-test",
    "models",
    "memory",
    "verify-receipt",
    "ledger",
    "follow",
    "export-box",
    "open-box",
    "log",
    "propose",
    "screenshot",
)
QT_SUBCOMMANDS = frozenset(("screenshot", "self-test", "open-box"))
WINDOWLESS = frozenset(("--headless", "--help", "-h", "--version", *SUBCOMMANDS))
NO_DISPLAY = (
    "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so no window can open. Ways on: "
    "`python3 packaging/dev.py run --headless` runs without a window; "
    "`xvfb-run -a python3 packaging/dev.py run` opens it on a virtual display."
)


def wants_window(arguments: Sequence[str]) -> bool:
    return WINDOWLESS.isdisjoint(arguments)


def wants_qt(arguments: Sequence[str]) -> bool:
    """Some of what opens no window draws one all the same."""
    return wants_window(arguments) or not QT_SUBCOMMANDS.isdisjoint(arguments)


def has_display(environment: Mapping[str, str], platform: str) -> bool:
    """Whether a window can show: a display server, a Mac, or a Qt platform that needs neither."""
    if platform != "linux" or environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return True
    chosen = environment.get("QT_QPA_PLATFORM", "").split(":")[0]
    return chosen not in ("", "xcb", "wayland", "wayland-egl")


def ensure_qt(window: bool, log: Path) -> None:
    """Installs the libraries that Qt misses where that may be done, else says which command does it."""
    if sys.platform != "linux":
        return
    wanted = {**QT_LIBRARIES, **WINDOW_LIBRARIES} if window else QT_LIBRARIES
    missing = [name for name in wanted if not _loads(name)]
    if not missing:
        return
    if not _is_debian():
        raise StepError(
            f"Qt needs {', '.join(missing)}, which this system lacks: install them with its package manager."
        )
    install_packages([wanted[name] for name in missing] + _missing_fonts(), "Qt's system libraries", log)


def ensure_test_programs(log: Path) -> None:
    """A display with mouse and keyboard, fonts to draw with, the sandbox for proposals, and a browser."""
    if sys.platform != "linux":
        return
    ensure_qt(window=True, log=log)
    missing = [package for name, package in TEST_PROGRAMS.items() if shutil.which(name) is None]
    if _is_debian():
        missing += _missing_fonts()
    if not missing:
        return
    if not _is_debian():
        raise StepError(f"The slower tests need {', '.join(missing)}: install them with this system's tools.")
    install_packages(missing, "the parts of the slower tests", log)


def install_packages(packages: Iterable[str], what: str, log: Path) -> None:
    """By apt-get, as root or through a sudo that asks nothing."""
    names = sorted(set(packages))
    command = f"sudo apt-get install -y {' '.join(names)}"
    prefix = _root_prefix()
    if prefix is None:
        raise StepError(f"This system lacks {what}; install them with: {command}")
    install = [*prefix, "apt-get", "install", "-y", "--no-install-recommends", *names]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with Step(f"Installing {what} ({', '.join(names)})") as step:
        if run_logged(install, log, step.say, environment) == 0:
            return
        run_logged([*prefix, "apt-get", "update"], log, step.say, environment)
        if run_logged(install, log, step.say, environment) != 0:
            raise StepError(f"apt-get could not install {what}. Try: sudo apt-get update && {command}", log)
    say(f"Installed {what}.")


def _missing_fonts() -> list[str]:
    return [package for path, package in FONTS.items() if not Path(path).exists()]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _is_debian() -> bool:
    return shutil.which("apt-get") is not None and Path("/etc/debian_version").exists()


def _root_prefix() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None
