"""The downloads of models. They belong to the window: Preferences may be closed while one goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from timmy_desktop.gui.panel import Say
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.routing.models import Holder, ModelLibrary


@dataclass(frozen=True, slots=True)
class Pull:
    """How far one is; `total` is 0 while that is unknown. `problem` says why it ended, in words."""

    name: str
    is_file: bool
    done: int = 0
    total: int = 0
    words: str = ""
    problem: str = ""


class ModelPulls(QObject):
    """Each by the name of its model. What broke off stays here until it is tried again or dismissed."""

    changed = Signal(str)
    """This pull began, came further or failed."""

    ended = Signal(str)
    """This one is gone: whole, or cancelled."""

    def __init__(
        self,
        library: ModelLibrary,
        tasks: SlotTasks,
        say: Callable[[Say], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.library, self._tasks, self._say = library, tasks, say
        self._pulls: dict[str, Pull] = {}

    def all(self) -> tuple[Pull, ...]:
        """Those under way and those that broke off."""
        return tuple(self._pulls.values())

    def of(self, name: str) -> Pull | None:
        """The one of this model."""
        return self._pulls.get(name)

    def is_running(self, name: str) -> bool:
        """Whether it is under way."""
        return name in self._pulls and not self._pulls[name].problem

    def start(self, name: str, *, is_file: bool) -> None:
        """Begins, or goes on where it was. `is_file`: for the embedded provider, not through Ollama."""
        if self.is_running(name):
            return
        self._put(Pull(name, is_file))
        self._tasks.start(
            _task(name),
            self._follow(name, "embedded" if is_file else "ollama"),
            partial(self._arrived, name),
            failed=partial(self._broke_off, name),
        )

    def cancel(self, name: str) -> None:
        """Stops it, or forgets one that broke off; what was fetched of a file is kept."""
        self._tasks.cancel(_task(name))
        if self._pulls.pop(name, None) is not None:
            self.ended.emit(name)

    def stop(self) -> None:
        """The window lets go: everything stops, and goes on when it is asked for again."""
        for name in tuple(self._pulls):
            self._tasks.cancel(_task(name))
        self._pulls.clear()

    async def _follow(self, name: str, holder: Holder) -> None:
        async with aclosing(self.library.pull(name, holder)) as steps:
            async for step in steps:
                self._put(replace(self._pulls[name], done=step.done, total=step.total, words=step.words))

    def _arrived(self, name: str, _: None) -> None:
        del self._pulls[name]
        self._say(Say(f"{name} is here. Choose what it is for in Preferences, Models.", "good"))
        self.ended.emit(name)

    def _broke_off(self, name: str, error: Exception) -> None:
        self._put(replace(self._pulls[name], problem=str(error) or type(error).__name__))
        self._say(Say(f"{name} was not fetched. {error}", "warn"))

    def _put(self, pull: Pull) -> None:
        self._pulls[pull.name] = pull
        self.changed.emit(pull.name)


def _task(name: str) -> str:
    return f"pull {name}"
