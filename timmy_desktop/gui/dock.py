"""The frame around a panel: one rounded card of head and body, that moves, floats, tabs and closes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QFrame, QHBoxLayout, QMainWindow, QStackedLayout, QWidget

from timmy_desktop.gui.glyphs import paint_glyph
from timmy_desktop.gui.panel import Panel, PanelSpec
from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.parts import glyph_button, label
from timmy_desktop.inert import inert_line

_HEAD_HEIGHT = 36
_SMALLEST = QSize(240, 96)
_WIDEST = 388
"""No panel may ask for more than this at least."""


class PanelDock(QDockWidget):
    """Holds the panel of one spec, and what stands there before the panel can be built."""

    closed_by_person = Signal()

    def __init__(self, spec: PanelSpec, parent: QMainWindow) -> None:
        super().__init__(spec.title, parent)
        self.spec = spec
        self.panel: Panel | None = None
        self.setObjectName(f"dock-{spec.name}")
        self.setAccessibleName(spec.title)
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self.head = DockHead(self)
        self.setTitleBarWidget(self.head)
        self._body = _Body(f"Opening {spec.title}…")
        self.setWidget(self._body)
        # Which docks are tabbed together is known only when the layout has come to rest.
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(self.head.refresh)
        for moved in (self.topLevelChanged, self.dockLocationChanged, self.visibilityChanged):
            moved.connect(self._moved)

    def _moved(self, _: object = None) -> None:
        self._settled.start()

    def put(self, panel: Panel) -> None:
        """Shows the panel itself."""
        self.panel = panel
        self._body.put(panel)
        self.setFocusProxy(panel)
        panel.subtitle_changed.connect(self.head.show_subtitle)
        self.head.show_tools(panel.title_tools())

    def fail(self, text: str) -> None:
        """Says that this panel alone could not be built."""
        from timmy_desktop.gui.widgets.empty_state import EmptyState

        self._body.put(EmptyState("bad", f"{self.spec.title} can't be shown", text, tone="bad"))

    @property
    def shows_past(self) -> bool:
        """Whether something stands in front of the panel, which goes on behind it."""
        return self._body.covered

    def show_past(self, page: QWidget | None) -> None:
        """Puts a page in front of the panel, whose controls can't be reached then; None takes it away."""
        self._body.cover(page)
        self.head.hide_tools(page is not None)

    def bring_forward(self) -> None:
        """Shows the dock before those that it shares its place with, and gives it the keyboard."""
        self.show()
        self.raise_()
        if self.isFloating():
            self.activateWindow()
        if self.panel is not None and not self.shows_past:
            self.panel.focus_first()


class DockHead(QFrame):
    """The head of a dock: picture, title, a few words, the panel's tools, float and close."""

    def __init__(self, dock: PanelDock) -> None:
        super().__init__(dock)
        self._dock = dock
        self.setProperty("variant", "dock-head")
        self.setFixedHeight(_HEAD_HEIGHT)
        self._picture = _Glyph(dock.spec.glyph)
        self._title = label(dock.spec.title, strong=True)
        self._title.setToolTip(dock.spec.summary)
        self._subtitle = label(tone="muted", size="small")
        self._tool_box = QWidget()
        self._tools = QHBoxLayout(self._tool_box)
        self._tools.setContentsMargins(0, 0, 0, 0)
        self._tools.setSpacing(2)
        self._float = glyph_button("float", f"Float {dock.spec.title}", self._toggle_floating, side=26)
        self._close = glyph_button("close", f"Close {dock.spec.title}", self._close_dock, side=26)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 8, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self._picture)
        layout.addWidget(self._title)
        layout.addWidget(self._subtitle)
        layout.addStretch(1)
        layout.addWidget(self._tool_box)
        layout.addSpacing(TIGHT)
        layout.addWidget(self._float)
        layout.addSpacing(-TIGHT)
        layout.addWidget(self._close)

    def show_subtitle(self, text: str) -> None:
        """A few words beside the title."""
        self._subtitle.setText(inert_line(text, 48))

    def show_tools(self, tools: list[QWidget]) -> None:
        """The panel's own controls."""
        for tool in tools:
            self._tools.addWidget(tool)

    def hide_tools(self, hidden: bool) -> None:
        """Takes the panel's own controls and words away, or brings them back."""
        self._subtitle.setVisible(not hidden)
        self._tool_box.setVisible(not hidden)

    def refresh(self) -> None:
        """In a group of tabs the tab says the title, so the head doesn't say it again."""
        window = self._dock.parent()
        tabbed = (
            isinstance(window, QMainWindow)
            and not self._dock.isFloating()
            and bool(window.tabifiedDockWidgets(self._dock))
        )
        self._picture.setVisible(not tabbed)
        self._title.setVisible(not tabbed)
        words = "Dock" if self._dock.isFloating() else "Float"
        self._float.setToolTip(f"{words} {self._dock.spec.title}")
        self._float.setAccessibleName(self._float.toolTip())

    def sizeHint(self) -> QSize:
        # A dock gives its head this height, whatever was fixed, and lets the body lie over the rest.
        return QSize(super().sizeHint().width(), _HEAD_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _HEAD_HEIGHT)

    def _toggle_floating(self) -> None:
        self._dock.setFloating(not self._dock.isFloating())

    def _close_dock(self) -> None:
        self._dock.close()
        self._dock.closed_by_person.emit()


class _Body(QFrame):
    """Until something is put here it paints a word: a dock that nobody looks at costs next to nothing."""

    def __init__(self, waiting: str) -> None:
        super().__init__()
        self._waiting = waiting
        self.setProperty("variant", "dock-body")
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(1, 0, 1, 1)
        self._cover: QWidget | None = None
        self._under: QWidget | None = None

    @property
    def covered(self) -> bool:
        return self._cover is not None

    def cover(self, page: QWidget | None) -> None:
        """Puts a page in front of what is here, or takes it away."""
        old, under = self._cover, self._under if self._cover is not None else self._stack.currentWidget()
        self._cover, self._under = page, under
        if page is not None:
            self._stack.addWidget(page)
            self._stack.setCurrentWidget(page)
        elif under is not None:
            self._stack.setCurrentWidget(under)
        if old is not None:
            self._stack.removeWidget(old)
            old.hide()
            old.deleteLater()

    def put(self, widget: QWidget) -> None:
        self.cover(None)
        old = self._stack.currentWidget()
        self._stack.addWidget(widget)
        self._stack.setCurrentWidget(widget)
        if old is not None:
            self._stack.removeWidget(old)
            old.deleteLater()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._stack.currentWidget() is None:
            painter = QPainter(self)
            painter.setPen(Theme.current().color("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._waiting)

    def minimumSizeHint(self) -> QSize:
        panel = self._stack.currentWidget()
        width = panel.minimumSizeHint().width() if panel is not None else 0
        return QSize(max(_SMALLEST.width(), min(width, _WIDEST)), _SMALLEST.height())


class _Glyph(QWidget):
    def __init__(self, glyph: str) -> None:
        super().__init__()
        self._glyph = glyph
        self.setFixedSize(16, 16)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        paint_glyph(QPainter(self), self._glyph, self.rect(), Theme.current().color("muted"))
