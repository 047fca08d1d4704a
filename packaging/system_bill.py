"""What ships and is no distribution of Python's index: Python itself, and libraries of this system."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_DOC = Path("/usr/share/doc")


@dataclass(frozen=True)
class SystemPart:
    """A part by its name and version, what it says of its licence in short, and the text of that."""

    name: str
    version: str
    licence: str
    purl: str
    text: str


def python_itself() -> SystemPart:
    """The interpreter and its standard library."""
    version = platform.python_version()
    places = [Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix), Path(sys.base_prefix) / "share/doc"]
    texts = [place / "LICENSE.txt" for place in places if (place / "LICENSE.txt").is_file()]
    text = texts[0].read_text(encoding="utf-8") if texts else "See https://docs.python.org/3/license.html"
    return SystemPart("Python", version, "PSF-2.0", f"pkg:generic/python@{version}", text)


def debian_packages(libraries: Iterable[str], documents: Path = _DOC) -> Iterator[SystemPart]:
    """The packages of this Debian that hold `libraries`, each once; none where there is no dpkg."""
    names = sorted(set(libraries))
    if not names or shutil.which("dpkg") is None:
        return
    for package in sorted(set(_owners(names).values())):
        version, architecture = _asked(
            "dpkg-query", "-W", "-f", "${Version} ${Architecture}", package
        ).split()
        file = documents / package / "copyright"
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else "not stated"
        purl = f"pkg:deb/debian/{package}@{version}?arch={architecture}"
        yield SystemPart(package, version, licence_in(text), purl, text)


def licence_in(copyright_file: str) -> str:
    """The licences that a Debian copyright file names, in its order; words for one in free form."""
    found = re.findall(r"^License: *([^\n]+)$", copyright_file, re.MULTILINE)
    return ", ".join(dict.fromkeys(one.strip() for one in found)) or "see LICENSES.txt"


def _owners(names: list[str]) -> dict[str, str]:
    """The package of each library's file name."""
    found: dict[str, str] = {}
    for line in _asked("dpkg", "-S", *(f"*/{name}" for name in names)).splitlines():
        package, _, path = line.partition(": ")
        found.setdefault(Path(path).name, package.partition(":")[0])
    return found


def _asked(*command: str) -> str:
    # Status 1 when a single name is nobody's; the others are told all the same.
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout
