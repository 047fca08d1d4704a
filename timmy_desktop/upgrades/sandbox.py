"""What tests of a proposal are confined to: no network, no secrets, no files but a copy of the tree.

Proposal code is hostile until a person has approved it. Each sandbox is a command that is put before the
runner; `sandbox_process.py` watches over what it starts.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from timmy_desktop.upgrades.errors import SandboxError
from timmy_desktop.upgrades.interpreter import Interpreter, interpreter_for
from timmy_desktop.upgrades.sandbox_process import Bounds, Ran, running, watched

RUNNER = Path(__file__).with_name("confined") / "runner.py"
NOBODY = 65534
MOST_TRACED = 200
# Read by programs that start; none holds a secret.
_SYSTEM_FILES = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime",
    "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/mime.types", "/etc/fonts",
)  # fmt: skip
_SYSTEM_FOLDERS = ("/usr", "/nix/store")
_SYSTEM_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_MAC_FOLDERS = (
    "/usr",
    "/bin",
    "/sbin",
    "/System",
    "/Library",
    "/opt",
    "/private/etc",
    "/private/var/db",
    "/dev",
)
# Who runs this, where temporary files go, what is logged, and fonts. Not one that starts programs, holds
# keys or opens connections: LaunchServices would start what is asked for outside of the sandbox.
_MAC_SERVICES = (
    "com.apple.system.opendirectoryd.libinfo",
    "com.apple.system.opendirectoryd.membership",
    "com.apple.bsd.dirhelper",
    "com.apple.system.notification_center",
    "com.apple.system.logger",
    "com.apple.logd",
    "com.apple.diagnosticd",
    "com.apple.fonts",
    "com.apple.FontObjectsServer",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. `disk_bytes` holds for the tree, and for temporary files beside it."""

    seconds: float = 600.0
    memory_bytes: int = 4_000_000_000
    processes: int = 256
    disk_bytes: int = 1_000_000_000
    file_bytes: int = 200_000_000
    output_bytes: int = 64_000_000


@dataclass(frozen=True, slots=True)
class Job:
    """Tests to be run on the files in `tree`, which appear at `place`, where the checkout is outside.

    `only`: these test files alone. `trace`: note which lines of these files ran.
    """

    tree: Path
    place: Path
    interpreter: Interpreter
    only: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()


class Sandbox(Protocol):
    """A way to run a job. `name` is what a person reads; `confines` is false for none at all."""

    name: str
    confines: bool

    def run(self, job: Job, limits: Limits, is_stopped: Callable[[], bool]) -> Ran:
        """Runs it to its end, or until a limit or `is_stopped` ends it. Blocks."""
        ...


def find_sandbox() -> Sandbox | None:
    """The sandbox of this machine; None where there is none."""
    if sys.platform == "darwin":
        return SandboxExec() if Path(SandboxExec.program).exists() else None
    program = shutil.which("bwrap")
    return Bubblewrap(program) if program is not None else None


def sandbox_fault(sandbox: Sandbox) -> str:
    """Why the sandbox does not work on this machine; empty when it does. Blocks for a moment."""
    with tempfile.TemporaryDirectory(prefix="timmy-sandbox-") as folder:
        tree, place = Path(folder, "tree"), Path(folder, "place")
        for made in (tree, place):
            made.mkdir()
        try:
            job = Job(tree, place, interpreter_for(place), ("nothing",))
            ran = sandbox.run(job, Limits(seconds=20), lambda: False)
        except SandboxError as error:
            return str(error)
    return "" if ran.report else (ran.output.strip() or ran.ended or "it gave no answer")


class Bubblewrap:
    """Linux: namespaces of its own, a read-only system, the tree copied into memory."""

    name = "bubblewrap"
    confines = True

    def __init__(self, program: str) -> None:
        self._program = program

    def run(self, job: Job, limits: Limits, is_stopped: Callable[[], bool]) -> Ran:
        uid = NOBODY if os.geteuid() == 0 else 0
        with tempfile.TemporaryFile() as report, _lifeline() as line:
            orders = orders_of(job, limits, report, line, into=str(job.place), home="/tmp/home", uid=uid)  # noqa: S108
            command = [*bubblewrap_words(self._program, job, limits, uid), *_runner_words(job, orders)]
            return watched(command, {}, report, line, _bounds(limits), is_stopped)


