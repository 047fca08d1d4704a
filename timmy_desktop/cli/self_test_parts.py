"""What `self-test` tries: each part for real, over running services. Each says what it saw, or raises."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from timmy_desktop import own_process
from timmy_desktop.feed import wire
from timmy_desktop.feed.token import find_token
from timmy_desktop.inert import inert_line
from timmy_desktop.memory import PERSON
from timmy_desktop.memory.types import NewEntry
from timmy_desktop.routing.types import CompletionRequest, Message
from timmy_desktop.services import Services
from timmy_desktop.storage.piece_workers import workers
from timmy_desktop.storage.pieces import Piece
from timmy_desktop.storage.verification import ANCHOR_FILE, verify_log
from timmy_desktop.upgrades.errors import SandboxError
from timmy_desktop.upgrades.interpreter import interpreter_for
from timmy_desktop.upgrades.repository import Repository
from timmy_desktop.upgrades.sandbox import find_sandbox, sandbox_fault

TASK = "List three uses of a hash chain"
TASK_SECONDS = 300.0
COLOURS_SECONDS = 60.0
FEED_SECONDS = 10.0
MODEL_TOKENS = 8
LEXING_WORKER = Path(__file__).parents[1] / "gui/widgets/diff_view/lexing_worker.py"
FACT = "The lighthouse keeper's bicycle is painted green"
QUESTION = "Which colour does the bike of the man in the lighthouse have?"
PAGE = "A page about quokkas and wombats"


class SelfTestFailure(Exception):  # noqa: N818 - a verdict, not a fault of the program
    """A part did something else than it should."""


async def event_log(services: Services) -> str:
    """The chain of what was just written."""
    log = services.event_log
    report = await services.database.read(
        lambda session: verify_log(
            session, services.paths.database, log.key, services.paths.data_dir / ANCHOR_FILE
        )
    )
    expect(report.intact, report.problem)
    return f"{report.rows} events, chain intact"


async def model(services: Services) -> str:
    """A few words from whichever provider answers."""
    request = CompletionRequest(
        messages=(Message("user", "Say hello."),), purpose="chat", max_tokens=MODEL_TOKENS
    )
    reply = await asyncio.wait_for(services.router.complete(request), TASK_SECONDS)
    return f"{reply.provider}, {reply.model}: first word after {reply.ttft_ms:,} ms"


async def task(services: Services) -> str:
    """One task from post to paid."""
    task_id = await services.coordinator.post(TASK)
    done = await asyncio.wait_for(services.coordinator.wait(task_id), TASK_SECONDS)
    expect(done.status == "completed", done.reason)
    expect(bool(done.result.strip()), "the result is empty")
    return f"completed by {done.provider}, paid {done.paid_msat:,} msat (simulated)"


async def ledger(services: Services) -> str:
    """The book, after the task was paid."""
    balances = await services.ledger.balances()
    expect(balances.pending_msat == 0, f"{balances.pending_msat} msat are still reserved")
    expect(balances.outgoing_msat > 0, "nothing was paid")
    audit = await services.ledger.check()
    expect(audit.adds_up, "; ".join(audit.problems))
    return f"every entry adds up; {balances.outgoing_msat:,} msat paid (simulated)"


async def memory(services: Services) -> str:
    """A fact, found by a question in other words, through the embedder and the index."""
    kept = await services.memory.remember(NewEntry(content=FACT))
    await asyncio.wait_for(services.memory.settled(), TASK_SECONDS)
    expect(bool(await services.memory.in_index()), "the index is empty")
    result = await services.memory.search(QUESTION, asker=PERSON)
    expect(bool(result.hits) and result.hits[0].entry.id == kept.id, "the fact was not found")
    return f"found by meaning, cosine {result.hits[0].cosine or 0:.2f}"


async def documents(services: Services, folder: Path) -> str:
    """A PDF, read by its process."""
    file = folder / "page.pdf"
    file.write_bytes(a_pdf(PAGE))
    report = await services.memory.import_documents([file])
    expect(report.chunks == 1, "; ".join(outcome.reason for outcome in report.files) or "no piece was stored")
    return "a PDF was read and stored"


def repository(folder: Path) -> str:
    """Git, as the agents' tools read it."""
    log = Repository(make_repository(folder)).log()
    expect("A first commit" in log.text, "the commit is not in the log")
    return "a commit was made and read"


