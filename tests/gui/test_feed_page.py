"""The example page's own script, run by Qt's JavaScript engine against a real feed; only the DOM is acted."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from PySide6.QtQml import QJSEngine
from PySide6.QtWidgets import QApplication
from websockets.asyncio.client import ClientConnection, connect

from tests.conditions import ROOT
from tests.unit.feed.feeds import TOKEN, OpenFeed, open_feed
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.settings import Settings

PAGE = (ROOT / "docs/guide/feed-example.html").read_text(encoding="utf-8")
ORIGIN = "http://127.0.0.1:8000"
# As much of a browser as the page asks for.
BROWSER = """
const elements = {}, sockets = [], timers = [];
function element() {
  const made = {value: "", textContent: "", className: "", children: []};
  made.append = (...parts) => { made.textContent += parts.map((part) => part.textContent).join(""); };
  made.prepend = (child) => { child.remove = () => made.children.pop(); made.children.unshift(child); };
  Object.defineProperty(made, "childElementCount", {get: () => made.children.length});
  Object.defineProperty(made, "lastChild", {get: () => made.children[made.children.length - 1]});
  return made;
}
const location = {search: "", origin: "http://127.0.0.1:8000"};
const document = {
  getElementById: (id) => elements[id] ?? (elements[id] = element()),
  createElement: () => element(),
};
function WebSocket(url, protocols) { this.url = url; this.protocols = protocols; this.sent = []; sockets.push(this); }
WebSocket.prototype.send = function (text) { this.sent.push(text); };
WebSocket.prototype.close = function () { this.closed = true; };
function setTimeout(work) { timers.push(work); }
const newest = () => sockets[sockets.length - 1];
"""
# A script that Qt evaluates sees of another one what is global, and nothing else.
SEEN = """
Object.assign(this, {elements, sockets, timers, document, newest, rewind: (seq) => { after = seq; }});
"""


class Page:
    """The page in a browser that does as told."""

    def __init__(self) -> None:
        self._engine = QJSEngine()
        [script] = re.findall(r"<script>(.*?)</script>", PAGE, re.DOTALL)
        self.run(f"{BROWSER}{script}{SEEN}")

    def run(self, script: str) -> Any:
        found = self._engine.evaluate(script)
        assert not found.isError(), f"{found.toString()} in line {found.property('lineNumber').toInt()}"
        return found.toVariant()

    def follow(self, types: str = "") -> None:
        """Fills the form in and sends it."""
        self.run('["token", "types", "state", "events"].forEach(document.getElementById)')
        self.run(f"elements.token.value = ' {TOKEN} '; elements.types.value = '{types}'")
        self.run("elements.form.onsubmit({preventDefault: () => null})")

    def hear(self, message: str) -> dict[str, Any]:
        """Gives a message of the feed to the page."""
        self.run(f"newest().onmessage({{data: {json.dumps(message)}}})")
        values: dict[str, Any] = json.loads(message)
        return values

    @property
    def lines(self) -> list[str]:
        """What it shows, the newest first."""
        found: list[str] = json.loads(
            self.run("JSON.stringify(elements.events.children.map(c => c.textContent))")
        )
        return found

    @property
    def state(self) -> str:
        return str(self.run("elements.state.textContent"))

    @property
    def wish(self) -> str:
        """What it asked for last."""
        return str(self.run("newest().sent[newest().sent.length - 1]"))


@asynccontextmanager
async def as_the_page(page: Page, feed: OpenFeed) -> AsyncIterator[ClientConnection]:
    """Connects as a browser does for the page: from its origin, with the subprotocols that it names."""
    protocols = json.loads(page.run("JSON.stringify(newest().protocols)"))
    async with connect(
        feed.url,
        origin=ORIGIN,
        subprotocols=protocols,
        compression=None,
        proxy=None,  # type: ignore[arg-type]
    ) as client:
        assert client.subprotocol == protocols[0]
        page.run("newest().onopen()")
        yield client


async def subscribe(page: Page, client: ClientConnection) -> None:
    assert page.hear(str(await client.recv()))["kind"] == "hello"
    await client.send(page.wish)
    assert page.hear(str(await client.recv()))["kind"] == "subscribed"


async def test_the_page_follows_filters_and_goes_on_where_it_was(qapp: QApplication, tmp_path: Path) -> None:
    del qapp
    page = Page()
    async with open_feed(tmp_path, feed_origins=[ORIGIN]) as feed:
        page.follow("task.* bid.submitted")
        assert page.run("newest().url") == f"ws://127.0.0.1:{Settings().feed_port}/feed"
        async with as_the_page(page, feed) as client:
            await subscribe(page, client)
            assert json.loads(page.wish) == {
                "op": "subscribe",
                "include": ["task.*", "bid.submitted"],
                "after": 0,
            }
            await feed.say(SystemInfo(source="x", message="not wanted"))
            await feed.tell(2)
            while len(page.lines) < 2:
                page.hear(str(await client.recv()))
        assert [line.split()[:2] for line in page.lines] == [["3", "task.started"], ["2", "task.started"]]
        assert page.state == "Following. 2 events, up to 3."
        page.run("newest().onclose({reason: 'Timmy is closing'})")
        assert page.state == "Not connected: Timmy is closing. Trying again."
        await feed.tell(2)
        page.run("timers.pop()()")
        async with as_the_page(page, feed) as client:
            await subscribe(page, client)
            assert json.loads(page.wish)["after"] == 3, "what came meanwhile is asked for"
            while len(page.lines) < 4:
                page.hear(str(await client.recv()))
    assert page.run("sockets.length") == 2


async def test_what_was_folded_or_is_gone_is_told_and_hostile_text_is_inert(
    qapp: QApplication, tmp_path: Path
) -> None:
    del qapp
    page, hostile = Page(), "\x1b[2J<img src=x onerror=alert(1)>\u202eevil"
    async with open_feed(
        tmp_path, feed_origins=[ORIGIN], activity_feed_buffer=10, websocket_event_throttle=2
    ) as feed:
        page.follow()
        async with as_the_page(page, feed) as client:
            await subscribe(page, client)
            for _ in range(30):
                await feed.tell(29)
            await feed.say(SystemInfo(source="x", message=hostile))
            while not page.lines or "img" not in page.lines[0]:
                page.hear(str(await client.recv()))
            assert "\\u{202e}evil" in page.lines[0]
        told = page.state
        assert any(" events folded: " in line for line in page.lines)
        assert f"up to {30 * 29 + 1}" in told
        assert f"Following. {30 * 29 + 1} events" in told, "none is left out of the count"
        assert not {"\x1b", "\u202e"} & set("".join(page.lines))
        page.run("newest().onclose({}); rewind(3); timers.pop()()")
        async with as_the_page(page, feed) as client:
            await subscribe(page, client)
        assert any(line.startswith("Events 4 to ") for line in page.lines)


async def test_another_log_begins_anew_and_a_fault_is_shown(qapp: QApplication) -> None:
    del qapp
    page = Page()
    page.follow()
    page.hear('{"kind": "hello", "log_id": "a", "last_seq": 9}')
    page.hear('{"kind": "events", "seq": 12, "events": []}')
    page.hear('{"kind": "hello", "log_id": "b", "last_seq": 2}')
    assert json.loads(page.wish)["after"] == 2
    page.hear('{"kind": "error", "text": "What is that?"}')
    assert page.lines == ["What is that?"]
    page.hear('{"kind": "of a later protocol"}')


def test_the_page_lets_nothing_else_in() -> None:
    assert "default-src 'none'" in PAGE
    assert "innerHTML" not in PAGE
    assert not re.findall(r"""(?:src|href)=["']?\w+:""", PAGE)
