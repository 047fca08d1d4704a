"""An LND as its REST API is described: each request and each answer is held against LND's own swagger."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.contract.schema import Schemas
from tests.fakes.http_server import Exchange, HttpServer, Request
from tests.fakes.ledger_world import SetClock
from tests.fakes.lightning import FakeLightning
from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.backends.base import PaymentResult
from timmy_desktop.ledger.errors import BackendError
from timmy_desktop.ledger.money import Msat

SCHEMAS = Schemas("lnd-api.json")
CALLS: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "contract/data/lnd-api.json").read_text(encoding="utf-8")
)["calls"]
TLS = Path(__file__).parent / "tls"
CERTIFICATE, ANOTHER_CERTIFICATE = TLS / "node.cert", TLS / "another.cert"
LEAST = ("info:read", "invoices:read", "invoices:write", "offchain:read", "offchain:write")
_NAMES = {"settled": "SUCCEEDED", "failed": "FAILED", "unknown": "IN_FLIGHT"}


def macaroon(*permissions: str) -> str:
    """A macaroon of LND's making, in hexadecimal, that allows this; its signature is noise."""
    entities: dict[str, list[str]] = {}
    for permission in permissions:
        entity, _, action = permission.partition(":")
        entities.setdefault(entity, []).append(action)
    operations = b"".join(
        _field(3, _field(1, entity.encode()) + b"".join(_field(2, action.encode()) for action in actions))
        for entity, actions in entities.items()
    )
    identifier = b"\x03" + _field(1, b"n" * 16) + _field(2, b"0") + operations
    location, signature = b"lnd", b"\x07" * 32
    parts = [b"\x02", _packet(1, location), _packet(2, identifier), b"\x00", b"\x00", _packet(6, signature)]
    return b"".join(parts).hex()


