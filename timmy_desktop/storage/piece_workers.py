"""Checks pieces of the log in processes of their own: reading and hashing hold the interpreter's lock.

Plain processes, not `multiprocessing`, which would run the installed command again in each of them. This file
is also what they run: pieces come on standard input, a line of JSON each, and reports go to standard output.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from timmy_desktop import own_process
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.storage.pieces import Piece, PieceReport, check_piece

Check = Callable[[list[Piece], bytes], Iterator[PieceReport]]


@contextmanager
def workers(path: Path, number: int) -> Iterator[Check]:
    """Checks pieces of the log at `path` side by side, and gives their reports in order."""
    free: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
    started = [_started() for _ in range(number)]
    for worker in started:
        free.put(worker)
    threads = ThreadPoolExecutor(number, thread_name_prefix="timmy-verifier")

    def check(piece: Piece, key: bytes) -> PieceReport:
        worker = free.get()
        try:
            return _asked(worker, path, key, piece)
        finally:
            free.put(worker)

    try:
        yield lambda pieces, key: threads.map(check, pieces, [key] * len(pieces))
    finally:
        threads.shutdown(cancel_futures=True)
        for worker in started:
            _ended(worker)


def _started() -> subprocess.Popen[str]:
    return subprocess.Popen(
        own_process.worker("verifier"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def _asked(worker: subprocess.Popen[str], path: Path, key: bytes, piece: Piece) -> PieceReport:
    if worker.stdin is None or worker.stdout is None:
        raise StorageError("A process that verifies the log has no way to be asked.")
    question = {"path": str(path.absolute()), "key": key.hex(), "first": piece.first, "last": piece.last}
    try:
        worker.stdin.write(f"{json.dumps(question)}\n")
        worker.stdin.flush()
        answer = worker.stdout.readline()
    except OSError:
        answer = ""
    if not answer:
        raise StorageError("A process that verifies the log ended before it was done. Verify again.")
    values = json.loads(answer)
    return PieceReport(values["rows"], bytes.fromhex(values["head"]), values["broken_seq"], values["problem"])


def _ended(worker: subprocess.Popen[str]) -> None:
    if worker.stdin is not None:
        worker.stdin.close()
    if worker.stdout is not None:
        worker.stdout.close()
    worker.wait()


def main() -> int:
    """What a worker does until nobody asks any more."""
    for line in sys.stdin:
        asked = json.loads(line)
        report = check_piece(
            Path(asked["path"]), bytes.fromhex(asked["key"]), Piece(asked["first"], asked["last"])
        )
        answer = {
            "rows": report.rows, "head": report.head.hex(), "broken_seq": report.broken_seq,
            "problem": report.problem,
        }  # fmt: skip
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
