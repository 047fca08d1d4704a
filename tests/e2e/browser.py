"""A real browser without a screen, driven by the protocol that its own developer tools speak."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.conditions import require_browser

_STARTED_WITHIN_S, _TRUE_WITHIN_S = 60.0, 20.0
_POLL_S = 0.05
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
        with suppress(TimeoutError):
            async with asyncio.timeout(_TRUE_WITHIN_S):
                while not await self.run(script):
                    await asyncio.sleep(_POLL_S)
                return
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
        file.write_bytes(base64.b64decode(found["data"]))

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
    process = subprocess.Popen(
        [require_browser(), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with connect(await _tab_url(profile / "DevToolsActivePort", process), max_size=None) as socket:  # noqa: SIM117
            yield Tab(socket)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def _tab_url(told: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the tab listens: the browser writes its port into its profile and names its tabs when asked."""
    async with asyncio.timeout(_STARTED_WITHIN_S):
        while not told.exists() or "\n" not in told.read_text():
            assert process.poll() is None, "the browser ended at once"
            await asyncio.sleep(_POLL_S)
        port = told.read_text().split()[0]
        while True:
            tabs = await asyncio.to_thread(_asked, f"http://127.0.0.1:{port}/json/list")
            found = [tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"]
            if found:
                return str(found[0])
            await asyncio.sleep(_POLL_S)


def _asked(url: str) -> list[dict[str, Any]]:
    import httpx

    found: list[dict[str, Any]] = httpx.get(url, trust_env=False).json()
    return found
