"""What this machine has, what is missing, and what to do about it."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from timmy_desktop import __version__
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.node import Node
from timmy_desktop.memory.condition import condition
from timmy_desktop.paths import Paths
from timmy_desktop.routing.providers.base import Provider
from timmy_desktop.routing.types import Health
from timmy_desktop.settings import Secrets
from timmy_desktop.storage.folder import DataFolder
from timmy_desktop.storage.migrations import SCHEMA_VERSION
from timmy_desktop.upgrades.sandbox import find_sandbox, sandbox_fault

State = Literal["ok", "note", "missing", "broken"]

LOW_SPACE_BYTES = 1_000_000_000
PROBE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its state, what was found in words, and the next step where one helps."""

    name: str
    state: State
    detail: str
    next_step: str = ""


def is_ready(findings: Iterable[Finding]) -> bool:
    """Whether the main job can run: nothing is broken and at least one model answers."""
    findings = tuple(findings)
    models = [finding for finding in findings if finding.name.startswith("Model: ")]
    return all(finding.state != "broken" for finding in findings) and any(
        finding.state == "ok" for finding in models
    )


async def examine(
    paths: Paths,
    secrets: Secrets,
    providers: Sequence[Provider],
    workspace: Path | None = None,
    lightning: Node | None = None,
) -> list[Finding]:
    """Looks at everything side by side; changes nothing. The providers must have been started.

    `lightning` is a node of the person's own; the simulated one needs no looking at.
    """
    local = await asyncio.gather(
        asyncio.to_thread(_python),
        asyncio.to_thread(_data_folder, paths),
        asyncio.to_thread(_database, paths),
        asyncio.to_thread(_memory, paths),
        asyncio.to_thread(_keychain, secrets),
        asyncio.to_thread(_git),
        asyncio.to_thread(_sandbox),
        asyncio.to_thread(_display),
        asyncio.to_thread(_workspace, workspace),
    )
    models = await asyncio.gather(*(_provider(provider) for provider in providers))
    money = [] if lightning is None else [await _lightning(lightning)]
    return [*local, *money, *models]


async def _lightning(node: Node) -> Finding:
    name = "Lightning node"
    health = await node.health()
    if not health.ok:
        return Finding(name, "missing", health.problem, "See the guide's page on the ledger.")
    where = f"{health.backend} on {health.network}, height {health.height:,}, {health.node_id[:16]}…"
    if health.cautions:
        return Finding(name, "note", where, " ".join(health.cautions))
    return Finding(name, "ok", where)


def _python() -> Finding:
    detail = f"Timmy Desktop {__version__} on Python {platform.python_version()}, {platform.platform()}"
    return Finding("Application", "ok", detail)


def _data_folder(paths: Paths) -> Finding:
    name = "Data folder"
    if not paths.data_dir.exists():
        return Finding(name, "note", f"{paths.data_dir} will be made at the first start")
    holder = DataFolder(paths.data_dir).holder()
    if holder is not None:
        return Finding(name, "note", f"{paths.data_dir} is open in process {holder[0]}")
    if not paths.data_dir.is_dir() or not os.access(paths.data_dir, os.R_OK | os.W_OK | os.X_OK):
        detail = f"{paths.data_dir} is not a folder that can be written"
        return Finding(name, "broken", detail, "Check its permissions, or name another one with --data-dir.")
    free = shutil.disk_usage(paths.data_dir).free
    if free < LOW_SPACE_BYTES:
        return Finding(
            name,
            "note",
            f"{paths.data_dir} has only {free // 1_000_000:,} MB of room",
            "Free some disk space.",
        )
    return Finding(name, "ok", f"{paths.data_dir}, {free // 1_000_000_000:,} GB free")


