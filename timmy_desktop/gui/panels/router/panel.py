"""The Router: latency over time, the providers, every request with its receipt, and rehearsals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QLayout, QSplitter, QTabWidget

from timmy_desktop.events.routing import (
    CircuitClosed,
    CircuitHalfOpened,
    CircuitOpened,
    ProviderCalled,
    ProviderFailedOver,
)
from timmy_desktop.gui.bridge import Bus, EventBridge
from timmy_desktop.gui.keepsakes import Keepsakes
from timmy_desktop.gui.panel import OpenPreferences, OpenRequest, Panel, Say, Wish
from timmy_desktop.gui.panels.router.chart_page import ChartPage
from timmy_desktop.gui.panels.router.controller import (
    PAGE,
    Chart,
    History,
    Rehearsal,
    Router,
    RouterController,
)
from timmy_desktop.gui.panels.router.export import as_csv, file_name
from timmy_desktop.gui.panels.router.outcome import Outcome
from timmy_desktop.gui.panels.router.provider_model import ProvidersModel, item_of
from timmy_desktop.gui.panels.router.providers_page import ProvidersPage
from timmy_desktop.gui.panels.router.rehearsal_page import RehearsalPage
from timmy_desktop.gui.panels.router.request_model import RequestsModel
from timmy_desktop.gui.panels.router.requests_page import RequestsPage
from timmy_desktop.gui.panels.router.words import LEFT_OUT
from timmy_desktop.gui.reachability import no_model_words
from timmy_desktop.gui.tasks import SlotTasks
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import column, row
from timmy_desktop.gui.widgets.relative_time import TickWhileVisible
from timmy_desktop.routing.policy import Policy
from timmy_desktop.routing.records import Receipt, RequestRow
from timmy_desktop.supervisor import TaskSupervisor

FOLLOWED = (ProviderCalled, ProviderFailedOver, CircuitOpened, CircuitHalfOpened, CircuitClosed)
_WIDE = 820
_CHART_SHARE, _BARE_SHARE = 62, 30
"""The chart's part of the room in hundredths, and where nothing is on it."""
_KINDS = {"png": "Picture (*.png)", "csv": "Numbers (*.csv)"}


