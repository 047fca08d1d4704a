"""docs/extending.md by doing: a panel beside those that ship, in a window over real services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from tests.conditions import eventually
from tests.fakes.providers import ScriptedProvider
from tests.gui.windows import open_window
from tests.papers import module
from timmy_desktop.bootstrap import build
from timmy_desktop.events.system import SystemInfo
from timmy_desktop.gui.capture import settled
from timmy_desktop.gui.panels import PANELS
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Settings


async def test_a_panel(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added = module("extending.md", "panel", monkeypatch).SPEC
    services: Any = build(Settings(), Paths.default(tmp_path / "data"), [ScriptedProvider()])
    async with open_window(tmp_path, (*PANELS, added), services) as (window, _):
        assert await settled(window)
        panel: Any = window.docks["count"].panel
        await services.bus.publish(SystemInfo(message="hello"))
        await eventually(lambda: "the last one system.info" in panel.label.text())
        assert window.docks["count"].isVisible()
        assert "Show Count" in [action.text() for action in window.actions()]