def make_repository(folder: Path, branch: str = "") -> Path:
    """A repository with one commit; `branch` has one more, which adds a line."""
    folder.mkdir()
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder)}
    author = ("-c", "user.name=Self-test", "-c", "user.email=self-test@localhost")

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)

    git("init", "-q")
    (folder / "notes.txt").write_text("A first line\n", encoding="utf-8")
    git("add", ".")
    git(*author, "commit", "-q", "-m", "A first commit")
    if branch:
        git("checkout", "-q", "-b", branch)
        (folder / "notes.txt").write_text("A first line\nA second line\n", encoding="utf-8")
        git(*author, "commit", "-q", "-a", "-m", "A second line")
        git("checkout", "-q", "-")
    return folder


async def airllm(services: Services) -> str:
    """Whether it is installed beside the application; it is optional, and that is said."""
    found = [status for status in await services.router.check_now() if status.kind == "airllm"]
    if not found or found[0].health is None:
        return "not among the providers"
    return inert_line(found[0].health.detail, 160)


async def feed(services: Services) -> str:
    """The live feed, followed as another program would."""
    status = services.feed.status
    expect(status.state == "listening", status.words or status.state)
    token = find_token(services.paths.data_dir, services.secrets)
    if token is None:
        raise SelfTestFailure("there is no token")
    address = urlsplit(status.address)
    follower = await wire.connect(address.hostname or "", address.port or 0, token.get_secret_value())
    try:
        hello = json.loads(await asyncio.wait_for(follower.receive(), FEED_SECONDS))
    finally:
        await follower.close()
    expect(hello.get("kind") == "hello", f"it began with {hello.get('kind')!r}")
    return f"answers at {status.address}"


def verifier(services: Services) -> str:
    """The processes that check a long log side by side, on this short one."""
    with workers(services.paths.database, 2) as check:
        key = services.event_log.key
        reports = list(check([Piece(1, 2), Piece(3, 4)], key))
    expect(sum(report.rows for report in reports) == 4, "not all rows were read")
    expect(all(not report.problem for report in reports), reports[0].problem or reports[1].problem)
    return "two processes checked two pieces"


def sandbox() -> str:
    """What tests of proposed changes are confined by."""
    found = find_sandbox()
    if found is None:
        return "none here; tests of proposed changes are not run without one"
    try:
        interpreter_for(Path.cwd())
    except SandboxError as error:
        return f"{found.name} is there, and nothing to run tests with. {error}"
    fault = sandbox_fault(found)
    expect(not fault, f"{found.name} does not work here: {fault}")
    return f"{found.name} works"


def colours() -> str:
    """The process that colours code in the diff viewer."""
    job = {"id": 1, "path": "page.py", "parts": [[0, ["def answer():", "    return 42"]]], "near": 0}
    command = own_process.worker("colours", LEXING_WORKER)
    done = subprocess.run(
        command,
        input=json.dumps(job) + "\n",
        capture_output=True,
        text=True,
        timeout=COLOURS_SECONDS,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    expect(bool(answers) and answers[-1] == {"id": 1, "done": True}, done.stderr.strip() or "no answer")
    expect(any(any(line) for line in answers[0]["spans"]), "nothing was coloured")
    return "two lines were coloured"


def a_pdf(text: str) -> bytes:
    """The smallest PDF that shows one line."""
    drawing = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, rows)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + table + trailer


def expect(holds: bool, otherwise: str) -> None:
    """Raises SelfTestFailure with `otherwise`."""
    if not holds:
        raise SelfTestFailure(otherwise)
