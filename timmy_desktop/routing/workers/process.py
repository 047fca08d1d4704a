"""A model server as a child process: started, told its orders, asked where it listens, and ended."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from timmy_desktop import own_process

LOG_TAIL_BYTES = 2000
AIRLLM_WORKER = Path(__file__).with_name("airllm_worker.py")


class WorkerError(Exception):
    """The worker did not come up; the message says why."""


def llama_server_command() -> Sequence[str]:
    """How this installation starts its llama.cpp worker."""
    return own_process.worker("llama-server")


def airllm_command(python: Path) -> Sequence[str]:
    """How AirLLM's worker is started: as a file, for that Python need not know this application."""
    return (str(python), str(AIRLLM_WORKER))


class WorkerProcess:
    """One worker. Its stdin is held open: it ends when this process does, however that happens."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None and self.is_alive else None

    async def start(self, orders: Mapping[str, Any]) -> dict[str, str]:
        """Starts it and returns its answer once it serves. Raises WorkerError; cancelled, it is killed."""
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=descriptor,
                start_new_session=True,  # Ctrl+C in the terminal is the application's to handle
            )
        except OSError as error:
            raise WorkerError(f"{self._command[0]} can't be started: {error.strerror}.") from error
        finally:
            os.close(descriptor)
        try:
            return await self._introduce(self._process, orders)
        except BaseException:
            await self.kill()
            raise

    async def send(self, message: Mapping[str, Any]) -> None:
        """Gives a running worker one more line. Raises WorkerError when it is gone."""
        if self._process is None or self._process.stdin is None or not self.is_alive:
            raise WorkerError("The worker does not run.")
        try:
            self._process.stdin.write(orjson.dumps(message) + b"\n")
            await self._process.stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise WorkerError(f"The worker ended: {self.last_words()}.") from error

    async def receive(self) -> dict[str, Any]:
        """The next line that it says. Raises WorkerError when it ends or says what is none."""
        if self._process is None or self._process.stdout is None:
            raise WorkerError("The worker does not run.")
        try:
            line = await self._process.stdout.readline()
            answer = orjson.loads(line) if line else None
        except ValueError as error:
            raise WorkerError("The worker said what can't be understood.") from error
        if answer is None:
            await self._process.wait()
            raise WorkerError(f"The worker ended: {self.last_words()}.")
        if not isinstance(answer, dict):
            raise WorkerError("The worker said what can't be understood.")
        return answer

    async def kill(self) -> None:
        """Ends it at once; it holds nothing that could be lost."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            # Not process.kill(): it reaps a child that has just ended, and asyncio then complains.
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    async def has_ended_within(self, seconds: float) -> bool:
        """Whether it ends in that time; a broken connection is noticed before its end is."""
        try:
            async with asyncio.timeout(seconds):
                if self._process is not None:
                    await self._process.wait()
        except TimeoutError:
            return False
        return True

    def last_words(self) -> str:
        """Why it ended, as far as its exit and its log tell."""
        code = self._process.returncode if self._process is not None else None
        if code is not None and code < 0:
            return f"it was ended by {signal.Signals(-code).name}"
        return self._log_tail() or f"it ended with {code}"

    async def _introduce(
        self, process: asyncio.subprocess.Process, orders: Mapping[str, Any]
    ) -> dict[str, str]:
        if process.stdin is None or process.stdout is None:
            raise WorkerError("The worker has no pipes.")
        try:
            process.stdin.write(orjson.dumps(orders) + b"\n")
            await process.stdin.drain()
        except ConnectionError:
            pass  # it is gone already; its last words say more
        line = await process.stdout.readline()
        try:
            answer = orjson.loads(line)
        except orjson.JSONDecodeError:
            await process.wait()
            raise WorkerError(f"The worker did not come up: {self.last_words()}.") from None
        if "error" in answer:
            raise WorkerError(f"{answer['error']} {self._log_tail()}".strip())
        return dict(answer)

    def _log_tail(self) -> str:
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        telling = [line for line in lines if " E " in line or "rror" in line] or lines
        return telling[-1].strip() if telling else ""
