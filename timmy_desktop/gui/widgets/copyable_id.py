"""An identifier or hash: short on screen, whole on hover, copied by one click."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.wording import short_id
from timmy_desktop.inert import inert

_COPIED_MS = 1200


class CopyableId(QPushButton):
    """A flat button; clicking puts the whole identifier on the clipboard and says so for a moment."""

    def __init__(self, identifier: str = "", *, what: str = "identifier", short: str = "") -> None:
        super().__init__()
        self._what = what
        self.setProperty("variant", "quiet")
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFont(Theme.current().font("small", mono=True))
        self._back = QTimer(self)
        self._back.setSingleShot(True)
        self._back.setInterval(_COPIED_MS)
        self._back.timeout.connect(self._show)
        self.clicked.connect(self._copy)
        self.show_id(identifier, short=short)

    def show_id(self, identifier: str, *, short: str = "") -> None:
        """Shows another identifier; `short` where its end is not what people know it by."""
        self._identifier, self._short = identifier, short
        self._back.stop()
        self._show()

    def _show(self) -> None:
        self.setText(inert(self._short) or short_id(self._identifier))
        if self.parent() is not None or not self._identifier:
            self.setVisible(bool(self._identifier))
        self.setToolTip(f"{inert(self._identifier)}\nClick to copy")
        self.setAccessibleName(f"Copy {self._what} {self.text()}")

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._identifier)
        self.setText("copied")
        self._back.start()
