"""Hostile proposals against real git and the real sandbox: nothing gets out, in, or past the person."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conditions import ROOT, eventually, require_bubblewrap
from tests.fakes.upgrade_world import Repo, UpgradeWorld
from timmy_desktop.upgrades.errors import EditError
from timmy_desktop.upgrades.types import Proposal

# The plug-ins of this project's own environment take seconds to load.
PLAIN = (
    "[pytest]\naddopts = -p no:randomly -p no:pytest-qt -p no:asyncio -p no:hypothesispytest -p no:timeout\n"
)
GOOD = "def test_good():\n    assert True\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    require_bubblewrap()
    return Repo(tmp_path / "repo", {"pytest.ini": PLAIN, "test_good.py": GOOD, "app.py": "x = 1\n"})


# What never ends is ended so soon; what ends by itself has time to, on a busy machine too.
AT_ONCE, IN_TIME = 6, 45


async def proved(tmp_path: Path, repo: Repo, seconds: int = IN_TIME, **files: str) -> Proposal:
    """What a hostile branch comes to, with the whole report of its tests."""
    repo.branch("hostile", **files)
    async with UpgradeWorld(
        tmp_path / "data", real=True, upgrade_test_seconds=seconds, upgrade_test_memory_mb=600
    ) as world:
        proposal = await world.proposed(repo, "hostile")
        assert repo.status() == ""
        (merge, *_) = await world.queue.tests(proposal.id)
        return replace(proposal, revision=replace(proposal.revision, test=merge))


def outcome(proposal: Proposal) -> str:
    assert proposal.revision.test is not None
    return f"{proposal.revision.test.outcome}: {proposal.revision.test.detail}"


@pytest.fixture
def listener() -> Iterator[tuple[int, list[bytes]]]:
    """A server on this machine that must hear nothing."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    heard.append(server.accept()[0].recv(10))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], heard
        stop.set()
        thread.join()


async def test_a_conftest_that_phones_home_reads_secrets_or_deletes(
    tmp_path: Path, repo: Repo, listener: tuple[int, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, heard = listener
    secret = tmp_path / "secret.txt"
    secret.write_text("the person's secret")
    monkeypatch.setenv("TIMMY_SECRET_API", "the person's key")
    conftest = f"""
import os, pathlib, shutil, socket
found = []
def attempt(what):
    try:
        found.append(str(what()))
    except Exception as error:
        found.append("no")
attempt(lambda: socket.create_connection(("127.0.0.1", {port}), 2).sendall(b"hello"))
attempt(lambda: pathlib.Path({str(secret)!r}).read_text())
attempt(lambda: os.environ["TIMMY_SECRET_API"])
attempt(lambda: os.listdir({str(tmp_path / "data")!r}))
attempt(lambda: os.listdir({str(Path.home())!r}))
attempt(lambda: open("/proc/1/environ").read() if "TIMMY_SECRET" in open("/proc/1/environ").read() else 1 / 0)
attempt(lambda: pathlib.Path("/usr/evil").write_text("x"))
attempt(lambda: open("/timmy/tree/app.py", "w"))
shutil.rmtree({str(repo.folder)!r}, ignore_errors=True)
os.makedirs({str(repo.folder)!r}, exist_ok=True)
pathlib.Path("test_found.py").write_text("def test_found():\\n    assert %r == 'no'" % found)
raise SystemExit(repr(set(found)))
"""
    proposal = await proved(tmp_path, repo, **{"conftest.py": conftest})
    assert outcome(proposal).startswith("broken")
    assert proposal.revision.test is not None
    assert "{'no'}" in proposal.revision.test.output
    assert heard == []
    assert (repo.folder / "app.py").read_text() == "x = 1\n"
    assert "changes how tests are run: conftest.py" in proposal.revision.risk_reasons


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("fork bomb", "import os\nwhile True:\n    os.fork()\n", "broken"),
        ("gigabytes of output", "import os\nwhile True:\n    os.write(1, b'x' * 65536)\n", "MB of output"),
        ("endless", "while True:\n    pass\n", f"longer than {AT_ONCE} seconds"),
        ("much memory", "x = [bytearray(10**8) for _ in range(100)]\n", "broken"),
        ("leaves at once", "import os\nos._exit(0)\n", "without a report"),
        (
            "ends in the middle",
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
            "without a report",
        ),
    ],
)
async def test_code_that_takes_all_it_can(
    tmp_path: Path, repo: Repo, name: str, code: str, expected: str
) -> None:
    seconds = AT_ONCE if name in ("fork bomb", "endless") else IN_TIME
    proposal = await proved(tmp_path, repo, seconds, **{"conftest.py": code})
    assert expected in outcome(proposal), name
    assert outcome(proposal).startswith("broken")
    await eventually(lambda: not left_running(), 30, name)


