"""Asks the person's own facts in other words, and looks whether they are found."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

import orjson

from timmy_desktop.memory import words
from timmy_desktop.memory.rows import get_state, set_state
from timmy_desktop.memory.types import Entry, Progress, Question, RecallReport, SearchResult
from timmy_desktop.storage.database import Session

MOST_FACTS = 100
PARAPHRASE = (
    "Write one short question that this sentence answers, in other words than its own, and without the "
    "answer. Write the question alone."
)
BASELINE = "recall"
# So much less than before, or less than this at all, sets off the alarm.
_DROP, _LEAST = 0.15, 0.6
_ENOUGH = 4
_MOST_BY_MODEL = 10  # a small model takes seconds for each
_OWNED = r"^(?P<whose>my|our|the|\w+(?:'s|’s)) (?P<what>.+?) (?:is|are|was|were)(?: called| named)? "
_FORMS = tuple(
    (re.compile(form, re.IGNORECASE), templates)
    for form, templates in (
        (_OWNED, ("What do you know about {whose} {what}?", "Tell me {whose} {what}")),
        (
            r"^(?P<who>i|we) (?:now )?lives? (?:in|at|near) ",
            ("Where is {my} home?", "In which place do {who} live?"),
        ),
        (r"^(?P<who>i|we) works? (?:at|for|as|in) ", ("What is {my} job?", "Who is {my} employer?")),
        (
            r"^(?P<who>i|we) (?P<verb>prefer|like|love|hate|dislike) ",
            ("What are {my} preferences?", "What do {who} {verb}?"),
        ),
    )
)

Find = Callable[[str], Awaitable[SearchResult]]
Tell = Callable[[Progress], None]


def question(fact: str) -> str:
    """The fact as a question in other words, without its answer; empty where no form fits."""
    bare = " ".join(fact.split())
    for form, templates in _FORMS:
        if found := form.match(bare):
            parts = {name: part.casefold() for name, part in found.groupdict().items()}
            parts["my"] = "our" if parts.get("who") == "we" else "my"
            # Which wording: the same for the same fact.
            template = templates[len(bare) % len(templates)]
            return template.format(**parts)
    return ""


def reworded(fact: str) -> str:
    """For facts that no form fits: the first half of its telling words, as a question."""
    telling = [word for word in re.findall(r"\w[\w'\-]*", fact) if word.casefold() not in words.COMMON]
    half = telling[: max(len(telling) // 2, 1)]
    return f"What about {' '.join(half)}?" if half else ""


async def ask_all(
    entries: Sequence[Entry], find: Find, *, paraphrase: Callable[[Entry], Awaitable[str]] | None, tell: Tell
) -> tuple[Question, ...]:
    """Each fact asked once. `paraphrase` (a model) is asked where the templates have no form."""
    asked: list[Question] = []
    by_model = 0
    for number, entry in enumerate(entries):
        tell(Progress("Asking", number, len(entries)))
        text = question(entry.content)
        if not text and paraphrase is not None and by_model < _MOST_BY_MODEL:
            by_model += 1
            text = (await paraphrase(entry)).strip()
        text = text or reworded(entry.content)
        result = await find(text)
        asked.append(Question(entry.id, text, _place(entry, result)))
    tell(Progress("Done", len(entries), len(entries)))
    return tuple(asked)


def report(
    questions: Sequence[Question], *, model: str, baseline: tuple[str, float] | None, by_meaning: bool
) -> RecallReport:
    """The shares, and the alarm where the embedder is gone, another one, or worse than before."""
    count = len(questions)
    first = sum(one.place == 1 for one in questions) / count if count else 0.0
    fifth = sum(1 <= one.place <= 5 for one in questions) / count if count else 0.0
    expected = baseline[1] if baseline is not None else None
    return RecallReport(
        tuple(questions),
        first,
        fifth,
        expected,
        model,
        _alarm(count, fifth, model, baseline, by_meaning),
        _is_measure(count, fifth, baseline, by_meaning),
        by_meaning,
    )


def _is_measure(count: int, fifth: float, baseline: tuple[str, float] | None, by_meaning: bool) -> bool:
    holds = baseline is None or fifth >= baseline[1] - _DROP
    return bool(count) and by_meaning and holds and (count < _ENOUGH or fifth >= _LEAST)


def baseline_of(session: Session) -> tuple[str, float] | None:
    """The model and the recall that were measured last when all was well."""
    text = get_state(session, BASELINE)
    values = orjson.loads(text) if text else None
    return (str(values["model"]), float(values["recall_5"])) if values else None


def keep_baseline(session: Session, model: str, recall_5: float) -> None:
    """Remembers them."""
    set_state(session, BASELINE, orjson.dumps({"model": model, "recall_5": recall_5}).decode())


def _alarm(count: int, fifth: float, model: str, baseline: tuple[str, float] | None, by_meaning: bool) -> str:
    if not by_meaning:
        return "The embedding model does not answer, so only exact words were searched."
    problems = []
    if baseline is not None and baseline[0] != model:
        problems.append(f"The embedding model is another one: {model}, and it was {baseline[0]}.")
    if count >= _ENOUGH and baseline is not None and fifth < baseline[1] - _DROP:
        problems.append(
            f"Only {fifth:.0%} of the facts are found among the first five, and it was {baseline[1]:.0%}."
        )
    elif count >= _ENOUGH and fifth < _LEAST:
        problems.append(f"Only {fifth:.0%} of the facts are found among the first five.")
    return " ".join(problems)


def _place(entry: Entry, result: SearchResult) -> int:
    for place, hit in enumerate(result.hits, 1):
        if hit.entry.id == entry.id or entry.id in hit.folded:
            return place
    return 0
