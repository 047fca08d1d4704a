from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QLineEdit, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.fakes.hub_server import HubServer
from tests.fakes.services import FakeCoordinator, FakeHealth, FakeRouter, FakeStatus, FakeTask, fake_services
from tests.gui.windows import THREE, NotePanel, delete, open_window, spec
from timmy_desktop.events.tasks import TaskCreated, TaskFailed
from timmy_desktop.gui.command_palette import CommandPalette
from timmy_desktop.gui.dialogs import DoctorDialog, KeysDialog, Question
from timmy_desktop.gui.dock import PanelDock
from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.main_window import MainWindow
from timmy_desktop.gui.panel import Area, NewTask, OpenTask, Panel, Say, ShowPanel
from timmy_desktop.gui.panels import PANELS
from timmy_desktop.gui.status import StatusLine
from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.welcome import FindingChips
from timmy_desktop.routing.model_catalogue import CatalogueModel
from timmy_desktop.routing.models import ModelLibrary
from timmy_desktop.settings import load_settings
from timmy_desktop.storage.errors import CorruptDatabaseError

PLACES = tuple(spec(each.name, each.area) for each in PANELS)
"""The docks of the application, with little in them."""
OFFLINE = FakeStatus(health=FakeHealth("unavailable", "Ollama does not answer.", ""))


def dialog_of(kind: type[QWidget]) -> QWidget | None:
    found = [
        widget for widget in QApplication.topLevelWidgets() if isinstance(widget, kind) and widget.isVisible()
    ]
    return found[-1] if found else None


def _tab_bars(window: MainWindow) -> list[QTabBar]:
    return [bar for bar in window.findChildren(QTabBar) if bar.isVisible() and bar.count()]


def panel_of(window: MainWindow, name: str) -> NotePanel:
    panel = window.docks[name].panel
    assert isinstance(panel, NotePanel)
    return panel


async def test_the_first_layout_is_look_md_s(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path) as (window, _):
        left, tasks, chat = (window.docks[name].geometry() for name in ("activity", "tasks", "chat"))
        assert left.right() < chat.left()
        assert left.bottom() < tasks.top()
        assert chat.height() > left.height()
        assert chat.width() > left.width()


async def test_what_stands_below_is_a_tab_at_the_right_of_a_low_window(qtbot: QtBot, tmp_path: Path) -> None:
    specs = (*THREE, spec("router", Area.RIGHT), spec("memory", Area.BELOW))
    async with open_window(tmp_path, specs=specs) as (window, _):
        router, memory, chat = (window.docks[name] for name in ("router", "memory", "chat"))
        assert window.tabifiedDockWidgets(router) == [memory]
        window.resize(1600, 1000)
        window.reset_layout()
        assert window.tabifiedDockWidgets(router) == []
        await eventually(lambda: memory.geometry().top() > chat.geometry().bottom())


async def test_a_small_window_has_tabs_where_docks_have_no_room(qtbot: QtBot, tmp_path: Path) -> None:
    specs = (*THREE, spec("router", Area.RIGHT), spec("memory", Area.BELOW))
    async with open_window(tmp_path, specs=specs) as (window, _):
        activity, tasks, chat, router, memory = (
            window.docks[name] for name in ("activity", "tasks", "chat", "router", "memory")
        )
        window.resize(800, 520)
        window.reset_layout()
        assert window.tabifiedDockWidgets(activity) == [tasks]
        assert window.tabifiedDockWidgets(chat) == [router, memory]
        await eventually(lambda: activity.geometry().right() < chat.geometry().left())
        await eventually(lambda: chat.geometry().right() <= window.width())
        window.resize(1000, 700)
        window.reset_layout()
        assert window.tabifiedDockWidgets(activity) == []
        assert window.tabifiedDockWidgets(chat) == [router, memory]


async def test_in_the_smallest_window_each_tab_has_room_for_its_name(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, PLACES) as (window, _):
        window.resize(800, 520)
        window.reset_layout()
        await eventually(lambda: [bar.count() for bar in _tab_bars(window)] == [4, 4])
        await eventually(lambda: all(bar.sizeHint().width() <= bar.width() for bar in _tab_bars(window)))


async def test_in_a_large_window_what_stands_below_has_room_to_read(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, PLACES) as (window, _):
        window.resize(2560, 1440)
        window.reset_layout()
        await eventually(lambda: window.docks["memory"].height() >= 0.2 * 1440)
        assert window.docks["router"].height() >= 0.25 * 1440


