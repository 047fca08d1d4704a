"""Who is let in: programs of this computer that have the token, and pages that the settings name."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.unit.feed.feeds import TOKEN, heard, open_feed, subscribed
from timmy_desktop.feed.errors import FeedError
from timmy_desktop.feed.wire import Limits, Listener, is_here
from timmy_desktop.settings import Settings, SettingsError, load_settings

OWN_PAGE = "http://127.0.0.1:8000"


async def test_it_is_off_unless_it_is_wanted(tmp_path: Path) -> None:
    assert Settings().feed_enabled is False
    async with open_feed(tmp_path, feed_enabled=False) as feed:
        assert feed.server.status.state == "off"


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "\xe9" * 40])
async def test_without_the_token_it_refuses(tmp_path: Path, token: str | None) -> None:
    async with open_feed(tmp_path) as feed:
        with pytest.raises(InvalidStatus) as caught:
            async with feed.client(token):
                pass
        assert caught.value.response.status_code == 401
        assert TOKEN not in str(caught.value.response)


async def test_a_browser_offers_the_token_as_a_subprotocol_and_does_not_hear_it_again(tmp_path: Path) -> None:
    async with open_feed(tmp_path, feed_origins=(OWN_PAGE,)) as feed:
        offered = ["timmy.feed.1", f"token.{TOKEN}"]
        async with feed.client(None, subprotocols=offered, origin=OWN_PAGE) as client:
            assert client.subprotocol == "timmy.feed.1"
            assert (await heard(client))["kind"] == "hello"
        with pytest.raises(InvalidStatus) as caught:
            async with feed.client(None, subprotocols=["timmy.feed.1", "token.wrong"], origin=OWN_PAGE):
                pass
        assert caught.value.response.status_code == 401


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:8001", "http://127.0.0.1", OWN_PAGE + "/", "file://"],
)
async def test_another_origin_is_refused_even_with_the_token(tmp_path: Path, origin: str) -> None:
    async with open_feed(tmp_path, feed_origins=(OWN_PAGE,)) as feed:
        with pytest.raises(InvalidStatus) as caught:
            async with feed.client(origin=origin):
                pass
        assert caught.value.response.status_code == 403


async def test_no_page_is_let_in_where_none_is_named(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed:
        with pytest.raises(InvalidStatus):
            async with feed.client(origin=OWN_PAGE):
                pass


@pytest.mark.parametrize(
    "origin", ["null", "*", "http://a/b", "http://a/", "file://", "http://u:p@a", "evil"]
)
def test_the_settings_take_origins_alone(tmp_path: Path, origin: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'feed_origins = ["{origin}"]')
    with pytest.raises(SettingsError, match="feed_origins: an origin is"):
        load_settings(file)


async def test_a_name_that_was_rebound_to_this_computer_is_refused(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed:
        reader, writer = await asyncio.open_connection("127.0.0.1", feed.port)
        writer.write(
            f"GET /feed HTTP/1.1\r\nHost: evil.example:{feed.port}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
        )
        assert b" 403 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(("host", "here"), [
    ("127.0.0.1:9", True), ("localhost:9", True), ("LOCALHOST:9", True), ("[::1]:9", True), ("127.0.0.1", False),
    ("127.0.0.1:8", False), ("evil.example:9", False), ("127.0.0.1.evil.example:9", False), ("", False),
])  # fmt: skip
def test_which_hosts_are_this_computer(host: str, here: bool) -> None:
    assert is_here(host, 9) is here


def others() -> list[str]:
    """Addresses of this machine that are not the one it listens on; 127.0.0.2 is one on Linux."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    return sorted((found | {"127.0.0.2"}) - {"127.0.0.1"})


@pytest.mark.allow_hosts(["127.0.0.1", *others()])
async def test_from_another_interface_nobody_answers(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed:
        for address in others():
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(address, feed.port)
        assert feed.url.startswith("ws://127.0.0.1:")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "8.8.8.8"])
async def test_it_can_not_be_made_to_listen_elsewhere(host: str) -> None:
    async def nobody(_: object) -> None:
        pass

    listener = Listener(token=TOKEN, origins=(), limits=Limits(), handle=nobody)
    with pytest.raises(FeedError, match="this computer alone"):
        await listener.open(host, 0)
    with pytest.raises(ValueError, match="feed_host"):
        Settings(feed_host=host)  # type: ignore[arg-type]


async def test_more_clients_than_may_be_are_refused(tmp_path: Path) -> None:
    async with open_feed(tmp_path, limits=Limits(clients=1)) as feed, feed.client() as client:
        await subscribed(client)
        with pytest.raises(InvalidStatus) as caught:
            async with feed.client():
                pass
        assert caught.value.response.status_code == 503


async def test_another_path_is_nothing(tmp_path: Path) -> None:
    async with open_feed(tmp_path) as feed:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with pytest.raises(InvalidStatus) as caught:
            async with connect(feed.url + "/../x", additional_headers=headers, proxy=None):
                pass
        assert caught.value.response.status_code == 404


async def test_the_token_is_in_no_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("websockets", "websockets.server", "timmy_desktop", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    async with open_feed(tmp_path) as feed:
        async with feed.client(logger=logging.Logger("quiet")) as client:
            await subscribed(client)
        with pytest.raises(InvalidStatus):
            async with feed.client("x" * 40, logger=logging.Logger("quiet")):
                pass
    assert TOKEN not in caplog.text
    assert "x" * 40 not in caplog.text


async def test_a_port_that_is_taken_is_told_and_the_rest_works(
    tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        expected_log(f"could not listen on port {port}")
        async with open_feed(tmp_path, feed_port=port) as feed:
            assert feed.server.status.state == "failed"
            assert "choose another feed_port" in feed.server.status.words
            rows = await feed.opened.database.read(lambda session: session.sql("SELECT type FROM event_log"))
            assert rows == [("system.warning",)]


async def test_a_token_that_could_be_guessed_is_not_used(
    tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("too short to be safe")
    async with open_feed(tmp_path, token="hunter2") as feed:
        assert feed.server.status.state == "failed"
        assert "hunter2" not in feed.server.status.words
