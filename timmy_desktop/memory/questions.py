"""What all questions have in common says nothing of what is asked for: it is taken off in the ranking.

Some texts are near to any question, whatever it asks, and crowd out what answers this one. How near a text is
to the middle of many questions tells how much of its nearness is that. The questions and the share come from
tests/bench/memory_development.py, where each was judged by the middle of the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from timmy_desktop.memory.vectors import Near

SHARE = 0.85
_ASKS = re.compile(r"\b(what|when|where|who|whom|whose|why|how|which)\b|\?\s*$", re.IGNORECASE)
SAMPLE = (
    "which day is the dripping faucet repaired",
    "where does my old relative live now",
    "what do my children do in the water each week",
    "must we take the stairs in the vacation apartment",
    "which appliance keeps me awake",
    "how does he like his hot drink",
    "how do I get into the place for the car",
    "for how long is the copying machine rented",
    "when did she marry",
    "what is the medical advice for my pet",
    "who bought my two-wheeler",
    "until when can books be borrowed in the warm season",
    "which surgery did he have",
    "what keeps the warmth in under the roof",
    "which spice goes into the fruit pastry",
    "when can I change my mobile provider",
    "why do I sit where I sit",
    "at what time of day do the vegetables get a drink",
    "how does she travel abroad and why",
    "in which language can one talk to the paediatrician",
    "where are our travel papers",
    "what does my boss expect at the end of the week",
    "what happened below the house in summer",
    "which instrument did he get from a relative",
    "how often can I get to my plane by public transport",
    "which drink do I not tolerate",
    "who is noisy at the weekend",
    "where do we play the board game",
    "who removed the leaves from the drains on the house",
    "how did I begin to earn money",
    "why do the bushes have to stay as they are",
    "since when is she single",
    "what do schoolchildren pay for the exhibition",
    "what did the attorney recommend",
    "how does one get to the cabin in the Alps",
    "at what age did he understand letters",
    "where had the kitten been hiding",
    "which voice is lacking among the singers",
    "where does the fuel for the stove come from",
    "which of my things fails in winter",
    "who covers the damage to the car's glass",
    "what does she give lessons in",
    "who took in my delivery",
    "what did I leave behind on the way",
    "how do the flowers fall ill",
    "what is different with the authorities since we married",
    "what changed in his working hours",
    "who did up the wooden steps",
    "why is there no water in the yard",
    "what does learning an instrument cost",
    "how do guests get online",
    "what is her dream job",
    "why is there no restaurant visit at the start of the week",
    "how did I hurt my face as a child",
    "what did the clinic want to know",
    "which tool must be bought for him",
    "how long until the roof installation was worth it",
    "when do holidaymakers stay in our house",
    "where are my spectacles",
    "what made the school excursion happen later",
    "when can one taste for free",
    "what made him give up cigarettes",
    "how did the animals get out",
    "who built the furniture for our novels",
    "from when can one swim outside",
    "where are the rings and necklaces hidden",
    "who asked the questions when I applied",
    "what still works when doing the laundry",
    "why was the concert not in the open",
    "in which war was my neighbour",
)


def is_question(query: str) -> bool:
    """Whether it asks, rather than names what it looks for."""
    return _ASKS.search(query) is not None


def ranked(near: Sequence[Near], to_any: Mapping[int, float]) -> list[Near]:
    """The nearest to this question and not to any other first; `to_any`: the cosines to their middle."""
    least = min(to_any.values(), default=0.0)
    told = [Near(one.number, one.cosine - SHARE * (to_any.get(one.number, least) - least)) for one in near]
    return sorted(told, key=lambda one: -one.cosine)
