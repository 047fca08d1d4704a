"""What an LND macaroon allows, read from its own bytes, so that one which allows too much is pointed out."""

from __future__ import annotations

from collections.abc import Iterator

NEEDED = frozenset({"info:read", "invoices:read", "invoices:write", "offchain:read", "offchain:write"})
BAKE = "lncli bakemacaroon " + " ".join(sorted(NEEDED))
_FORMAT, _IDENTIFIER, _END, _LND_ID = 2, 2, 0, 3


def permissions(macaroon: str) -> frozenset[str] | None:
    """Its permissions as `entity:action`; None for a text (hex) that is no macaroon of LND."""
    try:
        return frozenset(_operations(_identifier(bytes.fromhex(macaroon))))
    except (ValueError, IndexError):
        return None


def cautions(macaroon: str) -> tuple[str, ...]:
    """What speaks against using it: rights that are not needed, and rights that are missing."""
    allowed = permissions(macaroon)
    if allowed is None:
        return ("What the macaroon allows can't be read. Is it one of LND's, in hexadecimal?",)
    more, less = allowed - NEEDED, NEEDED - allowed
    found = []
    if more:
        found.append(
            f"The macaroon allows more than is needed ({', '.join(sorted(more)[:6])}). Make one with: {BAKE}"
        )
    if less:
        found.append(f"The macaroon lacks {', '.join(sorted(less))}. Make one with: {BAKE}")
    return tuple(found)


def _identifier(raw: bytes) -> bytes:
    if raw[0] != _FORMAT:
        raise ValueError(raw[0])
    position = 1
    while True:
        kind, position = _varint(raw, position)
        if kind == _END:
            raise ValueError(kind)
        size, position = _varint(raw, position)
        if kind == _IDENTIFIER:
            return _slice(raw, position, size)
        position += size


def _operations(identifier: bytes) -> Iterator[str]:
    if identifier[0] != _LND_ID:
        raise ValueError(identifier[0])
    for number, operation in _fields(identifier[1:]):
        if number == 3:
            parts = list(_fields(operation))
            entity = next(value.decode() for field, value in parts if field == 1)
            yield from (f"{entity}:{value.decode()}" for field, value in parts if field == 2)


def _fields(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields of a protobuf message; LND's identifier has no others."""
    position = 0
    while position < len(raw):
        key, position = _varint(raw, position)
        if key & 7 != 2:
            raise ValueError(key)
        size, position = _varint(raw, position)
        yield key >> 3, _slice(raw, position, size)
        position += size


def _slice(raw: bytes, position: int, size: int) -> bytes:
    if position + size > len(raw):
        raise ValueError(size)
    return raw[position : position + size]


def _varint(raw: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if not byte & 0x80:
            return value, position
        if shift > 63:
            raise ValueError(shift)
