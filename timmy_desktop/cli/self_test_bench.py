"""Where `self-test` runs the commands: in a throw-away data folder, in this process or in one of its own."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from timmy_desktop import own_process
from timmy_desktop.cli.self_test_parts import SelfTestFailure, expect

PROCESS_SECONDS = 60.0
_LOOK_SECONDS = 0.05
# What a window prints when it was painted, and the variable that asks it to.
PAINTED, TELL = "painted", "TIMMY_TELL_FIRST_PAINT"
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


@dataclass(frozen=True, slots=True)
class Bench:
    """`data` has been used by running services before, so that there is a log, a payment and a memory."""

    parser: argparse.ArgumentParser
    folder: Path
    data: Path

    def run(self, *arguments: str, data: Path | None = None, status: int = 0) -> str:
        """What a command prints. It runs in this process, which spares the start of another."""
        options = self.parser.parse_args([*arguments, "--data-dir", str(data or self.data)])
        said, complained = StringIO(), StringIO()
        with redirect_stdout(said), redirect_stderr(complained):
            code = options.command(options)
        expect(code == status, f"status {code}: {complained.getvalue().strip() or said.getvalue().strip()}")
        return said.getvalue()

    def ask(self, *arguments: str, data: Path | None = None, status: int = 0) -> dict[str, Any]:
        """The JSON object that a command prints."""
        answer: dict[str, Any] = json.loads(self.run(*arguments, "--json", data=data, status=status))
        return answer

    def process(self, *arguments: str) -> str:
        """What a command prints in a process of its own."""
        command = [*own_process.application(), *arguments, "--data-dir", str(self.data)]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PROCESS_SECONDS,
            env={**os.environ, **OFFSCREEN},
            check=False,
        )
        expect(
            done.returncode == 0, f"status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
        )
        return done.stdout

    @contextmanager
    def until_told(self, *arguments: str, ready: str, status: int, **environment: str) -> Iterator[list[str]]:
        """A command that goes on until it is told to stop: from the line `ready` on, and then to its end."""
        running = subprocess.Popen(
            [*own_process.application(), *arguments, "--data-dir", str(self.data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **OFFSCREEN, **environment},
        )
        lines: list[str] = []
        patience = threading.Timer(2 * PROCESS_SECONDS, running.kill)
        patience.start()
        with running:
            try:
                _read_until(running, ready, lines)
                yield lines
                running.send_signal(signal.SIGTERM)
                lines.extend(running.communicate()[0].splitlines())
            finally:
                running.kill()
                patience.cancel()
        expect(running.returncode == status, f"status {running.returncode}: {' '.join(lines[-3:])}")

    def wait_for(self, statement: str, *values: object) -> None:
        """Until the database answers with anything."""
        deadline = time.monotonic() + PROCESS_SECONDS
        while not self.rows(statement, *values):
            expect(time.monotonic() < deadline, f"this did not come: {statement}")
            time.sleep(_LOOK_SECONDS)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says."""
        with closing(sqlite3.connect(f"{(self.data / 'swarm.db').as_uri()}?mode=ro", uri=True)) as opened:
            return opened.execute(statement, values).fetchall()


def _read_until(running: subprocess.Popen[str], ready: str, lines: list[str]) -> None:
    for line in running.stdout or ():
        lines.append(line.rstrip("\n"))
        if ready in line:
            return
    raise SelfTestFailure(f"it ended: {' '.join(lines[-3:])}")


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return int(found.getsockname()[1])


def commands(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command that the parser knows, as it is typed; what each does without a command, too."""
    nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in nested:
        for name, inner in action.choices.items():
            yield from commands(inner, (*words, name))
    if not words:
        yield from ("", "--headless", "--version")
    elif not nested:
        choices = [list(action.choices) for action in parser._positionals._group_actions if action.choices]
        yield from (" ".join([*words, *choice]) for choice in _picked(choices))


def _picked(choices: list[list[str]]) -> list[list[str]]:
    """Each choice of the first positional that has some; one empty pick where none has."""
    return [[choice] for choice in choices[0]] if choices else [[]]
