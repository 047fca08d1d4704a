"""CSV for spreadsheets: the same columns always, one line of the ledger each, safe against formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TextIO

from timmy_desktop.inert import cell
from timmy_desktop.ledger.export.booked import Booked, Value

COLUMNS = (
    "number", "id", "created_utc", "settled_utc", "type", "state", "purpose", "account", "amount_sat",
    "amount_msat", "fee_msat", "received_msat", "treasury_change_msat", "simulated", "agent", "agent_id",
    "task_id", "memo", "reason", "flags", "payee", "payment_hash", "preimage", "proof", "refers_to", "source",
    "bolt11",
)  # fmt: skip
TREASURY = "treasury"


class CsvLines:
    """`write` each batch; there is nothing to finish."""

    def __init__(self, file: TextIO, names: Mapping[str, str]) -> None:
        """`names` of agents by identifier."""
        self._names = names
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def write(self, lines: Iterable[Booked]) -> None:
        self._writer.writerows([_shown(value) for value in self._row(line)] for line in lines)

    def finish(self) -> None:
        """Nothing."""

    def _row(self, line: Booked) -> Iterable[Value]:
        values = line.values
        own: dict[str, Value] = {
            "number": line.number,
            "created_utc": utc(values["created_us"]),
            "settled_utc": utc(values["settled_us"]),
            "amount_sat": in_sat(int(values["amount_msat"])),
            "treasury_change_msat": sum(
                amount for entry in line.entries for account, amount in entry.postings if account == TREASURY
            ),
            "simulated": "yes" if values["simulated"] else "no",
            "agent": self._names.get(str(values["agent_id"]), ""),
        }
        return [own[name] if name in own else values[name] for name in COLUMNS]


def utc(time_us: Value) -> str:
    """The moment as ISO 8601 to the microsecond; "" for none."""
    if not time_us:
        return ""
    seconds, rest = divmod(int(time_us), 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06}Z"


def in_sat(amount_msat: int) -> str:
    """Exactly: `1234.567`, `-0.5`, without separators."""
    whole, rest = divmod(abs(amount_msat), 1000)
    fraction = f".{rest:03}".rstrip("0") if rest else ""
    return f"{'-' if amount_msat < 0 else ''}{whole}{fraction}"


def _shown(value: Value) -> Value:
    return cell(value) if isinstance(value, str) else value
