"""BOLT 11's own vectors, and every forgery that the library lets through."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import bech32
import bolt11
import coincurve
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timmy_desktop.ledger import invoice
from timmy_desktop.ledger.errors import InvoiceError, MoneyError

# CC BY 4.0, lightning/bolts; the file says more.
VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "data/bolt11-vectors.json").read_text())
KEY, OTHER_KEY = b"\x01" * 32, b"\x02" * 32
NOW = 1_790_000_000
PREIMAGE = b"\x05" * 32
HASH = hashlib.sha256(PREIMAGE).hexdigest()
CHARSET = bech32.CHARSET


def signed(**changes: Any) -> str:
    values: dict[str, Any] = {
        "amount_msat": 12_000,
        "payment_hash": HASH,
        "payment_secret": "11" * 32,
        "memo": "Task 1",
        "now_s": NOW,
        "expiry_s": 600,
        **changes,
    }
    return invoice.sign(values.pop("node_key", KEY), **values)


def accepted(text: str, **changes: Any) -> invoice.Invoice:
    expected: dict[str, Any] = {"amount_msat": 12_000, "now_s": NOW, "payee": invoice.public_key(KEY)}
    return invoice.verified(text, **{**expected, **changes})


def rewritten(text: str, *, prefix: str = "", add: str = "", cut: int = 0) -> str:
    """The invoice under another prefix or with other fields, its checksum made to fit again."""
    old_prefix, words = bech32.bech32_decode(text)
    body, signature = words[:-104], words[-104:]
    fields = body[: len(body) - cut] + [CHARSET.find(char) for char in add]
    return str(bech32.bech32_encode(prefix or old_prefix, fields + signature))


@pytest.mark.parametrize("text", VECTORS["valid"])
def test_valid_vectors_are_read(text: str) -> None:
    read = invoice.decode(text)
    assert read.network in ("bc", "tb")
    assert len(bytes.fromhex(read.payment_hash)) == len(bytes.fromhex(read.payment_secret)) == 32
    assert read.expires_s > read.created_s
    assert read.memo


@pytest.mark.parametrize(("why", "text"), VECTORS["invalid"])
def test_invalid_vectors_are_refused(why: str, text: str) -> None:
    with pytest.raises(InvoiceError):
        invoice.decode(text)


@settings(max_examples=25)
@given(
    st.integers(1, invoice.MOST_INVOICE_MSAT),
    st.integers(1, 10**7),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
)
def test_what_is_signed_is_read_back(amount: int, expiry: int, memo: str) -> None:
    read = invoice.decode(signed(amount_msat=amount, expiry_s=expiry, memo=memo))
    assert (read.amount_msat, read.memo, read.payment_hash) == (amount, memo, HASH)
    assert (read.created_s, read.expires_s, read.network) == (NOW, NOW + expiry, "bcrt")
    assert read.payee == invoice.public_key(KEY)


def test_the_right_invoice_is_accepted_in_either_case() -> None:
    assert accepted(signed()).payment_hash == HASH
    assert accepted(signed().upper()).amount_msat == 12_000


@pytest.mark.parametrize("amount", [0, -5, -5000, invoice.MOST_INVOICE_MSAT + 1, 10**14])
def test_no_invoice_is_made_for_nothing_less_or_too_much(amount: int) -> None:
    with pytest.raises((InvoiceError, MoneyError)):
        signed(amount_msat=amount)


@pytest.mark.parametrize("changes", [{"memo": "x" * 640}, {"expiry_s": 0}, {"expiry_s": 10**12}])
def test_what_does_not_fit_an_invoice_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvoiceError):
        signed(**changes)


def test_an_edited_amount_decodes_with_another_payee_and_is_refused() -> None:
    forged = rewritten(signed(), prefix="lnbcrt999u")
    assert invoice.decode(forged).payee != invoice.public_key(KEY)
    with pytest.raises(InvoiceError, match="somebody else"):
        accepted(forged, amount_msat=99_900_000)


@pytest.mark.parametrize("prefix", ["lnbc120n", "lntb120n", "lntbs120n"])
def test_another_network_is_refused(prefix: str) -> None:
    with pytest.raises(InvoiceError, match="network"):
        accepted(rewritten(signed(), prefix=prefix))


@pytest.mark.parametrize(
    "prefix",
    ["lnbcrt120001p", "lnbcrt0120n", "lnbcrt-5u", "lnbcrt12x", "lnxx120n", "lnbcrt" + "9" * 19, "lnbcrt1.5u"],
)
def test_amounts_that_are_none_are_refused(prefix: str) -> None:
    with pytest.raises((InvoiceError, MoneyError)):
        invoice.decode(rewritten(signed(), prefix=prefix))


def test_an_invoice_without_an_amount_is_refused() -> None:
    with pytest.raises(InvoiceError, match="somebody else"):
        accepted(rewritten(signed(), prefix="lnbcrt"))


def test_mixed_case_is_refused() -> None:
    text = signed()
    with pytest.raises(InvoiceError, match="case"):
        accepted(text[:10].upper() + text[10:])


def test_somebody_elses_invoice_is_refused() -> None:
    with pytest.raises(InvoiceError, match="somebody else"):
        accepted(signed(node_key=OTHER_KEY))


def test_another_amount_is_refused() -> None:
    with pytest.raises(InvoiceError, match="asks for 12 sat, not 11 sat"):
        accepted(signed(), amount_msat=11_000)


@pytest.mark.parametrize(
    ("now", "words"), [(NOW + 600, "expired"), (NOW + 10**6, "expired"), (NOW - 7200, "future")]
)
def test_an_invoice_out_of_its_time_is_refused(now: int, words: str) -> None:
    with pytest.raises(InvoiceError, match=words):
        accepted(signed(), now_s=now)


def test_a_field_that_comes_twice_is_refused() -> None:
    with pytest.raises(InvoiceError, match="twice"):
        invoice.decode(rewritten(signed(), add="pp5" + "q" * 52))


def test_a_field_that_breaks_off_is_refused() -> None:
    with pytest.raises(InvoiceError):
        invoice.decode(rewritten(signed(), add="pp5" + "q" * 20))
    with pytest.raises(InvoiceError):
        invoice.decode(rewritten(signed(), add="p"))


@pytest.mark.parametrize(
    "text",
    ["", "1", "ln1", "lnbcrt1", "lightning:" + "x" * 99, "x" * 10_000, "lnbcrt1é", "lnbc1" + "q" * 117],
)
def test_noise_is_refused(text: str) -> None:
    with pytest.raises(InvoiceError):
        invoice.decode(text)


@settings(max_examples=60)
@given(st.data())
def test_one_changed_character_is_never_accepted(data: st.DataObject) -> None:
    text = signed()
    place = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(st.sampled_from(CHARSET + "1b").filter(lambda new: new != text[place]))
    with pytest.raises((InvoiceError, MoneyError)):
        accepted(text[:place] + char + text[place + 1 :])


@settings(max_examples=60)
@given(st.data())
def test_a_changed_field_with_a_good_checksum_is_never_accepted(data: st.DataObject) -> None:
    prefix, words = bech32.bech32_decode(signed())
    place = data.draw(st.integers(0, len(words) - 1 - 104))
    words[place] ^= data.draw(st.integers(1, 31))
    with pytest.raises((InvoiceError, MoneyError)):
        accepted(bech32.bech32_encode(prefix, words))


@pytest.mark.parametrize("bad", ["", "zz", PREIMAGE.hex()[:-2], "00" * 32, PREIMAGE.hex() + " ", "é" * 64])
def test_only_the_preimage_proves(bad: str) -> None:
    assert invoice.proves(PREIMAGE.hex(), HASH)
    assert not invoice.proves(bad, HASH)


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(InvoiceError):
        invoice.public_key(b"\0" * 32)


def both_readings_agree(text: str) -> None:
    ours, theirs = invoice.decode(text), bolt11.decode(text)
    described = theirs.description if theirs.description is not None else f"#{theirs.description_hash}"
    assert (ours.network, ours.amount_msat) == (theirs.currency, int(theirs.amount_msat or 0))
    assert (ours.payee, ours.payment_hash) == (theirs.payee, theirs.payment_hash)
    assert (ours.payment_secret, ours.memo) == (theirs.payment_secret, described)
    assert (ours.created_s, ours.expires_s) == (theirs.date, theirs.date + theirs.expiry)


@pytest.mark.parametrize("text", VECTORS["valid"])
def test_valid_vectors_are_read_as_the_library_reads_them(text: str) -> None:
    both_readings_agree(text)


@settings(max_examples=20)
@given(st.integers(1, 10**9), st.text("aé日 ", min_size=1, max_size=40), st.integers(1, 10**6))
def test_our_invoices_are_read_as_the_library_reads_them(amount: int, memo: str, expiry: int) -> None:
    both_readings_agree(signed(amount_msat=amount, memo=memo, expiry_s=expiry))


def resigned(prefix: str, words: list[int], *, key: bytes = KEY) -> str:
    """An invoice of these fields with a signature that is good."""
    bits = "".join(f"{word:05b}" for word in words)
    bits += "0" * (-len(bits) % 8)
    message = prefix.encode() + int(bits, 2).to_bytes(len(bits) // 8, "big")
    signature = coincurve.PrivateKey(key).sign_recoverable(message)
    return str(bech32.bech32_encode(prefix, words + bech32.convertbits(signature, 8, 5)))


def parts(text: str) -> tuple[str, list[int]]:
    prefix, words = bech32.bech32_decode(text)
    return prefix, words[:-104]


def test_an_invoice_that_names_its_payee_must_be_signed_by_that_payee() -> None:
    prefix, words = parts(signed())
    named = bech32.convertbits(bytes.fromhex(invoice.public_key(KEY)), 8, 5)
    field = [CHARSET.find("n"), 53 // 32, 53 % 32, *named]
    assert accepted(resigned(prefix, words + field)).payee == invoice.public_key(KEY)
    with pytest.raises(InvoiceError, match="payee that it names"):
        invoice.decode(resigned(prefix, words + field, key=OTHER_KEY))


@pytest.mark.parametrize("char", ["p", "s", "d"])
def test_an_invoice_that_lacks_what_it_needs_is_refused(char: str) -> None:
    prefix, words = parts(signed())
    place = 7
    while words[place] != CHARSET.find(char):
        place += 3 + words[place + 1] * 32 + words[place + 2]
    with pytest.raises(InvoiceError, match="lacks"):
        invoice.decode(resigned(prefix, [*words[:place], CHARSET.find("z"), *words[place + 1 :]]))


def test_a_description_that_is_no_text_is_refused() -> None:
    prefix, words = parts(signed(memo="xxxxx"))
    place = next(at for at in range(len(words)) if words[at : at + 3] == [CHARSET.find("d"), 0, 8])
    with pytest.raises(InvoiceError, match="not text"):
        invoice.decode(resigned(prefix, words[: place + 3] + [31] * 8 + words[place + 11 :]))
