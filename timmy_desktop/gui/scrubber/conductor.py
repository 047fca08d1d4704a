"""Between the bar, the docks and the log: picks moments, plays them forward, and comes back to now."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QMainWindow

from timmy_desktop.gui.dock import PanelDock
from timmy_desktop.gui.panel import Area, Say
from timmy_desktop.gui.scrubber.bar import ScrubBar
from timmy_desktop.gui.scrubber.content import Moment
from timmy_desktop.gui.scrubber.page import NoPast, ThenPage
from timmy_desktop.gui.scrubber.renders import RENDERS
from timmy_desktop.gui.scrubber.words import as_it_was, caution, exactly
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.scrubber.past import Reach
from timmy_desktop.scrubber.scrubber import Scrubber
from timmy_desktop.storage.event_counts import Histogram
from timmy_desktop.supervisor import TaskSupervisor

_BARS = 200
_EVENTS = 100
_FRAME_MS = 100
_LOOK_AGAIN_MS = 2_000


class Conductor(QObject):
    """One seek at a time; while one runs only the newest wish is kept. Panels go on behind their pages."""

    past_entered = Signal()
    past_left = Signal()

    def __init__(
        self,
        *,
        scrubber: Scrubber,
        docks: Mapping[str, PanelDock],
        bar: ScrubBar,
        supervisor: TaskSupervisor,
        now_us: Callable[[], int],
        say: Callable[[Say], object],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._scrubber, self._docks, self._bar, self._now_us = scrubber, docks, bar, now_us
        self._tasks = SlotTasks(supervisor, say, "scrubber")
        self._pages: dict[str, ThenPage | NoPast] = {}
        self._reach = Reach()
        self._moment: Moment | None = None
        self._wanted: Callable[[], None] | None = None
        self._played_us = 0
        self._low: dict[PanelDock, int] = {}
        self._elapsed = QElapsedTimer()
        self._frames, self._looks = QTimer(self), QTimer(self)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._play_on)
        self._looks.setInterval(_LOOK_AGAIN_MS)
        self._looks.timeout.connect(self._look)
        bar.picked.connect(self._pick)
        bar.stepped.connect(self.step)
        bar.play_toggled.connect(self.toggle_play)
        bar.back_requested.connect(self.leave)

    @property
    def in_past(self) -> bool:
        return bool(self._pages)

    @property
    def moment(self) -> Moment | None:
        """What is on screen; None for the present."""
        return self._moment if self.in_past else None

    @property
    def is_playing(self) -> bool:
        return self._frames.isActive()

    @property
    def settled(self) -> bool:
        """Whether what was asked for is on screen."""
        return not self._tasks.running() and all(page.is_current for page in self._pages.values())

    def enter(self) -> None:
        """Shows the bar, at the present."""
        if not self._bar.isVisible():
            self._bar.show_now()
            self._low = _heights(self._docks)
            self._bar.show()
            QTimer.singleShot(0, self, self._keep_heights)
            self._looks.start()
            self._look()
            self._tasks.start("prepare", self._scrubber.prepare(self._told), lambda _: self._read())
        self._bar.track.setFocus()

    def leave(self) -> None:
        """Back to now: the pages go, and every dock is as current as it always was behind them."""
        self._frames.stop()
        self._looks.stop()
        self._tasks.stop()
        self._wanted = self._moment = None
        was_past, self._pages = self.in_past, {}
        for dock in self._docks.values():
            if was_past:
                dock.show_past(None)
        self._bar.hide()
        self._bar.show_playing(False)
        QTimer.singleShot(0, self, self._keep_heights)
        if was_past:
            self.past_left.emit()

    def stop(self) -> None:
        """The services are about to stop."""
        self.leave()

    def pick(self, time_us: int) -> None:
        """Goes to a moment."""
        self._bar.track.show_moment(time_us)
        self._wish(lambda: self._seek_time(time_us))

    def pick_share(self, percent: int) -> None:
        """Goes to the event that has so much of the log behind it."""

        async def found() -> Moment:
            reach = await self._scrubber.reach()
            return await self._found(reach.first_seq + (reach.last_seq - reach.first_seq) * percent // 100)

        self._wish(lambda: self._tasks.start("seek", found(), self._show))

    def step(self, way: int) -> None:
        """Goes to the next event, or to the one before."""
        self._pause()
        self._wish(lambda: self._seek_step(way))

    def toggle_play(self) -> None:
        """Plays forward from the moment; from the beginning where it stands at the end."""
        if self.is_playing:
            self._pause()
            return
        at_end = self._moment is None or self._moment.world.seq >= self._reach.last_seq
        self._played_us = (
            self._reach.first_us if at_end or self._moment is None else self._moment.world.time_us
        )
        self._elapsed.start()
        self._frames.start()
        self._bar.show_playing(True)
        self.pick(self._played_us)

    def _pick(self, time_us: int) -> None:
        self._pause()
        self.pick(time_us)

    def _pause(self) -> None:
        self._frames.stop()
        self._bar.show_playing(False)

    def _play_on(self) -> None:
        self._played_us += self._elapsed.restart() * 1_000 * self._bar.times_faster
        if self._played_us >= self._reach.last_us:
            self._pause()
            self._played_us = self._reach.last_us
        self.pick(self._played_us)

    def _keep_heights(self) -> None:
        """The bar takes its room from the upper docks, which have more, and gives it back."""
        window = self.parent()
        if isinstance(window, QMainWindow) and self._low:
            window.resizeDocks(list(self._low), list(self._low.values()), Qt.Orientation.Vertical)

    # Asking, one seek at a time

    def _wish(self, seek: Callable[[], None]) -> None:
        if self._tasks.running("seek"):
            self._wanted = seek
        else:
            seek()

    def _seek_time(self, time_us: int) -> None:
        async def found() -> Moment:
            return await self._found(await self._scrubber.seq_at(time_us))

        self._tasks.start("seek", found(), self._show)

    def _seek_step(self, way: int) -> None:
        async def found() -> Moment:
            here = self._moment.world.seq if self._moment is not None else self._reach.last_seq
            return await self._found(await self._scrubber.neighbour(here, way))

        self._tasks.start("seek", found(), self._show)

    async def _found(self, seq: int) -> Moment:
        world = await self._scrubber.at(seq)
        events = tuple(await self._scrubber.events_before(seq, _EVENTS))
        return Moment(world, events, await self._scrubber.told_of(world))

    def _show(self, moment: Moment) -> None:
        self._moment = moment
        if not self._pages:
            self._cover()
        words = as_it_was(moment.world.time_us, self._now_us())
        for page in self._pages.values():
            page.show_moment(moment, words)
        if not self.is_playing and self._wanted is None:
            self._bar.track.show_moment(moment.world.time_us)
        self._tell(words)
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            wanted()

    def _cover(self) -> None:
        for name, dock in self._docks.items():
            render = RENDERS.get(name)
            page = ThenPage(render) if render is not None else NoPast(dock.spec.title, self.leave)
            page.setAccessibleName(f"{dock.spec.title}, as it was")
            self._pages[name] = page
            dock.show_past(page)
        self.past_entered.emit()
        QTimer.singleShot(0, self, self._keep_heights)
        self._bar.track.setFocus()

    def _tell(self, words: str) -> None:
        if self._moment is not None:
            world = self._moment.world
            self._bar.show_words(
                words, exactly(world, self._reach, self._now_us()), caution(world, self._reach)
            )

    # What the log has, which grows meanwhile

    def _look(self) -> None:
        async def looked() -> tuple[Reach, Histogram]:
            return await self._scrubber.reach(), await self._scrubber.histogram(_BARS)

        if not self._tasks.running("look"):
            self._tasks.start("look", looked(), self._looked)

    def _looked(self, found: tuple[Reach, Histogram]) -> None:
        self._reach, histogram = found
        self._bar.track.show_range(self._reach.first_us, self._reach.last_us)
        self._bar.track.show_histogram(histogram)
        if self._moment is None:
            self._bar.track.show_moment(self._reach.last_us)
            self._bar.show_caution(caution(None, self._reach))

    def _told(self, done: int, of: int) -> None:
        # A moment that the reading has not come to is waited for, whatever is on screen meanwhile.
        if done < of and (self._moment is None or self._tasks.running("seek")):
            self._bar.show_reading(done, of)

    def _read(self) -> None:
        if self._moment is None:
            self._bar.show_now()


def _heights(docks: Mapping[str, PanelDock]) -> dict[PanelDock, int]:
    """How high the docks below stand; of those that share a place, the one in front."""
    below = (dock for dock in docks.values() if dock.spec.area is Area.BELOW and not dock.isFloating())
    return {dock: dock.height() for dock in below if not dock.visibleRegion().isEmpty()}