async def test_the_status_line_gives_up_words_before_it_is_cut(qtbot: QtBot, tmp_path: Path) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.resize(1200, 40)
    line = StatusLine()
    line.setParent(holder)
    line.show_started()
    line.show_models([FakeStatus()])
    line.show_work(0)
    line.show_approvals(1)
    line.show_balance(99_976_000, simulated=True)
    line.show_rate(0)
    line.show_chain("good", "Chain verified", "")
    line.resize(1200, 30)
    holder.show()
    assert "Idle" in line.work.text()
    line.resize(480, 30)
    assert line.work.text() == ""
    assert line.work.accessibleName().endswith("Idle")
    assert "1 to approve" in line.approvals.text()
    await eventually(
        lambda: line.chain.geometry().right() <= line.width() and line.chain.x() > line.balance.x()
    )
    line.resize(1200, 30)
    assert "Idle" in line.work.text()


async def test_layouts_come_back_as_they_were(qtbot: QtBot, tmp_path: Path) -> None:
    store = LayoutStore(tmp_path / "window.ini")
    async with open_window(tmp_path, store=store) as (window, _):
        window.docks["tasks"].setFloating(True)
        window.docks["activity"].hide()
        window.resize(1111, 777)
    async with open_window(tmp_path / "b", store=LayoutStore(tmp_path / "window.ini")) as (again, _):
        assert again.docks["tasks"].isFloating()
        assert not again.docks["activity"].isVisible()
        assert (again.width(), again.height()) == (1280, 800)  # the test's own resize
        again.reset_layout()
        assert not again.docks["tasks"].isFloating()
        assert again.docks["activity"].isVisible()


async def test_saved_layouts(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path) as (window, _):
        window.menus.actions["load_layout"].trigger()
        assert "No layout was saved" in window.messages.texts[-1]
        window.docks["activity"].hide()
        window.menus.actions["save_layout"].trigger()
        window.menus.actions["reset_layout"].trigger()
        assert window.docks["activity"].isVisible()
        window.menus.actions["load_layout"].trigger()
        assert not window.docks["activity"].isVisible()


async def test_a_window_off_every_screen_is_brought_back(qtbot: QtBot, tmp_path: Path) -> None:
    store = LayoutStore(tmp_path / "window.ini")
    window = MainWindow(paths=fake_services(tmp_path / "d").paths, specs=THREE, store=store)
    window.show()
    window.move(QPoint(90_000, 90_000))
    store.save(window)
    window.close_now()
    delete(window)
    again = MainWindow(paths=fake_services(tmp_path / "d").paths, specs=THREE, store=store)
    screens = QApplication.screens()
    assert any(screen.availableGeometry().contains(again.frameGeometry().center()) for screen in screens)
    delete(again)


async def test_wishes_go_to_whoever_grants_them(qtbot: QtBot, tmp_path: Path) -> None:
    specs = (
        spec("activity"),
        spec("tasks", build=lambda _: NotePanel(lambda wish: isinstance(wish, OpenTask | NewTask))),
        spec("chat", Area.CENTRE),
    )
    async with open_window(tmp_path, specs) as (window, _):
        window.docks["tasks"].hide()
        panel_of(window, "activity").wished.emit(OpenTask("t1"))
        assert panel_of(window, "tasks").wishes == [OpenTask("t1")]
        assert window.docks["tasks"].isVisible()
        window.menus.actions["new_task"].trigger()
        assert panel_of(window, "tasks").wishes[-1] == NewTask()
        window.grant(ShowPanel("activity"))
        assert panel_of(window, "activity").first.hasFocus() or not window.isActiveWindow()
        panel_of(window, "chat").wished.emit(Say("The model went away. Start Ollama.", "warn"))
        assert window.messages.texts == ["The model went away. Start Ollama."]


