"""`packaging/dev.py sample`: a data folder whose log tells of a swarm at work, for benchmarks and pictures.

Everything in it is invented from a seed; the rows are encoded, chained and anchored as the application would.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from timmy_desktop.events import agents, memory, payments, routing, system, tasks
from timmy_desktop.events.base import Event
from timmy_desktop.events.codec import encode_data
from timmy_desktop.storage.chain import GENESIS, Chain
from timmy_desktop.storage.database import Database, Session
from timmy_desktop.storage.event_index import index_step
from timmy_desktop.storage.migrations import migrate
from timmy_desktop.storage.private_file import write_private_file
from timmy_desktop.storage.verification import ANCHOR_FILE, write_anchor

KEY = b"s" * 32
DAYS = 14
_BATCH = 5_000
_AGENTS = {name: f"agent-{name}" for name in ("echo", "mace", "helm", "seer", "forge", "quill")}
_MODELS = (("ollama", "llama3.2:3b"), ("embedded", "gemma3:270m"), ("api", "qwen3-32b"))
_WORK = ("Summarise", "Review", "List", "Explain", "Compare", "Check", "Draft", "Count")
_OF = ("the release notes", "last week's tickets", "the parser", "the failing tests", "the meeting notes",
       "the licence headers", "the latency figures", "the open invoices")  # fmt: skip
_TOOLS = ("read_file", "search_files", "list_files", "git_log", "search_memory")
_FAULTS = ("connection refused", "no first token within 20 s", "the model ran out of memory", "HTTP 503")
_WORDS = [
    "budget",
    "draft",
    "ledger",
    "node",
    "parser",
    "queue",
    "report",
    "river",
    "signal",
    "summary",
    "table",
    "token",
    "vector",
    "window",
    "yield",
    "zone",
    "anchor",
    "bridge",
    "cache",
    "delta",
    "engine",
    "figure",
    "garden",
    "harbour",
    "index",
    "journal",
    "kernel",
    "lantern",
    "margin",
    "notebook",
]


def make(folder: Path, rows: int, *, seed: int = 7, until_us: int | None = None, index: bool = True) -> None:
    """Fills `folder` with a log of `rows` events that ends now, indexed unless told otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_schema(folder))
    until = until_us or time.time_ns() // 1000
    with closing(sqlite3.connect(folder / "swarm.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=normal")
        connection.execute("INSERT INTO meta VALUES ('log_id', 'sample'), ('key_place', 'file')")
        head = _write(connection, story(rows, random.Random(seed), until))
    write_private_file(folder / "chain.key", KEY.hex().encode())
    write_anchor(folder / ANCHOR_FILE, KEY, rows, head)
    if index:
        asyncio.run(_index(folder))


def story(rows: int, dice: random.Random, until_us: int) -> Iterator[tuple[int, Event]]:
    """`rows` events and their times: tasks overlap, some fail, providers fall silent now and then."""
    step = DAYS * 86_400 * 1_000_000 // max(rows, 1)
    now, number, made = until_us - rows * step, 0, 0
    running: list[Iterator[Event]] = []
    yield now, system.SystemStarted(source="system", version_name="sample", clean=True, pid=1)
    made += 1
    while made < rows:
        if len(running) < 6:
            number += 1
            running.append(_task(number, dice))
        chosen = dice.randrange(len(running))
        event = next(running[chosen], None)
        if event is None:
            running.pop(chosen)
            continue
        now = min(now + int(step * dice.expovariate(1)), until_us)
        yield now, event
        made += 1


def _task(number: int, dice: random.Random) -> Iterator[Event]:
    task = f"0192d3e8-7c1f-7a44-9d0e-{number:012x}"
    text = f"{dice.choice(_WORK)} {dice.choice(_OF)}, part {number}"
    name = dice.choice(tuple(_AGENTS))
    agent, price = _AGENTS[name], dice.randrange(5, 40) * 1000
    put: dict[str, Any] = {"source": "coordinator", "task_id": task}
    by: dict[str, Any] = {**put, "agent_id": agent}
    yield tasks.TaskCreated(**put, text=text)
    yield tasks.TaskBidding(**put, eligible=list(_AGENTS.values()))
    for bidder in dice.sample(tuple(_AGENTS.values()), 3):
        yield tasks.BidSubmitted(**put, agent_id=bidder, amount_msat=price + dice.randrange(9) * 1000)
    yield tasks.AuctionClosed(
        **by,
        winner=agent,
        amount_msat=price,
        bids=3,
        reason="all bids are in",
        duration_ms=dice.randrange(3, 60),
    )
    yield payments.SatsReserved(source="ledger", task_id=task, amount_msat=price, simulated=True)
    yield tasks.TaskAssigned(**by, price_msat=price)
    yield tasks.TaskStarted(**by)
    provider, model = dice.choice(_MODELS)
    for step in range(1, dice.randrange(2, 5)):
        yield from _asked(task, agent, provider, model, f"{task[-6:]}-{step}", dice)
        yield from _tool(by, f"{task[-6:]}-{step}", dice)
        said = " ".join(dice.choices(_WORDS, k=12))
        yield tasks.TaskStepped(
            **by, step=step, text=said, tool_calls=["read_file"], provider=provider, model=model,
            tokens_in=dice.randrange(200, 900), tokens_out=dice.randrange(20, 200), duration_ms=dice.randrange(200, 4000),
        )  # fmt: skip
    if dice.random() < 0.04:
        yield tasks.TaskFailed(**by, reason=f"All providers failed: {dice.choice(_FAULTS)}.")
        yield payments.PaymentRefunded(
            source="ledger", task_id=task, amount_msat=price, simulated=True, reason="the task failed"
        )
        return
    yield tasks.TaskCompleted(
        **by, result=" ".join(dice.choices(_WORDS, k=20)), provider=provider, model=model,
        duration_ms=dice.randrange(900, 20_000), tokens_in=900, tokens_out=150,
    )  # fmt: skip
    yield memory.MemoryStored(
        source="memory", task_id=task, entries=[f"{number:032x}"], entry_type="conversation", owner=agent,
        visibility="shared",
    )  # fmt: skip
    yield from _paid(task, agent, price, dice)


def _asked(
    task: str, agent: str, provider: str, model: str, request: str, dice: random.Random
) -> Iterator[Event]:
    put: dict[str, Any] = {"source": "router", "task_id": task, "agent_id": agent}
    attempt = 1
    if dice.random() < 0.05:
        fault = dice.choice(_FAULTS)
        yield routing.ProviderCalled(
            **put, request_id=request, attempt=1, provider="api", model="qwen3-32b", purpose="task", outcome="failed",
            detail=fault, ttft_ms=-1, total_ms=dice.randrange(20, 20_000), tokens_in=0, tokens_out=0,
        )  # fmt: skip
        yield routing.ProviderFailedOver(
            **put, request_id=request, from_provider="api", to_provider=provider, reason=fault
        )
        attempt = 2
    yield routing.ProviderCalled(
        **put, request_id=request, attempt=attempt, provider=provider, model=model, purpose="task", outcome="ok",
        detail="", ttft_ms=dice.randrange(40, 900), total_ms=dice.randrange(900, 9000),
        tokens_in=dice.randrange(200, 900), tokens_out=dice.randrange(20, 200),
    )  # fmt: skip


def _tool(by: dict[str, Any], call: str, dice: random.Random) -> Iterator[Event]:
    tool, path = dice.choice(_TOOLS), f"notes/{dice.choice(_WORDS)}.md"
    yield agents.ToolCalled(**by, call_id=call, tool=tool, arguments={"path": path})
    if dice.random() < 0.06:
        yield agents.ToolFailed(
            **by,
            call_id=call,
            tool=tool,
            reason=f"There is no file {path}.",
            duration_ms=dice.randrange(1, 9),
        )
        return
    yield agents.ToolCompleted(
        **by, call_id=call, tool=tool, summary=" ".join(dice.choices(_WORDS, k=8)),
        size=dice.randrange(80, 9000), duration_ms=dice.randrange(1, 90),
    )  # fmt: skip


def _paid(task: str, agent: str, price: int, dice: random.Random) -> Iterator[Event]:
    payment = f"{dice.getrandbits(256):064x}"
    put: dict[str, Any] = {
        "source": "ledger", "task_id": task, "agent_id": agent, "payment_hash": payment, "amount_msat": price,
        "simulated": True,
    }  # fmt: skip
    yield payments.InvoiceCreated(**put, bolt11=f"lnbcrt{price // 1000}n1sample", memo="task", expires_us=0)
    yield payments.PaymentSent(**put)
    yield payments.PaymentSettled(**put, fee_msat=0, preimage=f"{dice.getrandbits(256):064x}")


async def _schema(folder: Path) -> None:
    database = Database(folder / "swarm.db")
    await database.open(lambda session: migrate(session, folder) and None)
    await database.close()


async def _index(folder: Path) -> None:
    database = Database(folder / "swarm.db")
    await database.open(lambda _: None)

    def step(session: Session) -> int:
        return index_step(session, 20_000)

    while await database.write(step):
        pass
    await database.close()


def _write(connection: sqlite3.Connection, told: Iterator[tuple[int, Event]]) -> bytes:
    chain, head, waiting = Chain(KEY), GENESIS, []
    for seq, (now, event) in enumerate(told, start=1):
        data = encode_data(event).decode()
        fields = (seq, now, event.type, event.version, event.source, event.task_id, event.agent_id, data)
        head = chain.link(head, "\x1f".join(map(str, fields)).encode())
        waiting.append((*fields, head))
        if len(waiting) == _BATCH:
            _insert(connection, waiting)
            waiting.clear()
    _insert(connection, waiting)
    return head


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO event_log VALUES (?,?,?,?,?,?,?,?,?)", rows)
    connection.execute("COMMIT")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="sample", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, metavar="N", help="how many (default: 10,000)")
    parser.add_argument("--out", type=Path, default=None, metavar="DIR", help="default: build/sample-N")
    options = parser.parse_args(arguments)
    folder: Path = options.out or Path("build") / f"sample-{options.events}"
    if (folder / "swarm.db").exists():
        print(f"{folder} holds a database already.", file=sys.stderr)
        return 1
    make(folder, options.events)
    print(f"{options.events:,} events. Look at them: timmy-desktop --data-dir {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
