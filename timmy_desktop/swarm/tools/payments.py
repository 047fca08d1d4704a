"""The tool by which an agent pays for what its task needs: within the person's limits, or as they approve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol

from pydantic import Field

from timmy_desktop.ledger.errors import LedgerError
from timmy_desktop.ledger.money import format_msat
from timmy_desktop.ledger.types import PaymentOutcome
from timmy_desktop.storage.errors import StorageError
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.tools.base import Arguments
from timmy_desktop.swarm.tools.caller import Caller, CallerTool

_ALONE = "Don't ask for it again; go on without it, and say so in your result."


class Payer(Protocol):
    """What the tool needs of the ledger."""

    async def request_payment(
        self, bolt11: str, *, agent_id: str, task_id: str = "", memo: str = ""
    ) -> PaymentOutcome: ...


class PayArguments(Arguments):
    invoice: Annotated[
        str, Field(min_length=1, max_length=8000, description="The Lightning invoice (bolt11), whole.")
    ]
    reason: Annotated[
        str, Field(min_length=1, max_length=200, description="What it is for; it stands in the ledger.")
    ]


class PayInvoice(CallerTool[PayArguments, Payer]):
    """Pays from the treasury, in the name of the agent and the task that it is called for."""

    name = "pay_invoice"
    description = (
        "Pays a Lightning invoice that the task needs paid. Within the person's spending limits it is paid "
        "at once; above them it waits for the person."
    )
    arguments = PayArguments

    async def run_for(self, caller: Caller, arguments: Mapping[str, Any]) -> str:
        """Checks the arguments, pays for this caller, and says what came of it."""
        checked = self.checked(arguments)
        if self.service is None or not caller.agent_id or not caller.task_id:
            raise ToolError("Nothing can be paid here.")
        try:
            outcome = await self.service.request_payment(
                checked.invoice, agent_id=caller.agent_id, task_id=caller.task_id, memo=checked.reason
            )
        except (LedgerError, StorageError) as error:
            raise ToolError(f"Nothing was paid: {error}") from error
        return _told(outcome)


def _told(outcome: PaymentOutcome) -> str:
    if outcome.status == "settled":
        fee = f" and {format_msat(outcome.fee_msat)} of fees" if outcome.fee_msat else ""
        return f"Paid: {format_msat(outcome.paid_msat)}{fee}. Payment hash: {outcome.payment_hash}."
    if outcome.status == "waiting":
        return f"Not paid yet. {outcome.reason} {_ALONE}"
    if outcome.status == "unknown":
        return f"It is not known yet whether this was paid; the node is asked until it tells. {_ALONE}"
    raise ToolError(f"Nothing was paid: {outcome.reason or 'the payment failed.'}")
