"""The rules of auctions and of a task's states, over whatever can be thrown at them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_desktop.settings import PersonaSettings
from timmy_desktop.swarm.auction import Bid, Bidder, check_bid, rank
from timmy_desktop.swarm.bidding import asking_price
from timmy_desktop.swarm.errors import BidRejectedError, TaskStateError
from timmy_desktop.swarm.personas import PERSONAS, personas, topic_of
from timmy_desktop.swarm.reputation import success_milli
from timmy_desktop.swarm.task import MOST_MSAT, TERMINAL, TRANSITIONS, TaskStatus, moved

amounts = st.integers(0, MOST_MSAT)
milli = st.integers(0, 1000)
counts = st.integers(0, 10_000)


@st.composite
def auctions(draw: st.DrawFn) -> tuple[list[Bid], dict[str, Bidder]]:
    names = draw(st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=8, unique=True))
    bidders = {name: Bidder(name, name, draw(milli), draw(counts), draw(counts)) for name in names}
    return [Bid(name, draw(amounts)) for name in names], bidders


@given(auctions(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(
    auction: tuple[list[Bid], dict[str, Bidder]], random: object
) -> None:
    bids, bidders = auction
    ranked = rank(bids, bidders)
    random.shuffle(bids)  # type: ignore[attr-defined]
    assert rank(bids, bidders) == ranked
    assert all(0 <= entry.score_milli <= 1000 for entry in ranked)
    assert [entry.score_milli for entry in ranked] == sorted((e.score_milli for e in ranked), reverse=True)


@given(milli, counts, counts, st.lists(amounts, min_size=2, max_size=6))
def test_among_equals_the_lowest_bid_wins(match: int, done: int, failed: int, prices: list[int]) -> None:
    bidders = {str(n): Bidder(str(n), str(n), match, done, failed) for n in range(len(prices))}
    best = rank([Bid(str(n), price) for n, price in enumerate(prices)], bidders)[0].bid
    assert best.amount_msat == min(prices)
    assert best.agent_id == str(prices.index(min(prices)))


@given(st.integers(1, 10**9), milli, counts)
def test_a_better_record_or_match_never_hurts(price: int, match: int, done: int) -> None:
    bids = [Bid("a", price), Bid("b", price)]
    for better in (Bidder("b", "b", match, done + 1, 1), Bidder("b", "b", min(match + 100, 1000), done, 1)):
        scores = {
            entry.bid.agent_id: entry.score_milli
            for entry in rank(bids, {"a": Bidder("a", "a", match, done, 1), "b": better})
        }
        assert scores["b"] >= scores["a"]


GOOD = {"eligible": ["a"], "already": [], "status": "idle", "is_open": True}


@pytest.mark.parametrize(
    ("bid", "changes", "words"),
    [
        (Bid("a", -1), {}, "negative"),
        (Bid("a", MOST_MSAT + 1), {}, "all the sats"),
        (Bid("a", True), {}, "whole number"),
        (Bid("a", 5.0), {}, "whole number"),  # type: ignore[arg-type]
        (Bid("a", 5), {"already": ["a"]}, "already bid"),
        (Bid("a", 5), {"status": "busy"}, "busy"),
        (Bid("a", 5), {"status": "stopped"}, "stopped"),
        (Bid("b", 5), {}, "not asked"),
        (Bid("a", 5), {"is_open": False}, "closed"),
        (Bid("a", 5), {"max_price_msat": 4}, "above"),
    ],
)
def test_bids_that_do_not_count(bid: Bid, changes: dict[str, object], words: str) -> None:
    with pytest.raises(BidRejectedError, match=words):
        check_bid(bid, **{**GOOD, **changes})  # type: ignore[arg-type]


def test_a_bid_that_counts() -> None:
    check_bid(Bid("a", 0), **GOOD)  # type: ignore[arg-type]
    check_bid(Bid("a", 5), **GOOD, max_price_msat=5)  # type: ignore[arg-type]


@given(st.integers(0, 10**8), milli, st.integers(0, 1000))
def test_agents_ask_whole_sats_and_less_in_their_field(base: int, match: int, waiting: int) -> None:
    price = asking_price(base, match, waiting)
    assert price % 1000 == 0
    assert (price >= 1000) == (base > 0)
    assert asking_price(base, 1000, waiting) <= price <= asking_price(base, 0, waiting)


@given(counts, counts)
def test_records_grow_by_success_and_shrink_by_failure(done: int, failed: int) -> None:
    now = success_milli(done, failed)
    assert 0 <= now < 1000
    assert success_milli(done, failed + 1) <= now <= success_milli(done + 1, failed)


@given(st.lists(st.sampled_from(TaskStatus), max_size=20))
def test_a_completed_task_never_changes_and_ends_are_left_by_retry_alone(path: list[TaskStatus]) -> None:
    status = TaskStatus.CREATED
    for new in path:
        try:
            status = moved(status, new)
        except TaskStateError:
            assert new not in TRANSITIONS[status]
    assert TRANSITIONS[TaskStatus.COMPLETED] == frozenset()
    for ended in TERMINAL:
        assert TRANSITIONS[ended] <= {TaskStatus.CREATED}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Write a letter to my landlord", "Quill"),
        ("Is there a vulnerability in the login?", "Mace"),
        ("Fix the bug in this function", "Forge"),
        ("Deploy it with docker", "Helm"),
        ("Count the rows of the csv and show the average", "Seer"),
        ("Find out and explain why", "Echo"),
        ("Helm, write a poem", "Helm"),
    ],
)
def test_the_one_whose_field_it_is_asks_and_scores_best(text: str, name: str) -> None:
    bids = [Bid(p.name, asking_price(p.base_bid_msat, p.match_milli(topic_of(text)), 0)) for p in PERSONAS]
    bidders = {p.name: Bidder(p.name, p.name, p.match_milli(topic_of(text))) for p in PERSONAS}
    assert rank(bids, bidders)[0].bid.agent_id == name


def test_settings_change_what_they_name_and_add_the_rest() -> None:
    changed = personas(
        [
            PersonaSettings(name="mace", base_bid_msat=1000, tools=()),
            PersonaSettings(name="Vera", role="law", keywords=("contract",)),
        ]
    )
    by_name = {persona.name: persona for persona in changed}
    assert list(by_name) == ["Echo", "Mace", "Helm", "Seer", "Forge", "Quill", "Vera"]
    mace, vera = by_name["Mace"], by_name["Vera"]
    assert (mace.base_bid_msat, mace.tools, mace.role) == (1000, (), "security")
    assert "no tools" in mace.prompt
    assert vera.match_milli(topic_of("Read this contract")) > vera.match_milli(topic_of("Read this poem"))
    assert "read_file" in vera.tools
    assert "cannot change files" in vera.prompt


@pytest.mark.parametrize(
    ("text", "fits"),
    [("Deployments", True), ("redeploy", False), ("logs", False), ("the log", True), ("Cities", False)],
)
def test_keywords_are_words_or_the_beginning_of_long_ones(text: str, fits: bool) -> None:
    [helm] = [persona for persona in PERSONAS if persona.name == "Helm"]
    assert (helm.match_milli(topic_of(text)) > 0) == fits


def test_the_longest_task_is_judged_as_fast_as_a_short_one() -> None:
    text = "Helm " + " ".join(f"word{n}" for n in range(10_000)) + " Forge"
    started = time.thread_time()
    topic = topic_of(text)
    matches = {persona.name: persona.match_milli(topic) for persona in PERSONAS}
    assert time.thread_time() - started < 0.05
    assert (matches["Helm"], matches["Forge"]) == (1000, 0)
