"""The buttons of the house: Return presses the one that the keyboard stands on, and no other."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from timmy_desktop.gui.widgets.parts import button, column

KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_the_keyboard_presses_the_button_that_has_it(qtbot: QtBot, key: Qt.Key) -> None:
    said: list[str] = []
    dialog = QDialog()
    qtbot.addWidget(dialog)
    go, stay = button("Go", lambda: said.append("go")), button("Stay", lambda: said.append("stay"))
    dialog.setLayout(column(go, stay))
    qtbot.keyClick(stay, key)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert said == ["stay"]


def test_a_key_that_is_held_presses_nothing(qtbot: QtBot) -> None:
    said: list[str] = []
    go = button("Go", lambda: said.append("go"))
    qtbot.addWidget(go)
    plain = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(go, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, plain, "\r", True))
    qtbot.keyClick(go, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert said == []
