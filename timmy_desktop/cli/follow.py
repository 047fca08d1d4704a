"""`timmy-desktop follow`: the live feed of a running Timmy, line by line on a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from timmy_desktop.cli.session import EXPECTED_ERRORS, complain, load, print_json, run
from timmy_desktop.feed.errors import FeedError
from timmy_desktop.feed.follower import Following
from timmy_desktop.feed.selection import Selection
from timmy_desktop.feed.token import find_token
from timmy_desktop.inert import inert_line
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Secrets

_MOST_CHARACTERS = 400
_SHOWN_TYPES = 4
_NOT_YET = (
    "There is no token yet. Switch the feed on (Preferences, Feed, or feed_enabled = true in "
    "settings.toml) and start Timmy; it makes one."
)


def follow(options: argparse.Namespace) -> int:
    """0: ended as asked; 1: refused; 2: it can't be followed. Ctrl+C ends it."""
    try:
        settings, paths = load(options)
        token = _token(paths)
        if options.print_token:
            print(token)
            return 0
        following = Following(
            host=settings.feed_host,
            port=options.port or settings.feed_port,
            token=token,
            selection=_selection(options),
            after=options.after,
        )
        printer = Printer(as_json=options.json, most=options.count)
        return run(_follow(following, printer))
    except FeedError as error:
        complain(error, options.json)
        return 1
    except EXPECTED_ERRORS as error:
        complain(error, options.json)
        return 2


def _token(paths: Paths) -> str:
    found = find_token(paths.data_dir, Secrets())
    if found is None:
        raise FeedError(_NOT_YET)
    return found.get_secret_value()


async def _follow(following: Following, printer: Printer) -> int:
    await following.run(printer.show, printer.lost)
    return 0


def _selection(options: argparse.Namespace) -> Selection:
    return Selection(
        include=frozenset(options.include),
        exclude=frozenset(options.exclude),
        tasks=frozenset(options.task),
        agents=frozenset(options.agent),
        sources=frozenset(options.source),
    )


class Printer:
    """Prints what the feed says. Nothing in it can steer the terminal, whoever wrote it."""

    def __init__(self, *, as_json: bool = False, most: int = 0) -> None:
        """`most`: ends after so many events; 0 never."""
        self._as_json, self._most, self._seen = as_json, most, 0

    def show(self, message: dict[str, Any]) -> bool:
        """False after the last event that was asked for."""
        if self._as_json:
            print_json(message)
        else:
            events = message.get("events")
            if self._most and isinstance(events, list):
                message = {**message, "events": events[: self._most - self._seen]}
            for line in lines_of(message):
                print(line)
        sys.stdout.flush()
        events = message.get("events")
        self._seen += len(events) if isinstance(events, list) else 0
        return not self._most or self._seen < self._most

    def lost(self, why: str) -> None:
        """The connection broke, and is looked for again."""
        print(f"({inert_line(why, 200)}; trying again)", file=sys.stderr)


def lines_of(message: Mapping[str, Any]) -> list[str]:
    """A message of the feed as lines for a person."""
    kind = message.get("kind")
    if kind == "subscribed":
        return _gap_lines(message.get("gap"))
    if kind != "events":
        return []
    events = message.get("events")
    lines = [_line(event) for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    return [*_folded_lines(message.get("folded")), *lines]


def _gap_lines(gap: Any) -> list[str]:
    if not isinstance(gap, dict):
        return []
    first, last = _number(gap.get("first_seq")), _number(gap.get("last_seq"))
    return [f"(events {first} to {last} are not here: {inert_line(str(gap.get('text', '')), 200)})"]


def _folded_lines(folded: Any) -> list[str]:
    if not isinstance(folded, dict) or not isinstance(folded.get("by_type"), dict):
        return []
    counts = sorted(folded["by_type"].items(), key=lambda pair: -_number(pair[1]))
    named = [f"{inert_line(str(name), 60)} {_number(number)}" for name, number in counts[:_SHOWN_TYPES]]
    more = ", …" if len(counts) > _SHOWN_TYPES else ""
    return [f"({_number(folded.get('count'))} events folded here: {', '.join(named)}{more})"]


def _line(event: Mapping[str, Any]) -> str:
    fields = {name: event.get(name) for name in ("task_id", "agent_id") if event.get(name)}
    data = event.get("data")
    fields |= data if isinstance(data, dict) else {}
    text = json.dumps(fields, ensure_ascii=False, default=str)
    name = inert_line(str(event.get("type", "")), 60)
    line = f"{_number(event.get('seq'))} {_time(event.get('time_us'))} {name} {text}"
    return inert_line(line, _MOST_CHARACTERS)


def _time(value: Any) -> str:
    try:
        return datetime.fromtimestamp(_number(value) / 1e6, UTC).strftime("%H:%M:%S.%f")[:-3]
    except (OverflowError, ValueError, OSError):
        return "--:--:--.---"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
