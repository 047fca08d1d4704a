"""Whether a silent Ollama loads a model or hangs, by what it says is in its memory.

A model on its way there is on the list already. While it loads, some versions don't give the list at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

LISTED_WITHIN_SECONDS = 30.0  # it makes room and reads the file's head before it lists the model


class Loaded(NamedTuple):
    """One entry of /api/ps: the context it has (0: unknown), and until when it stays (None: unknown)."""

    context_tokens: int = 0
    until_us: int | None = None


class Loads:
    """Which models answer at once, and which a request of ours still waits for."""

    def __init__(self, *, monotonic: Callable[[], float], now_us: Callable[[], int]) -> None:
        self._monotonic = monotonic
        self._now_us = now_us
        self._hot: dict[str, int | None] = {}
        self._contexts: dict[str, int] = {}
        self._waiting: Counter[str] = Counter()
        self._since: dict[str, float] = {}
        self._listed: Mapping[str, Loaded] | None = {}

    def context_of(self, model: str) -> int:
        """The longest context that `model` was ever loaded with, as far as is known."""
        return self._contexts.get(model, 0)

    def asked(self, model: str, context_tokens: int) -> None:
        """A request for `model` goes out; another context than it has, or a long rest, means a load."""
        until = self._hot.get(model)
        has_left = until is not None and until <= self._now_us()
        if has_left or context_tokens > self.context_of(model) > 0:
            self._hot.pop(model, None)
        self._contexts[model] = max(context_tokens, self.context_of(model))
        self._waiting[model] += 1
        self._since.setdefault(model, self._monotonic())

    def spoke(self, model: str) -> None:
        """It answered: what waited for it waits no more."""
        self.gave_up(model)
        self._hot[model] = None

    def gave_up(self, model: str) -> None:
        """A request stopped waiting for it."""
        self._waiting[model] -= 1
        if self._waiting[model] <= 0:
            del self._waiting[model]
            self._since.pop(model, None)

    def seen(self, listed: Mapping[str, Loaded] | None) -> None:
        """What Ollama says is in memory or on its way there; None: it says that it runs, but not this."""
        self._listed = listed
        if listed is None:
            return
        self._hot = {name: listed[name].until_us for name in self._hot if name in listed}
        for name, entry in listed.items():
            self._contexts[name] = max(self.context_of(name), entry.context_tokens)
            if name not in self._waiting:
                self._hot[name] = entry.until_us

    def is_hot(self, model: str) -> bool:
        """Whether it is in memory."""
        return model in self._hot

    @property
    def under_way(self) -> str:
        """The model that is waited for and that Ollama loads, or makes room for; empty when there is none."""
        return next((name for name in self._waiting if not self.is_hot(name) and self._may_load(name)), "")

    @property
    def silent(self) -> str:
        """A model that is waited for although nothing is being loaded; empty when there is none."""
        return next((name for name in self._waiting if not (self.is_hot(name) or self._may_load(name))), "")

    def _may_load(self, name: str) -> bool:
        # Another model there: it may have to go first, once it has finished what it does.
        says_so = self._listed is None or bool(self._listed)
        return says_so or self._monotonic() - self._since[name] < LISTED_WITHIN_SECONDS
