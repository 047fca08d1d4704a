"""While no model answers: the card that says what is missing, and the model that it fetches."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from timmy_desktop.gui.layout import LayoutStore
from timmy_desktop.gui.panel import Say

# What follows the services is imported when it is needed: most starts never show the card.
if TYPE_CHECKING:
    from timmy_desktop.gui.live_status import LiveStatus
    from timmy_desktop.gui.preferences.models import ModelPulls
    from timmy_desktop.gui.tasks import SlotTasks
    from timmy_desktop.gui.welcome import Welcome
    from timmy_desktop.routing.models import ModelLibrary

_MODEL_ANSWERED = "model-answered"


class FirstRun(QObject):
    """The card goes by itself when a model answers, and stays away once the person has closed it."""

    workspace_requested = Signal()
    models_requested = Signal()
    details_requested = Signal()

    def __init__(
        self,
        *,
        store: LayoutStore,
        place: Callable[[QWidget], object],
        tasks: Callable[[], SlotTasks],
        say: Callable[[Say], object],
        parent: QObject,
    ) -> None:
        """`place(card)` puts the card where it is to stand; `tasks()` outlive the services."""
        super().__init__(parent)
        self._store, self._place, self._tasks, self._say = store, place, tasks, say
        self._live: LiveStatus | None = None
        self._library: ModelLibrary | None = None
        self._pulls: ModelPulls | None = None
        self._dismissed = False

    def attach(self, live: LiveStatus, library: ModelLibrary) -> None:
        """The services run: follows whether a model can be used."""
        self._live, self._library = live, library
        live.models_changed.connect(self.show_models)

    def detach(self) -> None:
        """The services are about to stop."""
        self._live = self._library = None
        if self._pulls is not None:
            self._pulls.stop()
            self._pulls = None

    @cached_property
    def card(self) -> Welcome:
        """Made hidden, when it is first needed."""
        from timmy_desktop.gui.welcome import Welcome

        made = Welcome()
        made.hide()
        made.check_requested.connect(self._check)
        made.workspace_requested.connect(self.workspace_requested)
        made.models_requested.connect(self.models_requested)
        made.fetch_requested.connect(self._fetch)
        made.stop_requested.connect(self._stop_fetching)
        made.details_requested.connect(self.details_requested)
        made.dismissed.connect(self._dismiss)
        self._place(made)
        return made

    def enable(self, on: bool) -> None:
        """Lets the card be clicked, or not, where there is one."""
        if "card" in self.__dict__:
            self.card.setEnabled(on)

    def pulls(self) -> ModelPulls | None:
        """The downloads of models; None while no services run."""
        if self._pulls is None and self._library is not None:
            from timmy_desktop.gui.preferences.models import ModelPulls

            self._pulls = ModelPulls(self._library, self._tasks(), self._say, self)
            self._pulls.changed.connect(self._show_pull)
            self._pulls.ended.connect(self._show_pull)
        return self._pulls

    def show_models(self, found: bool) -> None:
        """Whether any provider is usable now."""
        if found:
            self._dismissed = False
            if not self._store.flag(_MODEL_ANSWERED):
                self._store.set_flag(_MODEL_ANSWERED)
            self.card.hide()
        elif not self._dismissed and self._live is not None:
            self._show_missing(self._live)

    def _show_missing(self, live: LiveStatus) -> None:
        if (pulls := self.pulls()) is not None and live.has_embedded():
            self.card.show_offer(pulls.library.smallest)
        if self._store.flag(_MODEL_ANSWERED):
            self.card.show_offline(live.findings())
        else:
            self.card.show_first_run(live.findings())
        self.card.show()

    def _dismiss(self) -> None:
        self._dismissed = True
        self.card.hide()

    def _check(self) -> None:
        if self._live is not None:
            self.card.show_checking(True)
            self._live.check_models(lambda: self.card.show_checking(False))

    def _fetch(self) -> None:
        if (pulls := self.pulls()) is not None:
            pulls.start(pulls.library.smallest.name, is_file=True)

    def _stop_fetching(self) -> None:
        if (pulls := self._pulls) is not None:
            for pull in pulls.all():
                pulls.cancel(pull.name)

    def _show_pull(self, name: str) -> None:
        pull = self._pulls.of(name) if self._pulls is not None else None
        self.card.show_pull(pull)
        if pull is None:  # it is here, or it was stopped
            self._check()
