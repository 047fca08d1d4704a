#!/usr/bin/env python3
"""The developer commands: make the environment, then run, test, lint, bench, build or lock.

Standard library alone. This file is kept to the grammar of old Pythons, so that one of them can say what is
needed, or hand over to a newer one; everything else is in the modules beside it.
"""

import os
import subprocess
import sys

OLDEST = (3, 11)
NEWEST_TRIED = (3, 14)
REEXECUTED = "TIMMY_DEV_REEXECUTED"


def version_text(version):
    return ".".join(str(part) for part in version[:2])


def newer_pythons():
    """The names under which a Python that is new enough may be on PATH, the best first."""
    minors = [13, 12, 11] + list(range(14, 20))
    return ["python3.%d" % minor for minor in minors]


def find_on_path(names, folders):
    """The first that runs and is new enough; a version manager's stand-in may do neither."""
    for name in names:
        for folder in folders:
            candidate = os.path.join(folder, name)
            if os.access(candidate, os.X_OK) and is_new_enough(candidate):
                return candidate
    return None


def is_new_enough(python):
    code = "import sys; sys.exit(sys.version_info[:2] < %r)" % (OLDEST,)
    with open(os.devnull, "w") as nowhere:
        return subprocess.call([python, "-ISc", code], stdout=nowhere, stderr=nowhere) == 0


def refusal(version, platform):
    """One line: what is needed, and how to get it."""
    if platform == "darwin":
        how = "brew install python@3.13, or the installer from python.org"
    elif os.path.exists("/etc/debian_version"):
        how = "sudo apt-get install python3.11 python3.11-venv (or a newer one), or python.org"
    else:
        how = "this system's package manager, or python.org"
    return "Timmy Desktop needs Python %s or newer, and this is %s. Get it with: %s." % (
        version_text(OLDEST),
        version_text(version),
        how,
    )


def ensure_python(argv):
    """Goes on, hands over to a newer Python on PATH, or leaves with one line."""
    if os.name != "posix":
        sys.exit("Timmy Desktop runs on macOS and Linux; on Windows use WSL.")
    if sys.version_info[:2] >= OLDEST:
        return
    newer = find_on_path(newer_pythons(), os.environ.get("PATH", "").split(os.pathsep))
    if newer is None or REEXECUTED in os.environ:
        sys.exit(refusal(sys.version_info, sys.platform))
    message = "This is Python %s; going on with %s." % (version_text(sys.version_info), newer)
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
    os.environ[REEXECUTED] = "1"
    os.execv(newer, [newer, os.path.abspath(__file__)] + argv)


def main():
    ensure_python(sys.argv[1:])
    os.environ.pop(REEXECUTED, None)
    import commands  # only now: it is written for the Python that was asked for

    return commands.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
