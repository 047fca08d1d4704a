"""Ed25519 as RFC 8032 has it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timmy_desktop.feed.signature import is_signed, public_key, sign

# The first three of the RFC's own: secret, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bb"
        "e24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302"
        "aeeb00d291612bb0c00",
    ),
]
SECRET = b"s" * 32
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc(secret: str, public: str, message: str, signature: str) -> None:
    key, text = bytes.fromhex(secret), bytes.fromhex(message)
    assert public_key(key).hex() == public
    assert sign(key, text).hex() == signature
    assert is_signed(bytes.fromhex(public), text, bytes.fromhex(signature))


@settings(max_examples=25)
@given(message=st.binary(max_size=100), place=st.integers(0, 127), change=st.integers(1, 255))
def test_no_other_signature_key_or_message_fits(message: bytes, place: int, change: int) -> None:
    whole = bytearray(public_key(SECRET) + sign(SECRET, message) + message.ljust(32, b"."))
    whole[place] ^= change
    public, signature, text = bytes(whole[:32]), bytes(whole[32:96]), bytes(whole[96:])
    assert is_signed(public_key(SECRET), message, sign(SECRET, message))
    assert not is_signed(public, text, signature)


def test_the_same_signature_in_another_writing_does_not_fit() -> None:
    signature = sign(SECRET, b"x")
    other = (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not is_signed(public_key(SECRET), b"x", signature[:32] + other)
    assert not is_signed(public_key(SECRET), b"x", signature[:-1])
    assert not is_signed(b"\xff" * 32, b"x", signature)
