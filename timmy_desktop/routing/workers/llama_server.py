"""A llama.cpp server in a process of its own: `python -m timmy_desktop.routing.workers.llama_server`.

Reads its orders as one JSON line from stdin (the key never stands on a command line), answers with one JSON
line on stdout, serves on a free port of this machine, and dies when stdin ends: when whoever started it does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

PROMPT_CACHE_MIB = 256
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Serves until the parent is gone; 1 when the model can't be served."""
    _die_with_parent()
    orders = json.loads(sys.stdin.readline())
    ended = threading.Thread(target=_wait_for_end, name="stdin", daemon=True)
    ended.start()
    answers = _claim_stdout()
    try:
        server = _serve(orders)
    except Exception as error:  # noqa: BLE001 - the last resort of this process: it is told and ends
        _answer(answers, {"error": str(error) or type(error).__name__})
        return 1
    _answer(answers, {"address": server.listening_address})
    ended.join()
    return 0


def _serve(orders: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = orders["model"]
    params.model_alias = {orders["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [orders["key"]]
    params.n_ctx = orders["context_tokens"]
    params.n_parallel = 1
    params.cpuparams.n_threads = physical_cores()
    params.cpuparams_batch.n_threads = physical_cores()
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.ui = False
    params.endpoint_slots = False
    if orders["chat_template"]:
        params.chat_template = orders["chat_template"]
    return xllamacpp.Server(params)


def physical_cores() -> int:
    """Cores without their hyper-threads, which only get in llama.cpp's way; at least 1."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        blocks = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")
    except OSError:
        return usable
    fields = [dict(_field(line) for line in block.splitlines()) for block in blocks]
    cores = {(block["physical id"], block["core id"]) for block in fields if "core id" in block}
    return max(1, min(usable, len(cores) or usable))


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _die_with_parent() -> None:
    """On Linux the kernel ends this process with its parent, even while the model loads."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait_for_end() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _claim_stdout() -> int:
    """Keeps stdout for the one answer; what the library prints goes to stderr."""
    answers = os.dup(1)
    os.dup2(2, 1)
    return answers


def _answer(descriptor: int, answer: dict[str, str]) -> None:
    os.write(descriptor, json.dumps(answer).encode() + b"\n")
    os.close(descriptor)


if __name__ == "__main__":
    raise SystemExit(main())
