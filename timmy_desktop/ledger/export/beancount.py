"""Plain-text accounting: each entry as a transaction of beancount, and balances that beancount checks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import TextIO

from timmy_desktop.inert import inert_line
from timmy_desktop.ledger.export.booked import Booked, Entry
from timmy_desktop.ledger.export.csv_lines import utc

SATS, SIMULATED = "SAT", "SIMSAT"
_OPENED = date(2009, 1, 3)
_ACCOUNTS = {
    "treasury": "Assets:Treasury",
    "escrow": "Assets:Escrow",
    "in_flight": "Assets:InFlight",
    "receivable": "Assets:Receivable",
    "suspense": "Assets:Suspense",
    "fees": "Expenses:Fees",
    "outside": "Equity:Outside",
    "invoiced": "Equity:Invoiced",
}
# Sats of agents lie on the same node until they spend them: they are assets, beside the treasury's.
_OWNED = {"agent": "Assets:Agents", "in_flight": "Assets:InFlight"}
_KEPT = (
    "type", "purpose", "id", "task_id", "payment_hash", "preimage", "proof", "flags", "refers_to", "reason",
)  # fmt: skip
_PLAIN = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")
_HEAD = """; The ledger of Timmy Desktop. {currency} is a satoshi.
; {simulated} is one of the simulated node: no real money.
option "title" "Timmy Desktop"
option "operating_currency" "{currency}"
{opened} commodity {currency}
{opened} commodity {simulated}
"""


class Beancount:
    """`write` each batch, then `finish`, which opens the accounts and states their balances."""

    def __init__(self, file: TextIO, names: Mapping[str, str]) -> None:
        """`names` of agents by identifier."""
        self._file, self._names = file, names
        self._balances: dict[tuple[str, str], int] = {}
        self._last = _OPENED
        file.write(_HEAD.format(currency=SATS, simulated=SIMULATED, opened=_OPENED))

    def write(self, lines: Iterable[Booked]) -> None:
        for line in lines:
            for entry in line.entries:
                self._file.write(self._transaction(line, entry))

    def finish(self) -> None:
        """Beancount sorts by date, so the accounts may be opened at the end; a balance is of the next day."""
        checked = self._last + timedelta(days=1)
        for account in sorted({account for account, _ in self._balances}):
            self._file.write(f"\n{_OPENED} open {account}")
        for (account, currency), amount in sorted(self._balances.items()):
            self._file.write(f"\n{checked} balance {account}  {_decimal(amount)} {currency}")
        self._file.write("\n")

    def _transaction(self, line: Booked, entry: Entry) -> str:
        values = line.values
        day = datetime.fromtimestamp(entry.time_us // 1_000_000, UTC).date()
        self._last = max(self._last, day)
        currency = SIMULATED if values["simulated"] else SATS
        flag = "!" if values["state"] == "pending" else "*"
        agent_id = str(values["agent_id"])
        payee, narration = (
            self._names.get(agent_id, agent_id),
            str(values["memo"] or values["reason"] or values["type"]),
        )
        text = [f"\n{day} {flag} {_quoted(payee)} {_quoted(narration)}"]
        text += [f"  {name}: {_quoted(value)}" for name, value in _facts(line, entry) if value]
        for name, amount in entry.postings:
            account = account_name(name, self._names)
            text.append(f"  {account}  {_decimal(amount)} {currency}")
            key = (account, currency)
            self._balances[key] = self._balances.get(key, 0) + amount
        return "\n".join(text) + "\n"


def account_name(name: str, names: Mapping[str, str]) -> str:
    """The account as beancount knows it. What its names can't hold is told apart by a piece of its hash."""
    if name in _ACCOUNTS:
        return _ACCOUNTS[name]
    kind, _, owner = name.partition(":")
    above = _OWNED.get(kind, "Equity:Other")
    shown = names.get(owner, owner) if kind in _OWNED else name
    plain = shown[:1].upper() + shown[1:]
    if _PLAIN.fullmatch(plain) and plain == shown:
        return f"{above}:{plain}"
    kept = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:40]
    return f"{above}:X{kept}-{sha256(shown.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _facts(line: Booked, entry: Entry) -> Iterable[tuple[str, str]]:
    values = line.values
    yield "line", str(line.number)
    yield "entry", str(entry.number)
    yield "time", utc(entry.time_us)
    yield "state", str(values["state"])
    for name in _KEPT:
        yield name.replace("_", "-"), str(values[name])


def _decimal(amount_msat: int) -> str:
    whole, rest = divmod(abs(amount_msat), 1000)
    return f"{'-' if amount_msat < 0 else ''}{whole}.{rest:03}"


def _quoted(text: str) -> str:
    line = inert_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{line}"'
