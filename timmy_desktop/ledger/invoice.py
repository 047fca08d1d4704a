"""BOLT 11 invoices, signed by the `bolt11` library and read strictly: what it lets through is refused here.

The only module that imports `bolt11` and `coincurve`. Reading is our own, a twentieth of the library's 8 ms
of processor; the contract tests hold both readings together. Signing takes 5 ms: call it off the loop.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache

from timmy_desktop.ledger.errors import InvoiceError
from timmy_desktop.ledger.money import Msat, format_msat, msat

REGTEST = "bcrt"
MOST_INVOICE_MSAT = Msat(100_000_000_000)
"""One bitcoin: nothing here is worth more, and the library encodes some larger amounts wrongly."""

_LONGEST = 7089  # what a QR code can hold
_LONGEST_MEMO = 639  # bytes; a field holds 1,023 groups of five bits
LATEST_START_S = 3600  # how far a payee's clock may be ahead of ours
_MOST_EXPIRY_S = 366 * 86_400
_USUAL_EXPIRY_S = 3600
_CHECKSUM, _TIMESTAMP, _SIGNATURE = 6, 7, 104  # in groups of five bits
_HRP = re.compile(r"ln(bcrt|bc|tbs|tb)(?:([1-9][0-9]{0,17})([munp]?))?")
_PICO_PER_UNIT = {"": 10**12, "m": 10**9, "u": 10**6, "n": 10**3, "p": 1}
_PICO_PER_MSAT = 10
# BOLT 9: var_onion_optin, payment_secret, basic_mpp, option_payment_metadata.
_KNOWN_FEATURES = frozenset({8, 14, 16, 48})
_ONCE = frozenset("pshdnxc9m")
_LENGTHS = {"p": 52, "s": 52, "h": 52, "n": 53}
_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@dataclass(frozen=True, slots=True)
class Invoice:
    """A well-formed invoice whose signature is `payee`'s. Says nothing about whether to pay it."""

    bolt11: str
    network: str
    payee: str
    payment_hash: str
    payment_secret: str
    amount_msat: Msat
    memo: str
    created_s: int
    expires_s: int


def warm_up() -> None:
    """Imports what signing and reading need, so that the first payment doesn't wait for it."""
    import bech32  # noqa: F401
    import bolt11  # noqa: F401


def public_key(node_key: bytes) -> str:
    """The node's identity: its compressed public key in hex, which every invoice of it is signed for."""
    from coincurve import PrivateKey

    try:
        return str(PrivateKey(node_key).public_key.format(compressed=True).hex())
    except ValueError as error:
        raise InvoiceError("The node key is not a valid secp256k1 key.") from error


def sign(
    node_key: bytes,
    *,
    amount_msat: int,
    payment_hash: str,
    payment_secret: str,
    memo: str,
    now_s: int,
    expiry_s: int,
    network: str = REGTEST,
) -> str:
    """A signed invoice. InvoiceError for what could not be read back or must not be paid."""
    import bolt11
    from bolt11 import Feature, FeatureExtra, Features, FeatureState, MilliSatoshi, Tag, TagChar, Tags

    _check_amount(amount_msat)
    if len(memo.encode(errors="replace")) > _LONGEST_MEMO or not 0 < expiry_s <= _MOST_EXPIRY_S:
        raise InvoiceError("The invoice's memo is too long, or its time to expiry impossible.")
    features: dict[Feature | FeatureExtra, FeatureState] = {
        Feature.var_onion_optin: FeatureState.required,
        Feature.payment_secret: FeatureState.required,
    }
    tags = Tags(
        [
            Tag(TagChar.payment_hash, payment_hash),
            Tag(TagChar.payment_secret, payment_secret),
            Tag(TagChar.description, memo or "-"),
            Tag(TagChar.expire_time, expiry_s),
            Tag(TagChar.features, Features.from_feature_list(features)),
        ]
    )
    unsigned = bolt11.Bolt11(currency=network, amount_msat=MilliSatoshi(amount_msat), date=now_s, tags=tags)
    try:
        return str(bolt11.encode(unsigned, node_key.hex()))
    except (bolt11.Bolt11Exception, ValueError) as error:
        raise InvoiceError(f"The invoice can't be made: {error}") from error


@lru_cache(maxsize=64)
def decode(text: str) -> Invoice:
    """Reads an invoice strictly; InvoiceError says what is wrong with it."""
    prefix, words = _words(text)
    match = _HRP.fullmatch(prefix)
    if match is None:
        raise InvoiceError("The invoice's network or amount can't be read.")
    body, signature = words[:-_SIGNATURE], words[-_SIGNATURE:]
    fields = _fields(body[_TIMESTAMP:])
    if not {"p", "s"} <= fields.keys() or ("d" in fields) == ("h" in fields):
        raise InvoiceError("The invoice lacks its payment hash, payment secret or description.")
    _check_features(fields.get("9", []))
    created_s = _number(body[:_TIMESTAMP])
    return Invoice(
        bolt11=text,
        network=match[1],
        payee=_payee(prefix, body, signature, fields.get("n")),
        payment_hash=_bytes(fields["p"]).hex(),
        payment_secret=_bytes(fields["s"]).hex(),
        amount_msat=_amount(match[2], match[3]),
        memo=_memo(fields),
        created_s=created_s,
        expires_s=created_s + _expiry(fields.get("x")),
    )


