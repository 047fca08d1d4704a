"""Why PySide6 is pinned (docs/adr/0002): 6.12.0 loses a reference to None at each void call."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

CALLS = 1000


class _Source(QObject):
    said = Signal(bool)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None and True are immortal there")
def test_none_and_true_keep_their_references(qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    source = _Source()
    source.said.connect(lambda _value: None)
    before = (sys.getrefcount(None), sys.getrefcount(True))

    for _ in range(CALLS):
        label.setText("x")
        label.isEnabled()
        source.said.emit(True)

    after = (sys.getrefcount(None), sys.getrefcount(True))
    assert all(abs(now - then) < CALLS / 10 for then, now in zip(before, after, strict=True)), (before, after)
