"""What `self-test` does with the commands about what is kept: memory, money, log and black boxes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from timmy_desktop.cli.self_test_bench import PAINTED, TELL, Bench
from timmy_desktop.cli.self_test_parts import FACT, QUESTION, expect

PROVEN_PAYMENT = "SELECT id FROM ledger WHERE type = 'payment' AND state = 'settled'"

# -- the memory -----------------------------------------------------------------------------------------


def _remember(bench: Bench) -> str:
    kept = bench.ask("memory", "remember", "The ferry to the island leaves at noon", "--pin")
    expect(kept["pinned"] and kept["state"] == "accepted", f"it is {kept['state']}")
    return "a fact was kept and pinned"


def _search(bench: Bench) -> str:
    hits = bench.ask("memory", "search", QUESTION)["hits"]
    expect(bool(hits) and hits[0]["content"] == FACT, "the fact was not found")
    return f"found by meaning among {len(hits)}"


def _stats(bench: Bench) -> str:
    said = bench.ask("memory", "stats")
    expect(said["entries"] > 0 and said["embedded"] == said["entries"], f"{said['embedded']} embedded")
    return f"{said['entries']} entries, all with their vectors"


def _memory_export(bench: Bench) -> str:
    said = bench.ask("memory", "export", "--out", str(_memory_file(bench)))
    lines = _memory_file(bench).read_text(encoding="utf-8").splitlines()
    expect(len(lines) >= said["entries"] > 0, f"{len(lines)} lines")
    return f"{said['entries']} entries"


def _memory_import(bench: Bench) -> str:
    said = bench.ask("memory", "import", str(_memory_file(bench)), data=bench.folder / "elsewhere")
    expect(said["entries"] > 0, "nothing was new in an empty memory")
    return f"{said['entries']} entries into an empty memory"


def _memory_file(bench: Bench) -> Path:
    return bench.folder / "memory.jsonl"


def _rebuild(bench: Bench) -> str:
    return f"{bench.ask('memory', 'rebuild')['indexed']} entries indexed anew"


def _forget(bench: Bench) -> str:
    hits = bench.ask("memory", "search", "When does the ferry leave?")["hits"]
    said = bench.ask("memory", "forget", hits[0]["id"])
    expect(said["gone"] and not said["traces"], f"traces: {said['traces']}")
    return f"gone; no byte of it in {said['files_searched']} files"


# -- the money ------------------------------------------------------------------------------------------


def _balance(bench: Bench) -> str:
    said = bench.ask("ledger", "balance")
    expect(said["simulated"] and said["outgoing_msat"] > 0, "nothing was paid")
    return f"{said['available_msat']:,} msat available (simulated)"


def _health(bench: Bench) -> str:
    said = bench.ask("ledger", "health")
    return f"{said['backend']} node on {said['network']} (simulated)"


def _check(bench: Bench) -> str:
    return f"{bench.ask('ledger', 'check')['transactions']:,} transactions add up"


def _reconcile(bench: Bench) -> str:
    return f"{bench.ask('ledger', 'reconcile')['checked']:,} payments compared with the node"


def _receipt(bench: Bench) -> str:
    ((payment,), *_) = bench.rows(PROVEN_PAYMENT) or [("",)]
    bench.ask("ledger", "receipt", payment, "--out", str(_receipt_file(bench)))
    return f"{_receipt_file(bench).stat().st_size:,} bytes"


def _verify_receipt(bench: Bench) -> str:
    said = bench.ask("verify-receipt", str(_receipt_file(bench)))
    return f"proven: {said['payment']['amount_msat']:,} msat (simulated)"


def _receipt_file(bench: Bench) -> Path:
    return bench.folder / "receipt.json"


# -- the log and black boxes ----------------------------------------------------------------------------


def verify_log(bench: Bench) -> str:
    """The chain of all that the commands have written; the last of them."""
    return f"{bench.ask('verify-log')['events']:,} events, chain intact"


def _log_export(bench: Bench) -> str:
    said = {
        form: bench.ask("log", "export", "--format", form, "--out", str(bench.folder / f"events.{form}"))
        for form in ("csv", "jsonl", "otel", "verifiable")
    }
    events = said["verifiable"]["events"]
    expect(events > 0, "nothing was exported")
    return f"{events} events, in {len(said)} formats"


def _log_prune(bench: Bench) -> str:
    said = bench.ask("log", "prune", "--older-than", "0m", "--type", "memory.*", "--yes")
    expect(said["removed"] > 0, "nothing was removed")
    return f"{said['removed']} events moved into an archive"


def _log_archives(bench: Bench) -> str:
    found = bench.ask("log", "archives")["archives"]
    expect(len(found) == 1, f"{len(found)} archives")
    return f"one, of {found[0]['events']} events"


def _log_verify(bench: Bench) -> str:
    file = bench.ask("log", "archives")["archives"][0]["file"]
    said = bench.ask("log", "verify", file)
    return f"the archive is intact, {said['events']} events"


def _log_key(bench: Bench) -> str:
    file = bench.folder / "chain.key.copy"
    bench.ask("log", "key", "--out", str(file))
    expect(file.stat().st_mode & 0o077 == 0, "others may read it")
    return "written, for its owner alone"


def _log_verifier(bench: Bench) -> str:
    file = bench.folder / "verify_timmy_log.py"
    bench.ask("log", "verifier", "--out", str(file))
    compile(file.read_text(encoding="utf-8"), file.name, "exec")
    return f"{file.stat().st_size:,} bytes of Python"


def _export_box(bench: Bench) -> str:
    said = bench.ask("export-box", "--out", str(_box_file(bench)))
    return f"{said['events']} events, {said['redacted']} of them redacted"


def _open_box(bench: Bench) -> str:
    verdict = bench.ask("open-box", str(_box_file(bench)), "--check")
    expect(verdict["whole"] and verdict["by_key"], f"it says {verdict['problems']}")
    with bench.until_told("open-box", str(_box_file(bench)), ready=PAINTED, status=0, **{TELL: "1"}):
        pass
    return "whole by its key; shown in a window and closed"


def _box_file(bench: Bench) -> Path:
    return bench.folder / "last-day.timmybox"


# In the order in which they are run: later ones read what earlier ones wrote.
KEPT: dict[str, Callable[[Bench], str]] = {
    "memory remember": _remember,
    "memory search": _search,
    "memory stats": _stats,
    "memory export": _memory_export,
    "memory import": _memory_import,
    "memory rebuild": _rebuild,
    "memory forget": _forget,
    "ledger balance": _balance,
    "ledger health": _health,
    "ledger check": _check,
    "ledger reconcile": _reconcile,
    "ledger receipt": _receipt,
    "verify-receipt": _verify_receipt,
    "log export": _log_export,
    "log prune": _log_prune,
    "log archives": _log_archives,
    "log verify": _log_verify,
    "log key": _log_key,
    "log verifier": _log_verifier,
    "export-box": _export_box,
    "open-box": _open_box,
}
