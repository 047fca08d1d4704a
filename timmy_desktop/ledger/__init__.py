"""Money: integer millisatoshi in double entry, and the Lightning payments that move it."""

from timmy_desktop.ledger.book import Balances
from timmy_desktop.ledger.errors import InsufficientFundsError, LedgerError
from timmy_desktop.ledger.limits import Limits
from timmy_desktop.ledger.payments import Ledger
from timmy_desktop.ledger.types import PaymentOutcome

__all__ = ["Balances", "InsufficientFundsError", "Ledger", "LedgerError", "Limits", "PaymentOutcome"]
