"""The composition root: the only place that chooses concrete parts and ties them together."""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress

from timmy_desktop.agent.timmy import Timmy
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.bus import EventBus
from timmy_desktop.feed.server import FeedServer
from timmy_desktop.identifiers import new_id
from timmy_desktop.ledger import Ledger, Limits
from timmy_desktop.ledger.backends import BackendParts, LightningBackend, make_backend
from timmy_desktop.ledger.node import Node
from timmy_desktop.memory import Memory, MemoryFault
from timmy_desktop.memory.embedding import MiniLm
from timmy_desktop.memory.index import ChromaIndex
from timmy_desktop.memory.proposing import AskModel
from timmy_desktop.memory.types import NewEntry
from timmy_desktop.paths import Paths
from timmy_desktop.routing import local_models
from timmy_desktop.routing.budget import Budget, Price
from timmy_desktop.routing.errors import RouterError
from timmy_desktop.routing.history import RouterHistory
from timmy_desktop.routing.models import ModelLibrary
from timmy_desktop.routing.providers import create_providers
from timmy_desktop.routing.providers.base import Parts, Provider
from timmy_desktop.routing.router import CascadeRouter
from timmy_desktop.routing.types import CompletionRequest, Message
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.services import Services
from timmy_desktop.settings import Secrets, Settings
from timmy_desktop.storage.anchor import HeadAnchor
from timmy_desktop.storage.backup import DailyBackup
from timmy_desktop.storage.chain_key import ChainKey
from timmy_desktop.storage.database import Database
from timmy_desktop.storage.event_index import EventIndex
from timmy_desktop.storage.event_log import EventLog
from timmy_desktop.storage.event_prune import EventPruning
from timmy_desktop.storage.folder import DataFolder
from timmy_desktop.storage.verification import ANCHOR_FILE
from timmy_desktop.storage.writer import LoopWriter, WriterThread
from timmy_desktop.supervisor import TaskSupervisor
from timmy_desktop.swarm.coordinator import Coordinator
from timmy_desktop.swarm.personas import personas
from timmy_desktop.swarm.registry import Registry
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.tools.workspace import Workspace
from timmy_desktop.upgrades.queue import Remember, UpgradeQueue

_MEMORY_TOKENS = 120


def build(
    settings: Settings,
    paths: Paths,
    providers: Sequence[Provider] | None = None,
    *,
    windowed: bool = True,
) -> Services:
    """The services for these settings, built without I/O.

    `providers` replaces the configured ones. Without a window the loop may wait for the disk, and does.
    """
    clock, secrets, supervisor = SystemClock(), Secrets(), TaskSupervisor()
    database = Database(paths.database, WriterThread("timmy-writer") if windowed else LoopWriter())
    event_log = EventLog(database, clock, chain_key(paths, secrets).load)
    bus = EventBus(event_log)
    event_index = EventIndex(log=event_log, database=database, clock=clock, supervisor=supervisor)
    if providers is None:
        parts = Parts(settings=settings, secrets=secrets, paths=paths, clock=clock, supervisor=supervisor)
        providers = create_providers(parts)
    router = CascadeRouter(
        providers=providers,
        bus=bus,
        clock=clock,
        supervisor=supervisor,
        failure_threshold=settings.circuit_breaker_threshold,
        recovery_timeout=settings.circuit_recovery_seconds,
        local_only=settings.local_only,
        budget=Budget(
            clock=clock,
            daily_microcents=settings.daily_budget_microcents,
            task_microcents=settings.task_budget_microcents,
            prices={
                entry.label: Price(entry.input_price_microcents, entry.output_price_microcents)
                for entry in settings.cascade_providers
            },
        ),
    )
    ledger = Ledger(
        bus=bus,
        db=database,
        backend=build_lightning(settings, paths, secrets, lambda: _node_key(event_log.key)),
        clock=clock,
        supervisor=supervisor,
        treasury_msat=settings.treasury_msat,
        network=settings.lightning_network,
        limits=_limits(settings),
        receipt_key=lambda: _receipt_key(event_log.key),
        answer_seconds=settings.lightning_timeout_seconds,
    )
    scrubber = Scrubber(database=database, key=lambda: event_log.key)
    event_pruning = EventPruning(
        bus=bus,
        log=event_log,
        database=database,
        index=event_index,
        clock=clock,
        supervisor=supervisor,
        archives=paths.archives,
        base=scrubber.base,
    )
    backup = DailyBackup(paths.database, paths.backups, clock, supervisor)
    memory = Memory(
        bus=bus,
        db=database,
        clock=clock,
        supervisor=supervisor,
        embedder=MiniLm(),
        index=ChromaIndex(paths.memory_index),
        settings=settings,
        data_dir=paths.data_dir,
        index_folder=paths.memory_index,
        backups=paths.backups,
        back_up=backup.back_up,
        not_searched=(paths.models,),
        write_prompts=router.flush,
        remove_events=event_pruning.remove_wanted,
        ask=_asked_of(router),
    )
    workspace = Workspace(settings.workspace)
    upgrades = UpgradeQueue(
        bus=bus,
        db=database,
        clock=clock,
        supervisor=supervisor,
        settings=settings,
        folder=paths.upgrades,
        chain_head=lambda: event_log.head,
        person=_person(),
        remember=_kept_by(memory),
        ask_agent=lambda text, conversation, local_only: coordinator.post(
            text, conversation_id=conversation, local_only=local_only
        ),
    )
    coordinator = Coordinator(
        bus=bus,
        db=database,
        router=router,
        ledger=ledger,
        registry=Registry(bus=bus, db=database, clock=clock, personas=personas(settings.personas)),
        tools=Toolbox(workspace=workspace, memory=memory, upgrades=upgrades, payer=ledger),
        memory=memory,
        clock=clock,
        supervisor=supervisor,
        settings=settings,
    )
    return Services(
        settings=settings,
        paths=paths,
        clock=clock,
        secrets=secrets,
        supervisor=supervisor,
        folder=DataFolder(paths.data_dir),
        database=database,
        event_log=event_log,
        event_index=event_index,
        event_pruning=event_pruning,
        anchor=HeadAnchor(event_log, database, paths.data_dir / ANCHOR_FILE, supervisor),
        backup=backup,
        scrubber=scrubber,
        bus=bus,
        models=build_models(settings, paths),
        router=router,
        router_history=RouterHistory(
            bus=bus,
            db=database,
            clock=clock,
            supervisor=supervisor,
            keep_days=settings.attempts_keep_days,
        ),
        ledger=ledger,
        memory=memory,
        workspace=workspace,
        upgrades=upgrades,
        coordinator=coordinator,
        timmy=Timmy(
            bus=bus,
            db=database,
            router=router,
            coordinator=coordinator,
            clock=clock,
            supervisor=supervisor,
            settings=settings,
            memory=memory,
        ),
        feed=FeedServer(
            bus=bus,
            database=database,
            clock=clock,
            supervisor=supervisor,
            secrets=secrets,
            settings=settings,
            data_dir=paths.data_dir,
        ),
    )