async def test_code_that_kills_whatever_it_can_reach(tmp_path: Path, repo: Repo) -> None:
    code = "import os, signal\ntry:\n    os.kill(-1, signal.SIGKILL)\nexcept OSError:\n    pass\n"
    proposal = await proved(tmp_path, repo, **{"conftest.py": code})
    # It reaches nothing but its own, and the good test runs; or its own watcher, and the run has no result.
    assert outcome(proposal).startswith(("passed", "broken"))
    await eventually(lambda: not left_running(), 30)


def left_running() -> list[str]:
    """Of anybody's on this machine: a sandbox that others run beside the tests ends soon too."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"/timmy/runner.py" in words:
            found.append(entry.name)
    return found


async def test_disks_are_not_filled(tmp_path: Path, repo: Repo) -> None:
    code = "def test_fill():\n    with open('big', 'wb') as file:\n        while True:\n            file.write(b'x' * 10**6)\n"
    proposal = await proved(tmp_path, repo, **{"test_fill.py": code})
    assert outcome(proposal).startswith(("failed", "broken"))
    assert not [name for _, _, files in os.walk(tmp_path) for name in files if name == "big"]


async def test_a_forged_report_and_exit_status_must_agree(tmp_path: Path, repo: Repo) -> None:
    code = """
import atexit, os, sys
def pytest_sessionfinish(session, exitstatus):
    session.exitstatus = 0