class SandboxExec:
    """A Mac: a profile that denies what is not named; the tree copied into a folder of its own."""

    name = "sandbox-exec"
    confines = True
    program = "/usr/bin/sandbox-exec"

    def run(self, job: Job, limits: Limits, is_stopped: Callable[[], bool]) -> Ran:
        with _room() as room, tempfile.TemporaryFile() as report, _lifeline() as line:
            orders = orders_of(
                job, limits, report, line, into=str(room / "tree"), home=str(room / "home"), uid=0
            )
            words = [self.program, "-p", mac_profile(job, room), *_runner_words(job, orders)]
            bounds = _bounds(limits, watch=room)
            return watched(words, environment_at(room / "home", job), report, line, bounds, is_stopped)


class Unconfined:
    """No sandbox: for repositories whose code the person said may run without one. Limits still hold."""

    name = "none"
    confines = False

    def run(self, job: Job, limits: Limits, is_stopped: Callable[[], bool]) -> Ran:
        with _room() as room, tempfile.TemporaryFile() as report, _lifeline() as line:
            orders = orders_of(
                job, limits, report, line, into=str(room / "tree"), home=str(room / "home"), uid=0
            )
            bounds = _bounds(limits, watch=room)
            words, environment = _runner_words(job, orders), environment_at(room / "home", job)
            return watched(words, environment, report, line, bounds, is_stopped)


