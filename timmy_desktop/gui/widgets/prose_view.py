"""Read-only prose that is as tall as its text: select it, copy it; links ask before they open."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy, QTextBrowser, QWidget

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.safe_document import MEMORY_SCHEME, SafeDocument
from timmy_desktop.inert import inert, inert_line


class ProseView(QTextBrowser):
    """Markdown or plain text without scroll bars; whoever holds it scrolls."""

    link_activated = Signal(str)
    memory_requested = Signal(str)
    """A citation was clicked: the end of the memory's identifier."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prose = SafeDocument(self)
        self.setDocument(self._prose)
        self.setProperty("variant", "bare")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setViewportMargins(QMargins(0, 0, 0, 0))
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName("Text")
        self.anchorClicked.connect(self._ask)
        self._prose.documentLayout().documentSizeChanged.connect(self._fit)

    def show_markdown(self, text: str) -> None:
        self._prose.show_markdown(text)
        self._fit()

    def show_plain(self, text: str, role: str = "text") -> None:
        """`text` as it is, not read as Markdown."""
        self._prose.setDefaultFont(Theme.current().font())
        self.setTextColor(Theme.current().color(role))
        self._prose.setPlainText(inert(text))
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(240, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(40, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def _fit(self) -> None:
        height = max(1, int(self._prose.size().height() + 0.999))
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)

    def _ask(self, url: QUrl) -> None:
        if url.scheme() == MEMORY_SCHEME:
            self.memory_requested.emit(url.path())
            return
        address = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
        self.link_activated.emit(address)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown = inert_line(address, 60).replace("&", "&&")
        menu.addAction(f"Open {shown} in the browser", lambda: QDesktopServices.openUrl(url))
        menu.addAction("Copy the link", lambda: QGuiApplication.clipboard().setText(address))
        menu.popup(self.cursor().pos())