"""
    failing = "def test_bad():\n    assert False\n"
    proposal = await proved(tmp_path, repo, **{"conftest.py": code, "test_bad.py": failing})
    assert not outcome(proposal).startswith("passed")


async def test_weakened_removed_and_skipped_tests_are_found(tmp_path: Path, repo: Repo) -> None:
    repo.commit(
        "tests",
        **{
            "test_app.py": "import app\n\n\ndef test_one():\n    assert app.x == 1\n    assert app.x\n\n\n"
            "def test_two():\n    assert app.x < 2\n\n\ndef test_three():\n    assert app.x\n",
        },
    )
    weak = (
        "import app\nimport pytest\n\n\ndef test_one():\n    assert app.x\n\n\n"
        "@pytest.mark.skip(reason='later')\ndef test_two():\n    assert app.x < 2\n"
    )
    repo.branch("hostile", **{"app.py": "x = 5\n", "test_app.py": weak})
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        proposal = await world.proposed(repo, "hostile")
        proof = await world.queue.proof(proposal.id)
        assert proof is not None
        assert proof.merge is not None
        assert proof.merge.outcome == "passed"
        assert proof.removed_tests == ("test_app.py::test_three",)
        assert proof.skipped_tests == ("test_app.py::test_two",)
        said = {(found.path, found.what) for found in proof.weakened}
        assert ("test_app.py", "test_one checks 1 thing less than before") in said
        assert ("test_app.py", "test_app.py::test_one passes only because it was changed") in said
        assert "Mind that tests were removed" in (await world.queue.consequences(proposal.id)).approve


async def test_new_tests_are_tried_without_the_change_and_lines_are_covered(
    tmp_path: Path, repo: Repo
) -> None:
    code = "x = 1\n\n\ndef double(n):\n    if n < 0:\n        return 0\n    return 2 * n\n"
    test = "import app\n\n\ndef test_double():\n    assert app.double(2) == 4\n"
    repo.branch("feature", **{"app.py": code, "test_double.py": test})
    repo.branch(
        "idle", **{"app.py": "x = 1\ny = 2\n", "test_idle.py": "def test_idle():\n    assert 1 + 1 == 2\n"}
    )
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        proof = await world.queue.proof((await world.proposed(repo, "feature")).id)
        assert proof is not None
        assert proof.fails_without == "yes"
        assert [(found.path, found.lines, found.covered, found.missed) for found in proof.coverage] == [
            ("app.py", 4, 3, (6,))
        ]
        proof = await world.queue.proof((await world.proposed(repo, "idle")).id)
        assert proof is not None
        assert proof.fails_without == "no"


async def test_nothing_that_a_repository_configures_runs(tmp_path: Path, repo: Repo) -> None:
    mark = tmp_path / "ran"
    evil = f"#!/bin/sh\ntouch {mark}\n"
    hooks = repo.folder / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    script = tmp_path / "evil.sh"
    for place in (*(hooks / name for name in HOOKS), script):
        place.write_text(evil)
        place.chmod(0o755)
    repo.branch("feature", **{"app.py": "x = 2\n"})
    mark.unlink(missing_ok=True)  # git itself runs hooks for the person
    for name, value in (
        ("core.fsmonitor", str(script)), ("core.sshCommand", str(script)), ("diff.external", str(script)),
        ("filter.evil.clean", str(script)), ("filter.evil.smudge", str(script)), ("merge.evil.driver", str(script)),
        ("diff.evil.textconv", str(script)), ("gpg.program", str(script)), ("commit.gpgsign", "true"),
        ("core.editor", str(script)), ("core.hooksPath", str(hooks)),
    ):  # fmt: skip
        repo.git("config", name, value)
    (repo.folder / ".git/info/attributes").write_text("* filter=evil merge=evil diff=evil\n")
    mark.unlink(missing_ok=True)
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        ended = await world.approved(await world.proposed(repo))
        assert ended.state == "applied"
        assert (repo.folder / "app.py").read_text() == "x = 2\n"
        await world.queue.roll_back(ended.id, await world.queue.rehearse_roll_back(ended.id))
        await world.queue.settled()
        assert (await world.queue.proposal(ended.id)).state == "rolled_back"
    assert not mark.exists()


HOOKS = (
    "pre-commit", "commit-msg", "post-commit", "post-checkout", "post-merge", "pre-push", "reference-transaction",
    "post-index-change", "pre-merge-commit", "prepare-commit-msg", "post-rewrite", "update", "pre-receive",
)  # fmt: skip


REFUSED = {
    "a lock file": {"poetry.lock": "x\n"},
    "CI": {".github/workflows/ci.yml": "x\n"},
    "a hook": {".githooks/pre-commit": "x\n"},
    "attributes": {".gitattributes": "* filter=x\n"},
    "a line break": {"a\nb.py": "x\n"},
    "bidi": {"a\u202eyp.exe": "x\n"},
    "only case": {"APP.py": "x\n"},
    "100,000 lines": {"big.py": "x = 1\n" * 100_000},
    "keys": {"id_rsa": "x\n"},
}


@pytest.mark.parametrize("name", REFUSED)
async def test_branches_that_may_not_be_proposed(tmp_path: Path, repo: Repo, name: str) -> None:
    repo.branch("hostile", **REFUSED[name])
    async with UpgradeWorld(tmp_path / "data") as world:
        target = await world.opened(repo)
        with pytest.raises(EditError):
            await world.queue.propose_branch(target.id, "hostile", description="x")
        assert (world.left(), await world.queue.proposals()) == ([], [])


async def test_a_prefix_is_no_folder(tmp_path: Path, repo: Repo) -> None:
    repo.branch("good", **{"src/a.py": "x\n"})
    repo.branch("hostile", **{"src_evil/a.py": "x\n"})
    async with UpgradeWorld(tmp_path / "data") as world:
        target = await world.opened(repo, allowed=["src"])
        await world.queue.propose_branch(target.id, "good", description="x")
        with pytest.raises(EditError, match="outside the folders"):
            await world.queue.propose_branch(target.id, "hostile", description="x")
        await world.queue.settled()


async def test_links_and_submodules_are_refused(tmp_path: Path, repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "link")
    (repo.folder / "etc").symlink_to("/etc")
    repo.commit("link")
    repo.git("checkout", "-q", "main")
    repo.git("checkout", "-q", "-b", "module")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head()},lib")
    repo.git("commit", "-qm", "module")
    repo.git("checkout", "-qf", "main")
    async with UpgradeWorld(tmp_path / "data") as world:
        target = await world.opened(repo)
        with pytest.raises(EditError, match="leads out"):
            await world.queue.propose_branch(target.id, "link", description="x")
        with pytest.raises(EditError, match="submodule"):
            await world.queue.propose_branch(target.id, "module", description="x")


async def test_a_repository_with_submodules_is_worked_on_without_fetching(tmp_path: Path, repo: Repo) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head()},lib")
    (repo.folder / "lib").mkdir()
    url = f'ext::sh -c "touch {tmp_path}/evil"'
    repo.write(**{".gitmodules": f'[submodule "lib"]\n\tpath = lib\n\turl = {url}\n'})
    repo.git("add", ".gitmodules")
    repo.git("commit", "-qm", "a submodule")
    repo.branch("feature", **{"app.py": "x = 3\n"})
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        ended = await world.approved(await world.proposed(repo))
    assert ended.state == "applied"
    assert not [name for _, _, files in os.walk(tmp_path) for name in files if name == "evil"]


async def test_bytes_that_are_no_text_and_marks_that_mislead_travel_whole(tmp_path: Path, repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "feature")
    (repo.folder / "app.py").write_bytes(
        b"x = 1  # \xff\xfe \xe2\x80\xae evil\r\n--- a/other\n+++ b/other\n@@ -1 +1 @@\n"
    )
    (repo.folder / "logo.png").write_bytes(bytes(range(256)) * 20)
    repo.commit("bytes")
    repo.git("checkout", "-q", "main")
    async with UpgradeWorld(tmp_path / "data", real=True) as world:
        proposal = await world.proposed(repo)
        assert [(file.path, file.is_binary) for file in proposal.revision.files] == [
            ("app.py", False), ("logo.png", True),
        ]  # fmt: skip
        await world.queue.mark_seen(proposal.id, "logo.png")
        assert await world.queue.seen(proposal.id) == {"logo.png"}
        assert (await world.approved(proposal)).state == "applied"
    assert repo.git("rev-parse", "main^{tree}") == repo.git("rev-parse", "feature^{tree}")
    assert repo.status() == ""


DOOMED = """
import asyncio, sys
from pathlib import Path
from tests.fakes.upgrade_world import UpgradeWorld