def _database(paths: Paths) -> Finding:
    name = "Database"
    if not paths.database.exists():
        return Finding(name, "note", "none yet; it is made at the first start")
    restore = (
        f"Close the application and put the newest file of {paths.backups} in its place; without one, "
        "move it away to begin anew."
    )
    if not os.access(paths.database, os.R_OK) or not os.access(paths.data_dir, os.W_OK):
        return Finding(
            name, "note", f"{paths.database} can't be looked at without the right to write beside it"
        )
    try:
        with closing(
            sqlite3.connect(f"{paths.database.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            check = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            events = connection.execute("SELECT coalesce(max(seq), 0) FROM event_log").fetchone()[0]
    except sqlite3.Error as error:
        return Finding(name, "broken", f"{paths.database} can't be read: {error}", restore)
    if check != "ok":
        return Finding(name, "broken", f"{paths.database} is damaged: {check}", restore)
    if version > SCHEMA_VERSION:
        return Finding(
            name, "broken", "a newer version of the application wrote it", "Update the application."
        )
    return Finding(name, "ok", f"sound, {events:,} events, schema {version}")


def _memory(paths: Paths) -> Finding:
    name = "Memory"
    found = condition(paths.database, paths.memory_index)
    entries = "" if found.entries is None else f"memories: {found.entries:,}"
    if found.embedder_fault:
        detail = f"only exact words are searched: {found.embedder_fault}"
        return Finding(name, "missing", detail, "Install Timmy Desktop anew, with its dependencies.")
    if found.index_fault:
        step = "Check its permissions, or move it away: `timmy-desktop memory rebuild` makes it anew."
        return Finding(name, "missing", f"the index can't be used: {found.index_fault}", step)
    parts = [f"{found.model} is there", entries]
    if found.pending:
        parts.append(f"{found.pending:,} are not in the index yet")
        step = "It catches up while the application runs; `timmy-desktop memory rebuild` begins anew."
        return Finding(name, "note", ", ".join(part for part in parts if part), step)
    return Finding(name, "ok", ", ".join(part for part in parts if part))


def _keychain(secrets: Secrets) -> Finding:
    name = "Keychain"
    backend = secrets.keychain_name()
    if backend:
        return Finding(name, "ok", backend)
    return Finding(
        name,
        "note",
        "none that works here; the key of the event log is kept in a file that you alone can read",
        "API keys can be given as TIMMY_SECRET_… environment variables.",
    )


def _git() -> Finding:
    found = shutil.which("git")
    if found:
        return Finding("Git", "ok", found)
    return Finding("Git", "missing", "agents can't read a workspace's history", "Install git.")


def _sandbox() -> Finding:
    name, step = "Sandbox", "Tests of proposed changes are not run without one, unless you allow it."
    found = find_sandbox()
    if found is None:
        return Finding(name, "missing", "none, for tests of proposed changes", f"Install bubblewrap. {step}")
    if fault := sandbox_fault(found):
        return Finding(name, "missing", f"{found.name} does not work here: {inert_line(fault, 200)}", step)
    return Finding(name, "ok", found.name)


def _workspace(folder: Path | None) -> Finding:
    name = "Workspace"
    if folder is None:
        return Finding(name, "note", "no folder is opened for the agents to read")
    if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK):
        return Finding(name, "ok", str(folder))
    return Finding(
        name, "broken", f"{folder} is no folder that can be read", "Correct `workspace` in settings."
    )


def _display() -> Finding:
    name = "Display"
    if sys.platform == "darwin":
        return Finding(name, "ok", "macOS")
    for variable in ("WAYLAND_DISPLAY", "DISPLAY", "QT_QPA_PLATFORM"):
        if os.environ.get(variable):
            return Finding(name, "ok", f"{variable}={os.environ[variable]}")
    if importlib.util.find_spec("PySide6") is None:
        return Finding(name, "broken", "Qt is not installed", "Run the command from the README again.")
    return Finding(name, "note", "none: the window can't open here", "Use --headless, or a virtual display.")


async def _provider(provider: Provider) -> Finding:
    name = f"Model: {provider.name}"
    try:
        health = await asyncio.wait_for(provider.health(), PROBE_SECONDS)
    except TimeoutError:
        health = Health(state="unavailable", detail=f"did not answer within {PROBE_SECONDS:.0f} s")
    if health.state in ("ready", "loading"):
        return Finding(name, "ok", f"{health.model or 'a model'}: {health.detail or 'ready'}")
    state: State = "note" if health.state == "not_configured" else "missing"
    return Finding(name, state, health.detail)
