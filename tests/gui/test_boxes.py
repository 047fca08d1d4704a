"""A black box on screen: plainly not live, whole or not, and exported by a dialog that can be given up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.services import KEY, FakeServices, fake_services
from tests.unit.feed.boxes import PRIVATE, SECRET_EVENTS, SEEDED, settings
from tests.unit.feed.feeds import TOKEN
from timmy_desktop.clock import SystemClock
from timmy_desktop.events.tasks import TaskStarted
from timmy_desktop.feed.box_reader import problems, unpack
from timmy_desktop.feed.box_writer import BoxWriter
from timmy_desktop.feed.errors import BoxError
from timmy_desktop.feed.server import FeedServer
from timmy_desktop.feed.wire import connect
from timmy_desktop.gui.boxes.exporting import BoxParts, ExportBoxDialog
from timmy_desktop.gui.boxes.long_text import LongText, lines_of
from timmy_desktop.gui.boxes.opening import BoxOpener
from timmy_desktop.gui.boxes.texts import metric_lines
from timmy_desktop.gui.boxes.window import BoxWindow, open_box
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.panels.events.panel import EventsPanel
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.settings import Secrets, Settings
from timmy_desktop.supervisor import TaskSupervisor


def found(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[FakeServices]:
    services = fake_services(folder)
    await services.start()
    try:
        await services.record(*SECRET_EVENTS)
        yield services
    finally:
        await services.stop()


def exporting(
    services: FakeServices, parent: MainWindow, said: list[Say], writer: BoxWriter | None = None
) -> ExportBoxDialog:
    parts = BoxParts(
        writer=writer or BoxWriter(settings=settings(), secrets=services.secrets, paths=services.paths),
        database=services.paths.database,
        log=services.event_log,
        now_us=services.clock.now_us,
    )
    return ExportBoxDialog(parent, parts, SlotTasks(services.supervisor, said.append, "test"), said.append)


def a_window(folder: Path, qtbot: QtBot) -> MainWindow:
    window = MainWindow(paths=fake_services(folder).paths, specs=(), store=LayoutStore(folder / "w.ini"))
    qtbot.addWidget(window)
    return window


async def exported(services: FakeServices, window: MainWindow, path: Path) -> Path:
    said: list[Say] = []
    dialog = exporting(services, window, said)
    dialog.open()
    dialog.write(path)
    await eventually(lambda: said)
    assert said[0].tone == "good", said
    assert str(path) in said[0].text
    return path


async def test_the_dialog_writes_a_box_that_verifies(tmp_path: Path, qtbot: QtBot) -> None:
    async with running(tmp_path / "data") as services:
        path = await exported(services, a_window(tmp_path / "w", qtbot), tmp_path / "a.timmybox")
    (tmp_path / "r").mkdir()
    box = unpack(path, tmp_path / "r")
    assert problems(box, KEY) == []
    assert box.about.events == len(SECRET_EVENTS)


async def test_a_range_without_events_is_told_and_can_be_changed(
    tmp_path: Path, qtbot: QtBot, expected_log: Callable[[str], None]
) -> None:
    expected_log("Nothing happened in that time")
    async with running(tmp_path / "data") as services:
        said: list[Say] = []
        dialog = exporting(services, a_window(tmp_path / "w", qtbot), said)
        dialog.open()
        dialog.span.setCurrentText("From … until …")
        dialog.since.setDateTime(dialog.since.dateTime().addYears(-3))
        dialog.until.setDateTime(dialog.until.dateTime().addYears(-2))
        dialog.write(tmp_path / "a.timmybox")
        await eventually(lambda: "Nothing happened" in dialog.message.text())
        assert dialog.go_button.isEnabled()
        dialog.close()
    assert not (tmp_path / "a.timmybox").exists()


async def test_who_cancels_is_told_and_no_file_is_left(
    tmp_path: Path, qtbot: QtBot, expected_log: Callable[[str], None]
) -> None:
    expected_log("test.export box failed")
    async with running(tmp_path / "data") as services:
        said: list[Say] = []
        dialog = exporting(services, a_window(tmp_path / "w", qtbot), said)
        dialog.open()
        dialog.write(tmp_path / "a.timmybox")
        dialog.close()
        assert "given up" in said[0].text
        await eventually(lambda: not services.supervisor.names)
    assert not found(tmp_path, "*timmybox*")


async def test_the_window_says_that_it_is_not_live_and_shows_what_is_there(
    tmp_path: Path, qtbot: QtBot
) -> None:
    async with running(tmp_path / "data") as services:
        path = await exported(services, a_window(tmp_path / "w", qtbot), tmp_path / "a.timmybox")
    opened, supervisor = await open_box(path, lambda _: KEY), TaskSupervisor()
    window = BoxWindow(opened, supervisor)
    qtbot.addWidget(window)
    window.show()
    await eventually(lambda: window.settled and window.events.model.rowCount() == len(SECRET_EVENTS))
    assert "not live" in window.banner.words
    assert "Verified" in window.banner.words
    assert "not live" in window.windowTitle()
    assert not window.events.tabs.isTabVisible(2)
    pages = {window.tabs.tabText(n): window.tabs.widget(n) for n in range(1, window.tabs.count())}
    texts = {name: page.toPlainText() for name, page in pages.items()}  # type: ignore[union-attr]
    assert "task.created" in texts["Metrics"]
    assert all(page.isReadOnly() for page in pages.values())  # type: ignore[union-attr]
    for secret in SEEDED:
        if secret != PRIVATE:  # no task's row says here that it is local only; the event does
            assert all(secret not in text for text in texts.values())
    window.close()
    await supervisor.close()
    await opened.close()
    assert not opened.folder.exists()


@pytest.mark.parametrize(
    ("key", "words"), [(b"x" * 32, "The seal of the box does not fit"), (None, "signed by")]
)
async def test_what_does_not_fit_is_said_and_shown_all_the_same(
    tmp_path: Path, qtbot: QtBot, key: bytes | None, words: str
) -> None:
    async with running(tmp_path / "data") as services:
        path = await exported(services, a_window(tmp_path / "w", qtbot), tmp_path / "a.timmybox")
    opened, supervisor = await open_box(path, lambda _: key), TaskSupervisor()
    window = BoxWindow(opened, supervisor)
    qtbot.addWidget(window)
    window.show()
    await eventually(lambda: window.settled)
    assert words in window.banner.words
    window.close()
    await supervisor.close()
    await opened.close()


async def test_what_is_no_box_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(rooms))
    (tmp_path / "x.timmybox").write_bytes(b"no")
    with pytest.raises(BoxError):
        await open_box(tmp_path / "x.timmybox", lambda _: None)
    assert list(rooms.iterdir()) == []


@pytest.mark.parametrize("metrics", [None, 7, [], {"events_by_type": 3}, {"events_by_type": {"\x1b[2J": 1.5}},
    {"accounts_msat": {"a": True}, "providers": [None, {"start_us": 10**40, "provider": "\u202e", "answers": "x"}]}])  # fmt: skip
def test_metrics_of_any_shape_are_a_few_printable_lines(metrics: object) -> None:
    assert all(line.isprintable() for line in metric_lines(metrics).split("\n"))


async def test_the_feed_works_on_the_loop_of_the_window(tmp_path: Path) -> None:
    async with running(tmp_path) as services:
        feed = FeedServer(
            bus=services.bus, database=services.database, clock=SystemClock(), supervisor=services.supervisor,
            secrets=Secrets({"TIMMY_SECRET_FEED_TOKEN": TOKEN}), settings=Settings(feed_enabled=True, feed_port=0),
            data_dir=tmp_path,
        )  # fmt: skip
        await feed.start()
        follower = await connect("127.0.0.1", int(feed.status.address.split(":")[2].split("/")[0]), TOKEN)
        assert json.loads(await follower.receive())["kind"] == "hello"
        await follower.send('{"op": "subscribe"}')
        assert json.loads(await follower.receive())["kind"] == "subscribed"
        await services.record(TaskStarted(task_id="t"))
        assert json.loads(await follower.receive())["events"][0]["type"] == "task.started"
        await follower.close()
        await feed.stop()


async def test_a_box_offers_nothing_that_it_cant_do(tmp_path: Path, qtbot: QtBot) -> None:
    def exports(panel: EventsPanel) -> list[str]:
        menu = panel.page.bar.more_menu()
        below = next(action.menu() for action in menu.actions() if action.text() == "Export")
        return [action.text() for action in below.actions()]  # type: ignore[attr-defined]

    async with running(tmp_path / "data") as services:
        path = await exported(services, a_window(tmp_path / "w", qtbot), tmp_path / "a.timmybox")
    opened, supervisor = await open_box(path, lambda _: KEY), TaskSupervisor()
    window = BoxWindow(opened, supervisor)
    qtbot.addWidget(window)
    window.show()
    await eventually(lambda: window.settled)
    assert exports(window.events) == ["Table (CSV)", "JSON lines", "OpenTelemetry spans (OTLP JSON)"]
    window.close()
    await supervisor.close()
    await opened.close()


@asynccontextmanager
async def an_opener(
    folder: Path, window: MainWindow
) -> AsyncIterator[tuple[BoxOpener, list[Say], SlotTasks]]:
    said: list[Say] = []
    async with running(folder) as services:
        supervisor = TaskSupervisor()
        tasks = SlotTasks(supervisor, said.append, "test")
        yield BoxOpener(window, services.database, services.event_log.key, tasks, said.append), said, tasks
        tasks.stop()
        await supervisor.close()


def box_windows() -> list[BoxWindow]:
    found = QApplication.topLevelWidgets()
    return [window for window in found if isinstance(window, BoxWindow) and window.isVisible()]


async def test_a_box_opens_beside_the_window_and_closes_with_the_application(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    main = a_window(tmp_path / "w", qtbot)
    async with running(tmp_path / "data") as services:
        name = "INSERT INTO meta(name, value) VALUES ('log_id', 'ours')"
        await services.database.write(lambda session: session.sql(name))
        path = await exported(services, main, tmp_path / "a.timmybox")
    monkeypatch.setattr("tempfile.tempdir", str(rooms))
    async with an_opener(tmp_path / "data", main) as (opener, said, tasks):
        dialog = opener.choose()
        dialog.fileSelected.emit(str(path))
        dialog.close()
        await eventually(lambda: [window for window in box_windows() if window.settled], 20)
        assert "Verified" in box_windows()[0].banner.words, "the key of this log is known here"
        box_windows()[0].close()
        await eventually(lambda: not tasks.running())
        assert list(rooms.iterdir()) == []
        opener.open(path)
        await eventually(lambda: [window for window in box_windows() if window.settled], 20)
    await eventually(lambda: not list(rooms.iterdir()))
    assert box_windows() == []
    assert said == []


async def test_a_file_that_is_no_box_is_told(
    tmp_path: Path, qtbot: QtBot, expected_log: Callable[[str], None]
) -> None:
    expected_log("is not a black box")
    (tmp_path / "x.timmybox").write_bytes(b"no")
    async with an_opener(tmp_path / "data", a_window(tmp_path / "w", qtbot)) as (opener, said, _):
        opener.open(tmp_path / "x.timmybox")
        await eventually(lambda: said)
        assert said[0].tone == "bad"
        assert "x.timmybox was not opened" in said[0].text


def test_the_file_menu_opens_boxes(tmp_path: Path, qtbot: QtBot) -> None:
    window = a_window(tmp_path, qtbot)
    assert window.menus.actions["open_box"].text() == "Open black box…"
    assert not window.menus.actions["open_box"].isEnabled(), "before the services run nobody knows the key"


async def test_a_long_log_comes_on_screen_in_pieces(qtbot: QtBot) -> None:
    lines = lines_of("\n".join(f"line {number}" for number in range(60_000)) + "\n" + "w" * 3_000_000)
    page = LongText("Log", lines)
    qtbot.addWidget(page)
    assert not page.is_whole
    assert page.blockCount() < 6_000, "one piece at once"
    await eventually(lambda: page.is_whole, 30)
    assert page.blockCount() == len(lines) == 60_001
    assert page.toPlainText().split("\n")[:-1] == lines[:-1]
    assert lines[-1].endswith("… (3,000,000 characters)")


async def test_a_page_that_is_closed_stops_coming(qtbot: QtBot) -> None:
    page = LongText("Log", ["x" * 1_000] * 1_000)
    qtbot.addWidget(page)
    page.stop()
    before = page.blockCount()
    done = asyncio.Event()
    QTimer.singleShot(0, done.set)
    await done.wait()
    assert page.blockCount() == before