async def main(folder):
    async with UpgradeWorld(folder / "data", real=True) as world:
        target = await world.queue.open_target(folder / "repo")
        await world.queue.propose_branch(target.id, "endless", description="x")
        print("begun", flush=True)
        await world.queue.settled()

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_the_sandbox_ends_with_the_application(tmp_path: Path, repo: Repo) -> None:
    repo.branch("endless", **{"conftest.py": "while True:\n    pass\n"})
    command = [sys.executable, "-c", DOOMED, str(tmp_path)]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"
    await eventually(left_running, 30)
    process.kill()
    await process.wait()
    await eventually(lambda: not left_running(), 30)


async def test_honest_tests_find_what_they_need(tmp_path: Path, repo: Repo) -> None:
    code = """
import multiprocessing, os, shutil, socket, subprocess, sys, tempfile

def test_locks():
    with multiprocessing.Lock():
        pass

def test_own_network():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_processes():
    assert subprocess.check_output([sys.executable, "-c", "print(1)"]) == b"1\\n"
    assert shutil.which("python")

def test_folders():
    assert shutil.disk_usage(tempfile.mkdtemp()).free > 500_000_000
    assert os.listdir(os.path.expanduser("~")) == []
    open("beside.txt", "w").close()
"""
    proposal = await proved(tmp_path, repo, **{"test_needs.py": code})
    assert outcome(proposal).startswith("passed"), proposal.revision.test
