"""A ledger's past made up for tests and pictures: tasks, invoices, payments and what may go wrong with them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence

from timmy_desktop.ledger.export.booked import COLUMNS, Booked, Entry, Value
from timmy_desktop.storage.database import Session

DAY = 86_400_000_000
MINUTE = 60_000_000
AGENTS = ("Echo", "Forge", "Quill", "Seer", "Helm", "Mace")
_NOTHING: dict[str, Value] = {name: 0 if name.endswith(("_msat", "_us")) else "" for name in COLUMNS}


class Story:
    """Writes lines one after the other; `at` is the clock. Amounts in msat."""

    def __init__(self, start_us: int, *, simulated: bool = True) -> None:
        self.at = start_us
        self._simulated = int(simulated)
        self._lines = self._entries = 0
        self.told: list[Booked] = []
        """What was written; give it to `restore`, or take it out as it grows."""

    def funding(self, amount: int, memo: str = "Simulated starting balance") -> Booked:
        return self.line("deposit", "settled", amount, {"outside": -amount, "treasury": amount}, memo=memo,
                         purpose="funding", proof="book")  # fmt: skip

    def task(self, agent: str, amount: int, *, ends: str = "paid", fee: int = 0) -> None:
        """Reserved, and then `paid` over Lightning, `rewarded` in the book, `refunded`, or left `doubt`ful."""
        task_id = f"task-{self._lines + 1:08d}"
        about = {"task_id": task_id, "agent_id": agent, "purpose": "task"}
        self.line("reserve", "settled", amount, {"treasury": -amount, "escrow": amount}, **about)
        self.at += MINUTE
        if ends == "refunded":
            self.line("refund", "settled", amount, {"escrow": -amount, "treasury": amount},
                      reason="The task was cancelled.", **about)  # fmt: skip
        elif ends == "rewarded":
            self.line(
                "reward",
                "settled",
                amount,
                {"escrow": -amount, f"agent:{agent}": amount},
                proof="book",
                **about,
            )
        else:
            self._payment(agent, amount, fee, ends, f"Task {task_id[-8:]}, done by {agent}", about)

    def sent(
        self, amount: int, memo: str, *, fee: int = 0, ends: str = "paid", purpose: str = "expense"
    ) -> Booked:
        """From the treasury to outside: `paid`, `failed` or left `doubt`ful."""
        cap = max(fee, 2000)
        start = {"treasury": -amount - cap, "in_flight": amount + cap}
        moved = {"in_flight": -amount - cap, "outside": amount, "fees": fee, "treasury": cap - fee}
        back = {"in_flight": -amount - cap, "treasury": amount + cap}
        reason = "No route was found." if ends == "failed" else ""
        state = {"paid": "settled", "failed": "failed"}.get(ends, "pending")
        ending = {"settled": moved, "failed": back}.get(state, {})
        return self.line("payment", state, amount, start, ending, memo=memo, purpose=purpose, fee_msat=fee if state == "settled" else 0,
                         fee_cap_msat=cap, reason=reason, bolt11="lnbcrt1…", payee="02" + "ab" * 32)  # fmt: skip

    def invoice(
        self, amount: int, memo: str, *, ends: str = "paid", received: int = 0, flags: str = ""
    ) -> Booked:
        """Ours: `paid`, `expired`, or still open."""
        start = {"receivable": amount, "invoiced": -amount}
        back = {"receivable": -amount, "invoiced": amount}
        got = received or amount
        state = {"paid": "settled", "expired": "expired"}.get(ends, "pending")
        ending = {"settled": {**back, "outside": -got, "treasury": got}, "expired": back}.get(state, {})
        return self.line("invoice", state, amount, start, ending, memo=memo, purpose="sale", received_msat=got if state == "settled" else 0,
                         bolt11="lnbcrt1…", expires_us=self.at + 60 * MINUTE, flags=flags)  # fmt: skip

    def line(
        self, kind: str, state: str, amount: int, first: Mapping[str, int], last: Mapping[str, int] | None = None,
        **values: Value,
    ) -> Booked:  # fmt: skip
        """Any line: `first` moves at its beginning, `last` at its end."""
        self._lines += 1
        created = self.at
        digest = hashlib.sha256(f"{kind} {self._lines}".encode()).digest()
        row = dict(_NOTHING) | {
            "id": f"01900000-0000-7000-8000-{self._lines:012d}", "type": kind, "state": state, "account": "treasury",
            "amount_msat": amount, "source": "ledger", "simulated": self._simulated, "created_us": created,
        }  # fmt: skip
        entries = [self._entry("pending" if last is not None else state, first)]
        if last:
            self.at += 400_000
            entries.append(self._entry(state, last))
        if last is not None:
            row["payment_hash"] = hashlib.sha256(digest).hexdigest()
        if state == "settled":
            row |= {"settled_us": self.at, "proof": "node" if last is not None else "book"}
            row["preimage"] = digest.hex() if last is not None else ""
        self.told.append(Booked(self._lines, row | {"updated_us": self.at} | values, tuple(entries)))
        self.at += MINUTE
        return self.told[-1]

    def _payment(
        self, agent: str, amount: int, fee: int, ends: str, memo: str, about: dict[str, Value]
    ) -> None:
        state = "pending" if ends == "doubt" else "settled"
        moved = {"in_flight": -amount, f"agent:{agent}": amount}
        self.line("payment", state, amount, {"escrow": -amount, "in_flight": amount}, moved if state == "settled" else {},
                  memo=memo, bolt11="lnbcrt1…", fee_msat=fee, **about)  # fmt: skip

    def _entry(self, state: str, moves: Mapping[str, int]) -> Entry:
        self._entries += 1
        postings = tuple(sorted((account, amount) for account, amount in moves.items() if amount))
        return Entry(self._entries, state, self.at, postings)


def healthy_month(now_us: int, *, days: int = 30, seed: int = 7) -> list[Booked]:
    """A month as a good one goes: tasks every day, some invoices paid to us, a few expenses."""
    rng, story = random.Random(seed), Story(now_us - days * DAY)
    story.funding(100_000_000)
    memos = (
        "Summary of the weekly report",
        "Translation, 2 pages",
        "Search in the archive",
        "Notes read aloud",
    )
    costs = ("API credits", "Domain, one year", "Weather data", "Backup space")
    for day in range(days):
        story.at = now_us - (days - day) * DAY + rng.randrange(6, 10) * 60 * MINUTE
        for _ in range(rng.randrange(2, 9)):
            amount = rng.randrange(4, 40) * 1000
            ends = rng.choices(("paid", "rewarded", "refunded"), (10, 4, 1))[0]
            story.task(rng.choice(AGENTS), amount * 20, ends=ends)
            story.at += rng.randrange(5, 50) * MINUTE
        if rng.random() < 0.45:
            story.invoice(
                rng.randrange(400, 3600) * 1000,
                rng.choice(memos),
                ends="expired" if rng.random() < 0.12 else "paid",
            )
        if rng.random() < 0.35:
            amount = rng.randrange(150, 2600) * 1000
            story.sent(
                amount,
                rng.choice(costs),
                fee=rng.randrange(40, 900),
                ends="failed" if rng.random() < 0.08 else "paid",
            )
    return story.told


def long_book(session: Session, lines: int, now_us: int) -> int:
    """About so many lines over a year, past the triggers, which stand again after; how many they are.

    One stretch is made line by line, and copied by SQL as often as it takes.
    """
    block = _block(5_000, now_us - 365 * DAY)
    copies = max(1, round(lines / len(block)))
    triggers = session.sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    for name, _ in triggers:
        session.sql(f"DROP TRIGGER {name}")
    _write(session, block)
    last = max(entry.number for line in block for entry in line.entries)
    for copy in range(1, copies):
        for statement in _COPY:
            session.sql(statement, {
                "lines": len(block), "entries": last, "copy": copy, "shift": 360 * DAY // copies * copy,
            })  # fmt: skip
    for statement in _SUMS:
        session.sql(statement)
    for _, statement in triggers:
        session.sql(statement)
    return copies * len(block)


def _block(lines: int, start_us: int) -> list[Booked]:
    rng, story = random.Random(11), Story(start_us)
    story.funding(50_000_000_000)
    while len(story.told) < lines:
        kind = rng.random()
        if kind < 0.7:
            ends = rng.choice(("paid", "rewarded", "refunded"))
            story.task(rng.choice(AGENTS), rng.randrange(4, 400) * 1000, ends=ends)
        elif kind < 0.85:
            story.invoice(rng.randrange(40, 900) * 1000, f"Order {len(story.told)}")
        else:
            story.sent(
                rng.randrange(15, 260) * 1000,
                f"Invoice {len(story.told)} of a supplier",
                fee=rng.randrange(900),
            )
    return story.told


_SUMS = (
    "INSERT INTO accounts(name, balance_msat, in_msat, out_msat) SELECT account, sum(amount_msat),"
    " sum(max(amount_msat, 0)), sum(max(-amount_msat, 0)) FROM postings GROUP BY account",
    "INSERT INTO entry_balances(entry_id, treasury_msat)"
    " SELECT entries.id, sum(coalesce(postings.amount_msat, 0)) OVER (ORDER BY entries.id)"
    " FROM entries LEFT JOIN postings ON postings.entry_id = entries.id AND postings.account = 'treasury'",
    "INSERT INTO account_days(day, account, in_msat, out_msat) SELECT entries.time_us / 86400000000, account,"
    " sum(max(amount_msat, 0)), sum(max(-amount_msat, 0)) FROM postings JOIN entries ON entries.id = entry_id GROUP BY 1, 2",
    "INSERT INTO flow_days(day, agent_id, purpose, simulated, received_msat, earned_msat, sent_msat, fee_msat, entries)"
    " SELECT entries.time_us / 86400000000, agent_id, purpose, simulated,"
    " sum(CASE WHEN postings.account = 'outside' THEN max(-postings.amount_msat, 0) ELSE 0 END),"
    " sum(CASE WHEN postings.account LIKE 'agent:%' THEN max(postings.amount_msat, 0) ELSE 0 END),"
    " sum(CASE WHEN postings.account = 'outside' THEN max(postings.amount_msat, 0) ELSE 0 END),"
    " sum(CASE WHEN postings.account = 'fees' THEN postings.amount_msat ELSE 0 END), count(DISTINCT entries.id)"
    " FROM entries JOIN ledger ON ledger.id = ledger_id JOIN postings ON postings.entry_id = entries.id GROUP BY 1, 2, 3, 4",
)
_ID = "printf('01900000-0000-7000-8000-%012d', {number} + :copy * :lines)"
_NEW: dict[str, str] = {
    "id": _ID.format(number="rowid"),
    "payment_hash": "CASE payment_hash WHEN '' THEN '' ELSE printf('%064x', rowid + :copy * :lines) END",
    "task_id": "CASE task_id WHEN '' THEN '' ELSE task_id || '-' || :copy END",
} | {name: f"{name} + :shift" for name in ("created_us", "updated_us", "settled_us")}
_COPY = (
    f"INSERT INTO ledger(rowid, {', '.join(COLUMNS)}) SELECT rowid + :copy * :lines,"
    f" {', '.join(_NEW.get(name, name) for name in COLUMNS)} FROM ledger WHERE rowid <= :lines",
    "INSERT INTO entries(id, ledger_id, state, posted, time_us) SELECT id + :copy * :entries,"
    f" {_ID.format(number='CAST(substr(ledger_id, -12) AS INTEGER)')}, state, 1, time_us + :shift"
    " FROM entries WHERE id <= :entries",
    "INSERT INTO postings(entry_id, account, amount_msat) SELECT entry_id + :copy * :entries, account, amount_msat"
    " FROM postings WHERE entry_id <= :entries",
)


def _write(session: Session, lines: Sequence[Booked]) -> None:
    connection = session.connection
    marks = ", ".join("?" * (len(COLUMNS) + 1))
    insert = f"INSERT INTO ledger(rowid, {', '.join(COLUMNS)}) VALUES ({marks})"
    connection.executemany(
        insert, [(line.number, *(line.values[name] for name in COLUMNS)) for line in lines]
    )
    entries = sorted(
        (entry.number, line.values["id"], entry.state, entry.time_us)
        for line in lines
        for entry in line.entries
    )
    connection.executemany(
        "INSERT INTO entries(id, ledger_id, state, posted, time_us) VALUES (?, ?, ?, 1, ?)", entries
    )
    postings = sorted(
        (entry.number, account, amount)
        for line in lines
        for entry in line.entries
        for account, amount in entry.postings
    )
    connection.executemany("INSERT INTO postings(entry_id, account, amount_msat) VALUES (?, ?, ?)", postings)
