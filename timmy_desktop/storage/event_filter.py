"""What is looked for in the log: conditions that stack, as a value that can be kept, and as SQL.

Conditions that include are joined by OR within a field and by AND between fields; those that exclude all
hold; each text condition holds by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from timmy_desktop.events.codec import event_types
from timmy_desktop.storage.database import Session
from timmy_desktop.storage.event_index import WORDS_SQL
from timmy_desktop.storage.event_words import tokens

Field = Literal["type", "severity", "source", "task", "agent", "text", "value"]
SEVERITIES = ("info", "warning", "error")
_COLUMNS = {"type": ("kind", "type"), "source": ("source", "source"), "task": ("task", "task_id"),
            "agent": ("agent", "agent_id")}  # fmt: skip
_PATH = re.compile(r"[\w-]+(\.[\w-]+)*")
_WORD = re.compile(r"\w+")
_EVENT = "e.type||' '||e.source||' '||e.task_id||' '||e.agent_id||' '||e.data"
_SOMEWHERE, _BEYOND_ASCII = f"{_EVENT} LIKE ?", f"{_EVENT} GLOB '*[^\x01-\x7f]*'"
_TRUE = {"true": "1", "false": "0"}


@dataclass(frozen=True, slots=True)
class Condition:
    """One chip. `path` names a value in the data (`provider`, `arguments.path`), for the field `value`.

    A type may end in `.*` for a whole topic.
    """

    field: Field
    value: str
    include: bool = True
    path: str = ""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """`since_us` is in, `until_us` is out; None leaves an end open. `outside`: all but what lies between."""

    conditions: tuple[Condition, ...] = ()
    since_us: int | None = None
    until_us: int | None = None
    outside: bool = False

    @property
    def has_range(self) -> bool:
        """Whether a range of time is asked for, or left out."""
        return self.since_us is not None or self.until_us is not None

    @property
    def is_empty(self) -> bool:
        return self == EventFilter()

    @property
    def words(self) -> tuple[str, ...]:
        """What is to be marked where it was found."""
        return tuple(one.value for one in self.conditions if one.field in ("text", "value") and one.include)

    def with_condition(self, condition: Condition) -> EventFilter:
        """The same filter and one more condition; the opposite of it goes."""
        rest = tuple(
            one for one in self.conditions if replace(one, include=True) != replace(condition, include=True)
        )
        return replace(self, conditions=(*rest, condition))

    def without(self, condition: Condition) -> EventFilter:
        return replace(self, conditions=tuple(one for one in self.conditions if one != condition))

    def to_json(self) -> str:
        """As text, for keeping."""
        return json.dumps(asdict(self), ensure_ascii=True)

    @classmethod
    def from_json(cls, text: str) -> EventFilter:
        """ValueError for what is not a filter, whoever wrote it."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("A filter is an object.")  # noqa: TRY004 - one error for every fault
        conditions = tuple(_condition(one) for one in values.get("conditions", ()))
        times = _time(values.get("since_us")), _time(values.get("until_us"))
        return cls(conditions, *times, outside=values.get("outside") is True)

    def over(self, since_us: int | None, until_us: int | None) -> EventFilter:
        """The same filter within a range of time; None and None for all of it."""
        return replace(self, since_us=since_us, until_us=until_us, outside=False)


@dataclass(frozen=True, slots=True)
class Where:
    """A filter as SQL: over the index (`f`, joined with `event_log e` where its data is asked for), and over
    the log's own columns (`e`) for the rows that the index does not have yet.

    `match` is an FTS5 expression that every row found must satisfy; `best` names the index worth using.
    """

    indexed: str = "1"
    indexed_values: tuple[Any, ...] = ()
    plain: str = "1"
    plain_values: tuple[Any, ...] = ()
    match: str = ""
    needs_log: bool = False
    best: str = ""
    kinds: frozenset[int] | None = None
    """The only thing asked for are these types: counters know the answer."""


def severity_of(type_name: str) -> str:
    """`info`, `warning` or `error`; what this program does not know is `info`."""
    known = event_types().get(type_name)
    return known.severity if known is not None else "info"


def kinds_known(session: Session) -> dict[int, str]:
    """The types in the index, by their numbers."""
    rows = session.sql("SELECT id, name FROM event_names WHERE id IN (SELECT DISTINCT kind FROM event_hours)")
    return {int(number): str(name) for number, name in rows}


