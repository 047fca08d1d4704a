"""An Electrum daemon's JSON-RPC as version 4.3.4 speaks it, with a node behind it that has moods."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.fakes.http_server import Exchange, HttpServer, Request
from tests.fakes.ledger_world import SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.errors import BackendError
from timmy_desktop.ledger.money import Msat

SECRET = "timmy:a-password-for-tests"
_SENT, _RECEIVED = 0, 1


class _RefusedError(Exception):
    """What the daemon answers as an error."""


@dataclass
class ElectrumServer(HttpServer):
    """What the two real daemons said is what this one says; tests/e2e holds the backend against those."""

    node: FakeLightning = field(default_factory=lambda: FakeLightning(clock=SetClock()))
    forgotten: set[str] = field(default_factory=set)

    async def answer(self, request: Request, exchange: Exchange) -> None:
        wanted = f"Basic {base64.b64encode(SECRET.encode()).decode()}"
        if request.headers.get("authorization") != wanted:
            await exchange.send(401, b"Unauthorized")
            return
        asked = request.json
        try:
            result = await getattr(self, f"_{asked['method']}")(**asked["params"])
        except _RefusedError as error:
            await exchange.send(200, {"id": asked["id"], "error": {"code": 1, "message": str(error)}})
        else:
            await exchange.send(200, {"id": asked["id"], "result": result})

    async def _getinfo(self) -> Any:
        info = await self.node.info()
        heights = {"blockchain_height": 462, "server_height": 462}
        return {"network": info.network, "connected": True, "version": "4.3.4", **heights}

    async def _nodeid(self) -> Any:
        return f"{(await self.node.info()).node_id}@127.0.0.1:9735"

    async def _getbalance(self) -> Any:
        return {"confirmed": "1.5", "lightning": str(Decimal(self.node.local).scaleb(-11))}

    async def _list_channels(self) -> Any:
        flying = sum(known.amount for known in self.node.known.values() if known.state == "in_flight")
        return [
            {
                "state": "OPEN",
                "local_balance": self.node.local // 1000,
                "local_unsettled_sent": -(-flying // 1000),
            }
        ]

    async def _add_request(self, amount: str, memo: str, expiration: int, force: bool) -> Any:
        text = await self.node.create_invoice(Msat(int(Decimal(amount).scaleb(11))), memo, expiration)
        return {"lightning_invoice": text, "rhash": invoice.decode(text).payment_hash, "status": 0}

    async def _get_request(self, request_id: str) -> Any:
        if request_id not in self.node.known:
            raise _RefusedError("request not found")
        return {"status": 3 if request_id in self.node.received else 0}

    async def _delete_request(self, request_id: str) -> Any:
        return None

    async def _lnpay(self, invoice: str) -> Any:
        payment_hash = _hash(invoice)
        known = self.node.known.get(payment_hash)
        if known is None:
            return {"payment_hash": payment_hash, "success": False, "preimage": None, "log": []}
        if known.state == "settled":
            raise _RefusedError("This invoice has been paid already")
        try:
            result = await self.node.pay_invoice(invoice, Msat(0))
        except BackendError:
            # It gives up and calls that no success, while the payment is still on its way.
            return {"payment_hash": payment_hash, "success": False, "preimage": None, "log": []}
        settled = result.state == "settled"
        return {
            "payment_hash": payment_hash,
            "success": settled,
            "preimage": result.preimage or None,
            "log": [],
        }

    async def _list_invoices(self) -> Any:
        states = {"settled": 3, "failed": 0, "in_flight": 0, "made": 0}
        return [
            {"invoice_id": key, "status": states[known.state]}
            for key, known in self.node.known.items()
            if known.asked and key not in self.forgotten
        ]

    async def _lightning_history(self) -> Any:
        sent = [
            {"type": "payment", "direction": _SENT, "amount_msat": -known.amount - self.node.fee,
             "fee_msat": self.node.fee, "payment_hash": key, "preimage": known.preimage, "timestamp": 1_790_000_000}
            for key, known in self.node.known.items() if known.asked and known.state == "settled"
        ]  # fmt: skip
        received = [
            {"type": "payment", "direction": _RECEIVED, "amount_msat": amount, "fee_msat": None,
             "payment_hash": key, "preimage": self.node.known[key].preimage, "timestamp": 1_790_000_000}
            for key, amount in self.node.received.items()
        ]  # fmt: skip
        return [*sent, *received, {"type": "channel_opening", "amount_msat": 5, "timestamp": 1}]


def _hash(text: str) -> str:
    return invoice.decode(text).payment_hash
