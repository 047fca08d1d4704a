"""What `self-test` does with each command of the command line: really runs it, on what earlier ones left.

What needs a person, a display or a node is run as far as it goes without: a window offscreen, the feed
against an application of our own, a proposal to a repository made for it. Nothing is fetched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from timmy_desktop import __version__
from timmy_desktop.cli.self_test_bench import PAINTED, TELL, Bench, commands, free_port
from timmy_desktop.cli.self_test_kept import KEPT, verify_log
from timmy_desktop.cli.self_test_parts import SelfTestFailure, expect, make_repository

Trial = Callable[[Bench], str]
RUNNING = "Running in"
SHORT_TASK = "Say hello"
KNOWN_MODEL = "qwen2.5-0.5b-instruct"


def trials(bench: Bench) -> Iterator[tuple[str, Callable[[], str]]]:
    """A name and a try for each command: as they build on each other, and last what has no try."""
    known = list(commands(bench.parser))
    for name, trial in TRIALS.items():
        if name in known:
            yield _row(name), lambda trial=trial: trial(bench)  # type: ignore[misc]
    for name in known:
        if name not in TRIALS:
            yield _row(name), _untried


def _row(command: str) -> str:
    return f"timmy-desktop {command}".rstrip()


def _untried() -> str:
    raise SelfTestFailure("no try is written for it in self_test_commands.py")


# -- the window, and what runs until it is told to stop -------------------------------------------------


def _version(bench: Bench) -> str:
    said = bench.process("--version").strip()
    expect(said == f"Timmy Desktop {__version__}", f"it says {said!r}")
    return said


def _window(bench: Bench) -> str:
    ((before,),) = bench.rows("SELECT max(seq) FROM event_log")
    with bench.until_told(ready=PAINTED, status=0, **{TELL: "1"}):
        bench.wait_for("SELECT 1 FROM event_log WHERE type = 'agent.joined' AND seq > ?", before)
    last = bench.rows("SELECT type FROM event_log ORDER BY seq DESC LIMIT 1")
    expect(last == [("system.stopped",)], f"the log ends with {last}")
    return "the window opened, the agents joined, and it closed in good order"


def _headless(bench: Bench) -> str:
    with bench.until_told("--headless", ready="agent.joined", status=143) as lines:
        pass
    expect(any(RUNNING in line for line in lines), "it did not say where it runs")
    return f"ran and stopped in good order; printed {len(lines)} lines"


def _follow(bench: Bench) -> str:
    port = str(free_port())
    with bench.until_told("--headless", ready=RUNNING, status=143, TIMMY_FEED_PORT=port):
        said = bench.process("follow", "--port", port, "--after", "0", "--count", "1", "--json")
    kinds = [json.loads(line)["kind"] for line in said.splitlines()]
    expect(kinds[:1] == ["hello"] and "events" in kinds, f"it heard {kinds}")
    return "followed one that ran"


def _screenshot(bench: Bench) -> str:
    said = bench.process("screenshot", "--theme", "light", "--out", str(bench.folder))
    picture = Path(said.strip())
    expect(picture.read_bytes().startswith(b"\x89PNG"), "that is no picture")
    return f"the window, {picture.stat().st_size:,} bytes"


# -- tasks, models, the doctor --------------------------------------------------------------------------


def _run_task(bench: Bench) -> str:
    done = bench.ask("run-task", SHORT_TASK)
    expect(bool(done["result"].strip()), "the result is empty")
    return f"completed by {done['provider']}, paid {done['paid_msat']:,} msat (simulated)"


def _doctor(bench: Bench) -> str:
    found = json.loads(_either(bench, "doctor", "--json"))
    broken = [f"{one['name']}: {one['detail']}" for one in found["findings"] if one["state"] == "broken"]
    expect(not broken, "; ".join(broken))
    return f"looked at {len(found['findings'])} things"


def _either(bench: Bench, *arguments: str) -> str:
    """Of a command for which 1 is an answer too: something is missing."""
    try:
        return bench.run(*arguments)
    except SelfTestFailure:
        return bench.run(*arguments, status=1)


def _models_list(bench: Bench) -> str:
    listed = bench.ask("models", "list", data=bench.folder / "models")["models"]
    expect(KNOWN_MODEL in [model["name"] for model in listed], f"{KNOWN_MODEL} is not offered")
    return f"lists {len(listed)} models"


def _models_pull(bench: Bench) -> str:
    file = bench.folder / "models/models" / f"{KNOWN_MODEL}.gguf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"GGUF")
    pulled = bench.ask("models", "pull", KNOWN_MODEL, data=bench.folder / "models")
    expect(pulled["bytes"] == file.stat().st_size, f"it says {pulled}")
    return "found the file that was there; nothing is fetched in a self-test"


def _models_delete(bench: Bench) -> str:
    bench.ask("models", "delete", KNOWN_MODEL, data=bench.folder / "models")
    left = list((bench.folder / "models/models").glob("*.gguf"))
    expect(not left, "the file is still there")
    return "deleted that file"


# -- proposals ------------------------------------------------------------------------------------------


def _propose(bench: Bench) -> str:
    repository = make_repository(bench.folder / "proposed", branch="tidy")
    wish = ("--repo", str(repository), "--branch", "tidy", "--description", "A second line", "--open")
    said = bench.ask("propose", *wish)
    expect((said["state"], said["files"], said["added"]) == ("proposed", 1, 1), f"it says {said}")
    return f"waits for a decision: {said['files']} file, +{said['added']}"


def _self_test(bench: Bench) -> str:
    file = bench.data / "logs/timmy.log"
    lines = file.read_text(encoding="utf-8").splitlines()
    complaints = [line for line in lines if " WARNING " in line or " ERROR " in line]
    expect(not complaints, complaints[0] if complaints else "")
    return "this is it; nothing was complained about in the log of all this"


# In the order in which they are run: later ones read what earlier ones wrote.
TRIALS: dict[str, Trial] = {
    "--version": _version,
    "run-task": _run_task,
    "doctor": _doctor,
    "models list": _models_list,
    "models pull": _models_pull,
    "models delete": _models_delete,
    **KEPT,
    "propose": _propose,
    "follow": _follow,
    "--headless": _headless,
    "screenshot": _screenshot,
    "": _window,
    "verify-log": verify_log,
    "self-test": _self_test,
}
