"""A shelf is a map that never changes; what is made from it shares what is equal."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.scrubber.shelf import Shelf


class Thing(NamedTuple):
    word: str

    @property
    def counted(self) -> str:
        return self.word


KEYS = st.integers(0, 150).map(str)
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.sampled_from("abc")), max_size=200)


def changed(shelf: Shelf[Thing], changes: list[tuple[str, str | None]]) -> Shelf[Thing]:
    draft = shelf.draft()
    for key, word in changes:
        draft.drop(key) if word is None else draft.put(key, Thing(word))
    return draft.frozen()


def model_of(changes: list[tuple[str, str | None]]) -> dict[str, Thing]:
    model: dict[str, Thing] = {}
    for key, word in changes:
        model.pop(key, None)
        if word is not None:
            model[key] = Thing(word)
    return model


@given(CHANGES, CHANGES)
def test_it_holds_what_a_dict_holds_and_an_older_one_stays(
    first: list[tuple[str, str | None]], then: list[tuple[str, str | None]]
) -> None:
    old = changed(Shelf(), first)
    new = changed(old, then)
    assert old.items() == model_of(first)
    assert new.items() == model_of(first + then)
    assert new == changed(Shelf(), first + then)
    for shelf in (old, new):
        words = [thing.word for thing in shelf]
        assert dict(shelf.counts) == {word: words.count(word) for word in set(words)}
        assert len(shelf) == len(words)
        assert list(shelf.newest()) == list(reversed(list(shelf)))


def test_a_snapshot_shares_what_did_not_change() -> None:
    old = changed(Shelf(), [(str(number), "a") for number in range(1_000)])
    new = changed(old, [("3", "b")])
    same = [one is other for one, other in zip(old._boxes, new._boxes, strict=True)]
    assert same.count(False) == 1
