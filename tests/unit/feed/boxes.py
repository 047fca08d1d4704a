"""A log with secrets in every corner, and the box that is made of it."""

from __future__ import annotations

from pathlib import Path

from tests.unit.storage.logs import KEY, OpenLog
from timmy_desktop.events.agents import ToolCalled, ToolCompleted
from timmy_desktop.events.payments import InvoiceCreated, PaymentSettled
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.events.tasks import TaskCompleted, TaskCreated, TaskStarted
from timmy_desktop.feed.box_format import About
from timmy_desktop.feed.box_writer import BoxWish, BoxWriter
from timmy_desktop.paths import Paths
from timmy_desktop.settings import ProviderSettings, Secrets, Settings
from timmy_desktop.storage.database import Session

API_KEY = "the-key-of-no-known-form-91"
SECOND_LINE = "and-its-second-line-of-no-form"
LONG_KEY = f"first-line-of-no-known-form\n{SECOND_LINE}\nxy"
INDENTED = LONG_KEY.replace("\n", "\n    ")
PASSWORD = "hunter2-in-an-address"
PREIMAGE = "ab" * 32
INVOICE = "lnbc10u1" + "q" * 120
PRIVATE = "the garden gate is open on Tuesdays"
TOKEN = "eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl"
SEEDED = (
    API_KEY,
    LONG_KEY.splitlines()[0],
    SECOND_LINE,
    PASSWORD,
    PREIMAGE,
    INVOICE,
    PRIVATE,
    TOKEN,
    "ghp_0123456789abcdef0123",
    "MIIEpAIBAAKCAQEA1234",
)
LOCAL, OPEN = "task-local", "task-open"
UNTIL_US = 2**62


def settings() -> Settings:
    return Settings(
        cascade_providers=(
            ProviderSettings(kind="api", name="lab", base_url=f"https://me:{PASSWORD}@example.test/v1"),
        )
    )


def secrets() -> Secrets:
    return Secrets({"TIMMY_SECRET_LAB": API_KEY, "TIMMY_SECRET_LIGHTNING": LONG_KEY})


SECRET_EVENTS = (
    TaskCreated(task_id=OPEN, text=f"Log in with {API_KEY}, then with password={PASSWORD}, or\n    {INDENTED}"),
    TaskCreated(task_id=LOCAL, text=PRIVATE, local_only=True),
    TaskStarted(task_id=LOCAL, agent_id="a1"),
    ToolCalled(
        task_id=OPEN, call_id="c1", tool="read_file",
        arguments={"api_key": "whatever it is", "deep": [{f"x {API_KEY}": f"Bearer {TOKEN}"}], "n": 3},
    ),
    ToolCompleted(
        task_id=OPEN, call_id="c1", tool="read_file", size=9, duration_ms=1,
        summary="-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234\n-----END RSA PRIVATE KEY-----",
    ),
    ToolCompleted(task_id=OPEN, call_id="c2", tool="t", size=9, duration_ms=1, summary=f"cut within {API_KEY[:12]}"),
    ToolCalled(task_id=LOCAL, call_id="c3", tool="search_files", arguments={PRIVATE: [PRIVATE, {PRIVATE: 1}]}),
    TaskCompleted(
        task_id=LOCAL, result=PRIVATE, provider="embedded", model="m", duration_ms=5, tokens_in=1, tokens_out=1
    ),
    InvoiceCreated(
        payment_hash="cd" * 32, amount_msat=5, simulated=True, bolt11=INVOICE, memo="for ghp_0123456789abcdef0123",
        expires_us=1, task_id=OPEN,
    ),
    PaymentSettled(payment_hash="cd" * 32, amount_msat=5, simulated=True, fee_msat=0, preimage=PREIMAGE, task_id=OPEN),
    SystemInfo(source=f"by {API_KEY}", message=f"seen: {TOKEN}, {LONG_KEY!r}"),
    SystemInfo(source="system", message="nothing to hide"),
)  # fmt: skip


async def tell_secrets(opened: OpenLog) -> None:
    """The events, and the task's row as the coordinator would keep it."""

    def keep(session: Session) -> None:
        for task_id, text, local in ((OPEN, "open", 0), (LOCAL, PRIVATE, 1)):
            session.sql(
                "INSERT INTO tasks(id, text, status, created_us, updated_us, local_only) VALUES (?,?,'completed',1,1,?)",
                (task_id, text, local),
            )

    await opened.bus.publish(*SECRET_EVENTS, work=keep)


async def write_box(opened: OpenLog, folder: Path, path: Path, since_us: int = 0) -> About:
    """Everything since a moment."""
    writer = BoxWriter(settings=settings(), secrets=secrets(), paths=Paths.default(folder))
    wish = BoxWish(since_us=since_us, until_us=UNTIL_US)
    return await opened.database.read(lambda session: writer.write(session, KEY, path, wish, made_us=7))
