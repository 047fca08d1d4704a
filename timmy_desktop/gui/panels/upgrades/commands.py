"""What the command palette offers of the upgrades, and the keys of the dock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction

from timmy_desktop.gui.panels.upgrades.list_model import PROPOSAL_ROLE
from timmy_desktop.gui.panels.upgrades.words import is_pending

if TYPE_CHECKING:
    from timmy_desktop.gui.panels.upgrades.panel import UpgradesPanel

_CONTROL, _ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
KEYS = {
    (Qt.Key.Key_Return, _CONTROL): "approve",
    (Qt.Key.Key_Enter, _CONTROL): "approve",
    (Qt.Key.Key_Return, _CONTROL | Qt.KeyboardModifier.ShiftModifier): "reject",
    (Qt.Key.Key_Left, _ALT): "close",
    (Qt.Key.Key_1, _ALT): "tab0",
    (Qt.Key.Key_2, _ALT): "tab1",
    (Qt.Key.Key_3, _ALT): "tab2",
    (Qt.Key.Key_4, _ALT): "tab3",
}
_HINTS = (
    ("Approve what is on screen", "Ctrl+Return"),
    ("Reject it", "Ctrl+Shift+Return"),
    ("Changes, tests, proof, history", "Alt+1 … Alt+4"),
    ("Back to the queue", "Alt+Left"),
)


def palette_commands(panel: UpgradesPanel) -> list[QAction]:
    """In the order in which they are likely to be wanted."""
    made = []
    for words, act in (
        ("Review what waits for approval", _first_pending),
        ("Open a repository to proposals…", lambda it: it.ask_for_repository()),
        ("Repositories open to proposals…", lambda it: it.targets_desk.show()),
        ("Ask for a change to code…", lambda it: it.targets_desk.show()),
        ("Run the proposal's tests again", lambda it: it.deeds.test_again()),
        ("Keys of the diff viewer", _show_keys),
    ):
        action = QAction(words, panel)
        action.triggered.connect(partial(_run, panel, act))
        made.append(action)
    return made


def _run(panel: UpgradesPanel, act: Callable[[UpgradesPanel], object], *_: object) -> None:
    act(panel)


def _first_pending(panel: UpgradesPanel) -> None:
    model = panel.model
    rows = (model.index(row, 0).data(PROPOSAL_ROLE) for row in range(model.rowCount()))
    found = next((proposal for proposal in rows if is_pending(proposal)), None)
    if found is not None:
        panel.open_proposal(found.id)
    else:
        panel.say("Nothing waits for approval.", "info")


def _show_keys(panel: UpgradesPanel) -> None:
    from timmy_desktop.gui.dialogs import KeysDialog
    from timmy_desktop.gui.widgets.diff_view.keys import HINTS

    KeysDialog(panel, [("In Upgrades", _HINTS), ("In the changes", HINTS)]).open()
