"""`timmy-desktop verify-receipt`: checks a proof of payment, on any machine and without a node."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from timmy_desktop.cli.session import complain, print_json
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.ledger import receipt
from timmy_desktop.ledger.errors import ReceiptError
from timmy_desktop.ledger.money import format_msat
from timmy_desktop.ledger.receipt import ReceiptReport

PROVEN, NOT_PROVEN, USAGE = 0, 1, 2


def verify_receipt(options: argparse.Namespace) -> int:
    """0: it proves the payment; 1: it doesn't, and why; 2: it could not be read."""
    try:
        report = receipt.verify(_text(options.file), options.issuer)
    except (ReceiptError, OSError, UnicodeDecodeError) as error:
        complain(error, options.json)
        return USAGE
    if options.json:
        print_json(
            {
                "valid": report.is_valid,
                "problems": list(report.problems),
                "issuer": report.issuer,
                "payment": report.facts,
            }
        )
    else:
        _print_words(report)
    return PROVEN if report.is_valid else NOT_PROVEN


def _text(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read(receipt.LONGEST + 1)
    with file.open(encoding="utf-8") as opened:
        return opened.read(receipt.LONGEST + 1)


def _print_words(report: ReceiptReport) -> None:
    facts = report.facts
    if report.problems:
        print("NOT PROVEN:")
        for problem in report.problems:
            print(f"  {inert(problem)}")
    else:
        print("Proven: the payee signed the invoice, and only who was paid could know the preimage.")
    simulated = " (simulated)" if facts["simulated"] else ""
    settled = datetime.fromtimestamp(facts["settled_us"] / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    print(f"  amount   {format_msat(facts['amount_msat'])}{simulated}, fee {format_msat(facts['fee_msat'])}")
    print(f"  settled  {settled}, by the word of {inert_line(report.issuer, 80)}")
    for name in ("memo", "payee", "payment_hash", "preimage"):
        print(f"  {name:<12} {inert_line(str(facts[name]), 200)}")
    if not report.problems:
        print("The times, the fee and the memo are the issuer's word: compare its key with the one you know.")
