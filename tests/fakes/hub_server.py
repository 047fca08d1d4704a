"""A model hub as it behaves on bad days: redirects to its blobs, breaks off, forgets ranges, sends what is wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tests.fakes.http_server import Exchange, HttpServer, Request


@dataclass
class HubServer(HttpServer):
    """Serves `content` under every path; `cut_at` are the bytes after which each next answer breaks off."""

    content: bytes = b"GGUF" + bytes(range(256)) * 4000
    cut_at: tuple[int, ...] = ()
    has_ranges: bool = True
    states_checksum: bool = True
    is_corrupt: bool = False
    leads_to: str = ""
    hangs_after: int | None = None
    is_missing: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def ranges(self) -> list[str]:
        """The ranges that were asked for, "" for the whole."""
        blobs = [request for request in self.requests if request.path == "/blob"]
        return [request.headers.get("range", "") for request in blobs]

    async def answer(self, request: Request, exchange: Exchange) -> None:
        if self.is_missing:
            await exchange.send(404, b"")
        elif request.method == "HEAD":
            stated = {"X-Linked-Etag": f'"{self.sha256}"'} if self.states_checksum else {"ETag": '"abc"'}
            headers = {"X-Linked-Size": str(len(self.content)), "Location": "/blob", **stated}
            await exchange.send(302, b"", **headers)
        elif request.path != "/blob":
            await exchange.send(302, b"", Location=self.leads_to or "/blob")
        else:
            await self._blob(request, exchange)

    async def _blob(self, request: Request, exchange: Exchange) -> None:
        content = self.content[:-1] + b"!" if self.is_corrupt else self.content
        asked = request.headers.get("range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.has_ranges else 0
        rest = content[start:]
        headers = {"Content-Length": str(len(rest))}
        if asked and self.has_ranges:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if self.cut_at:
            cut, self.cut_at = self.cut_at[0], self.cut_at[1:]
            rest = rest[:cut]
        await exchange.send(206 if "Content-Range" in headers else 200, rest[: self.hangs_after], **headers)
        if self.hangs_after is not None:
            await exchange.hang()
            self.hung_up += 1