@dataclass
class LndServer(HttpServer):
    """`node` is what it stands for: its moods are the node's. `garbage` answers anything but JSON."""

    node: FakeLightning = field(default_factory=lambda: FakeLightning(clock=SetClock()))
    macaroon: str = field(default_factory=lambda: macaroon(*LEAST))
    garbage: bool = False
    paged: int = 1000

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def listen(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE, TLS / "node.key")
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        await super().die()
        # A handshake that a client broke off ends in a task of asyncio's own.
        accepting = {task for task in asyncio.all_tasks() if "accept" in task.get_coro().__qualname__}
        if accepting:
            await asyncio.wait(accepting)

    async def answer(self, request: Request, exchange: Exchange) -> None:
        parts = urlsplit(request.path)
        name, call, value = _call(request.method, parts.path)
        query = dict(parse_qsl(parts.query))
        assert set(query) <= set(call["query"]), f"{name}: {query}"
        if call["body"]:
            SCHEMAS.check(call["body"], request.json)
            unknown = set(request.json) - set(SCHEMAS.members(call["body"]))
            assert not unknown, f"{name}: LND refuses the unknown fields {unknown}"
        if self.garbage:
            await exchange.send(200, b"<html>Some other server</html>")
        elif request.headers.get("grpc-metadata-macaroon") != self.macaroon:
            await exchange.send(500, {"code": 2, "message": "verification failed: signature mismatch"})
        else:
            await getattr(self, f"_{name}")(exchange, call, value, request.json if call["body"] else query)

    async def _getinfo(self, exchange: Exchange, call: Any, value: str, query: Any) -> None:
        info = await self.node.info()
        await self._say(exchange, call, {
            "identity_pubkey": info.node_id, "alias": "a node", "block_height": 812_000, "synced_to_chain": True,
            "chains": [{"chain": "bitcoin", "network": info.network}], "version": "0.20.0-beta",
        })  # fmt: skip

    async def _add(self, exchange: Exchange, call: Any, value: str, body: Any) -> None:
        text = await self.node.create_invoice(
            Msat(int(body["value_msat"])), body["memo"], int(body["expiry"])
        )
        read = invoice.decode(text)
        await self._say(exchange, call, {
            "r_hash": _base64(read.payment_hash), "payment_request": text, "add_index": "1",
            "payment_addr": _base64(read.payment_secret),
        })  # fmt: skip

    async def _invoice(self, exchange: Exchange, call: Any, payment_hash: str, query: Any) -> None:
        row = await self._row(payment_hash)
        if row is None:
            await exchange.send(404, {"code": 5, "message": "unable to locate invoice", "details": []})
        else:
            await self._say(exchange, call, row)

    async def _invoices(self, exchange: Exchange, call: Any, value: str, query: Any) -> None:
        rows = [await self._row(payment_hash) for payment_hash in self.node.known]
        await self._page(exchange, call, "invoices", rows, query, "num_max_invoices")

    async def _payments(self, exchange: Exchange, call: Any, value: str, query: Any) -> None:
        paid = [key for key, known in self.node.known.items() if known.asked]
        rows = [self._payment(key, await self.node.lookup(key, "")) for key in paid]
        await self._page(exchange, call, "payments", rows, query, "max_payments")

    async def _balance(self, exchange: Exchange, call: Any, value: str, query: Any) -> None:
        zero = {"sat": "0", "msat": "0"}
        local = {"sat": str(self.node.local // 1000), "msat": str(self.node.local)}
        await self._say(exchange, call, {"local_balance": local, "unsettled_local_balance": zero})

    async def _cancel(self, exchange: Exchange, call: Any, value: str, body: Any) -> None:
        await self._say(exchange, call, {})

    async def _send(self, exchange: Exchange, call: Any, value: str, body: Any) -> None:
        text = body["payment_request"]
        payment_hash = invoice.decode(text).payment_hash
        if payment_hash not in self.node.known:
            return await self._stream(exchange, [self._payment(payment_hash, PaymentResult("failed"))])
        if self.node.known[payment_hash].asked:
            error = {"code": 6, "message": "invoice is already paid", "details": []}
            return await exchange.send(409, {"error": error})
        flying = self._payment(payment_hash, PaymentResult("unknown"))
        try:
            result = await self.node.pay_invoice(text, Msat(int(body["fee_limit_msat"])))
        except BackendError:
            await self._stream(exchange, [flying], ends=False)
            return await exchange.hang()
        return await self._stream(exchange, [flying, self._payment(payment_hash, result)])

    async def _track(self, exchange: Exchange, call: Any, value: str, query: Any) -> None:
        payment_hash = base64.urlsafe_b64decode(value).hex()
        known = self.node.known.get(payment_hash)
        if known is None or not known.asked:
            error = {"code": 5, "message": "payment isn't initiated", "details": []}
            return await exchange.send(404, {"error": error})
        result = await self.node.lookup(payment_hash, "")
        ends = result.state != "unknown"
        await self._stream(exchange, [self._payment(payment_hash, result)], ends=ends)
        return None if ends else await exchange.hang()

    async def _row(self, payment_hash: str) -> dict[str, Any] | None:
        known = self.node.known.get(payment_hash)
        if known is None or not known.own:
            return None
        result = await self.node.lookup_invoice(payment_hash)
        return {
            "r_hash": _base64(payment_hash), "r_preimage": _base64(known.preimage), "value_msat": str(known.amount),
            "state": "SETTLED" if result.state == "settled" else "OPEN", "amt_paid_msat": str(result.received_msat),
            "memo": "", "expiry": "600", "settle_date": "1790000000",
        }  # fmt: skip

    def _payment(self, payment_hash: str, result: PaymentResult) -> dict[str, Any]:
        known = self.node.known.get(payment_hash)
        reason = "FAILURE_REASON_NO_ROUTE" if result.state == "failed" else "FAILURE_REASON_NONE"
        return {
            "payment_hash": payment_hash, "value_msat": str(known.amount if known else 0),
            "payment_preimage": result.preimage or "00" * 32, "status": _NAMES[result.state],
            "fee_msat": str(result.fee_msat), "failure_reason": reason, "payment_index": "1", "htlcs": [],
        }  # fmt: skip

    async def _page(
        self, exchange: Exchange, call: Any, name: str, rows: list[Any], query: dict[str, str], size: str
    ) -> None:
        start = int(query["index_offset"])
        page = [row for row in rows if row][start : start + min(int(query[size]), self.paged)]
        last = str(start + len(page))
        await self._say(exchange, call, {name: page, "last_index_offset": last})

    async def _say(self, exchange: Exchange, call: Any, content: dict[str, Any]) -> None:
        SCHEMAS.check(call["answer"], content)
        await exchange.send(200, content)

    async def _stream(self, exchange: Exchange, rows: list[dict[str, Any]], *, ends: bool = True) -> None:
        await exchange.begin("application/json")
        for row in rows:
            SCHEMAS.check("lnrpcPayment", row)
            await exchange.piece(json.dumps({"result": row}).encode() + b"\n")
        if ends:
            await exchange.end()


_METHODS = {
    "GET /v1/getinfo": "getinfo", "POST /v1/invoices": "add", "GET /v1/invoices": "invoices",
    "GET /v1/invoice/{r_hash_str}": "invoice", "GET /v1/payments": "payments",
    "GET /v1/balance/channels": "balance", "POST /v2/invoices/cancel": "cancel",
    "POST /v2/router/send": "send", "GET /v2/router/track/{payment_hash}": "track",
}  # fmt: skip


def _call(method: str, path: str) -> tuple[str, dict[str, Any], str]:
    for name, call in CALLS.items():
        wanted, _, template = name.partition(" ")
        match = re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", template), path)
        if match and wanted == method:
            return _METHODS[name], call, match[1] if match.groups() else ""
    raise AssertionError(f"LND has no {method} {path}")


def _base64(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode()


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def _packet(kind: int, value: bytes) -> bytes:
    size = bytes([len(value)]) if len(value) < 128 else bytes([len(value) & 0x7F | 0x80, len(value) >> 7])
    return bytes([kind]) + size + value
