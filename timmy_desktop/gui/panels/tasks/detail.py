"""One task, whole: what was asked, how it goes, what came of it, who bid, and what happened when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QScrollArea, QSizePolicy, QStackedWidget, QTabWidget, QWidget

from timmy_desktop.events.base import EventRecord
from timmy_desktop.gui.panels.tasks.bids_table import BidsTable
from timmy_desktop.gui.panels.tasks.facts import brief_words, facts_of
from timmy_desktop.gui.panels.tasks.head_line import HeadLine, OneLine
from timmy_desktop.gui.panels.tasks.life import life_of
from timmy_desktop.gui.panels.tasks.result_page import ResultPage
from timmy_desktop.gui.panels.tasks.status_look import LOOKS, can_retry
from timmy_desktop.gui.panels.tasks.tellers import Names
from timmy_desktop.gui.panels.tasks.timeline import Timeline
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.copyable_id import CopyableId
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.facts_strip import FactsStrip
from timmy_desktop.gui.widgets.markdown_view import MarkdownView
from timmy_desktop.gui.widgets.parts import button, column, glyph_button, label
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.widgets.relative_time import RelativeTime, TickWhileVisible
from timmy_desktop.gui.widgets.safe_document import plain_first_line
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.swarm.task import TaskView

_SHORT_TEXT, _SHORT_LINES = 240, 3
_LEAST_PAGE = 130  # the tabs and a few lines of what they show
_LOW_EDGES = (GAP + TIGHT, TIGHT, GAP + TIGHT, TIGHT)
_EDGES = (GAP + TIGHT, GAP, GAP + TIGHT, GAP)


class DetailPane(QStackedWidget):
    """Wishes only; what they do is the controller's."""

    back_requested = Signal()
    cancel_requested = Signal(str)
    retry_requested = Signal(str)
    more_requested = Signal()

    def __init__(self, name_of: Names, now_us: Callable[[], int], *, simulated: bool) -> None:
        """`simulated`: the ledger's money is play money, and is labelled so."""
        super().__init__()
        self._name_of, self._now_us, self._simulated = name_of, now_us, simulated
        self._view: TaskView | None = None
        self._chose_tab = self._play_money = False
        self.empty = EmptyState(
            "tasks", "No task chosen", "Choose one in the list to see its bids, its steps and its result."
        )
        self._make_head()
        self._make_pages()
        body = QWidget()
        layout = column(self._head, self.tabs, gap=0, margins=(0, 0, 0, 0))
        layout.setStretch(1, 1)
        body.setLayout(layout)
        self._body = body
        self.addWidget(self.empty)
        self.addWidget(body)
        TickWhileVisible(self, self._show_facts)

    def _make_head(self) -> None:
        self.back_button = button(
            "‹ Tasks", self.back_requested.emit, variant="quiet", hint="Back to the list (Esc)"
        )
        self.pill = Pill()
        self.posted = RelativeTime()
        self.identifier = CopyableId(what="task id")
        self.cancel_button = button("Cancel", self._cancel, hint="Call the task off")
        self.retry_button = button("Try again", self._retry, hint="Send the task to auction again")
        self.more_button = glyph_button("more", "More about this task", self._more)
        self.text = label(wrap=True, strong=True)
        # By mouse only: with the keyboard's way of selecting a caret would blink in what can't be edited.
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.facts = FactsStrip()
        self.line = HeadLine(
            (self.back_button, self.pill, self.posted),
            (self.identifier, self.cancel_button, self.retry_button, self.more_button),
            may_go=(self.identifier, self.posted),
        )
        # What stands for the text and the facts on a low dock.
        self.brief_text, self.brief_facts = OneLine(), OneLine()
        self.brief_text.setProperty("strong", True)
        self.brief_facts.setProperty("tone", "muted")
        self.brief_facts.setProperty("type", "small")
        parts = (self.line, self.text, self.facts, self.brief_text, self.brief_facts)
        self._head = QWidget()
        self._head_layout = column(*parts, gap=GAP, margins=_EDGES)
        self._head.setLayout(self._head_layout)
        self.back_button.hide()

    def _make_pages(self) -> None:
        self.result_page = ResultPage()
        self.timeline = Timeline()
        self.bids = BidsTable()
        self.whole_text = MarkdownView()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        # The pages scroll: what room there is goes to the head first.
        self.tabs.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.tabs.setStyleSheet("QTabWidget::tab-bar { left: 8px; }")
        self.tabs.setAccessibleName("About this task")
        self.tabs.addTab(self.result_page, "Result")
        self.tabs.addTab(self.timeline, "Timeline")
        bids = QWidget()
        bids.setLayout(column(self.bids, margins=(GAP, 0, GAP, 0)))
        self.tabs.addTab(bids, "Bids")
        self.tabs.addTab(_scrolling(self.whole_text), "Task")
        self.tabs.tabBarClicked.connect(self._tab_chosen)

    @property
    def shown_id(self) -> str:
        return self._view.id if self._view else ""

    def show_back(self, shown: bool) -> None:
        """On a narrow dock the pane stands in the list's place, with a way back."""
        self.back_button.setVisible(shown)
        self.line.fit()

    def clear(self) -> None:
        self._view = None
        self._chose_tab = False
        self.setCurrentWidget(self.empty)

    def show_opening(self, view: TaskView) -> None:
        """What the list knows already, while the rest is read."""
        self._chose_tab = False
        self.timeline.show_moments(())
        self.bids.bids.show_bids(())
        self._show_head(view, simulated=self._simulated)
        self._choose_tab(view, was=None)

    def show_task(self, view: TaskView, records: Sequence[EventRecord]) -> None:
        """The task as it is now, with all its events so far."""
        was = self._view if self._view and self._view.id == view.id else None
        life = life_of(records, self._name_of, simulated=self._simulated)
        self._show_head(view, simulated=life.simulated)
        self.timeline.show_moments(life.moments)
        self.bids.bids.show_bids(life.bids, simulated=life.simulated)
        self.tabs.setTabText(1, f"Timeline {len(life.moments)}" if life.moments else "Timeline")
        self.tabs.setTabText(2, f"Bids {len(life.bids)}" if life.bids else "Bids")
        self._choose_tab(view, was)

    def show_fault(self, words: str) -> None:
        """The task can't be read."""
        self._view = None
        self.empty.show_state("bad", "This task can't be shown", words, tone="bad")
        self.setCurrentWidget(self.empty)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.back_button.isVisible():
            self.back_requested.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)

    def _show_head(self, view: TaskView, *, simulated: bool) -> None:
        look = LOOKS[view.status]
        self._view = view
        self.pill.show_status(look.word, look.role, shape=look.shape)
        self.posted.show_time(view.created_us)
        self.identifier.show_id(view.id)
        self.cancel_button.setVisible(not view.status.is_terminal)
        self.retry_button.setVisible(can_retry(view.status))
        shown = inert(view.text.strip())
        short = len(shown) <= _SHORT_TEXT and shown.count("\n") <= _SHORT_LINES
        self.text.setText(shown if short else inert_line(shown, _SHORT_TEXT))
        self.brief_text.show_words(plain_first_line(view.text))
        self._play_money = simulated
        self._show_facts()
        self._show_whole_text(view.text)
        self.result_page.show_task(view)
        self.setCurrentWidget(self._body)

    def _show_facts(self) -> None:
        """Also once a second: what is under way shows how long it is by now."""
        if self._view is not None:
            facts = facts_of(self._view, simulated=self._play_money, now_us=self._now_us())
            self.facts.show_facts(facts)
            self.brief_facts.show_words(brief_words(facts))
            # An age that is hidden doesn't keep itself true, and may fit by now.
            self.posted.show_time(self._view.created_us)
            self.line.fit()
            self._fit()

    def _fit(self) -> None:
        """On a low dock the text and the facts take one line each, so that the page below is seen too."""
        width, some = self.width() - 2 * (GAP + TIGHT), bool(self.facts.facts)
        words = self.text.heightForWidth(width) + (GAP + self.facts.heightForWidth(width) if some else 0)
        full = 3 * GAP + self.line.sizeHint().height() + words
        low = self.height() < full + _LEAST_PAGE
        self.text.setVisible(not low)
        self.brief_text.setVisible(low)
        self.facts.setVisible(some and not low)
        self.brief_facts.setVisible(some and low)
        self._head_layout.setContentsMargins(*(_LOW_EDGES if low else _EDGES))
        self._head_layout.setSpacing(TIGHT if low else GAP)

    def _show_whole_text(self, text: str) -> None:
        """A long task gets a page of its own, so that the head stays a head."""
        long = len(text) > _SHORT_TEXT or text.strip().count("\n") > _SHORT_LINES
        self.tabs.setTabVisible(3, long)
        if long and text != self.whole_text.text:
            self.whole_text.show_text(text, plain=True)

    def _choose_tab(self, view: TaskView, was: TaskView | None) -> None:
        """Result for what is over, timeline for what is under way, until the person chooses."""
        changed = was is None or was.status.is_terminal != view.status.is_terminal
        if changed and not self._chose_tab:
            self.tabs.setCurrentIndex(0 if view.status.is_terminal else 1)

    def _tab_chosen(self, _: int) -> None:
        self._chose_tab = True

    def _cancel(self) -> None:
        if self._view:
            self.cancel_requested.emit(self._view.id)

    def _retry(self) -> None:
        if self._view:
            self.retry_requested.emit(self._view.id)

    def _more(self) -> None:
        self.more_requested.emit()


def _scrolling(content: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    body = QWidget()
    body.setLayout(column(content, None, margins=_EDGES))
    area.setWidget(body)
    return area


def menu_below(menu: QMenu, anchor: QWidget) -> None:
    """Opens `menu` under `anchor`, without a loop of its own."""
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(anchor.mapToGlobal(anchor.rect().bottomLeft()))