async def test_a_panel_that_breaks_leaves_the_others(
    qtbot: QtBot, tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("The panel 'tasks' could not be built")

    def broken(_: object) -> Panel:
        raise ValueError("no such table")

    specs = (spec("activity"), spec("tasks", build=broken), spec("chat", Area.CENTRE))
    async with open_window(tmp_path, specs) as (window, _):
        assert window.docks["tasks"].panel is None
        assert window.docks["chat"].panel is not None


async def test_the_status_line_says_what_is(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(
        tmp_path, coordinator=FakeCoordinator(tasks=(FakeTask("a", "running"), FakeTask("b", "completed")))
    )
    async with open_window(tmp_path, services=services) as (window, _):
        line = window.status
        await eventually(lambda: "running" in line.work.text())
        assert "gemma3:270m" in line.model.text()
        assert line.work.text().strip() == "1 task running"
        await eventually(lambda: "simulated" in line.balance.text())
        await eventually(lambda: "verified" in line.chain.text().lower())
        assert not window.welcome.isVisible()


async def test_without_a_model_a_card_says_what_to_do(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path, router=FakeRouter(OFFLINE))
    async with open_window(tmp_path, services=services) as (window, _):
        assert window.welcome.isVisible()
        assert "Welcome" in window.welcome.accessibleName()
        assert "No model" in window.status.model.text()
        services.router.statuses = (FakeStatus(),)
        window.welcome.check_button.click()
        await eventually(lambda: not window.welcome.isVisible())
        assert services.router.checks == 1
        services.router.statuses = (OFFLINE,)
        window.menus.actions["doctor"].trigger()
        doctor = dialog_of(DoctorDialog)
        assert doctor is not None
        doctor.close()
        await eventually(lambda: window.welcome.isVisible())
        assert "No model can be reached" in window.welcome.accessibleName()


async def test_the_card_says_what_was_found_in_little_room(qtbot: QtBot, tmp_path: Path) -> None:
    off = FakeStatus("api", "api", health=FakeHealth("not_configured", "Off.", ""))
    services = fake_services(tmp_path, router=FakeRouter(OFFLINE, off))
    async with open_window(tmp_path, services=services) as (window, _):
        for width in (1280, 1024, 800):
            window.resize(width, 800)
            await eventually(lambda: window.welcome.width() > window.width() - 40)
            assert window.welcome.height() < 190, width
        chips = window.welcome.findChild(FindingChips)
        assert chips is not None
        told = [chip.accessibleName().partition(":")[0] for chip in chips.findChildren(QWidget)]
        assert [name for name in told if name] == ["Ollama", "Memory", "Git", "Workspace", "Sandbox"]
        assert not window.welcome.fetch_button.isVisible()


async def test_a_small_model_is_fetched_by_one_click_on_the_card(
    qtbot: QtBot, tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("does not give small-instruct.gguf")
    none_yet = FakeStatus(
        "embedded", "embedded", health=FakeHealth("not_configured", "No model is there.", "")
    )
    services = fake_services(tmp_path, router=FakeRouter(none_yet))
    small = CatalogueModel("small-instruct", "someone/small", "small.gguf", 1_000_000, "Apache-2.0", "tries")
    large = replace(small, name="large-instruct", about_bytes=2_000_000)
    async with HubServer() as hub:
        services.models = ModelLibrary(
            settings=services.settings,
            folder=tmp_path / "models",
            clock=services.clock,
            hub=hub.url,
            catalogue=(large, small),
        )
        async with open_window(tmp_path, services=services) as (window, _):
            fetch = window.welcome.fetch_button
            assert fetch.isVisible()
            assert "1 MB" in fetch.text()
            hub.is_missing = True
            fetch.click()
            await eventually(lambda: fetch.isVisible() and "Go on" in fetch.text())
            hub.is_missing = False
            fetch.click()
            assert not fetch.isVisible()
            await eventually(lambda: (tmp_path / "models/small-instruct.gguf").exists())
            await eventually(lambda: services.router.checks > 0)
            services.router.statuses = (FakeStatus(),)
            window.welcome.check_button.click()
            await eventually(lambda: not window.welcome.isVisible())


async def test_a_hidden_card_stays_hidden(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, services=fake_services(tmp_path, router=FakeRouter(OFFLINE))) as (
        window,
        _,
    ):
        window.welcome.dismissed.emit()
        window.first_run.show_models(False)
        assert not window.welcome.isVisible()


async def test_closing_knows_what_runs_to_the_last_event(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    closed: list[bool] = []
    async with open_window(tmp_path, services=services) as (window, _):
        window.closed.connect(lambda: closed.append(True))
        await eventually(lambda: "Idle" in window.status.work.text())
        await services.record(TaskCreated(source="test", task_id="a", text="Say hello"))
        window.close()
        question = dialog_of(Question)
        assert isinstance(question, Question)
        question.stay_button.click()
        await services.record(TaskFailed(source="test", task_id="a", reason="nothing answered"))
        window.close()
        assert closed == [True]


async def test_closing_while_work_runs_asks(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path, coordinator=FakeCoordinator(tasks=(FakeTask("a", "running"),)))
    closed: list[bool] = []
    async with open_window(tmp_path, services=services) as (window, _):
        window.closed.connect(lambda: closed.append(True))
        await eventually(lambda: "1 task" in window.status.work.text())
        window.close()
        question = dialog_of(Question)
        assert isinstance(question, Question)
        question.stay_button.click()
        assert window.isVisible()
        assert closed == []
        window.close()
        question = dialog_of(Question)
        assert isinstance(question, Question)
        question.go_button.click()
        await eventually(lambda: closed)
        assert not window.isVisible()


async def test_idle_it_closes_at_once_and_lets_go(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path) as (window, _):
        await eventually(lambda: "Idle" in window.status.work.text())
        panel = panel_of(window, "chat")
        window.close()
        assert not window.isVisible()
        window.detach()
        assert panel.stopped == 1


async def test_failures_of_starting_are_words_with_ways_on(qtbot: QtBot, tmp_path: Path) -> None:
    services = fake_services(tmp_path)
    window = MainWindow(paths=services.paths, specs=THREE, store=LayoutStore(tmp_path / "window.ini"))
    window.show()
    retries: list[bool] = []
    window.retry_requested.connect(lambda: retries.append(True))
    window.show_failure(CorruptDatabaseError("The database is damaged. Restore a backup."))
    page = window.centralWidget()
    assert page is not None
    assert page.accessibleName() == "The database is damaged. The database is damaged. Restore a backup."
    assert not any(dock.isVisible() for dock in window.docks.values())
    page.retry_button.click()  # type: ignore[attr-defined]
    assert retries == [True]
    await services.start()
    window.attach(services)  # type: ignore[arg-type]
    assert all(dock.isVisible() for dock in window.docks.values())
    assert window.centralWidget() is None
    window.detach()
    await services.stop()
    window.close_now()
    delete(window)


async def test_the_palette_runs_what_was_typed(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path) as (window, _):
        window.menus.actions["palette"].trigger()
        palette = window.findChild(CommandPalette)
        assert isinstance(palette, CommandPalette)
        everything = palette.model.rowCount()
        qtbot.keyClicks(palette.field, "keys")
        assert 0 < palette.model.rowCount() < everything
        assert palette.model.command(0).title == "Keys"
        window.resize(900, 600)
        assert palette.size() == window.size()
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
        keys = dialog_of(KeysDialog)
        assert keys is not None
        keys.close()


async def test_the_palette_leaves_on_escape_on_its_keys_and_on_a_click_beside_it(
    qtbot: QtBot, tmp_path: Path
) -> None:
    async with open_window(tmp_path) as (window, _):
        leave: tuple[Callable[[CommandPalette], object], ...] = (
            lambda palette: qtbot.keyClick(palette.field, Qt.Key.Key_Escape),
            lambda palette: window.menus.actions["palette"].trigger(),
            lambda palette: qtbot.mouseClick(palette, Qt.MouseButton.LeftButton, pos=QPoint(5, 5)),
        )
        for way in leave:
            panel_of(window, "chat").first.setFocus()
            window.menus.actions["palette"].trigger()
            palette = window.findChild(CommandPalette)
            assert palette is not None
            assert palette.field.hasFocus()
            way(palette)
            await eventually(lambda: window.findChild(CommandPalette) is None)
            assert panel_of(window, "chat").first.hasFocus()


async def test_the_palette_wraps_and_finds_nothing_politely(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path) as (window, _):
        ran: list[str] = []
        from timmy_desktop.gui.command import Command

        commands = [Command(name, lambda it=name: ran.append(it)) for name in ("one", "two", "three")]
        palette = CommandPalette(commands, window)
        palette.open()
        qtbot.keyClick(palette.field, Qt.Key.Key_Up)
        qtbot.keyClicks(palette.field, "zzz")
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
        assert ran == []
        palette.field.clear()
        qtbot.keyClick(palette.field, Qt.Key.Key_Down)
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
        assert ran == ["two"]


async def test_the_theme_switches_at_once_and_is_kept(qtbot: QtBot, tmp_path: Path) -> None:
    theme = Theme.current()
    before = theme.name
    async with open_window(tmp_path) as (window, services):
        window.menus.actions["switch_theme"].trigger()
        assert theme.name != before
        assert QApplication.palette().window().color() == theme.color("surface")
        assert load_settings(services.paths.config_file).theme == theme.name
        window.menus.actions["switch_theme"].trigger()
        assert theme.name == before


async def test_workspaces_are_opened_remembered_and_opened_again(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    store = LayoutStore(tmp_path / "window.ini")
    async with open_window(tmp_path, store=store) as (window, services):
        window.workspaces.open(str(folder))
        assert services.workspace.folder == folder
        window.workspaces.open(str(tmp_path / "missing"))
        assert "There is no folder" in window.messages.texts[-1]
    async with open_window(tmp_path / "b", store=LayoutStore(tmp_path / "window.ini")) as (again, services):
        assert services.workspace.folder == folder
        assert store.recent_workspaces == [str(folder)]
        again.menus.actions["close_workspace"].trigger()
        assert services.workspace.folder is None


async def test_every_control_has_a_name_and_can_be_reached(qtbot: QtBot, tmp_path: Path) -> None:
    real = tuple(spec for spec in PANELS if spec.name == "activity")
    services = fake_services(tmp_path, router=FakeRouter(OFFLINE))
    async with open_window(tmp_path, real, services) as (window, _):
        window.messages.say("Something. Do this.", "bad", "details")
        window.menus.actions["preferences"].trigger()
        await eventually(lambda: window.status.work.text() and window.status.balance.text())
        for top in QApplication.topLevelWidgets():
            for child in top.findChildren(QWidget):
                if isinstance(child, QAbstractButton | QLineEdit | QAbstractItemView) and child.isVisibleTo(
                    top
                ):
                    if child.focusPolicy() == Qt.FocusPolicy.NoFocus or _is_inner(child):
                        continue
                    name = child.accessibleName() or getattr(child, "text", lambda: "")()
                    assert name, f"{child!r} in {child.parent()!r} has no name"
        assert all(isinstance(action, QAction) and action.text() for action in window.menus.actions.values())
        for top in QApplication.topLevelWidgets():
            if top is not window and top.isVisible():
                top.close()


def _is_inner(widget: QWidget) -> bool:
    """Parts that Qt itself makes inside another control, which has the name."""
    parent = widget.parent()
    inside_a_choice = parent is not None and "ComboBox" in parent.metaObject().className()
    return widget.objectName().startswith("qt_") or isinstance(parent, QLineEdit) or inside_a_choice


async def test_messages_are_bounded_counted_and_closed(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path) as (window, _):
        for number in range(6):
            window.messages.say(f"Problem {number}.", "bad")
        window.messages.say("Problem 5.", "bad")
        assert window.messages.texts == ["Problem 3.", "Problem 4.", "Problem 5."]
        for notice in tuple(window.messages._notices):
            notice.dismissed.emit(notice)
        assert not window.messages.isVisible()


async def test_the_keyboard_is_the_chat_s_while_other_panels_still_load(qtbot: QtBot, tmp_path: Path) -> None:
    class Slow(NotePanel):
        def settle(self) -> bool:
            return False

    specs = (*THREE, spec("router", Area.RIGHT, lambda _: Slow()))
    async with open_window(tmp_path, specs=specs) as (window, _):
        chat = window.docks["chat"].panel
        assert isinstance(chat, NotePanel)
        await eventually(chat.first.hasFocus)
        assert not window.settled


async def test_docks_that_float_come_back_before_the_window(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LayoutStore(tmp_path / "window.ini")
    async with open_window(tmp_path, store=store) as (window, _):
        next(iter(window.docks.values())).setFloating(True)
        store.save(window)
    order: list[str] = []
    raised = PanelDock.raise_
    monkeypatch.setattr(PanelDock, "raise_", lambda dock: (order.append(dock.spec.name), raised(dock)))
    again = MainWindow(paths=fake_services(tmp_path / "d").paths, specs=THREE, store=store)
    again.painted.connect(lambda: order.append("painted"))
    again.show()
    order.clear()
    await eventually(lambda: "painted" in order)
    assert order == [THREE[0].name, "painted"]
    again.close_now()
    again.deleteLater()
