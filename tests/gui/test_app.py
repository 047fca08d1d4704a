"""The whole way: window, services, failure and another try, an orderly stop, one window to a folder."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from tests.conditions import eventually
from tests.fakes.services import FakeServices, fake_services
from tests.gui.windows import THREE
from timmy_desktop.app.session import WindowSession, _garbage_on_this_thread
from timmy_desktop.gui.capture import capture
from timmy_desktop.gui.instance import InstanceServer, raise_other, server_name
from timmy_desktop.gui.last_resort import LastResort
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.startup import explained
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Settings, SettingsError
from timmy_desktop.storage.errors import DiskFullError, FolderError
from timmy_desktop.storage.folder import FolderInUseError


def session(folder: Path, services: FakeServices, load: Callable[[], Settings] = Settings) -> WindowSession:
    store = LayoutStore(folder / "window.ini")
    window = MainWindow(paths=services.paths, specs=THREE, store=store)
    return WindowSession(window, services.paths, load, lambda *_: services, store)  # type: ignore[arg-type,return-value]


async def test_the_window_stands_before_the_services(qapp: QApplication, tmp_path: Path) -> None:
    seen: list[bool] = []
    services = fake_services(tmp_path / "data")
    made = session(tmp_path, services)

    async def look() -> None:
        seen.append(made.window.isVisible())
        assert "Opening the database" in made.window.status.model.text()

    services.before_start = look
    running = asyncio.ensure_future(made.run())
    await eventually(lambda: made.window.settled)
    assert seen == [True]
    made.window.close_now()
    assert await running == 0
    assert (services.started, services.stopped) == (1, 1)


async def test_a_failed_start_can_be_tried_again(
    qapp: QApplication, tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("The application could not start")
    services = fake_services(tmp_path / "data", fail_with=DiskFullError("The disk is full. Free some space."))
    made = session(tmp_path, services)
    running = asyncio.ensure_future(made.run())
    await eventually(lambda: made.window.centralWidget() is not None)
    made.window.centralWidget().retry_button.click()  # type: ignore[attr-defined]
    await eventually(lambda: made.window.settled)
    made.window.close_now()
    await running
    assert services.stopped == 1


async def test_broken_settings_are_told_in_the_window(
    qapp: QApplication, tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("The application could not start")
    services = fake_services(tmp_path / "data")

    def load() -> Settings:
        raise SettingsError("theme: no such colour. Correct it.")

    made = session(tmp_path, services, load)
    running = asyncio.ensure_future(made.run())
    await eventually(lambda: made.window.centralWidget() is not None)
    assert "no such colour" in made.window.centralWidget().accessibleName()
    made.window.close()
    assert await running == 0


async def test_closing_while_starting_stops_the_start(qapp: QApplication, tmp_path: Path) -> None:
    services = fake_services(tmp_path / "data")
    entered, never = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        entered.set()
        await never.wait()

    services.before_start = hang
    made = session(tmp_path, services)
    running = asyncio.ensure_future(made.run())
    await entered.wait()
    made.window.close()
    assert await running == 0
    assert services.started == 0


async def test_a_signal_closes_in_good_order(qapp: QApplication, tmp_path: Path) -> None:
    services = fake_services(tmp_path / "data")
    made = session(tmp_path, services)
    running = asyncio.ensure_future(made.run())
    await eventually(lambda: made.window.settled)
    signal.raise_signal(signal.SIGTERM)
    assert await running == 0
    assert services.stopped == 1


async def test_a_second_start_raises_the_first_window(qapp: QApplication, tmp_path: Path) -> None:
    raised: list[bool] = []
    assert not raise_other(tmp_path)
    server = InstanceServer(tmp_path)
    server.raise_requested.connect(lambda: raised.append(True))
    assert raise_other(tmp_path)
    await eventually(lambda: raised)
    server.close()
    assert not raise_other(tmp_path)
    assert server_name(tmp_path) != server_name(tmp_path / "other")


async def test_what_nobody_caught_is_told(qapp: QApplication, expected_log: Callable[[str], None]) -> None:
    expected_log("Uncaught: lost")
    loop, said = asyncio.get_running_loop(), list[Say]()
    last_resort = LastResort(said.append)
    last_resort.install(loop)
    loop.call_soon(_lose)
    await eventually(lambda: said)
    last_resort.remove(loop)
    assert said[0].text.startswith("Something broke: ValueError, lost.")
    assert "Traceback" in said[0].details


def _lose() -> None:
    raise ValueError("lost")


async def test_pictures(qapp: QApplication, tmp_path: Path) -> None:
    services = fake_services(tmp_path / "data")
    made = session(tmp_path, services)
    made.window.show()
    await services.start()
    made.window.attach(services)  # type: ignore[arg-type]
    whole = await capture(made.window, tmp_path / "out", theme="light")
    one = await capture(made.window, tmp_path / "out", panel="chat")
    behind = made.window.docks["chat"]
    made.window.tabifyDockWidget(behind, made.window.docks["activity"])
    made.window.docks["activity"].raise_()
    assert (await capture(made.window, tmp_path / "out", panel="chat")).is_file()
    assert not behind.visibleRegion().isEmpty(), "a dock behind a tab is brought to the front"
    sized = await capture(made.window, tmp_path / "out", panel="chat", size=QSize(640, 480))
    assert sized.name == "chat-dark-640x480.png"
    assert whole.name.startswith("window-light-")
    assert one.name.startswith("chat-dark-")
    assert whole.stat().st_size > 2000
    made._services = services  # type: ignore[assignment]
    await made._end()


def test_every_error_of_starting_has_a_page(tmp_path: Path) -> None:
    titles = {
        explained(error).title
        for error in (
            SettingsError("x"),
            FolderInUseError(tmp_path, 1, "window"),
            FolderError("x"),
            DiskFullError("x"),
            ValueError("x"),
        )
    }
    assert len(titles) == 5
    unforeseen = explained(ZeroDivisionError("division by zero"))
    assert not unforeseen.expected
    assert "Traceback" not in unforeseen.text
    assert Paths.default(tmp_path).data_dir == tmp_path


def test_garbage_is_collected_on_the_windows_thread_alone() -> None:
    """A cycle that could hold a widget, and a busy thread: collected there, the process would end."""
    freed_on: list[int] = []
    gc.enable()  # conftest turns it off again before the next test
    with _garbage_on_this_thread():
        make_cycle(freed_on)
        busy = threading.Thread(target=lambda: [[number] for number in range(200_000)])
        busy.start()
        busy.join()
        assert freed_on == []
    assert gc.isenabled()
    assert freed_on == [threading.get_ident()]


def make_cycle(freed_on: list[int]) -> None:
    class Held:
        def __del__(self) -> None:
            freed_on.append(threading.get_ident())

    held = Held()
    held.itself = held  # type: ignore[attr-defined]
