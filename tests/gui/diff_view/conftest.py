"""A diff pane on screen, with files as an agent might change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from pytestqt.qtbot import QtBot

from tests.fakes.patches import Files, git_patch
from timmy_desktop.gui.widgets.diff_view.document import read
from timmy_desktop.gui.widgets.diff_view.pane import DiffPane

BEFORE = ['"""What a kettle does,', "and why.", '"""', "", *(f"step_{n} = boil({n})" for n in range(1, 60))]
AFTER = [*BEFORE[:1], "and when, and why.", *BEFORE[2:40], "step_37 = boil(999)", *BEFORE[41:], "done = True"]


def text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


OLD: Files = {"kettle.py": text(BEFORE), "tea.md": "# Tea\n"}
NEW: Files = {"kettle.py": text(AFTER), "tea.md": "# Tea\n\nHot.\n"}


@pytest.fixture
def show(qtbot: QtBot) -> Iterator[Callable[..., DiffPane]]:
    """`show(old, new)` puts a pane on screen that can do everything; whole files come when it asks."""
    panes: list[DiffPane] = []

    def shown(old: Files = OLD, new: Files = NEW, modes: Mapping[str, int] | None = None) -> DiffPane:
        pane = DiffPane()
        panes.append(pane)
        view = pane.view
        view.can_take = view.can_see = view.can_comment = True

        def answer(file: int) -> None:
            content = new.get(view.document.diff.files[file].new_path)
            view.put_text(file, content if isinstance(content, str) else None)

        view.text_wanted.connect(answer)
        pane.resize(900, 640)
        pane.show()
        pane.activateWindow()
        qtbot.waitUntil(pane.isActiveWindow)
        pane.show_reading(read(git_patch(old, new, modes=modes)))
        view.setFocus()
        return pane

    yield shown
    for pane in panes:
        pane.stop()
        pane.close()
        pane.deleteLater()
