"""The window's way into the past and back: the bar and what drives it, made when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMainWindow, QWidget

from timmy_desktop.gui.dock import PanelDock
from timmy_desktop.gui.panel import Say

if TYPE_CHECKING:
    from timmy_desktop.gui.scrubber.bar import ScrubBar
    from timmy_desktop.gui.scrubber.conductor import Conductor
    from timmy_desktop.services import Services

_HALF_WAY = 50


class ScrubberDesk(QObject):
    """The bar stays for the window's life, the conductor as long as the services."""

    past_shown = Signal(bool)
    """Whether the docks show the past now."""

    def __init__(
        self,
        window: QMainWindow,
        *,
        docks: Mapping[str, PanelDock],
        place: Callable[[QWidget], object],
        say: Callable[[Say], object],
    ) -> None:
        """`place(bar)` puts the bar where it is to stand."""
        super().__init__(window)
        self._window, self._docks, self._place, self._say = window, docks, place, say
        self._services: Services | None = None
        self._bar: ScrubBar | None = None
        self.conductor: Conductor | None = None
        """Made when somebody first looks at the past."""

    def attach(self, services: Services) -> None:
        """The services run: there is a past to look at."""
        self._services = services

    def detach(self) -> None:
        """The services are about to stop."""
        self._services = None
        if self.conductor is not None:
            self.conductor.stop()
            self.conductor.deleteLater()
            self.conductor = None

    @property
    def in_past(self) -> bool:
        return self.conductor is not None and self.conductor.in_past

    @property
    def settled(self) -> bool:
        """Whether the moment asked for is on screen."""
        return self.conductor is None or self.conductor.settled

    def enter(self) -> None:
        """Shows the bar."""
        if self._services is None:
            return
        if self.conductor is None:
            self.conductor = self._conductor(self._services)
        self.conductor.enter()

    def leave(self) -> None:
        """Every dock shows the present again."""
        if self.conductor is not None:
            self.conductor.leave()

    def show_part(self, part: str) -> bool:
        """`past:60` shows the docks as they were after 60 % of the log, as `screenshot --part` asks."""
        name, _, share = part.partition(":")
        if name != "past" or not (share or "0").isdecimal() or self._services is None:
            return False
        self.enter()
        if self.conductor is not None:
            self.conductor.pick_share(min(int(share or _HALF_WAY), 100))
        return True

    def _conductor(self, services: Services) -> Conductor:
        from timmy_desktop.gui.scrubber.bar import ScrubBar
        from timmy_desktop.gui.scrubber.conductor import Conductor

        if self._bar is None:
            self._bar = ScrubBar()
            self._bar.hide()
            self._place(self._bar)
        made = Conductor(
            scrubber=services.scrubber,
            docks=self._docks,
            bar=self._bar,
            supervisor=services.supervisor,
            now_us=services.clock.now_us,
            say=self._say,
            parent=self._window,
        )
        made.past_entered.connect(lambda: self.past_shown.emit(True))
        made.past_left.connect(lambda: self.past_shown.emit(False))
        return made
