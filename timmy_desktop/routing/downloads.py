"""Fetches a large file from a hub: resumable, where there is room, checked against what the hub states."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from urllib.parse import urljoin, urlsplit

import httpx

from timmy_desktop.inert import inert_line
from timmy_desktop.routing.airllm_folder import gigabytes
from timmy_desktop.routing.errors import RouterError
from timmy_desktop.routing.partial_file import PartialFile
from timmy_desktop.routing.providers.base import is_this_machine, place_of

SPARE_BYTES = 200_000_000  # left for the rest of the machine
MOST_REDIRECTS = 5
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)


class DownloadError(RouterError):
    """The file could not be fetched; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the hub says of a file before it is fetched."""

    sha256: str
    size: int


class Download:
    """One file on its way to `target`."""

    def __init__(self, url: str, target: Path, client: httpx.AsyncClient | None = None) -> None:
        local = is_this_machine(url)
        self._url = url
        self._target = target
        self._client = client or httpx.AsyncClient(timeout=_TIMEOUT, trust_env=not local)
        self._partial = PartialFile(target)
        self._place = place_of(url)
        self._schemes = ("https", "http") if local else ("https",)

    async def run(self) -> AsyncGenerator[tuple[int, int], None]:
        """Bytes there and bytes in all, as they come. Raises DownloadError.

        Closed or cancelled early, what has come is kept, and the next run goes on from there.
        """
        async with self._client:
            try:
                stated = await self._stated()
                if not await asyncio.to_thread(self._partial.open, stated.sha256):
                    raise DownloadError(f"{self._target.name} is being fetched already, in another process.")
                self._check_room(stated)
                async with aclosing(self._pieces(stated)) as pieces:
                    async for done in pieces:
                        yield done, stated.size
                await self._finish(stated)
            except OSError as error:
                raise DownloadError(
                    f"{self._target} can't be written: {error.strerror}. Free some space or check its folder."
                ) from error
            finally:
                self._partial.close()

    async def _stated(self) -> Stated:
        """The checksum and size: the hub's own word, taken before any redirect leads elsewhere."""
        try:
            answer = await self._client.head(self._url, headers={"Accept-Encoding": "identity"})
        except httpx.HTTPError as error:
            raise DownloadError(
                f"{self._place} can't be reached. Check the network; then try again."
            ) from error
        if answer.status_code >= 400:
            raise DownloadError(f"{self._place} does not give {self._target.name} ({answer.status_code}).")
        sha256 = (
            (answer.headers.get("x-linked-etag") or answer.headers.get("etag") or "").strip('W/"').lower()
        )
        size = answer.headers.get("x-linked-size") or answer.headers.get("content-length") or ""
        if not _SHA256.fullmatch(sha256) or not size.isdecimal():
            raise DownloadError(
                f"{self._place} states no checksum for {self._target.name}; nothing was fetched."
            )
        return Stated(sha256, int(size))

    def _check_room(self, stated: Stated) -> None:
        free = shutil.disk_usage(self._target.parent).free
        needed = stated.size - self._partial.size + SPARE_BYTES
        if free < needed:
            raise DownloadError(
                f"{self._target.name} needs {gigabytes(needed)} more, and the disk of {self._target.parent} "
                f"has {gigabytes(free)} left. Free some space; then the same command goes on."
            )

    async def _pieces(self, stated: Stated) -> AsyncGenerator[int, None]:
        """Fetches until all is there; a broken connection is tried again while each try brings something."""
        yield self._partial.size
        while self._partial.size < stated.size:
            before = self._partial.size
            try:
                async with aclosing(self._try(stated)) as pieces:
                    async for done in pieces:
                        yield done
            except httpx.HTTPError as error:
                if self._partial.size <= before:
                    raise self._broken(stated) from error
            else:
                if self._partial.size <= before:
                    raise self._broken(stated)

    async def _try(self, stated: Stated) -> AsyncGenerator[int, None]:
        headers = {"Accept-Encoding": "identity"}
        if self._partial.size:
            headers["Range"] = f"bytes={self._partial.size}-"
        answer = await self._opened(headers)
        try:
            if answer.status_code == 416 or not self._goes_on(answer):
                await asyncio.to_thread(self._partial.restart)
            if answer.status_code == 416:
                return
            received = cast("AsyncGenerator[bytes, None]", answer.aiter_raw())
            async with aclosing(received) as pieces:
                async for piece in pieces:
                    if self._partial.size + len(piece) > stated.size:
                        await asyncio.to_thread(self._partial.remove)
                        raise DownloadError(f"{self._place} sends more than it said. Try again later.")
                    await asyncio.to_thread(self._partial.write, piece)
                    yield self._partial.size
        finally:
            await answer.aclose()

    def _goes_on(self, answer: httpx.Response) -> bool:
        """Whether the answer begins where our part ends; a server without ranges begins anew."""
        if answer.status_code != 206:
            return False
        begins: str = answer.headers.get("content-range", "")
        return begins.startswith(f"bytes {self._partial.size}-")

    async def _opened(self, headers: dict[str, str]) -> httpx.Response:
        url = self._url
        for _ in range(MOST_REDIRECTS):
            answer = await self._client.send(
                self._client.build_request("GET", url, headers=headers), stream=True
            )
            if answer.status_code in (200, 206, 416):
                return answer
            await answer.aclose()
            if not answer.has_redirect_location:
                said = inert_line(answer.reason_phrase, 80)
                raise DownloadError(
                    f"{self._place} does not give {self._target.name} ({answer.status_code} {said})."
                )
            url = urljoin(url, answer.headers["location"])
            if urlsplit(url).scheme not in self._schemes:
                raise DownloadError(f"{self._place} leads to an address that is not safe.")
        raise DownloadError(f"{self._place} leads from address to address. Try again later.")

    async def _finish(self, stated: Stated) -> None:
        if not await asyncio.to_thread(self._partial.finish, stated.sha256):
            raise DownloadError(
                f"{self._target.name} is not what {self._place} states (its checksum differs). It was "
                "removed; try again."
            )

    def _broken(self, stated: Stated) -> DownloadError:
        share = 100 * self._partial.size // max(1, stated.size)
        return DownloadError(
            f"The connection to {self._place} broke off at {share} %. The same command goes on from there."
        )
