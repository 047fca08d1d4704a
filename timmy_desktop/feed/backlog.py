"""What the feed remembers: the last events, each encoded once however many clients it goes to."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence

import orjson

from timmy_desktop.events.base import EventRecord, UnknownEvent
from timmy_desktop.events.codec import encode_data
from timmy_desktop.feed.messages import Gap, event_bytes
from timmy_desktop.feed.open_event import Openness
from timmy_desktop.feed.redaction import shortened
from timmy_desktop.feed.selection import Selection

# What one event may take of a frame; a value of a megabyte is in the log, and here is its beginning.
MOST_BYTES = 8_000
_TEXTS = (2_000, 400, 100, 20)
_READ_BYTES, _READ_TEXT, _MOST_READ = 32_000, 8_000, 8_000_000
_ENCODED = 2_000


class Backlog:
    """The last `size` events of the log, whoever wanted them."""

    def __init__(self, size: int, openness: Openness) -> None:
        self.last_seq = 0
        """The newest event that was dispatched."""
        self._ring: deque[EventRecord] = deque(maxlen=size)
        self._openness = openness
        self._encoded: OrderedDict[int, bytes] = OrderedDict()

    def put(self, records: Sequence[EventRecord]) -> None:
        """These came, in order."""
        for record in records:
            event = record.event
            if event.task_id and getattr(event, "local_only", False) is True:
                self._openness.note_task(event.task_id)
        self._ring.extend(records)
        self.last_seq = records[-1].seq

    def since(self, after: int, selection: Selection) -> tuple[list[EventRecord], Gap | None]:
        """What is still here of what came after a number, and what is not."""
        found = [record for record in self._ring if record.seq > after and selection.passes(record)]
        return found, self._gap(after)

    def encoded(self, record: EventRecord) -> bytes:
        """The event as a frame carries it: opened, at most 8,000 bytes, ASCII."""
        known = self._encoded.get(record.seq)
        if known is None:
            known = self._encoded[record.seq] = _encode(record, self._openness)
            if len(self._encoded) > _ENCODED:
                self._encoded.popitem(last=False)
        return known

    def type_name(self, record: EventRecord) -> str:
        """The type as it is counted under; one that nobody here gave is foreign text."""
        if not isinstance(record.event, UnknownEvent):
            return record.type
        return str(shortened(self._openness.redactor.text(record.type), 80))

    def _gap(self, after: int) -> Gap | None:
        if after > self.last_seq:
            text = "The log does not reach as far as that: it is another log, or was restored."
            return Gap(self.last_seq + 1, after, text)
        first = self._ring[0].seq if self._ring else self.last_seq + 1
        if after + 1 >= first:
            return None
        text = "These are no longer kept for the feed; the log has them."
        return Gap(after + 1, first - 1, text)


def _encode(record: EventRecord, openness: Openness) -> bytes:
    event = record.event
    redact = openness.redactor.text
    envelope = {
        "seq": record.seq,
        "time_us": record.time_us,
        "type": shortened(redact(record.type), 80),
        "version": event.type_version if isinstance(event, UnknownEvent) else event.version,
        "severity": event.severity,
        "source": shortened(redact(event.source), 200),
        "task_id": shortened(redact(event.task_id), 200),
        "agent_id": shortened(redact(event.agent_id), 200),
    }
    data = openness.data(record.type, event.task_id, _data(record))
    whole = event_bytes({**envelope, "data": data})
    if len(whole) <= MOST_BYTES:
        return whole
    for most in _TEXTS:
        cut = event_bytes({**envelope, "cut": True, "data": shortened(data, most)})
        if len(cut) <= MOST_BYTES:
            return cut
    return event_bytes({**envelope, "cut": True, "data": {}})


def _data(record: EventRecord) -> dict[str, object]:
    encoded = encode_data(record.event)
    found = orjson.loads(encoded)
    values = found if isinstance(found, dict) else {"value": found}
    if len(encoded) > _READ_BYTES:
        # Far beyond what is shown, so that no secret is cut where it would be seen; the loop must not wait.
        values = shortened(values, _READ_TEXT)
    return values if len(encoded) <= _MOST_READ else shortened(values, _READ_TEXT // 40)
