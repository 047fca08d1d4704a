"""What pip says, in fewer words: where it is, and what went wrong."""

from __future__ import annotations

import re
from pathlib import Path

# In pip's words → what it means and what to do. The first that is found counts.
FAULTS = (
    (
        r"DO NOT MATCH THE HASHES",
        "a package is not the one that {lock} names, and was not installed. Try again; if it stays, "
        "somebody changed the package: do not work around it",
    ),
    (r"No space left on device", "the disk is full. Free 3 GB and try again"),
    (
        r"require-hashes mode|Invalid requirement|not a valid hash|Hashes are required|No hash",
        "{lock} is damaged. Restore it with `git checkout {lock}`",
    ),
    (
        r"NewConnectionError|ConnectTimeout|Failed to (resolve|establish)|Temporary failure in name"
        r"|ProxyError|Network is unreachable|Connection refused|Read timed out|SSLError|ConnectionResetError"
        r"|connection (was|is) (broken|refused)|Could not connect",
        "the package index can't be reached. Check the network (and the settings of pip and proxies, if any) "
        "and try again",
    ),
    (
        r"No matching distribution found for pyside6",
        "Qt has no build for this system: it needs macOS 13, or Linux with glibc 2.34 (x86-64: Debian 12, "
        "Ubuntu 22.04) or 2.39 (ARM: Debian 13, Ubuntu 24.04)",
    ),
    (
        r"(Failed|Could not|error).*(build|compil)|metadata-generation-failed",
        "a package without a ready-made file for this Python could not be compiled. Install Python 3.13, "
        "delete {folder} and try again",
    ),
    (
        r"No matching distribution found",
        "the package index has not every package of {lock} for this Python and system. Check pip's settings "
        "(index, proxy), or install Python 3.13 and delete {folder}",
    ),
    (r"Permission denied|Read-only file system", "{folder} can't be written. Give yourself the right to it"),
)


def doing(line: str) -> str:
    """What pip is at, from one line of its output; empty if the line does not tell."""
    if line.startswith("Installing collected packages"):
        return "unpacking"
    verbs = "Collecting|Downloading|Using cached|Building wheel for"
    found = re.match(rf"\s*(?:{verbs}) ?([\w.]+(?:-[A-Za-z]\w*)*)", line)
    return found.group(1) if found else ""


def explain(log: Path, lock: Path, folder: Path) -> str:
    """What went wrong and what to do about it; where it is nothing known, pip's own last words."""
    text = _last_run(log)
    for pattern, meaning in FAULTS:
        if re.search(pattern, text, re.IGNORECASE):
            return meaning.format(lock=f"packaging/{lock.name}", folder=folder)
    return last_error(log)


def last_error(log: Path) -> str:
    """The last line that speaks of an error, or the last line at all."""
    written = [line.strip() for line in _last_run(log).splitlines()[1:] if line.strip()]
    errors = [line for line in written if "error" in line.lower()]
    return (errors or written or ["it said nothing"])[-1][:300]


def _last_run(log: Path) -> str:
    """What the last command wrote: each begins with a line `$ command`."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return text[text.rfind("\n$ ") + 1 :]
