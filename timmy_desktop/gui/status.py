"""The line at the bottom: model, work, balance, event rate and chain, each a button to its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QStatusBar

from timmy_desktop.gui.findings import StatusLike, all_checked, provider_title, usable
from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.widgets.parts import button, spring
from timmy_desktop.gui.wording import count, sats
from timmy_desktop.inert import inert_line

_EDGES, _BETWEEN = 32, 8


class StatusLine(QStatusBar):
    """Shows what it is told; it asks nobody. `chosen` names the place a click wishes to see."""

    chosen = Signal(str)
    """`router`, `tasks`, `upgrades`, `ledger`, `activity` or `chain`."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setContentsMargins(0, 0, 0, 0)
        self._shown: dict[str, tuple[str, str, str]] = {}
        self.model = self._part("router", "Models and their health")
        self.work = self._part("tasks", "Tasks under way")
        self.approvals = self._part("upgrades", "Changes to approve")
        self.balance = self._part("ledger", "Balance of the ledger")
        self.rate = self._part("activity", "Events a second")
        self.chain = self._part("chain", "The event log's hash chain")
        for part in (self.model, self.work, self.approvals):
            self.addWidget(part)
        self.addWidget(spring(), 1)
        for part in (self.balance, self.rate, self.chain):
            self.addPermanentWidget(part)
        self._parts = (self.model, self.work, self.approvals, self.balance, self.rate, self.chain)
        self.show_progress("Starting…")

    def show_progress(self, words: str, tone: str = "muted") -> None:
        """What starting is busy with, or how it ended."""
        self._set(self.model, "bad" if tone == "bad" else "clock", tone, words, "")
        for part in (self.work, self.approvals, self.balance, self.rate, self.chain):
            part.setVisible(False)

    def show_started(self) -> None:
        """The services run: every part has something to say."""
        for part in (self.work, self.approvals, self.balance, self.rate, self.chain):
            part.setVisible(True)
        self._fit()

    def show_models(self, statuses: Sequence[StatusLike]) -> None:
        """The provider that would be asked first, and how it is."""
        first = next((status for status in statuses if usable(status)), None)
        if first is None:
            if not all_checked(statuses):
                self._set(self.model, "clock", "muted", "Looking for models…", "Providers are being checked.")
                return
            self._set(self.model, "offline", "warn", "No model", "No provider answers. Click for what to do.")
            return
        health = first.health
        model = inert_line((health.model if health else "") or first.model or first.name, 40)
        loading = health is not None and health.state == "loading"
        words = f"{model}  ·  {provider_title(first)}" + ("  ·  loading" if loading else "")
        detail = health.detail if health else ""
        self._set(self.model, "clock" if loading else "good", "accent" if loading else "good", words, detail)

    def show_work(self, running: int) -> None:
        """How many tasks are not finished."""
        words = f"{count(running, 'task')} running" if running else "Idle"
        self._set(self.work, "tasks", "accent" if running else "muted", words, "Show the tasks")

    def show_approvals(self, pending: int) -> None:
        """How many changes to code wait for a decision."""
        words = f"{pending:,} to approve" if pending else "Nothing to approve"
        self._set(
            self.approvals, "upgrades", "accent" if pending else "muted", words, "Review what was proposed"
        )

    def show_balance(self, available_msat: int, *, simulated: bool) -> None:
        """What could be spent now."""
        words = sats(available_msat) + ("  simulated" if simulated else "")
        hint = (
            "No real money: the built-in backend simulates Lightning." if simulated else "Available balance"
        )
        self._set(self.balance, "sats", "muted", words, hint)

    def show_rate(self, each_second: float) -> None:
        """Events a second, as the last seconds had them."""
        shown = f"{each_second:,.0f}" if each_second >= 10 or each_second == 0 else f"{each_second:.1f}"
        self._set(self.rate, "activity", "muted", f"{shown} events/s", "Show the activity")

    def show_chain(self, tone: str, words: str, hint: str) -> None:
        """What verifying found; `tone` is `good`, `bad`, `accent` or `muted`."""
        glyph = {"good": "shield", "bad": "bad"}.get(tone, "log")
        self._set(self.chain, glyph, tone, words, hint)

    def _part(self, place: str, what: str) -> QPushButton:
        made = button("", self._chooser(place), variant="status", hint=what)
        made.setProperty("what", what)
        made.setAccessibleName(what)
        made.setFlat(True)
        made.setIconSize(QSize(14, 14))
        return made

    def _chooser(self, place: str) -> Callable[[], None]:
        return lambda: self.chosen.emit(place)

    def _set(self, part: QPushButton, glyph: str, tone: str, words: str, hint: str) -> None:
        key = str(part.property("what"))
        if self._shown.get(key) == (glyph, tone, words + hint):
            return
        self._shown[key] = (glyph, tone, words + hint)
        part.setIcon(icon(glyph, tone))
        part.setProperty("words", f" {words}")
        part.setToolTip(inert_line(hint, 300) or key)
        part.setAccessibleName(f"{key}: {words}")
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _is_quiet(self, part: QPushButton) -> bool:
        return self._shown.get(str(part.property("what")), ("", "muted", ""))[1] == "muted"

    def _fit(self) -> None:
        """Where there is no room for all words some parts keep their picture alone; the hint says them."""
        shown = [part for part in self._parts if not part.isHidden()]
        for part in shown:
            part.setText(str(part.property("words") or ""))
        room = self.width() - _EDGES - _BETWEEN * len(shown)
        for part in (
            *filter(self._is_quiet, (self.rate, self.work, self.approvals)),
            self.balance,
            self.model,
        ):
            if sum(each.sizeHint().width() for each in shown) <= room:
                return
            part.setText("")
