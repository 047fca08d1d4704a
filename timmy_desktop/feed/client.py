"""One client of the feed: what waits for it, folded where it is too much, sent as often as it may be."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence

from timmy_desktop.events.base import EventRecord
from timmy_desktop.feed.backlog import Backlog
from timmy_desktop.feed.errors import GoneError
from timmy_desktop.feed.messages import TOO_SLOW, Subscribe, events_frame, subscribed
from timmy_desktop.feed.selection import Selection

FRAME_BYTES = 256_000
"""A frame of events ends at the first event past this."""
MOST_TYPES = 64
OTHERS = "(others)"

Send = Callable[[str], Awaitable[None]]
Monotonic = Callable[[], float]


class Client:
    """Holds at most `room` events and a count for each type: a client that does not read costs no more."""

    def __init__(
        self,
        *,
        backlog: Backlog,
        send: Send,
        monotonic: Monotonic,
        room: int,
        throttle: int,
        send_within_s: float,
    ) -> None:
        self.selection: Selection | None = None
        """None until it has subscribed."""
        self._backlog, self._send, self._monotonic = backlog, send, monotonic
        self._room, self._interval, self._send_within_s = room, 1 / throttle, send_within_s
        self._replies: deque[str] = deque()
        self._pending: deque[EventRecord] = deque()
        self._folded: Counter[str] = Counter()
        self._folded_first = self._folded_last = 0
        self._wake = asyncio.Event()
        self._next_at = monotonic()

    @property
    def waiting(self) -> int:
        """Events that are held for it."""
        return len(self._pending)

    def reply(self, text: str) -> None:
        """Answers it, before any event that waits."""
        self._replies.append(text)
        self._wake.set()

    def subscribe(self, wish: Subscribe) -> None:
        """From now on it gets this, and first what it asked to have again."""
        self.selection = wish.selection
        last = self._backlog.last_seq
        if wish.after is None:
            self.reply(subscribed(after=last, replayed=0, gap=None))
            return
        records, gap = self._backlog.since(wish.after, wish.selection)
        self._pending.clear()
        self._folded.clear()
        self.reply(subscribed(after=wish.after, replayed=len(records), gap=gap))
        self.take(records)

    def take(self, records: Sequence[EventRecord]) -> None:
        """These are for it; what there is no room for is folded, the oldest first."""
        if not records:
            return
        self._pending.extend(records)
        while len(self._pending) > self._room:
            self._fold(self._pending.popleft())
        self._wake.set()

    async def run(self) -> None:
        """Sends until the client has gone, which is GoneError; it says why where it was this side's doing."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(max(0.0, self._next_at - self._monotonic()))
            frame = self._next_frame()
            self._next_at = self._monotonic() + self._interval
            try:
                async with asyncio.timeout(self._send_within_s):
                    await self._send(frame)
            except TimeoutError:
                raise GoneError(TOO_SLOW, f"nothing was read for {self._send_within_s:g} seconds") from None

    def _next_frame(self) -> str:
        frame = self._replies.popleft() if self._replies else self._events()
        if not (self._replies or self._pending or self._folded):
            self._wake.clear()
        return frame

    def _events(self) -> str:
        events, size = [], 0
        seq = self._folded_last
        while self._pending and size < FRAME_BYTES:
            record = self._pending.popleft()
            events.append(self._backlog.encoded(record))
            size, seq = size + len(events[-1]), record.seq
        folded, self._folded = self._folded, Counter()
        return events_frame(
            seq=seq if self._pending else max(seq, self._backlog.last_seq),
            events=events,
            folded=folded,
            first_seq=self._folded_first,
            last_seq=self._folded_last,
        )

    def _fold(self, record: EventRecord) -> None:
        name = self._backlog.type_name(record)
        if name not in self._folded and len(self._folded) >= MOST_TYPES:
            name = OTHERS
        if not self._folded:
            self._folded_first = record.seq
        self._folded[name] += 1
        self._folded_last = record.seq
