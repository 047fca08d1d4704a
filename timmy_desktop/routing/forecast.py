"""What an attempt that was never made would probably have come to: as the nearest one on that provider."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from timmy_desktop.routing.errors import Blame, FirstTokenTimeout, TotalTimeout, Unreachable
from timmy_desktop.routing.journal import Passage, Signal
from timmy_desktop.routing.policy import Limits
from timmy_desktop.routing.recording import RecordedRequest


@dataclass(frozen=True, slots=True)
class Course:
    """How an attempt goes; seconds from its beginning. `deadlines` are those that it ran under."""

    outcome: str
    blame: str = ""
    wait: float = 0.0
    first_token: float | None = None
    total: float = 0.0
    first_token_deadline: float = 0.0
    total_deadline: float = 0.0
    again: bool = False

    @classmethod
    def of(cls, passage: Passage, began: float) -> Course:
        """The course that a recorded attempt took."""
        return cls(
            passage.outcome,
            passage.blame,
            passage.wait,
            passage.answered.at - began if passage.answered is not None else None,
            passage.ended.at - began,
            passage.first_token_deadline,
            passage.total_deadline,
            passage.again,
        )


GONE = Course(Unreachable.outcome, Blame.GONE.value)
FINE = Course("ok", first_token=0.0)


def under(limits: Limits | None, course: Course) -> Course:
    """`course` under other deadlines: cut short where they are shorter, unchanged where they are not.

    What was patiently waited for past its deadline, because a model was loading, is waited for again. An
    attempt that met its deadline is taken to meet a longer one too: nobody knows what would have come.
    """
    if limits is None or limits == (course.first_token_deadline, course.total_deadline):
        return course
    if course.outcome == FirstTokenTimeout.outcome:
        later = course.total - course.first_token_deadline + limits.first_token
        return replace(course, total=max(0.0, later))
    first = course.first_token if course.first_token is not None else course.total
    was_patient = first > course.first_token_deadline > 0
    if first > limits.first_token and not was_patient:
        blame = FirstTokenTimeout.blame.value
        return Course(FirstTokenTimeout.outcome, blame, total=limits.first_token)
    if course.total > limits.total or course.outcome == TotalTimeout.outcome:
        return Course(TotalTimeout.outcome, TotalTimeout.blame.value, 0.0, course.first_token, limits.total)
    return course


class Forecast:
    """Knows every recorded attempt and probe of a run, by provider and time."""

    def __init__(self, requests: Sequence[RecordedRequest], signals: Sequence[Signal]) -> None:
        self._courses: dict[str, list[tuple[float, Course]]] = defaultdict(list)
        self._probes: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self._remote: dict[str, bool] = {}
        for request in requests:
            self._learn(request)
        for signal in signals:
            if signal.kind in ("ready", "loading", "unavailable"):
                self._probes[signal.provider].append((signal.tick.at, signal.kind))
        for courses in self._courses.values():
            courses.sort(key=lambda entry: entry[0])
        for probes in self._probes.values():
            probes.sort(key=lambda entry: entry[0])

    def _learn(self, request: RecordedRequest) -> None:
        admitted = [look for look in request.looks if not look.code]
        for look in request.looks:
            self._remote[look.provider] = look.is_remote
        for look, passage in zip(admitted, request.passages, strict=False):
            is_telling = passage.outcome != "cancelled" and passage.blame != Blame.NONE.value
            if is_telling:
                self._courses[look.provider].append((look.at, Course.of(passage, look.at)))

    def is_remote(self, provider: str) -> bool:
        """Whether the provider was remote when it was last looked at."""
        return self._remote.get(provider, False)

    def course(self, provider: str, at: float, request: RecordedRequest) -> tuple[Course, bool]:
        """How an attempt at `at` would have gone, and whether that is known rather than guessed."""
        admitted = [look for look in request.looks if not look.code]
        for look, passage in zip(admitted, request.passages, strict=False):
            if look.provider == provider and passage.outcome != "cancelled":
                return replace(Course.of(passage, look.at), again=False), True
        nearest = self._nearest(provider, at)
        probe = _last_before(self._probes[provider], at)
        if probe is not None and probe[1] == "unavailable" and (nearest is None or nearest[0] < probe[0]):
            return GONE, False
        return (replace(nearest[1], again=False) if nearest is not None else FINE), False

    def _nearest(self, provider: str, at: float) -> tuple[float, Course] | None:
        entries = self._courses[provider]
        if not entries:
            return None
        place = bisect_left(entries, at, key=lambda entry: entry[0])
        around = entries[max(0, place - 1) : place + 1]
        return min(around, key=lambda entry: abs(entry[0] - at))


def _last_before(entries: Sequence[tuple[float, str]], at: float) -> tuple[float, str] | None:
    place = bisect_left(entries, at, key=lambda entry: entry[0])
    return entries[place - 1] if place else None