def bubblewrap_words(program: str, job: Job, limits: Limits, uid: int) -> list[str]:
    """Bubblewrap and its options. Started by root it keeps root only until the runner has become nobody:
    the kernel counts no processes of root's."""
    words = [
        program,
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]
    words += ["--die-with-parent", "--new-session", "--hostname", "sandbox", "--clearenv"]
    if uid:
        kept = ("CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER")
        words += ["--cap-drop", "ALL", *(word for cap in kept for word in ("--cap-add", cap))]
    else:
        words += ["--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    for name, value in environment_at(Path("/tmp/home"), job).items():  # noqa: S108 - the sandbox's own
        words += ["--setenv", name, value]
    words += ["--proc", "/proc", "--dev", "/dev"]
    words += ["--size", "64000000", "--perms", "1777", "--tmpfs", "/dev/shm"]  # noqa: S108
    words += ["--size", str(limits.disk_bytes), "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108
    words += _system_words()
    installed = [folder for folder in job.interpreter.folders if not folder.is_relative_to("/usr")]
    words += _way_words([job.place, *installed, Path("/timmy/tree")])
    words += ["--size", str(limits.disk_bytes), "--perms", "0755", "--tmpfs", str(job.place)]
    for folder in installed:
        words += ["--ro-bind", str(folder), str(folder)]
    words += ["--ro-bind", str(job.tree), "/timmy/tree", "--ro-bind", str(RUNNER), "/timmy/runner.py"]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]


def mac_profile(job: Job, room: Path) -> str:
    """The profile for sandbox-exec: reads of the system and of what is named, writes to `room` alone."""
    readable = [*_MAC_FOLDERS, str(job.tree), str(RUNNER), *map(str, job.interpreter.folders)]
    lines = [
        "(version 1)",
        "(deny default)",
        "(deny network*)",
        "(allow process-fork)",
        "(allow process-exec)",
        "(allow signal (target same-sandbox))",
        "(allow sysctl-read)",
        f"(allow mach-lookup {' '.join(f'(global-name {_quoted(name)})' for name in _MAC_SERVICES)})",
        "(allow file-read-metadata)",
        *(f"(allow file-read* (subpath {_quoted(path)}))" for path in dict.fromkeys(readable)),
        f"(allow file-read* file-write* (subpath {_quoted(os.path.realpath(room))}))",
        '(allow file-write* (literal "/dev/null") (literal "/dev/dtracehelper") (literal "/dev/tty"))',
    ]
    return "\n".join(lines) + "\n"


def environment_at(home: Path, job: Job) -> dict[str, str]:
    """All that the tests find in their environment."""
    return {
        "PATH": f"{job.interpreter.python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home.parent),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "QT_QPA_PLATFORM": "offscreen",
        "TIMMY_SANDBOX": "1",
    }


def orders_of(
    job: Job, limits: Limits, report: IO[bytes], lifeline: int, *, into: str, home: str, uid: int
) -> str:
    """What the runner is told, as JSON. When `lifeline` ends, so does all that runs."""
    is_bubble = into == str(job.place)
    orders: Mapping[str, Any] = {
        "tree": "/timmy/tree" if is_bubble else str(job.tree),
        "into": into,
        "home": home,
        "uid": uid,
        "mounted": [str(folder) for folder in job.interpreter.folders],
        "python": str(job.interpreter.python),
        "report": report.fileno(),
        "lifeline": lifeline,
        "alone": is_bubble,
        "only": list(job.only),
        "trace": list(job.trace[:MOST_TRACED]),
        "limits": {
            # Address space, of which programs take more than they use; what they use is watched from outside.
            "AS": limits.memory_bytes * 4,
            "CPU": int(limits.seconds) + 1,
            "FSIZE": limits.file_bytes,
            "NPROC": limits.processes if uid else limits.processes + _own_threads(),
            "NOFILE": 4096,
            "CORE": 0,
        },
    }
    return json.dumps(orders)


def _runner_words(job: Job, orders: str) -> list[str]:
    is_bubble = json.loads(orders)["tree"] == "/timmy/tree"
    runner = "/timmy/runner.py" if is_bubble else str(RUNNER)
    return [str(job.interpreter.python), "-I", "-S", "-B", runner, "prepare", orders]


def _system_words() -> list[str]:
    words: list[str] = []
    for folder in _SYSTEM_FOLDERS:
        words += ["--ro-bind-try", folder, folder]
    for name in _SYSTEM_LINKS:
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.exists():
            words += ["--ro-bind", name, name]
    for file in _SYSTEM_FILES:
        words += ["--ro-bind-try", file, file]
    return words


def _way_words(places: Sequence[Path]) -> list[str]:
    """Makes the folders on the way to each place, for nobody to pass through; else only root could."""
    above = {folder for place in places for folder in place.parents if folder != Path("/")}
    ways = sorted(folder for folder in above if not folder.is_relative_to("/usr") and folder != Path("/tmp"))  # noqa: S108
    return [word for folder in ways for word in ("--perms", "0755", "--dir", str(folder))]


def _bounds(limits: Limits, watch: Path | None = None) -> Bounds:
    return Bounds(
        seconds=limits.seconds,
        memory_bytes=limits.memory_bytes,
        processes=limits.processes,
        output_bytes=limits.output_bytes,
        report_bytes=limits.file_bytes,
        disk_bytes=limits.disk_bytes,
        watch=watch,
    )


def _own_threads() -> int:
    """How many processes and threads this user has: older kernels count them all against the limit."""
    if sys.platform != "linux":
        return running()
    uid, count = os.geteuid(), 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.stat().st_uid == uid:
                count += sum(1 for _ in (entry / "task").iterdir())
        except OSError:
            continue
    return count


@contextmanager
def _lifeline() -> Iterator[int]:
    """A pipe that ends with this process, however that happens: the end for the sandbox to hold."""
    theirs, ours = os.pipe()
    try:
        yield theirs
    finally:
        os.close(theirs)
        os.close(ours)


@contextmanager
def _room() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="timmy-sandbox-"))
    try:
        for name in ("tree", "home"):
            (folder / name).mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _quoted(path: str) -> str:
    if any(char in path for char in '"\\\n'):
        raise SandboxError("The repository lies in a folder whose name can't be given to the sandbox.")
    return f'"{path}"'


__all__: Sequence[str] = (
    "Bubblewrap",
    "Job",
    "Limits",
    "Sandbox",
    "SandboxExec",
    "Unconfined",
    "find_sandbox",
)
