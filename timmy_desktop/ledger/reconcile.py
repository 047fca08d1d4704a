"""Compares ledger and node: a difference is explained or an alarm; nothing is corrected in silence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from timmy_desktop.clock import Clock
from timmy_desktop.events.base import Event
from timmy_desktop.events.bus import EventBus, Told
from timmy_desktop.events.payments import DifferenceFound, DifferenceResolved, LedgerReconciled
from timmy_desktop.identifiers import new_id
from timmy_desktop.inert import inert_line
from timmy_desktop.ledger import book, differences, receiving, records
from timmy_desktop.ledger.backends.base import (
    BackendInfo,
    InvoiceResult,
    NodeBalance,
    NodePayment,
    NodeReceipt,
    PaymentResult,
)
from timmy_desktop.ledger.book import OUTSIDE, TREASURY, Move, Transaction
from timmy_desktop.ledger.errors import BackendError, LedgerError, WrongNodeError
from timmy_desktop.ledger.money import Msat, format_msat
from timmy_desktop.ledger.node import Node
from timmy_desktop.ledger.receiving import Receiving
from timmy_desktop.ledger.settlement import LONGEST_REASON, SOURCE, Settlement
from timmy_desktop.ledger.types import Difference, Reconciliation
from timmy_desktop.storage.database import Database, Session

_OVERLAP_US = 86_400_000_000
"""How far back before the last comparison a new one looks: what was in flight then has ended since."""
_MOST_ASKED = 500
_DONE = """
SELECT id, type, state, payment_hash, amount_msat, fee_msat, received_msat, preimage, bolt11,
    (SELECT count(*) FROM ledger late WHERE late.refers_to = ledger.id AND late.type = ledger.type)
