"""The example page in a real browser, against a real feed: served and opened as the guide says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.browser import Tab, a_browser
from tests.e2e.parts import free_port
from tests.unit.feed.feeds import TOKEN, open_feed
from timmy_desktop.events.system import SystemFault, SystemInfo
from timmy_desktop.events.tasks import TaskStarted

pytestmark = pytest.mark.parts

HOSTILE = (
    "\x1b[2J<img src=x onerror=alert(1)><script>alert(2)</script>\u202eevil\u2066 "
    "<a href='javascript:alert(3)'>a</a>\u2028\u200b"
)
STATE = "document.getElementById('state').textContent"
LINES = "[...document.querySelectorAll('#events li')].map((line) => line.textContent)"


@pytest.fixture
def origin() -> Iterator[str]:
    """Where the page is: `python3 -m http.server`, in its folder."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"],
        cwd=ROOT / "docs/guide", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        port = process.stdout.readline().split("port ")[1].split()[0]
        yield f"http://127.0.0.1:{port}"
        process.terminate()


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with a_browser(tmp_path) as opened:
        yield opened


async def follow(tab: Tab, url: str, token: str = TOKEN, types: str = "") -> None:
    """Types into the form, and presses the button."""
    await tab.open(url)
    for name, text in (("token", token), ("types", types)):
        await tab.run(f"document.getElementById('{name}').focus()")
        if text:
            await tab.order("Input.insertText", text=text)
    await tab.run("document.querySelector('button').click()")


async def test_it_follows_and_goes_on_after_a_restart(tab: Tab, origin: str, tmp_path: Path) -> None:
    port = free_port()
    url = f"{origin}/feed-example.html?port={port}"
    async with open_feed(tmp_path, feed_origins=[origin], feed_port=port) as feed:
        await follow(tab, url, types="task.*")
        await tab.until(f"{STATE} === 'Following.'")
        await feed.say(SystemInfo(source="x", message="not wanted"))
        await feed.tell(2)
        await tab.until(f"{LINES}.length === 2")
        lines = await tab.run(LINES)
        assert [line.split()[:2] for line in lines] == [["3", "task.started"], ["2", "task.started"]]
        assert await tab.run(STATE) == "Following. 2 events, up to 3."
    await tab.until(f"{STATE}.startsWith('Not connected: Timmy is closing. Trying again')")
    missed = (TaskStarted(source="test", task_id="task-1", attempt=7),)
    async with open_feed(tmp_path, before=missed, feed_origins=[origin], feed_port=port) as feed:
        await tab.until(f"{LINES}.length === 3")
        await feed.tell(1)
        await tab.until(f"{LINES}.length === 4")
        assert [line.split()[0] for line in await tab.run(LINES)] == ["5", "4", "3", "2"]
        assert await tab.run(STATE) == "Following. 4 events, up to 5."


async def test_it_is_not_let_in_and_says_what_to_look_at(tab: Tab, origin: str, tmp_path: Path) -> None:
    async with open_feed(tmp_path, feed_origins=[origin]) as feed:
        url = f"{origin}/feed-example.html?port={feed.port}"
        await follow(tab, url, token="")
        assert await tab.run("document.getElementById('token').matches(':invalid')")
        assert await tab.run(STATE) == "Not connected.", "the browser asks for the token itself"
        await follow(tab, url, token="another-token")
        await tab.until(f"{STATE}.startsWith('Not let in.')")
        assert f"feed on port {feed.port}? Is the token right?" in await tab.run(STATE)
        await follow(tab, url, token="two words")
        await tab.until(f"{STATE}.startsWith('That is no token')")
        # The very page and token, from an origin that the settings do not name.
        await follow(tab, url.replace("127.0.0.1", "localhost", 1))
        await tab.until(f"{STATE}.startsWith('Not let in.')")
        elsewhere = origin.replace("127.0.0.1", "localhost")
        assert f"Do its feed_origins name {elsewhere}?" in await tab.run(STATE)
        assert feed.server.served == 0


async def test_what_is_hostile_is_text(tab: Tab, origin: str, tmp_path: Path) -> None:
    async with open_feed(tmp_path, feed_origins=[origin]) as feed:
        await follow(tab, f"{origin}/feed-example.html?port={feed.port}")
        await tab.until(f"{STATE} === 'Following.'")
        await feed.say(
            SystemInfo(source=HOSTILE, message=HOSTILE),
            SystemFault(source="x", message=HOSTILE),
        )
        await tab.until(f"{LINES}.length === 2")
        text = await tab.run("document.body.innerText")
        inside = "document.querySelectorAll('#events img, #events a, #events script').length"
        assert await tab.run(inside) == 0
        assert "<img src=x onerror=alert(1)>" in text
        assert "\\u{202e}evil\\u{2066}" in text
        assert not {"\x1b", "\u202e", "\u2066", "\u2028", "\u200b"} & set(text)
        assert "system.error (error)" in text
        assert await tab.run("document.querySelector('#events .error') !== null")
        assert tab.asked == []
        assert [line for line in tab.said if "404" not in line] == [], "nothing but that there is no icon"


async def test_it_can_be_read_in_the_dark_and_in_a_narrow_window(
    tab: Tab, origin: str, tmp_path: Path
) -> None:
    async with open_feed(tmp_path, feed_origins=[origin]) as feed:
        await follow(tab, f"{origin}/feed-example.html?port={feed.port}")
        await tab.until(f"{STATE} === 'Following.'")
        await feed.tell(12)
        await feed.say(SystemFault(source="x", message="w" * 900), SystemInfo(source="x", message=HOSTILE))
        await tab.until(f"{LINES}.length === 14")
        for theme, width in (("light", 1000), ("dark", 420)):
            picture = tmp_path / f"{theme}.png"
            await tab.picture(picture, theme, width, 640)
            assert picture.stat().st_size > 5_000
            assert await tab.run("document.documentElement.scrollWidth <= window.innerWidth")
            colors = json.loads(
                await tab.run(
                    "JSON.stringify(['color', 'backgroundColor'].map((n) => getComputedStyle(document.body)[n]))"
                )
            )
            text, ground = map(_brightness, colors)
            assert abs(text - ground) > 450
            assert (text > ground) == (theme == "dark")


def _brightness(color: str) -> int:
    return sum(int(part) for part in color[4:-1].split(","))
