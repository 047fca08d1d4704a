"""A world as bytes and words, and back: what is kept of the past where its events were pruned.

A head, then things of one shelf at a time, as compressed lines of JSON. Texts that people or models wrote
stand apart from it; the state has a signed digest in their place: one may be forgotten, and none changed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from timmy_desktop.events.memory import FORGOTTEN
from timmy_desktop.scrubber.things import BidThen, TestsThen
from timmy_desktop.scrubber.world import ROWS, Draft, World
from timmy_desktop.storage.event_bases import Base, Word, word_digest

FORMAT = 1
_IN_A_LINE = 500
_WORDS: Mapping[str, tuple[str, ...]] = {
    "tasks": ("text", "result", "reason"),
    "approvals": ("why",),
    "transactions": ("note",),
    "providers": ("reason", "detail"),
    "upgrades": ("title", "reason", "suspicion"),
    "comments": ("text",),
}
"""Which fields of which shelf are texts; a test holds that no other field of a base can be one."""


class UnusableBaseError(Exception):
    """What lies there is not a base that this program wrote."""


def packed(world: World, key: bytes, lacks: int) -> Base:
    """The world as a base. `lacks` is the last event that was lost before there were bases; zero for none."""
    state, words = bytearray(), list[Word]()
    packer = zlib.compressobj(6)
    for line in _lines(world, key, lacks, words):
        state += packer.compress(orjson.dumps(line, default=tuple) + b"\n")
    return Base(world.seq, world.time_us, bytes(state + packer.flush()), tuple(words))


def unpacked(base: Base, key: bytes) -> tuple[World, int]:
    """The world, and what it lacks; a text that was forgotten says so. UnusableBaseError otherwise."""
    try:
        lines = zlib.decompress(base.state).splitlines()
        head = orjson.loads(lines[0])
        if head["timmy_base"] != FORMAT or head["seq"] != base.seq:
            raise UnusableBaseError("It is of a newer version.")
        words = {(word.kind, word.id, word.field): word for word in base.words}
        draft = Draft(World(seq=base.seq, time_us=base.time_us))
        draft.skipped, draft.order = head["skipped"], tuple(head["order"])
        draft.failed = (head["failed"][0], head["failed"][1])
        draft.parted = (head["parted"][0], head["parted"][1])
        for line in lines[1:]:
            _put_back(draft, orjson.loads(line), words, key)
    except (zlib.error, orjson.JSONDecodeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise UnusableBaseError("It can't be read.") from error
    return draft.frozen(), int(head["lacks"])


def _lines(world: World, key: bytes, lacks: int, words: list[Word]) -> Iterator[dict[str, Any]]:
    yield {
        "timmy_base": FORMAT, "seq": world.seq, "skipped": world.skipped, "failed": world.failed,
        "parted": world.parted, "order": world.order, "lacks": lacks,
    }  # fmt: skip
    for shelf, row in ROWS.items():
        things = list(getattr(world, shelf).items().items())
        for start in range(0, len(things), _IN_A_LINE):
            some = [
                (name, *_without_words(shelf, name, thing, key, words))
                for name, thing in things[start : start + _IN_A_LINE]
            ]
            yield {"shelf": shelf, "fields": row._fields, "rows": some}


def _without_words(shelf: str, name: str, thing: Any, key: bytes, words: list[Word]) -> tuple[Any, ...]:
    changes: dict[str, str] = {}
    for field in _WORDS.get(shelf, ()):
        if text := getattr(thing, field):
            word = Word(shelf, name, field, text)
            words.append(word)
            changes[field] = word_digest(key, word)
    return tuple(thing._replace(**changes)) if changes else tuple(thing)


def _put_back(
    draft: Draft, line: dict[str, Any], words: Mapping[tuple[str, str, str], Word], key: bytes
) -> None:
    shelf, row = line["shelf"], ROWS.get(line["shelf"])
    if row is None:
        return  # of a version that knew more
    known = set(row._fields)
    onto = getattr(draft, shelf)
    for name, *values in line["rows"]:
        told = {field: value for field, value in zip(line["fields"], values, strict=True) if field in known}
        for field in _WORDS.get(shelf, ()):
            if told.get(field):
                told[field] = _said(words.get((shelf, name, field)), told[field], key)
        onto.put(name, row(**_restored(told)))


def _said(word: Word | None, digest: str, key: bytes) -> str:
    if word is None:
        return FORGOTTEN
    if word_digest(key, word) != digest:
        raise UnusableBaseError("A text in it was changed.")
    return word.text


def _restored(told: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples."""
    return {
        name: tuple(_PARTS.get(name, _plain)(one) for one in value) if isinstance(value, list) else value
        for name, value in told.items()
    }


def _plain(part: Any) -> Any:
    return tuple(part) if isinstance(part, list) else part


_PARTS: Mapping[str, Callable[[Any], Any]] = {"bids": BidThen._make, "runs": TestsThen._make}


class Rooted(NamedTuple):
    """Where the past begins: the first world, what it lacks, and why the base that is kept is not used."""

    world: World
    lacks: int = 0
    refused: str = ""
