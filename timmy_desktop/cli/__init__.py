"""The `timmy-desktop` command: opens the window, or does one thing for a script."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from timmy_desktop import __version__
from timmy_desktop.own_process import WORKER_OPTION, run_worker

Command = Callable[[argparse.Namespace], int]

# Exit codes; the same for every command.
DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that `arguments` (default: the process's) name and returns its exit code."""
    if sys.argv[1:2] == [WORKER_OPTION] and arguments is None:
        return run_worker(sys.argv[2:])
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain again when it flushes at exit.
        sys.stdout = None
        return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="timmy-desktop", description="Mission control for a local swarm of AI agents."
    )
    parser.add_argument("--version", action="version", version=f"Timmy Desktop {__version__}")
    _add_data_dir(parser, default=None)
    parser.add_argument(
        "--headless", action="store_true", help="run the swarm without a window until stopped"
    )
    parser.add_argument("--json", action="store_true", help="with --headless: one JSON object an event")
    parser.set_defaults(command=_window)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    task = _add(commands, "run-task", _run_task, "post a task, wait for it, and print its result")
    task.add_argument("text", metavar="TEXT", help="what is to be done; - reads it from standard input")
    task.add_argument("--local-only", action="store_true", help="never use a remote provider for it")
    task.add_argument("--max-price", type=int, metavar="SATS", default=0, help="refuse bids above this price")
    task.add_argument("--workspace", type=Path, metavar="DIR", help="a folder that agents may read")
    _add_json(task)

    _add_json(_add(commands, "doctor", _doctor, "say what is reachable, what is missing and what to do"))
    _add_json(_add(commands, "verify-log", _verify_log, "check the event log's hash chain"))
    _add_json(_add(commands, "self-test", _self_test, "try every part for real, in a folder of its own"))

    models = _add(commands, "models", _models, "list, fetch and delete models")
    models.add_argument("action", choices=("list", "pull", "delete"), nargs="?", default="list")
    models.add_argument("name", metavar="NAME", nargs="?", default="", help="of a model; see the list")
    _add_json(models)
    _add_memory(commands)
    _add_ledger(commands)
    _add_feed(commands)
    _add_log(commands)

    _add_propose(commands)

    picture = _add(commands, "screenshot", _screenshot, "take pictures of the window with this data folder")
    picture.add_argument("--out", type=Path, metavar="DIR", required=True, help="where the pictures go")
    picture.add_argument("--panel", metavar="NAME", help="one panel instead of the whole window")
    picture.add_argument(
        "--part",
        metavar="PART",
        default="",
        help="a part of that panel (of the memory search:WORDS, facts, map …), or past:PERCENT of the window",
    )
    picture.add_argument("--theme", choices=("dark", "light"), help="instead of the theme in the settings")
    picture.add_argument(
        "--size", type=_size, metavar="WxH", help="of the window (default: 1280x800), or of the one panel"
    )
    return parser


def _add_memory(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    memory = commands.add_parser("memory", help="search and govern what is remembered")
    actions = memory.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)

    search = _add(actions, "search", _memory, "find memories by meaning and exact words")
    search.add_argument("text", metavar="TEXT")
    search.add_argument("--type", choices=("conversation", "fact", "document"), help="only of this type")
    search.add_argument("--limit", type=int, default=10, metavar="N", help="how many at most (default: 10)")

    remember = _add(actions, "remember", _memory, "remember a fact")
    remember.add_argument("text", metavar="TEXT", help="the fact; - reads it from standard input")
    remember.add_argument("--private", action="store_true", help="keep it from the agents")
    remember.add_argument("--pin", action="store_true", help="put it into every context first")
    remember.add_argument("--local-only", action="store_true", help="never show it to a remote provider")

    forget = _add(actions, "forget", _memory, "forget memories for good, and search every byte for them")
    forget.add_argument("ids", nargs="+", metavar="ID", help="an identifier, or its mark as m:1a2b3c4d")
    forget.add_argument(
        "--sources", action="store_true", help="also the chat messages and results that they come from"
    )
    forget.add_argument(
        "--events",
        action="store_true",
        help="with --sources: also the log's events that hold these; the time scrubber begins after them",
    )

    take = _add(actions, "import", _memory, "import documents and folders, or an export (.jsonl)")
    take.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    take.add_argument("--private", action="store_true", help="keep the documents from the agents")

    export = _add(actions, "export", _memory, "write everything as JSON lines")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    _add(actions, "stats", _memory, "say how much is remembered, and how")
    _add(actions, "rebuild", _memory, "build the vector index anew")
    for action in actions.choices.values():
        _add_json(action)