def compiled(session: Session, wanted: EventFilter) -> Where:
    """The SQL for a filter; names are looked up, so that a filter for what never was finds nothing."""
    build = _Builder(session)
    for field in _COLUMNS:
        build.names(field, [one for one in wanted.conditions if one.field == field])
    build.severities([one for one in wanted.conditions if one.field == "severity"])
    for one in wanted.conditions:
        if one.field == "text":
            build.text(one)
    build.data([one for one in wanted.conditions if one.field == "value"])
    build.time(wanted)
    return build.where()


def phrase(text: str, *, prefix: bool = False) -> str:
    """An FTS5 expression for words that stand one after the other; empty for no words.

    `prefix`, or an asterisk at the end: the last word may go on.
    """
    words = _WORD.findall(text)
    star = "*" if prefix or text.rstrip().endswith("*") else ""
    return f'"{" ".join(words)}"{star}' if words else ""


def _asked(session: Session, text: str) -> str:
    """The words as they stand; where they never stood so, the last is taken for the beginning of one.

    Looking for beginnings of words costs fifty times what looking for words does.
    """
    whole = phrase(text)
    if whole and not session.sql("SELECT 1 FROM event_text WHERE event_text MATCH ? LIMIT 1", (whole,)):
        return phrase(text, prefix=True)
    return whole