class RouterPanel(Panel):
    """Chart above, lists below; beside each other where the dock is wide."""

    def __init__(
        self,
        *,
        router: Router,
        history: History,
        bus: Bus,
        supervisor: TaskSupervisor,
        keepsakes: Keepsakes,
        now_us: Callable[[], int],
        budget_words: Callable[[str], str] = lambda _: "",
        policy: Callable[[], Policy],
        rehearsal: Rehearsal,
    ) -> None:
        """`budget_words(provider)` says what it has used of its budget, "" where it has none.

        `policy` gives the settings in force, `rehearsal` replays the recorded requests under others.
        """
        super().__init__()
        self._router, self._keepsakes, self._budget_words = router, keepsakes, budget_words
        self._unseen = False
        self._policy = policy
        self.bridge = EventBridge(bus, self, types=FOLLOWED, interval_ms=250)
        self.slot_tasks = SlotTasks.of(self, supervisor, "router")
        self.controller = RouterController(
            router=router,
            history=history,
            rehearsal=rehearsal,
            starter=self.slot_tasks,
            screen=self,
            now_us=now_us,
        )
        self.providers, self.requests = ProvidersModel(self), RequestsModel(self)
        self.chart_page = ChartPage()
        self.providers_page = ProvidersPage(self.providers)
        self.requests_page = RequestsPage(self.requests, now_us, self.controller.read_requests)
        self.rehearsal_page = RehearsalPage()
        self.offline = NoticeBar("Try again", self._try_all)
        self.chart: Chart | None = None
        self._started = self._is_bare = self._is_shared_out = False
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.providers_page, "Providers")
        self.tabs.addTab(self.requests_page, "Requests")
        self.tabs.addTab(self.rehearsal_page, "Rehearsal")
        self.tabs.tabBar().setAccessibleName("Providers, requests, rehearsal")
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.chart_page)
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.splitterMoved.connect(lambda *_: setattr(self, "_is_shared_out", True))
        layout = column(gap=0, margins=(0, 0, 0, 0))
        layout.addLayout(row(self.offline, margins=(GAP + TIGHT, 0, GAP + TIGHT, 0), gap=0))
        layout.addWidget(self.splitter, 1)
        # Side by side it asks for more width than one below the other: that must not keep it wide.
        layout.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self.setLayout(layout)

    def _wire(self) -> None:
        chart, providers, requests = self.chart_page, self.providers_page, self.requests_page
        self.bridge.batch_ready.connect(lambda _: self.controller.note_news())
        chart.window_changed.connect(self._choose_window)
        chart.live_changed.connect(self._set_live)
        chart.scale_changed.connect(self._set_scale)
        chart.looked_at.connect(self.controller.look)
        chart.export_requested.connect(self.ask_where)
        providers.try_requested.connect(self.controller.try_now)
        providers.switch_requested.connect(self.controller.set_enabled)
        providers.order_requested.connect(self.controller.reorder)
        providers.edit_requested.connect(lambda: self.wished.emit(OpenPreferences("Providers")))
        requests.filter_changed.connect(self._find)
        requests.list.open_requested.connect(self.open_receipt)
        self.requests.older_wanted.connect(lambda: self.controller.older(self.requests.oldest))
        self.rehearsal_page.rehearse_requested.connect(self.controller.rehearse)
        self.rehearsal_page.open_requested.connect(self.open_receipt)
        TickWhileVisible(self, self._tick)

    # What the window asks of a panel

    def start(self) -> None:
        """Reads what there is; the plotting library comes in beside it, off this thread."""
        if self._started:
            return
        self._started = True
        page, kept = self.chart_page, self._keepsakes
        seconds = kept.number("window")
        if seconds and (place := page.window_choice.findData(seconds)) >= 0:
            page.window_choice.setCurrentIndex(place)
        page.log.setChecked(kept.text("scale") != "linear")
        self.controller.window_s = page.window_s
        self.show_providers()
        self.requests_page.show_loading()
        self.controller.read_requests()
        self.slot_tasks.start(
            "plot", page.load(), lambda _: self._plot_ready(), failed=lambda e: self.show_chart_fault(str(e))
        )

    def fulfil(self, wish: Wish) -> bool:
        if isinstance(wish, OpenRequest):
            self.open_receipt(wish.request_id)
            return True
        return False

    def palette_actions(self) -> list[QAction]:
        live = QAction("Pause or follow the latency chart", self)
        live.triggered.connect(self.chart_page.live.toggle)
        find = QAction("Find a request", self)
        find.triggered.connect(self._look_for)
        return [live, find, *self.chart_page.export_actions]

    def focus_first(self) -> None:
        (self.chart_page.plot or self.chart_page.window_choice).setFocus()

    def settle(self) -> bool:
        return self._started and not self._unseen and not self.slot_tasks.running()

    def stop(self) -> None:
        self._keepsakes.save()
        self.bridge.stop()
        self.requests_page.stop()
        self.rehearsal_page.stop()
        self.chart_page.busy.finish()
        self.slot_tasks.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.chart_page.live.toggle()
        else:
            super().keyPressEvent(event)

    # Wishes of its own parts

    def open_receipt(self, request_id: str) -> None:
        """Shows what one request took, and why."""
        self.tabs.setCurrentWidget(self.requests_page)
        page = self.requests_page
        page.receipt.show_opening("Reading the receipt…")
        page.pages.setCurrentWidget(page.receipt)
        page.receipt.back.setFocus()
        self.controller.open_receipt(request_id)

    def ask_where(self, ending: str) -> QFileDialog | None:
        """Opens a save dialog without a loop of its own."""
        if self.chart is None or self.chart_page.plot is None:
            self.say("There is no chart to export yet.", "info")
            return None
        # What is on screen now, not what a live chart shows once a name was found.
        series, picture = self.chart.series, self.chart_page.picture_of_it()
        start = str(Path.home() / file_name(series, ending))
        dialog = QFileDialog(self, "Export the chart", start, _KINDS[ending])
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.fileSelected.connect(
            lambda path: self.export_to(path, as_csv(series) if ending == "csv" else picture)
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def export_to(self, path: str, contents: str | QPixmap) -> None:
        """Writes the file, off the window's thread."""
        image = contents if isinstance(contents, str) else contents.toImage()

        def write() -> None:
            if isinstance(image, str):
                Path(path).write_text(image, encoding="utf-8")
            elif not image.save(path):
                raise OSError("the picture could not be written")

        self.slot_tasks.start(
            "export",
            asyncio.to_thread(write),
            lambda _: self.say(f"The chart was written to {path}.", "good"),
            failed=lambda error: self.say(
                f"The chart was not written to {path}: {error}. Choose another place.", "bad"
            ),
        )

    def _plot_ready(self) -> None:
        self.controller.buckets, self.controller.columns = self.chart_page.buckets, self.chart_page.columns
        self.controller.read_chart()

    def _choose_window(self, seconds: int) -> None:
        self._keepsakes.put("window", seconds)
        if self._started and self.chart_page.plot is not None:
            self.controller.choose_window(seconds)

    def _set_live(self, live: bool) -> None:
        self.controller.go_live() if live else self.controller.pause()

    def _set_scale(self, log: bool) -> None:
        self._keepsakes.put("scale", "log" if log else "linear")
        self.controller.log = log
        if self._started and self.chart_page.plot is not None:
            self.controller.read_chart()

    def _find(self, text: str, provider: str, outcome: str) -> None:
        self.requests_page.show_loading()
        self.controller.find(text, provider, outcome)

    def _look_for(self) -> None:
        self.tabs.setCurrentWidget(self.requests_page)
        self.requests_page.show_list()
        self.requests_page.search.setFocus()

    def _try_all(self) -> None:
        for name in self.providers.names:
            self.controller.try_now(name)

    def _tick(self) -> None:
        if not self._started:
            return
        self.show_providers()
        if self.chart_page.plot is not None:
            self.controller.buckets, self.controller.columns = (
                self.chart_page.buckets,
                self.chart_page.columns,
            )
            self.controller.tick()

    # What the controller tells

    def show_chart(self, chart: Chart) -> None:
        self.chart = chart
        page = self.chart_page
        self._is_bare = chart.is_empty and chart.is_live
        self._share_out()
        if self._is_bare:
            page.show_state(
                "router",
                "Nothing was asked of a model yet"
                if not self.requests.rowCount()
                else "Nothing in this window",
                "Latency, throughput and failures appear here with the first answer."
                if not self.requests.rowCount()
                else "A longer window may show more.",
                [] if not self.requests.rowCount() else [("Show a day", lambda: self._show_window(86_400))],
            )
            page.show_readout(False)
            return
        page.show_readout(True)
        page.show_picture(
            chart.picture,
            chart.table,
            page.window_choice.currentText() if chart.is_live else "In view",
            move=chart.is_live,
        )

    def show_chart_fault(self, words: str) -> None:
        self.chart_page.show_readout(False)
        choices = [("Try again", self.controller.read_chart)]
        self.chart_page.show_state("bad", "The measurements can't be read", words, choices, tone="bad")

    def show_requests(self, rows: Sequence[RequestRow], how: str) -> None:
        if how == "older":
            self.requests.add_older(rows)
            self.requests.more_to_come = len(rows) == PAGE
        elif how == "newer" and self.requests.rowCount():
            self.requests.add_newer(rows)
        else:
            self.requests.show_rows(rows)
            self.requests.more_to_come = len(rows) == PAGE
        self.requests_page.show_loaded()

    def show_requests_fault(self, words: str) -> None:
        self.requests_page.show_fault(words)

    def show_receipt(self, receipt: Receipt) -> None:
        self.requests_page.receipt.show_receipt(receipt)

    def show_receipt_fault(self, words: str) -> None:
        self.requests_page.receipt.show_opening(words, "bad")

    def show_rehearsal(self, outcome: Outcome) -> None:
        self.rehearsal_page.show_outcome(outcome)

    def show_providers(self) -> None:
        statuses, roles = self._router.status(), self.controller.roles
        items = [item_of(status, roles[status.name], self._budget_words(status.name)) for status in statuses]
        self.providers.show_items(items)
        # What is about to be looked at is not pictured as unknown.
        self._unseen = any(one.health is None and one.seconds_to_probe >= 0 for one in statuses)
        self.rehearsal_page.show_today(self._policy())
        self.requests_page.offer_providers([status.name for status in statuses])
        words = no_model_words(statuses)
        self.offline.say(f"No model answers. {words}" if words else "")
        out = sum(item.look.word == LEFT_OUT for item in items)
        self.subtitle_changed.emit(f"{out} left out" if out else "")

    def say(self, words: str, tone: str) -> None:
        self.wished.emit(Say(words, tone))

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        wanted = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.splitter.orientation() != wanted:
            self.splitter.setOrientation(wanted)
            self._is_shared_out = False
        self._share_out()

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 300)

    def _share_out(self) -> None:
        """A chart with nothing on it leaves the providers the room; who moved the edge has it there."""
        if self._is_shared_out:
            return
        is_wide = self.splitter.orientation() == Qt.Orientation.Horizontal
        total = self.width() if is_wide else self.height()
        chart = _BARE_SHARE if self._is_bare and not is_wide else _CHART_SHARE
        self.splitter.setSizes([total * chart // 100, total * (100 - chart) // 100])

    def _show_window(self, seconds: int) -> None:
        self.chart_page.window_choice.setCurrentIndex(self.chart_page.window_choice.findData(seconds))