def verified(
    text: str,
    *,
    payee: str,
    amount_msat: int,
    now_s: int,
    network: str = REGTEST,
) -> Invoice:
    """The invoice, if it is `payee`'s, on this network, for exactly this amount and open now."""
    _check_amount(amount_msat)
    invoice = decode(text)
    if invoice.network != network:
        raise InvoiceError(f"The invoice is for the network {invoice.network}, not {network}.")
    if not hmac.compare_digest(invoice.payee, payee):
        raise InvoiceError("The invoice was signed by somebody else, or changed after it was signed.")
    if invoice.amount_msat != amount_msat:
        raise InvoiceError(
            f"The invoice asks for {format_msat(invoice.amount_msat)}, not {format_msat(amount_msat)}."
        )
    if invoice.created_s > now_s + LATEST_START_S:
        raise InvoiceError("The invoice is dated in the future. Check this machine's clock.")
    if now_s >= invoice.expires_s:
        raise InvoiceError("The invoice has expired.")
    return invoice


def proves(preimage: str, payment_hash: str) -> bool:
    """Whether `preimage` (hex) hashes to `payment_hash`: the only proof that a payment arrived."""
    try:
        secret = bytes.fromhex(preimage)
    except ValueError:
        return False
    digest = hashlib.sha256(secret).hexdigest()
    return len(secret) == 32 and len(preimage) == 64 and hmac.compare_digest(digest, payment_hash)


def signed_text(key: bytes, text: bytes) -> str:
    """The signature (hex) of `text` under a 32-byte secp256k1 key, as receipts carry it."""
    from coincurve import PrivateKey

    return str(PrivateKey(key).sign(text).hex())


def is_signed_by(public: str, signature: str, text: bytes) -> bool:
    """Whether `signature` of `text` is that of the compressed public key `public`; all in hex."""
    from coincurve import PublicKey

    try:
        return bool(PublicKey(bytes.fromhex(public)).verify(bytes.fromhex(signature), text))
    except ValueError:
        return False


def _check_amount(amount_msat: int) -> None:
    if not 0 < msat(amount_msat) <= MOST_INVOICE_MSAT:
        raise InvoiceError(
            f"An invoice is for more than nothing and at most {format_msat(MOST_INVOICE_MSAT)}, "
            f"not {format_msat(amount_msat)}."
        )


def _words(text: str) -> tuple[str, list[int]]:
    """The part before the separator, and the groups of five bits after it without their checksum."""
    from bech32 import bech32_verify_checksum

    if not 0 < len(text) <= _LONGEST or not text.isascii():
        raise InvoiceError("This is no BOLT 11 invoice.")
    if text.lower() != text and text.upper() != text:
        raise InvoiceError("The invoice mixes upper and lower case.")
    prefix, separator, payload = text.lower().rpartition("1")
    words = [_CHARSET.find(char) for char in payload]
    if not separator or -1 in words or len(words) < _TIMESTAMP + _SIGNATURE + _CHECKSUM:
        raise InvoiceError("This is no BOLT 11 invoice.")
    if not bech32_verify_checksum(prefix, words):
        raise InvoiceError("The invoice's checksum is wrong: a character is missing or mistyped.")
    return prefix, words[:-_CHECKSUM]


def _amount(digits: str | None, unit: str | None) -> Msat:
    if digits is None:
        return Msat(0)
    value, rest = divmod(int(digits) * _PICO_PER_UNIT[unit or ""], _PICO_PER_MSAT)
    if rest:
        raise InvoiceError("The invoice's amount is not a whole number of millisatoshi.")
    return msat(value)


def _fields(words: list[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    position = 0
    while position < len(words):
        if position + 3 > len(words):
            raise InvoiceError("The invoice breaks off within a field.")
        char = _CHARSET[words[position]]
        end = position + 3 + _number(words[position + 1 : position + 3])
        value = words[position + 3 : end]
        if end > len(words):
            raise InvoiceError("The invoice breaks off within a field.")
        position = end
        # BOLT 11: fields of an unexpected length are skipped, not refused.
        if char not in _ONCE or len(value) != _LENGTHS.get(char, len(value)):
            continue
        if char in found:
            raise InvoiceError("The invoice has a field twice.")
        found[char] = value
    return found


def _check_features(words: list[int]) -> None:
    bits = _number(words)
    for bit in range(0, bits.bit_length(), 2):
        if bits >> bit & 1 and bit not in _KNOWN_FEATURES:
            raise InvoiceError(f"The invoice requires a feature ({bit}) that is not known here.")


def _payee(prefix: str, body: list[int], signature: list[int], named: list[int] | None) -> str:
    """Who signed; also where the invoice names its payee, which has to be the same."""
    from coincurve import PublicKey

    padding = -len(body) * 5 % 8
    signed = (_number(body) << padding).to_bytes((len(body) * 5 + padding) // 8, "big")
    try:
        signer = PublicKey.from_signature_and_message(_bytes(signature), prefix.encode() + signed)
    except ValueError as error:
        raise InvoiceError("The invoice's signature is not valid.") from error
    payee = signer.format(compressed=True)
    if named is not None and _bytes(named) != payee:
        raise InvoiceError("The invoice was not signed by the payee that it names.")
    return str(payee.hex())


def _memo(fields: dict[str, list[int]]) -> str:
    if "h" in fields:
        return f"#{_bytes(fields['h']).hex()}"
    try:
        return _bytes(fields["d"]).decode()
    except UnicodeDecodeError as error:
        raise InvoiceError("The invoice's description is not text.") from error


def _expiry(words: list[int] | None) -> int:
    seconds = _USUAL_EXPIRY_S if words is None else _number(words)
    if not 0 < seconds <= _MOST_EXPIRY_S:
        raise InvoiceError("The invoice is open for an impossible time.")
    return seconds


def _number(words: list[int]) -> int:
    value = 0
    for word in words:
        value = value << 5 | word
    return value


def _bytes(words: list[int]) -> bytes:
    """Whole bytes; bits left over are padding."""
    extra = len(words) * 5 % 8
    return (_number(words) >> extra).to_bytes(len(words) * 5 // 8, "big")
