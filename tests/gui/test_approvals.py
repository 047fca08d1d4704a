"""What waits for approval is seen wherever the window is: in its status line, and in a message."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.gui.windows import NotePanel, open_window, spec
from timmy_desktop.events.upgrades import UpgradeProposed, UpgradeRejected, UpgradeSuspected
from timmy_desktop.gui.panel import OpenUpgrade

PROPOSED = UpgradeProposed(
    upgrade_id="u1", target_id="t", title="Boil faster", proposer="Forge", digest="d" * 64, base="b" * 40,
    files=1, added=1, removed=1, risk="low",
)  # fmt: skip


async def test_a_proposal_shows_in_the_status_line_and_in_words(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, (spec("upgrades"),)) as (window, services):
        part = window.status.approvals
        await eventually(lambda: part.text().strip() == "Nothing to approve")
        services.upgrades.waiting = 2
        await services.record(PROPOSED)
        await eventually(lambda: part.text().strip() == "2 to approve")
        assert "Changes to approve: 2 to approve" in part.accessibleName()
        assert any("Forge proposes a change: Boil faster" in text for text in window.messages.texts)
        services.upgrades.waiting = 0
        await services.record(UpgradeRejected(upgrade_id="u1", by="person", reason=""))
        await eventually(lambda: part.text().strip() == "Nothing to approve")


async def test_the_icon_in_the_desktops_dock_counts_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []
    monkeypatch.setattr(QApplication, "setBadgeNumber", lambda _, number: shown.append(number))
    async with open_window(tmp_path, (spec("upgrades"),)) as (_, services):
        services.upgrades.waiting = 2
        await services.record(PROPOSED)
        await eventually(lambda: 2 in shown)
    assert shown[-1] == 0, "nothing is counted by an application that has ended"


async def test_who_looks_elsewhere_is_notified_by_the_desktop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))
    monkeypatch.setattr(QSystemTrayIcon, "supportsMessages", staticmethod(lambda: True))
    monkeypatch.setattr(QSystemTrayIcon, "show", lambda _: None)  # there is no tray here
    monkeypatch.setattr(QSystemTrayIcon, "showMessage", lambda _, title, words, icon: told.append(words))
    monkeypatch.setattr(
        QGuiApplication, "applicationState", staticmethod(lambda: Qt.ApplicationState.ApplicationInactive)
    )
    async with open_window(tmp_path, (spec("upgrades"),)) as (_, services):
        await services.record(PROPOSED)
        await eventually(lambda: told)
    assert told == ["Forge proposes a change: Boil faster. It waits in Upgrades for your approval."]


async def test_the_button_leads_to_the_dock(qtbot: QtBot, tmp_path: Path) -> None:
    async with open_window(tmp_path, (spec("tasks"), spec("upgrades"))) as (window, _):
        qtbot.mouseClick(window.status.approvals, Qt.MouseButton.LeftButton)
        panel = window.docks["upgrades"].panel
        assert isinstance(panel, NotePanel)
        await eventually(panel.first.hasFocus)


async def test_a_suspicion_is_told_and_leads_to_its_proposal(tmp_path: Path) -> None:
    panels: list[NotePanel] = []

    def build(_: object) -> NotePanel:
        panels.append(NotePanel(lambda wish: isinstance(wish, OpenUpgrade)))
        return panels[-1]

    async with open_window(tmp_path, (spec("upgrades", build=build),)) as (window, services):
        await services.record(UpgradeSuspected(upgrade_id="u7", evidence="2 tests fail"))
        await eventually(lambda: any("2 tests fail" in text for text in window.messages.texts))
        assert window._approvals is not None
        window._approvals._open_newest()
        assert panels[0].wishes == [OpenUpgrade("u7")]
