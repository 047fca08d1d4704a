"""What was paid to the simulated node, kept in a file: a crash must not unpay anybody."""

from __future__ import annotations

import json
import os
from pathlib import Path

from timmy_desktop.ledger.backends.base import InvoiceResult, NodeReceipt
from timmy_desktop.ledger.money import Msat
from timmy_desktop.storage.private_file import make_private_file


class Journal:
    """One JSON line for each payment that came in; without a path it is kept in memory alone."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._received: dict[str, tuple[int, InvoiceResult]] = {}

    def load(self) -> None:
        """Reads what is there; the last line of a crash may be cut off, and is left out then."""
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                payment_hash, preimage, received, time_s = json.loads(line)
            except ValueError:
                continue
            self._received[payment_hash] = (time_s, InvoiceResult("settled", preimage, Msat(received)))

    def add(self, payment_hash: str, preimage: str, received: Msat, time_s: int) -> None:
        """Writes it down durably, once; what came for the same hash before stands."""
        if payment_hash in self._received:
            return
        if self._path is not None:
            make_private_file(self._path)
            with self._path.open("a", encoding="utf-8") as file:
                # The line feed comes first: what a crash cut off stays a line of its own.
                file.write("\n" + json.dumps([payment_hash, preimage, received, time_s]))
                file.flush()
                os.fsync(file.fileno())
        self._received[payment_hash] = (time_s, InvoiceResult("settled", preimage, received))

    def look_up(self, payment_hash: str) -> InvoiceResult:
        """Settled, or open: the node keeps no list of what it has signed."""
        return self._received.get(payment_hash, (0, InvoiceResult("open")))[1]

    def since(self, since_s: int) -> tuple[NodeReceipt, ...]:
        """What came in since then."""
        return tuple(
            NodeReceipt(payment_hash, result)
            for payment_hash, (time_s, result) in self._received.items()
            if time_s >= since_s
        )