class _Builder:
    """Collects both forms of each condition side by side."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._indexed: list[str] = []
        self._indexed_values: list[Any] = []
        self._plain: list[str] = []
        self._plain_values: list[Any] = []
        self._match: list[str] = []
        self._needs_log, self._best = False, ""
        self._kinds: frozenset[int] | None = None
        self._only_kinds = True

    def where(self) -> Where:
        return Where(
            " AND ".join(self._indexed) or "1",
            tuple(self._indexed_values),
            " AND ".join(self._plain) or "1",
            tuple(self._plain_values),
            " AND ".join(self._match),
            self._needs_log,
            self._best,
            self._asked_kinds() if self._only_kinds else None,
        )

    def _asked_kinds(self) -> frozenset[int]:
        return frozenset(kinds_known(self._session)) if self._kinds is None else self._kinds

    def names(self, field: str, conditions: Sequence[Condition]) -> None:
        facet, column = _COLUMNS[field]
        for include in (True, False):
            values = [one.value for one in conditions if one.include is include]
            if values:
                self._add(facet, column, values, include, field == "type")

    def severities(self, conditions: Sequence[Condition]) -> None:
        for include in (True, False):
            values = {one.value for one in conditions if one.include is include}
            if values:
                # Types that nobody knows are information: what is named are the others.
                named = [name for name, kind in event_types().items() if (kind.severity in values)]
                if "info" in values:
                    others = [name for name, kind in event_types().items() if kind.severity not in values]
                    self._add("kind", "type", others, not include, True)
                else:
                    self._add("kind", "type", named, include, True)

    def text(self, condition: Condition) -> None:
        expression = _asked(self._session, condition.value)
        if expression and condition.include:
            self._match.append(f"({expression})")
        elif expression:
            self._indexed.append("f.seq NOT IN (SELECT rowid FROM event_text WHERE event_text MATCH ?)")
            self._indexed_values.append(expression)
        self._only_kinds = False
        if expression:
            self._plain_text(tokens(condition.value), expression.endswith("*"), condition.include)

    def _plain_text(self, asked: str, may_go_on: bool, include: bool) -> None:
        """The same for what the index does not have: looked at closely only where each word may stand."""
        near = [word for word in asked.split() if word.isascii()]
        somewhere = f"{' AND '.join([_SOMEWHERE] * len(near)) or '1'} OR {_BEYOND_ASCII}"
        sign = "" if include else "NOT "
        self._plain.append(f"{sign}(CASE WHEN {somewhere} THEN event_says({WORDS_SQL}, ?, ?) ELSE 0 END)")
        self._plain_values += [*(f"%{word}%" for word in near), asked, int(may_go_on)]

    def data(self, conditions: Sequence[Condition]) -> None:
        for path in sorted({one.path for one in conditions}):
            for include in (True, False):
                values = [one.value for one in conditions if one.path == path and one.include is include]
                if values:
                    self._data(path, values, include)

    def time(self, wanted: EventFilter) -> None:
        asked = [(">=", wanted.since_us), ("<", wanted.until_us)]
        bounds = [(sign, bound) for sign, bound in asked if bound is not None]
        if bounds:
            between = " AND ".join(f"{{0}}.time_us {sign} ?" for sign, _ in bounds)
            sql = f"NOT ({between})" if wanted.outside else between
            self._both(sql.format("f"), sql.format("e"), tuple(bound for _, bound in bounds))

    def _data(self, path: str, values: Sequence[str], include: bool) -> None:
        self._needs_log = True
        wanted = [_TRUE.get(value.lower(), value) for value in values]
        places = ",".join("?" * len(values))
        asked = "CASE WHEN json_valid(e.data) THEN CAST(json_extract(e.data, ?) AS TEXT) END"
        sql = f"{asked} IN ({places})" if include else f"coalesce({asked} NOT IN ({places}), 1)"
        self._both(sql, sql, (_json_path(path), *wanted))
        phrases = [phrase(value) for value in wanted]
        if include and wanted == list(values) and all(phrases):
            self._match.append(f"({' OR '.join(phrases)})")

    def _add(self, facet: str, column: str, names: Iterable[str], include: bool, is_kind: bool) -> None:
        names = list(names)
        numbers = sorted(self._numbers(names, is_kind))
        sign = "IN" if include else "NOT IN"
        self._indexed.append(f"f.{facet} {sign} ({','.join(map(str, numbers))})")
        terms, values = _plain_names(column, names, include)
        self._plain.append(terms)
        self._plain_values += values
        if not is_kind:
            self._only_kinds = False
            if include and facet in ("task", "agent"):
                self._indexed.append(f"f.{facet} <> 0")
        else:
            self._narrow(frozenset(numbers), include)
        # Without a value there is nothing for an index to find, and SQLite refuses to use it.
        if numbers and include and (facet == "task" or not self._best) and facet != "source":
            self._best = f"event_facets_{facet}"

    def _narrow(self, numbers: frozenset[int], include: bool) -> None:
        known = self._asked_kinds()
        self._kinds = known & numbers if include else known - numbers

    def _numbers(self, names: Iterable[str], is_kind: bool) -> set[int]:
        found: set[int] = set()
        known = kinds_known(self._session) if is_kind else {}
        for name in names:
            if is_kind and name.endswith(".*"):
                found |= {number for number, kind in known.items() if kind.startswith(name[:-1])}
            else:
                rows = self._session.sql("SELECT id FROM event_names WHERE name = ?", (name,))
                found |= {int(row[0]) for row in rows}
        return found

    def _both(self, indexed: str, plain: str, values: tuple[Any, ...]) -> None:
        self._only_kinds = False
        self._indexed.append(indexed)
        self._indexed_values += values
        self._plain.append(plain)
        self._plain_values += values


def _plain_names(column: str, names: Sequence[str], include: bool) -> tuple[str, list[str]]:
    whole = [name for name in names if not name.endswith(".*")]
    topics = [name[:-1] for name in names if name.endswith(".*")]
    terms = [f"e.{column} IN ({','.join('?' * len(whole))})"] if whole else []
    terms += [f"substr(e.{column}, 1, {len(topic)}) = ?" for topic in topics]
    joined = f"({' OR '.join(terms) or '0'})"
    return (joined if include else f"NOT {joined}"), [*whole, *topics]


def _json_path(path: str) -> str:
    return "$" + "".join(f'."{part}"' for part in path.split("."))


def _condition(values: Any) -> Condition:
    if not isinstance(values, dict):
        raise ValueError("A condition is an object.")  # noqa: TRY004 - one error for every fault
    field: Any = values.get("field")
    value, path = values.get("value"), values.get("path", "")
    include = values.get("include", True)
    if field not in get_args(Field) or not isinstance(value, str) or not isinstance(include, bool):
        raise ValueError(f"{values!r} is not a condition.")
    if not isinstance(path, str) or (field == "value" and not _PATH.fullmatch(path)):
        raise ValueError(f"{path!r} does not name a value.")
    return Condition(field, value, include, path)


def _time(value: Any) -> int | None:
    if value is None or isinstance(value, int):
        return value
    raise ValueError(f"{value!r} is not a time.")