FROM ledger WHERE type IN ('payment', 'invoice') AND payment_hash <> '' AND refers_to = ''
"""


@dataclass(frozen=True, slots=True)
class _Booked:
    """A payment or an invoice as the book has it; `late` when it settled after it had failed or expired."""

    id: str
    type: str
    state: str
    payment_hash: str
    amount_msat: int
    fee_msat: int
    received_msat: int
    preimage: str
    bolt11: str
    late: int

    @property
    def is_settled(self) -> bool:
        return self.state == "settled" or bool(self.late)


@dataclass(frozen=True, slots=True)
class _Word:
    """What the node says of one payment or invoice; `moved` is what left (below zero) or came in by it."""

    settled: bool
    failed: bool
    moved: int
    fee: int


class Reconciler:
    """On demand and daily."""

    def __init__(
        self,
        *,
        bus: EventBus,
        db: Database,
        node: Node,
        clock: Clock,
        settlement: Settlement,
        receiving_: Receiving,
        resolve: Callable[[], Awaitable[int]],
    ) -> None:
        """`resolve()` asks about payments in doubt, but not about those that are just being asked for."""
        self._resolve = resolve
        self._bus = bus
        self._db = db
        self._node = node
        self._clock = clock
        self._settlement = settlement
        self._receiving = receiving_

    async def run(self, asked_by: str) -> Reconciliation:
        """One comparison; a node that can't be asked is a run too, which says so."""
        started = self._clock.now_us()
        try:
            info = await self._node.identity(again=True)
            found, checked, held, has = await self._compared()
        except (BackendError, WrongNodeError) as error:
            run = self._unreachable(asked_by, str(error), started)
        else:
            run = self._finished(asked_by, started, info, found, checked, held, has)
        await self._write(run)
        return await self._db.read(differences.last_run) or run

    async def resolve(self, difference_id: str, note: str, *, record: bool) -> None:
        """A person's decision: explained by `note` alone, or the node's word booked too."""
        words = inert_line(note, LONGEST_REASON)
        if not words:
            raise LedgerError("Say in a few words what explains the difference.")
        found = await self._db.read(lambda session: differences.by_id(session, difference_id))
        if record and not found.can_be_booked:
            raise LedgerError("There is nothing that could be booked for this difference.")
        if record and found.kind == "settled_only_at_node":
            return await self._book_late(found, words)
        now = self._clock.now_us()
        amount = found.amount_msat if record else Msat(0)
        row = new_id() if amount else ""

        def write(session: Session) -> None:
            if row:
                _adjust(session, found, words, now, row, simulated=self._node.simulated)
            differences.resolve(session, difference_id, words, row, now)

        event = DifferenceResolved(
            source=SOURCE, difference_id=found.id, note=words, booked_msat=amount, ledger_id=row
        )
        await self._bus.publish(event, work=write)
        return None

    async def _book_late(self, found: Difference, words: str) -> None:
        """The late row first, with its proof; a crash before the decision leaves the alarm standing."""
        now = self._clock.now_us()
        payment = await self._db.read(lambda session: records.payment_by_hash(session, found.subject))
        if payment is not None:
            result = await self._node.lookup(payment.payment_hash, payment.bolt11)
            row = await self._settlement.record_late(payment, result)
        else:
            incoming = await self._db.read(lambda session: receiving.by_hash(session, found.subject))
            if incoming is None or await self._receiving.look_up(incoming) != "settled":
                raise LedgerError("The node does not say any more that this settled.")
            row = incoming.id
        event = DifferenceResolved(
            source=SOURCE, difference_id=found.id, note=words, booked_msat=found.amount_msat, ledger_id=row
        )
        await self._bus.publish(
            event, work=lambda session: differences.resolve(session, found.id, words, row, now)
        )

    async def _compared(self) -> tuple[list[Difference], int, NodeBalance | None, Msat]:
        since = await self._db.read(_since)
        await self._resolve()
        await self._receiving.watch()
        await self._receiving.watch_closed()
        backend = self._node.backend
        paid = await self._node.ask(backend.payments(since // 1_000_000))
        came = await self._node.ask(backend.receipts(since // 1_000_000))
        words = _words(paid, came)
        booked = await self._db.read(lambda session: _booked(session, since, list(words)))
        words.update(await self._asked(booked, words))
        found = [d for row in booked for d in self._judged(row, words.get((row.type, row.payment_hash)))]
        strangers = [key for key in words if key not in {(row.type, row.payment_hash) for row in booked}]
        found += await self._strangers(strangers, words)
        held = await self._node.balance()
        has = await self._db.read(book.held_by_node)
        if held is not None:
            found += self._balance(has, held, found)
        return found, len(booked) + len(strangers), held, has

    async def _asked(
        self, booked: list[_Booked], words: dict[tuple[str, str], _Word]
    ) -> dict[tuple[str, str], _Word]:
        """Asks one by one about what the node did not list."""
        answers = {}
        missing = [row for row in booked if (row.type, row.payment_hash) not in words and row.is_settled]
        for row in missing[-_MOST_ASKED:]:
            if row.type == "payment":
                result = await self._node.lookup(row.payment_hash, row.bolt11)
                answers[row.type, row.payment_hash] = _word_of_payment(row.amount_msat, result)
            else:
                answer = await self._node.lookup_invoice(row.payment_hash)
                answers[row.type, row.payment_hash] = _word_of_receipt(answer)
        return answers

    def _judged(self, row: _Booked, word: _Word | None) -> Iterable[Difference]:
        if word is None:
            return
        amount = row.received_msat if row.type == "invoice" else row.amount_msat
        books = f"{row.type} {row.state}{' (late)' if row.late else ''}, {format_msat(amount)}"
        if word.settled and not row.is_settled and row.state != "pending":
            yield self._difference("settled_only_at_node", row, books, "settled", word.moved - word.fee)
        elif word.failed and row.is_settled:
            yield self._difference("failed_at_node", row, books, "failed or never seen", -word.moved)
        elif word.settled and row.is_settled and not row.late:
            wrong = abs(word.moved) != amount
            if wrong:
                says = f"settled, {format_msat(abs(word.moved))}"
                yield self._difference("amount", row, books, says, abs(word.moved) - amount)
            if row.type == "payment" and word.fee != row.fee_msat:
                says = f"a fee of {format_msat(word.fee)}"
                yield self._difference("fee", row, f"a fee of {format_msat(row.fee_msat)}", says,
                                       row.fee_msat - word.fee)  # fmt: skip

    async def _strangers(
        self, keys: list[tuple[str, str]], words: dict[tuple[str, str], _Word]
    ) -> list[Difference]:
        """What the node did without the ledger, and nobody has explained yet."""

        def unknown(session: Session) -> list[tuple[str, str]]:
            done = (
                "SELECT 1 FROM ledger_differences"
                " WHERE kind = 'unknown_to_ledger' AND subject = ? AND state = 'resolved'"
            )
            return [key for key in keys if not session.sql(done, (key[1],))]

        found = []
        for kind, payment_hash in await self._db.read(unknown):
            word = words[kind, payment_hash]
            if word.settled:
                what = "sent" if kind == "payment" else "received"
                total = word.moved - word.fee
                found.append(
                    self._plain(
                        "unknown_to_ledger",
                        payment_hash,
                        "nothing",
                        f"{what} {format_msat(abs(total))}",
                        total,
                    )
                )
        return found

    def _balance(self, has: Msat, held: NodeBalance, found: list[Difference]) -> list[Difference]:
        node = held.local_msat + held.in_flight_msat
        rest = node - has
        if not rest:
            return []
        explained = sum(difference.amount_msat for difference in found)
        difference = self._plain("balance", "balance", format_msat(has), format_msat(node), rest - explained)
        if rest == explained:
            words = "The other differences of this comparison add up to it."
            return [replace(difference, state="explained", explanation=words, amount_msat=Msat(rest))]
        if abs(rest - explained) <= held.rounding_msat:
            words = "It is less than what the node rounds off while a payment is on its way."
            return [replace(difference, state="explained", explanation=words)]
        return [difference]

    def _difference(self, kind: str, row: _Booked, books: str, node: str, amount: int) -> Difference:
        return replace(self._plain(kind, row.payment_hash, books, node, amount), ledger_id=row.id)

    def _plain(self, kind: str, subject: str, books: str, node: str, amount: int) -> Difference:
        now = self._clock.now_us()
        return Difference(
            id=new_id(), run_id="", kind=kind, subject=subject, state="open", book_says=books, node_says=node,
            amount_msat=Msat(amount), explanation="", ledger_id="", found_us=now, seen_us=now,
        )  # fmt: skip

    def _unreachable(self, asked_by: str, words: str, started: int) -> Reconciliation:
        return Reconciliation(
            id=new_id(), asked_by=asked_by, state="unreachable", backend="", network="", node_id="", height=0,
            book_msat=Msat(0), node_msat=None, checked=0, open=0, detail=inert_line(words, LONGEST_REASON),
            started_us=started, finished_us=self._clock.now_us(),
        )  # fmt: skip

    def _finished(
        self,
        asked_by: str,
        started: int,
        info: BackendInfo,
        found: list[Difference],
        checked: int,
        held: NodeBalance | None,
        has: Msat,
    ) -> Reconciliation:
        run_id, now = new_id(), self._clock.now_us()
        is_open = sum(difference.state == "open" for difference in found)
        node = None if held is None else Msat(held.local_msat + held.in_flight_msat)
        detail = (
            "" if held is not None else "This node keeps no balance; its payments were compared one by one."
        )
        return Reconciliation(
            id=run_id, asked_by=asked_by, state="differs" if is_open else "agrees", backend=info.name,
            network=info.network, node_id=info.node_id, height=info.height, book_msat=has, node_msat=node,
            checked=checked, open=is_open, detail=detail, started_us=started, finished_us=now,
            differences=tuple(replace(d, run_id=run_id, found_us=now, seen_us=now) for d in found),
        )  # fmt: skip

    async def _write(self, run: Reconciliation) -> None:
        """The run and its alarms, in log and tables together; an alarm that stood before is no news."""
        event = LedgerReconciled(
            source=SOURCE, state=run.state, checked=run.checked, open=run.open, network=run.network,
            height=run.height, run_id=run.id,
        )  # fmt: skip
        await self._bus.publish(
            event, work=lambda session: Told(None, _told(*differences.write(session, run)))
        )


def _told(news: Iterable[Difference], ended: Iterable[Difference]) -> list[Event]:
    found = [
        DifferenceFound(
            source=SOURCE, difference_id=d.id, kind=d.kind, subject=d.subject, book_says=d.book_says,
            node_says=d.node_says, amount_msat=d.amount_msat,
        )
        for d in news
    ]  # fmt: skip
    return [
        *(
            DifferenceResolved(source=SOURCE, difference_id=d.id, note=d.explanation, booked_msat=0)
            for d in ended
        ),
        *found,
    ]


def _since(session: Session) -> int:
    """Where a comparison begins: a day before the last one, and never before the book was opened."""
    opened = session.sql("SELECT coalesce(max(opened_us), 0) FROM ledger_books")[0][0]
    last = differences.last_finished_us(session)
    return int(max(opened, last - _OVERLAP_US)) if last else int(opened)


def _booked(session: Session, since: int, listed: list[tuple[str, str]]) -> list[_Booked]:
    """What changed since then, and whatever the node lists, however old it is in the book."""
    rows = session.sql(f"{_DONE} AND updated_us >= ? ORDER BY id", (since,))
    seen = {(row[1], row[3]) for row in rows}
    for key in listed:
        if key not in seen:
            rows += session.sql(f"{_DONE} AND type = ? AND payment_hash = ?", key)
    return [_Booked(*row) for row in rows]


def _words(
    paid: tuple[NodePayment, ...] | None, came: tuple[NodeReceipt, ...] | None
) -> dict[tuple[str, str], _Word]:
    words = {
        ("payment", payment.payment_hash): _word_of_payment(payment.amount_msat, payment.result)
        for payment in paid or ()
    }
    words.update(
        (("invoice", receipt.payment_hash), _word_of_receipt(receipt.result)) for receipt in came or ()
    )
    return words


def _word_of_payment(amount: int, result: PaymentResult) -> _Word:
    settled = result.state == "settled"
    return _Word(settled, result.state == "failed", -amount, result.fee_msat if settled else 0)


def _word_of_receipt(result: InvoiceResult) -> _Word:
    settled = result.state == "settled"
    gone = result.state in ("open", "expired")
    return _Word(settled, gone, result.received_msat, 0)


def _adjust(
    session: Session, found: Difference, words: str, now: int, row_id: str, *, simulated: bool
) -> None:
    """What the node has more or less, to or from the treasury, because a person says so."""
    amount = Msat(abs(found.amount_msat))
    move = Move(OUTSIDE, TREASURY, amount) if found.amount_msat > 0 else Move(TREASURY, OUTSIDE, amount)
    book.record(
        session,
        Transaction(
            id=row_id, type="adjustment", purpose=records.CORRECTION, amount_msat=amount, simulated=simulated,
            time_us=now, memo=words, source="person", reason=f"{found.kind} {found.subject}", moves=(move,),
        ),
    )  # fmt: skip
