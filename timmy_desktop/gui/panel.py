"""What a panel is to the window: a specification to build it from, and the wishes it may send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from timmy_desktop.services import Services
    from timmy_desktop.settings import Settings


class Area(Enum):
    """Where a panel's dock stands in the first layout."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    BELOW = "below"


@dataclass(frozen=True, kw_only=True)
class PanelSpec:
    """One line of PANELS. `build(services)` is the only place that sees the services."""

    name: str
    """Stable and lower case: the key of layouts, of wishes and of `screenshot --panel`."""
    title: str
    area: Area
    build: Callable[[Services], Panel]
    glyph: str
    """A name in gui/glyphs."""
    summary: str
    """One sentence for tooltips, the palette and screen readers."""
    shortcut: str = ""


@dataclass(frozen=True, slots=True)
class OpenTask:
    """Show this task."""

    task_id: str


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """Show this conversation; the newest one where none is named."""

    conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class NewTask:
    """Let the person write a task, beginning with `text`."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class NewConversation:
    """Begin a conversation."""


@dataclass(frozen=True, slots=True)
class ShowPanel:
    """Bring the panel called `name` to the front and give it the focus."""

    name: str


@dataclass(frozen=True, slots=True)
class OpenMemory:
    """Show this memory: its identifier, or the end of it as a citation names it (`m:1a2b3c4d`)."""

    entry_id: str


@dataclass(frozen=True, slots=True)
class OpenUpgrade:
    """Show this proposal to change code."""

    upgrade_id: str


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """Show the line of this payment in the ledger; without its hash, all lines of the task."""

    payment_hash: str = ""
    task_id: str = ""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """Show this request to a model: its attempts, and what came of it."""

    request_id: str


@dataclass(frozen=True, slots=True)
class OpenPreferences:
    """Let the person change the settings, beginning at the page called `page`."""

    page: str = ""


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the person something in the window's message bar; never a dialog.

    `text` says what happened, what it means and what to do next. `details` can be copied.
    """

    text: str
    tone: str = "info"
    """`info`, `good`, `warn` or `bad`."""
    details: str = ""


Wish = (
    OpenTask
    | OpenConversation
    | NewTask
    | NewConversation
    | ShowPanel
    | OpenMemory
    | OpenUpgrade
    | OpenPayment
    | OpenRequest
    | OpenPreferences
    | Say
)


class Panel(QWidget):
    """The body of a dock. Panels don't know each other: they send wishes, and the window asks around."""

    wished = Signal(object)
    """A Wish."""

    subtitle_changed = Signal(str)
    """A few words beside the title in the dock's head, as in "3 running"."""

    def title_tools(self) -> list[QWidget]:
        """Small controls (parts.glyph_button) for the dock's head, left of float and close."""
        return []

    def fulfil(self, wish: Wish) -> bool:  # noqa: ARG002 - for those who override it
        """Does what another part of the window wished, where it is this panel's business; False else."""
        return False

    def focus_first(self) -> None:
        """Puts the keyboard where work in this panel begins."""
        self.setFocus()

    def palette_actions(self) -> list[QAction]:
        """What the command palette offers of this panel."""
        return []

    def unfinished(self) -> str:
        """What would be lost or interrupted by closing the window now, as one clause; empty for nothing."""
        return ""

    def show_part(self, part: str) -> bool:  # noqa: ARG002 - for those who have parts
        """Brings the part of that name to the front, as `screenshot --part` asks; False without one."""
        return False

    def take_settings(self, settings: Settings) -> None:
        """The person saved settings: what of them shows in this panel shows at once."""

    def settle(self) -> bool:
        """Whether everything asked for is on screen; screenshots and tests wait for it."""
        return True

    def stop(self) -> None:
        """Lets go of subscriptions, timers and started work. Called once, before the services stop."""
