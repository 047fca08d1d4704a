"""What in a text is a fact about the person, and when two facts contradict each other. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from timmy_desktop.memory import words

PROMPT = (
    "Read what the person wrote. List what it says about the person that will still be true next month: "
    "names, places, dates, preferences, possessions, relations. One short sentence a line, each beginning "
    "with '- '. Use the person's own words. Write NONE if there is nothing of the kind."
)
NOTHING = "NONE"
MOST_FACTS = 5
_SHORTEST, _LONGEST = 8, 300
# What a model claims must be said in the text by so many of its words.
_GROUNDED = 0.6
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")
_ASKED = re.compile(
    r"^(?:please\s+)?(?:remember|note|keep in mind|don'?t forget|never forget)(?:\s+that)?[:,]?\s+"
    r"(?P<fact>.+)",
    re.IGNORECASE | re.DOTALL,
)
_OF_ONES_OWN = re.compile(
    r"^(?:by the way,?\s+)?(?:(?:my|our)\s+[\w' -]{1,50}?\s+"
    r"(?:is|are|was|were|has|have|starts?|ends?|lives?|works?)\b"
    r"|(?:i|we)(?:\s+(?:am|live|work|prefer|like|love|hate|dislike|have|own|speak|always|never|usually"
    r"|was born|moved|study|drive|was|were|need|use)|'m|'ve|'re)\b|call me\s)",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|my|mine|we|our|me)\b", re.IGNORECASE)
# Of these one has one: what is said of them anew takes the old one's place. A blue boat may be old, too.
_SINGLE = (
    "name|nickname|birthday|date of birth|address|home|phone|phone number|number|e-?mail|e-?mail address"
    "|pin|code|age|size|height|weight|job|profession|employer|nationality|blood type|language|time ?zone"
    "|capital|password|(?:favou?rite|preferred|default) [\\w ]{1,40}"
)
_KEY = re.compile(
    r"^(?P<subject>(?:my|our|the|\w+(?:'s|’s))\s+[\w' ’-]{1,60}?)\s+(?:is|are|was|were)\s+"
    r"(?:now\s+)?(?P<named>(?:called|named)\s+)?(?:now\s+)?(?P<value>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_OF_ONE = re.compile(rf"^(?P<whose>.+?(?:'s)?) (?P<what>{_SINGLE})$")
_VERB_KEY = re.compile(
    r"^(?P<subject>i|we|[A-Z]\w+)\s+(?:now\s+)?(?P<verb>lives? in|lives? at|works? (?:at|for|as|in)"
    r"|(?:am|was|were|is) born (?:in|on|at)|(?:am|is) called|moved to)\s+(?P<value>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_SAME_VERB = {"moved to": "live in", "live at": "live in"}
_LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")


def stated(text: str) -> list[str]:
    """The sentences in which the person says something lasting of himself, or asks to remember something."""
    found = []
    for sentence in _SENTENCES.split(text):
        bare = sentence.strip()
        if bare.endswith("?") or not _SHORTEST <= len(bare) <= _LONGEST:
            continue
        asked = _ASKED.match(bare)
        if asked:
            found.append(_capital(asked["fact"]))
        elif _OF_ONES_OWN.match(bare):
            found.append(bare)
    return found[:MOST_FACTS]


def may_hold_facts(text: str) -> bool:
    """Whether it is worth asking a model: somebody speaks of himself, and does not only ask."""
    bare = text.strip()
    return len(bare) >= 3 * _SHORTEST and not bare.endswith("?") and bool(_FIRST_PERSON.search(bare))


def parsed(answer: str, text: str) -> list[str]:
    """The facts in a model's answer, as far as `text` really says them."""
    said = _bag(text)
    found: list[str] = []
    for line in answer.splitlines():
        if not _LIST_MARK.match(line):
            continue
        fact = _LIST_MARK.sub("", line).strip()
        bag = _bag(fact)
        is_said = bool(bag) and len(bag & said) >= _GROUNDED * len(bag)
        if _SHORTEST <= len(fact) <= _LONGEST and is_said and not fact.endswith("?") and fact not in found:
            found.append(fact)
    return found[:MOST_FACTS]


def subject(content: str) -> str:
    """What a fact is about, as a key that others about the same share; empty where it can't be told."""
    return _split(content)[0]


def value(content: str) -> str:
    """What it says of that."""
    return _split(content)[1]


def contradicts(one: str, other: str) -> bool:
    """Whether two facts say different things of the same."""
    (key, said), (other_key, other_said) = _split(one), _split(other)
    return bool(key) and key == other_key and said != other_said


def differs_in_detail(one: str, other: str) -> bool:
    """Whether two texts that mean nearly the same differ in a number, a name or an identifier."""
    return not words.alike(one, other) and _details(one) != _details(other)


def different(facts: Sequence[str]) -> list[str]:
    """The facts without those that say nearly the same as one before."""
    kept: list[str] = []
    for fact in facts:
        if not any(words.alike(fact, other) for other in kept):
            kept.append(fact)
    return kept


def _split(content: str) -> tuple[str, str]:
    bare = " ".join(content.strip().rstrip(".!").split())
    if found := _VERB_KEY.match(bare):
        verb = re.sub(r"^(live|work)s\b", r"\1", found["verb"].casefold())
        return f"{found['subject'].casefold()}|{_SAME_VERB.get(verb, verb)}", _plain(found["value"])
    if found := _KEY.match(bare):
        about = re.sub(r"^our\b", "my", found["subject"].casefold().replace("’", "'"))
        return _relation(about, is_name=bool(found["named"])), _plain(found["value"])
    return "", _plain(bare)


def _relation(about: str, *, is_name: bool) -> str:
    if is_name:
        return f"{about}|name"
    found = _OF_ONE.match(about)
    if found is None:
        return ""
    whose = found["whose"].removesuffix("'s")
    return f"{whose}|{found['what']}"


def _plain(text: str) -> str:
    return " ".join(text.casefold().rstrip(".! ").split())


def _bag(text: str) -> set[str]:
    found = {word.casefold() for word in re.findall(r"\w+", text)}
    return found - words.COMMON


def _details(text: str) -> set[str]:
    tokens = re.findall(r"\w[\w.\-/]*", text)
    return {
        token.rstrip(".").casefold()
        for token in tokens[1:]
        if token[0].isupper() or words.is_identifier(token)
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