def _asked_of(router: CascadeRouter) -> AskModel:
    """How the memory asks a model; it makes do without an answer."""

    async def ask(instructions: str, text: str, local_only: bool) -> str:
        request = CompletionRequest(
            messages=(Message("system", instructions), Message("user", text)),
            purpose="memory",
            max_tokens=_MEMORY_TOKENS,
            temperature=0.0,
            local_only=local_only,
        )
        try:
            return (await router.complete(request)).text
        except RouterError:
            return ""

    return ask


def _kept_by(memory: Memory) -> Remember:
    """How the memory keeps why a person turned a change down; it makes do without."""

    async def keep(reason: str, local_only: bool) -> None:
        with suppress(MemoryFault):
            await memory.remember(
                NewEntry(content=reason, source="a rejected upgrade", local_only=local_only)
            )

    return keep


def _person() -> str:
    """Whose decisions are made here: the name of this system's account."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "the person at this computer"


def build_providers(settings: Settings, paths: Paths, secrets: Secrets) -> tuple[Provider, ...]:
    """The configured providers alone, not started; for doctor."""
    return create_providers(
        Parts(
            settings=settings,
            secrets=secrets,
            paths=paths,
            clock=SystemClock(),
            supervisor=TaskSupervisor(),
        )
    )


def build_models(settings: Settings, paths: Paths) -> ModelLibrary:
    """The models of this machine, for lists and downloads."""
    return ModelLibrary(
        settings=settings,
        folder=paths.models,
        clock=SystemClock(),
        shipped=local_models.shipped_models(),
    )


def build_lightning(
    settings: Settings, paths: Paths, secrets: Secrets, node_key: Callable[[], bytes]
) -> LightningBackend:
    """The Lightning node that the settings name, not started."""

    def secret() -> str:
        found = secrets.get("lightning")
        return found.get_secret_value() if found else ""

    parts = BackendParts(
        clock=SystemClock(),
        node_key=node_key,
        secret=secret,
        url=settings.lightning_url,
        certificate=settings.lightning_certificate,
        journal=paths.data_dir / "simulated-node.jsonl",
    )
    return make_backend(settings.lightning_backend, parts)


def build_own_node(settings: Settings, paths: Paths, secrets: Secrets) -> Node | None:
    """The person's own Lightning node, for doctor; None where the simulated one is used."""
    if settings.lightning_backend == "embedded":
        return None
    backend = build_lightning(settings, paths, secrets, bytes)
    return Node(backend, clock=SystemClock(), answer_seconds=10.0, network=settings.lightning_network)


def _limits(settings: Settings) -> Limits:
    """A simulated node asks no fees, so none are put aside for it."""
    is_real = settings.lightning_backend != "embedded"
    return Limits(
        agent_payment_msat=settings.limit_agent_payment_msat,
        task_msat=settings.limit_task_msat,
        agent_day_msat=settings.limit_agent_day_msat,
        day_msat=settings.limit_day_msat,
        fee_ppm=settings.fee_limit_ppm if is_real else 0,
        fee_floor_msat=settings.fee_limit_floor_msat if is_real else 0,
    )


def chain_key(paths: Paths, secrets: Secrets) -> ChainKey:
    """Where the key of this data folder's event log is kept."""
    return ChainKey(paths.data_dir, secrets, new_id)


def _receipt_key(chain: bytes) -> bytes:
    """What signs receipts; another key than the node's, which signs invoices."""
    return hashlib.blake2b(b"ledger receipts", key=chain, digest_size=32).digest()


def _node_key(chain: bytes) -> bytes:
    """The embedded Lightning node's key, derived from the chain's so that one secret guards a folder."""
    return hashlib.blake2b(b"embedded lightning node", key=chain, digest_size=32).digest()
