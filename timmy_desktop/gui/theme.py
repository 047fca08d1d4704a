"""The look, set once: palette, fonts and style sheet by role, switched at run time."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from timmy_desktop.gui.colors import THEMES, Colors, mixed
from timmy_desktop.gui.style import style_sheet

# Space is a grid of four; these are the only distances used.
HAIR, TIGHT, GAP, ROOM, WIDE = 2, 4, 8, 16, 24
RADIUS = 8

Size = Literal["small", "body", "title"]
_SCALE: dict[Size, float] = {"small": 0.87, "body": 1.0, "title": 1.4}
_SMALLEST_BODY_POINTS = 10.0
# Linux desktops without a font of their own fall back to DejaVu; these read better where installed.
_PREFERRED = ("Inter", "Cantarell", "Ubuntu", "Noto Sans", "Open Sans", "Roboto")
_PREFERRED_MONO = ("JetBrains Mono", "IBM Plex Mono", "Ubuntu Mono", "Noto Sans Mono", "DejaVu Sans Mono")
_PLACEHOLDERS = frozenset({"Sans Serif", "Sans", "DejaVu Sans", "monospace", "Monospace", "Mono", ""})


class Theme(QObject):
    """Belongs to the application; `Theme.current()` finds it. `changed` follows each switch."""

    changed = Signal()

    def __init__(self, application: QApplication, name: str = "dark") -> None:
        super().__init__(application)
        self.setObjectName("timmy-theme")
        self._application = application
        self.name = name if name in THEMES else "dark"
        self._body = _system_font(QFontDatabase.SystemFont.GeneralFont, _PREFERRED)
        self._mono = _system_font(QFontDatabase.SystemFont.FixedFont, _PREFERRED_MONO)
        self._cache: dict[str, QColor] = {}

    @staticmethod
    def current() -> Theme:
        """The application's theme; the dark one is made where none was set."""
        application = QApplication.instance()
        if not isinstance(application, QApplication):
            raise RuntimeError("A theme needs the application to exist first.")  # noqa: TRY004
        found = application.findChild(Theme, "timmy-theme")
        if found is not None:
            return found
        theme = Theme(application)
        theme.apply()
        return theme

    @property
    def colors(self) -> Colors:
        """Every role of the theme in use, as text."""
        return THEMES[self.name]

    @property
    def is_dark(self) -> bool:
        return self.name == "dark"

    def color(self, role: str) -> QColor:
        """The colour of a role: a field of Colors, or `series1` to `series8`."""
        color = self._cache.get(role)
        if color is None:
            color = self._cache[role] = QColor(self._text_of(role))
        return color

    def tint(self, role: str, share: float = 0.14, over: str = "surface") -> QColor:
        """A quiet, opaque tint of a role, for the ground of a pill or a banner."""
        key = f"{role}/{share}/{over}"
        if key not in self._cache:
            self._cache[key] = QColor(mixed(self._text_of(role), self._text_of(over), share))
        return self._cache[key]

    def font(self, size: Size = "body", *, mono: bool = False, strong: bool = False) -> QFont:
        """One of the three sizes; `mono` for code, hashes and numbers in columns."""
        font = QFont(self._mono if mono else self._body)
        font.setPointSizeF(round(font.pointSizeF() * _SCALE[size] * 2) / 2)
        if strong:
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def switch(self, name: str) -> None:
        """Changes the whole window to `dark` or `light` at once."""
        if name in THEMES and name != self.name:
            self.name = name
            self.apply()

    def apply(self) -> None:
        """Sets style, palette, font and style sheet on the application."""
        self._cache.clear()
        self._application.setStyle("Fusion")
        self._application.setPalette(_palette(self.colors))
        self._application.setFont(self.font())
        small, title = self.font("small").pointSizeF(), self.font("title").pointSizeF()
        self._application.setStyleSheet(style_sheet(self.colors, small, title))
        self.changed.emit()

    def _text_of(self, role: str) -> str:
        if role.startswith("series"):
            return self.colors.series[(int(role[6:]) - 1) % 8]
        return str(getattr(self.colors, role))


def _system_font(kind: QFontDatabase.SystemFont, preferred: tuple[str, ...]) -> QFont:
    font = QFontDatabase.systemFont(kind)
    if font.family() in _PLACEHOLDERS:
        installed = set(QFontDatabase.families())
        font.setFamily(next((name for name in preferred if name in installed), font.family()))
    font.setPointSizeF(max(font.pointSizeF(), _SMALLEST_BODY_POINTS))
    return font


def _palette(colors: Colors) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for target, color in (
        (role.Window, colors.surface),
        (role.WindowText, colors.text),
        (role.Base, colors.sunken if colors.text > "#8" else colors.raised),
        (role.AlternateBase, colors.surface),
        (role.Text, colors.text),
        (role.PlaceholderText, colors.muted),
        (role.Button, colors.raised),
        (role.ButtonText, colors.text),
        (role.BrightText, colors.bad),
        (role.ToolTipBase, colors.raised),
        (role.ToolTipText, colors.text),
        (role.Highlight, colors.selection),
        (role.HighlightedText, colors.text),
        (role.Link, colors.accent),
        (role.LinkVisited, colors.accent),
        (role.Accent, colors.accent),
        (role.Light, colors.hover),
        (role.Midlight, colors.hover),
        (role.Mid, colors.border),
        (role.Dark, colors.border),
        (role.Shadow, colors.sunken),
    ):
        palette.setColor(target, QColor(color))
    for target in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, QColor(colors.outline))
    return palette
