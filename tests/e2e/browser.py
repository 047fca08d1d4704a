"""A real browser without a screen, driven by the protocol that its own developer tools speak."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.conditions import require_browser
from tests.e2e.display import until

_STARTED_WITHIN_S, _POLL_S, _LOOKS = 60.0, 0.05, 400
# As root, on a machine without a screen, and without a word to anybody outside.
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost", "--remote-debugging-port=0",
)  # fmt: skip


@dataclass
class Tab:
    """The one page that is open; `said` is what it wrote on its console, and `asked` what it put up as dialogs."""

    socket: ClientConnection
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def order(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Its answer; what happens meanwhile is noted."""
        number = next(self._numbers)
        await self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(await self.socket.recv())
            if message.get("id") == number:
                assert "error" not in message, message
                found: dict[str, Any] = message["result"]
                return found
            self._note(message)

    async def open(self, url: str) -> None:
        for domain in ("Page", "Runtime", "Log"):
            await self.order(f"{domain}.enable")
        await self.order("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def run(self, script: str) -> Any:
        """The value of a script; what it throws fails the test."""
        found = await self.order("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, script: str) -> None:
        """Until a script is true of the page."""
        for _ in range(_LOOKS):
            if await self.run(script):
                return
            await asyncio.sleep(_POLL_S)
        pytest.fail(f"never so: {script}; the page: {await self.run('document.body.innerText')}; {self.said}")

    async def picture(self, file: Path, theme: str, width: int, height: int) -> None:
        """What a person would see, as a PNG."""
        await self.order(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}]
        )
        await self.order(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        found = await self.order("Page.captureScreenshot", format="png")
        await asyncio.to_thread(file.write_bytes, base64.b64decode(found["data"]))

    def _note(self, message: dict[str, Any]) -> None:
        values = message.get("params", {})
        if message["method"] == "Page.javascriptDialogOpening":
            self.asked.append(values["message"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.said.append(str(values["exceptionDetails"]))
        elif message["method"] == "Log.entryAdded":
            self.said.append(values["entry"]["text"])


@asynccontextmanager
async def a_browser(folder: Path) -> AsyncIterator[Tab]:
    """With an empty profile in `folder`."""
    profile = folder / "profile"
    process = _started(profile)
    try:
        url = await asyncio.to_thread(_tab_url, profile / "DevToolsActivePort", process)
        async with connect(url, max_size=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


def _started(profile: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [require_browser(), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _tab_url(told: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the tab listens: the browser writes its port into its profile and names its tabs when asked."""
    until(
        lambda: told.exists() and "\n" in told.read_text() and process.poll() is None,
        _STARTED_WITHIN_S,
        lambda: f"the browser listens; it ended with {process.poll()}",
    )
    found: list[str] = []

    def look() -> list[str]:
        tabs = httpx.get(f"http://127.0.0.1:{told.read_text().split()[0]}/json/list", trust_env=False).json()
        found[:] = [tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"]
        return found

    until(look, _STARTED_WITHIN_S, lambda: "the browser has a tab")
    return found[0]