def _add_ledger(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    proof = _add(commands, "verify-receipt", _verify_receipt, "check a proof of payment, on any machine")
    proof.add_argument("file", type=Path, metavar="FILE", help="the receipt; - reads it from standard input")
    proof.add_argument("--issuer", default="", metavar="KEY", help="the public key that must have signed it")
    _add_json(proof)

    ledger = commands.add_parser("ledger", help="look at the money, and compare it with the Lightning node")
    actions = ledger.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    _add(actions, "balance", _ledger, "say what there is, what is on its way and what was paid")
    _add(actions, "health", _ledger, "say which Lightning node this is, and whether it may be used")
    _add(actions, "check", _ledger, "add up every posting and name what does not fit")
    _add(actions, "reconcile", _ledger, "compare the ledger with the node")
    receipt = _add(actions, "receipt", _ledger, "write the signed proof of a payment to a file")
    receipt.add_argument("id", metavar="ID", help="of the payment in the ledger")
    receipt.add_argument("--out", type=Path, required=True, metavar="FILE")
    for action in actions.choices.values():
        _add_json(action)


def _add_feed(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    follow = _add(commands, "follow", _follow, "follow the live feed of a Timmy that runs")
    for name, words in (
        ("include", "only this type, or topic.*; can be given again"),
        ("exclude", "not this type, or topic.*; can be given again"),
        ("task", "only this task; can be given again"),
        ("agent", "only this agent; can be given again"),
        ("source", "only from this source; can be given again"),
    ):
        follow.add_argument(f"--{name}", action="append", default=[], metavar=name.upper(), help=words)
    follow.add_argument("--after", type=int, metavar="SEQ", help="begin after this event; 0: what is kept")
    follow.add_argument("--count", type=int, default=0, metavar="N", help="end after so many events")
    follow.add_argument("--port", type=int, default=0, help="instead of the one in the settings")
    follow.add_argument("--print-token", action="store_true", help="print the token for other programs")
    _add_json(follow)

    export = _add(commands, "export-box", _box, "write a black box: what happened, redacted, in one file")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="as in friday.timmybox")
    export.add_argument("--newer-than", default="1d", metavar="AGE", help="as in 12h or 7d (default: 1d)")
    export.add_argument("--no-log", action="store_true", help="without what the application logged")
    _add_json(export)
    opened = _add(commands, "open-box", _box, "show a black box in a window, read only")
    opened.add_argument("file", type=Path, metavar="FILE")
    opened.add_argument("--check", action="store_true", help="only say what it is, and whether it is whole")
    opened.add_argument(
        "--key", metavar="FILE", help="the key of its log, where that is not this data folder's"
    )
    _add_json(opened)


def _add_log(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    log = commands.add_parser("log", help="export, prune and prove the event log")
    actions = log.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    export = _add(actions, "export", _log, "write events into a file")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    export.add_argument("--format", choices=("csv", "jsonl", "otel", "verifiable"), default="jsonl")
    export.add_argument(
        "--type", action="append", default=[], metavar="TYPE", help="only these, as in tool.*"
    )
    export.add_argument("--task", default="", metavar="ID", help="only of this task")
    export.add_argument("--text", default="", metavar="WORDS", help="only with these words")
    export.add_argument("--newer-than", default="", metavar="AGE", help="as in 12h or 7d")
    prune = _add(actions, "prune", _log, "remove old events; without --yes say what would go")
    prune.add_argument("--older-than", required=True, metavar="AGE", help="as in 30d")
    prune.add_argument("--type", action="append", default=[], metavar="TYPE", help="only these, as in tool.*")
    prune.add_argument("--no-archive", action="store_true", help="do not keep them in a file")
    prune.add_argument("--yes", action="store_true", help="remove them")
    _add(actions, "archives", _log, "list the files of what was pruned")
    verify = _add(actions, "verify", _log, "check an archive or a verifiable export")
    verify.add_argument("file", type=Path, metavar="FILE")
    key = _add(actions, "key", _log, "write the chain's key into a file, for a verifier elsewhere")
    key.add_argument("--out", type=Path, required=True, metavar="FILE")
    verifier = _add(actions, "verifier", _log, "write the verifier that needs nothing but Python and the key")
    verifier.add_argument("--out", type=Path, required=True, metavar="FILE")
    for action in actions.choices.values():
        _add_json(action)


def _add_propose(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    propose = _add(commands, "propose", _propose, "propose what a branch changes, for a person to decide")
    propose.add_argument(
        "--repo", type=Path, metavar="DIR", required=True, help="the repository's top folder"
    )
    propose.add_argument("--branch", required=True, metavar="NAME", help="the branch with the change")
    propose.add_argument(
        "--description", required=True, metavar="TEXT", help="what it changes; - reads it from standard input"
    )
    propose.add_argument("--reasoning", default="", metavar="TEXT", help="why this way")
    propose.add_argument("--proposer", default="", metavar="NAME", help="who proposes (default: you)")
    propose.add_argument("--open", action="store_true", help="open the repository to proposals first")
    propose.add_argument("--wait", action="store_true", help="wait until its tests have run")
    _add_json(propose)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, command: Command, words: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=words[0].upper() + words[1:] + ".")
    # SUPPRESS: a --data-dir before the command stays when none comes after it.
    _add_data_dir(parser, default=argparse.SUPPRESS)
    parser.set_defaults(command=command)
    return parser


def _add_data_dir(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        default=default,
        help="the data folder (default: the platform's)",
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    # SUPPRESS: a --json before the command counts as well.
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print one JSON object instead of words",
    )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (
        width.isdecimal() and height.isdecimal() and 320 <= int(width) <= 8192 and 240 <= int(height) <= 8192
    ):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size from 320x240 to 8192x8192")
    return int(width), int(height)


# Each command is imported when it is asked for, so that none pays for another's libraries.


def _window(options: argparse.Namespace) -> int:
    if options.headless:
        from timmy_desktop.cli.headless import headless

        return headless(options)
    from timmy_desktop.cli.window import window

    return window(options)


def _run_task(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.run_task import run_task

    return run_task(options)


def _doctor(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.doctor import doctor

    return doctor(options)


def _verify_log(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.verify_log import verify

    return verify(options)


def _self_test(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.self_test import self_test

    return self_test(options, _parser())


def _models(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.models import models

    return models(options)


def _memory(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.memory import memory

    return memory(options)


def _ledger(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.ledger import ledger

    return ledger(options)


def _verify_receipt(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.verify_receipt import verify_receipt

    return verify_receipt(options)


def _box(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.box import box

    return box(options)


def _follow(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.follow import follow

    return follow(options)


def _log(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.log import log

    return log(options)


def _propose(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.propose import propose

    return propose(options)


def _screenshot(options: argparse.Namespace) -> int:
    from timmy_desktop.cli.window import screenshot

    return screenshot(options)
