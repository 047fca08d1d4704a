"""What can go wrong with money, in words for the person at the screen.

LedgerError
├── MoneyError              an amount that is none
├── InsufficientFundsError  an account holds less than was asked of it
├── AlreadyReservedError    the task holds sats or was paid
├── NothingReservedError    the task holds nothing that could be paid
├── InvoiceError            an invoice that must not be paid, or can't be made
├── OverLimitError          more than may be spent without a person
├── ApprovalError           a decision that can't be taken, or not like this
├── ReceiptError            a receipt that can't be given, or can't be read
├── WrongNodeError          the Lightning node is another than the settings and the book name
└── BackendError            the Lightning backend didn't do what it was asked
"""

from __future__ import annotations


class LedgerError(Exception):
    """The ledger refused; nothing was changed."""


class MoneyError(LedgerError, ValueError):
    """Text or a number that is no amount of money."""


class InsufficientFundsError(LedgerError):
    """An account holds less than was asked of it."""


class AlreadyReservedError(LedgerError):
    """The task already holds sats, or was paid."""


class NothingReservedError(LedgerError):
    """The task holds no sats that could be paid out."""


class InvoiceError(LedgerError):
    """The invoice is malformed, forged, expired, or not the one that was asked for."""


class OverLimitError(LedgerError):
    """More than may be spent without a person; the message names the limit."""


class ApprovalError(LedgerError):
    """What was to be approved was decided already, has run out, or is not what was on screen."""


class ReceiptError(LedgerError):
    """There is no proof that a receipt could carry, or a text is no receipt."""


class WrongNodeError(LedgerError):
    """The node is on another network, or is another node, than the settings and the book name."""


class BackendError(LedgerError):
    """The Lightning backend was not reached or refused to answer; says nothing about a payment's fate."""
