"""What paid providers may cost: a day's budget and a task's cap, reserved before a call and settled after.

Money is integer microcents, 1e-8 of a dollar, so that a token at any price is a whole number of something.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from timmy_desktop.clock import Clock
from timmy_desktop.routing.context import estimate, estimate_text
from timmy_desktop.routing.types import CompletionRequest, Usage

MICROCENTS_A_DOLLAR = 100_000_000
MOST_MICROCENTS = 2**53  # ninety million dollars; no server's absurd count makes it more
_MILLION = 1_000_000
_MOST_TASKS = 10_000
# Nothing was generated: the server was not reached, or it refused before it began.
_FREE_OUTCOMES = frozenset(
    {
        "refused",
        "connect_timeout",
        "rate_limited",
        "bad_key",
        "bad_request",
        "context_too_long",
        "local_only",
        "model_missing",
        "not_configured",
    }
)


class Price(NamedTuple):
    """Microcents for a million tokens."""

    input: int = 0
    output: int = 0

    def of(self, tokens_in: int, tokens_out: int) -> int:
        """Microcents, rounded up and MOST_MICROCENTS at most."""
        cost = -(-(tokens_in * self.input + tokens_out * self.output) // _MILLION)
        return min(cost, MOST_MICROCENTS)


@dataclass(frozen=True, slots=True)
class Spent:
    """What an attempt of today, or of a task, has cost."""

    provider: str
    task_id: str
    microcents: int
    is_today: bool


class Charge:
    """What costs nothing. Of what does, see PaidCharge."""

    reserved = 0
    cost = 0

    def settle(self, outcome: str, usage: Usage, text: str) -> int:
        """The cost in microcents, by the provider's own count or by estimate where it gave none."""
        del outcome, usage, text
        return 0

    @property
    def words(self) -> str:
        """What it meant for the budget."""
        return "Free: a local model, or one without a price."


FREE = Charge()


class PaidCharge(Charge):
    """One attempt's reservation; `settle` ends it, once."""

    def __init__(self, budget: Budget, provider: str, request: CompletionRequest, price: Price) -> None:
        self._budget = budget
        self._provider = provider
        self._task_id = request.task_id
        self._price = price
        self._tokens_in = estimate(request)
        self.reserved = price.of(self._tokens_in, request.max_tokens)
        self._is_open = True
        self.cost = 0

    def settle(self, outcome: str, usage: Usage, text: str) -> int:
        """See Charge."""
        if not self._is_open:
            return self.cost
        self._is_open = False
        if outcome in _FREE_OUTCOMES:
            self.cost = 0
        else:
            tokens_in, tokens_out = (
                usage.tokens_in or self._tokens_in,
                usage.tokens_out or estimate_text(text),
            )
            self.cost = self._price.of(tokens_in, tokens_out)
        self._budget._settled(self._provider, self._task_id, self.reserved, self.cost)
        return self.cost

    @property
    def words(self) -> str:
        """See Charge."""
        daily = dollars(self._budget.daily)
        spent = dollars(self._budget.spent_today())
        reserved = dollars(self.reserved)
        return f"{dollars(self.cost)} of up to {reserved} reserved; today {spent} of {daily} is spent."


class Budget:
    """Keeps count; local providers and those without a price are free."""

    def __init__(
        self,
        *,
        clock: Clock,
        daily_microcents: int = MICROCENTS_A_DOLLAR,
        task_microcents: int = MICROCENTS_A_DOLLAR,
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        """`prices` by provider; those of local providers are to be left out."""
        self.daily = daily_microcents
        self._task_cap = task_microcents
        self._prices = {name: price for name, price in (prices or {}).items() if any(price)}
        self._clock = clock
        self._day = 0
        self._today: dict[str, int] = defaultdict(int)
        self._tasks: OrderedDict[str, int] = OrderedDict()
        self._reserved = 0
        self._reserved_by_task: dict[str, int] = defaultdict(int)

    def restore(self, spent: Iterable[Spent]) -> None:
        """Counts what was spent before this start."""
        self._turn_day()
        for entry in spent:
            if entry.is_today:
                self._today[entry.provider] += entry.microcents
            if entry.task_id:
                self._tasks[entry.task_id] = self._tasks.get(entry.task_id, 0) + entry.microcents

    def spent_today(self, provider: str | None = None) -> int:
        """Microcents since midnight, of one provider or of all."""
        self._turn_day()
        return sum(self._today.values()) if provider is None else self._today.get(provider, 0)

    def refusal(self, provider: str, request: CompletionRequest) -> str:
        """Why `request` can't be paid for, in words; empty when it can, or is free."""
        price = self._prices.get(provider)
        if price is None:
            return ""
        worst = price.of(estimate(request), request.max_tokens)
        spent = self.spent_today()
        if spent + self._reserved + worst > self.daily:
            return (
                f"the daily budget of {dollars(self.daily)} does not allow it: {dollars(spent)} is spent and "
                f"this call may cost up to {dollars(worst)}. Raise it in Preferences, or wait until tomorrow."
            )
        if not request.task_id:
            return ""
        of_task = self._tasks.get(request.task_id, 0)
        if of_task + self._reserved_by_task.get(request.task_id, 0) + worst > self._task_cap:
            return (
                f"the cap of {dollars(self._task_cap)} for one task does not allow it: {dollars(of_task)} is "
                f"spent and this call may cost up to {dollars(worst)}. Raise it in Preferences."
            )
        return ""

    def reserve(self, provider: str, request: CompletionRequest) -> Charge:
        """Holds the most that `request` can cost until it is settled; in the same turn as `refusal`."""
        price = self._prices.get(provider)
        if price is None:
            return FREE
        charge = PaidCharge(self, provider, request, price)
        self._reserved += charge.reserved
        if request.task_id:
            self._reserved_by_task[request.task_id] += charge.reserved
        return charge

    def _settled(self, provider: str, task_id: str, reserved: int, cost: int) -> None:
        self._turn_day()
        self._reserved -= reserved
        if cost:
            self._today[provider] += cost
        if not task_id:
            return
        self._reserved_by_task[task_id] -= reserved
        if not self._reserved_by_task[task_id]:
            del self._reserved_by_task[task_id]
        self._tasks[task_id] = self._tasks.get(task_id, 0) + cost
        while len(self._tasks) > _MOST_TASKS:
            self._tasks.popitem(last=False)

    def _turn_day(self) -> None:
        day = local_day(self._clock.now_us())
        if day != self._day:
            self._day = day
            self._today.clear()


def local_day(time_us: int) -> int:
    """The person's own day, as a number that changes at midnight."""
    moment = time.localtime(time_us // _MILLION)
    return moment.tm_year * 1000 + moment.tm_yday


def dollars(microcents: int) -> str:
    """`microcents` as dollars, with two to eight places."""
    sign = "-" if microcents < 0 else ""
    whole, part = divmod(abs(microcents), MICROCENTS_A_DOLLAR)
    places = f"{part:08d}".rstrip("0").ljust(2, "0")
    return f"{sign}${whole:,}.{places}"
