"""The reading pane: one memory, whole, with where it came from, who used it, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QStackedWidget, QTextEdit, QWidget

from timmy_desktop.gui.panels.memory.edit_box import EditBox
from timmy_desktop.gui.panels.memory.entry_sections import HistorySection, UsesSection
from timmy_desktop.gui.panels.memory.reading import Reading, facts_of, readable
from timmy_desktop.gui.panels.memory.snippets import marks_of
from timmy_desktop.gui.panels.memory.wording import TYPES, state_words
from timmy_desktop.gui.theme import GAP, ROOM, TIGHT, Theme
from timmy_desktop.gui.widgets.copyable_id import CopyableId
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.facts_strip import FactsStrip
from timmy_desktop.gui.widgets.flow_layout import FlowLayout
from timmy_desktop.gui.widgets.markdown_view import MarkdownView
from timmy_desktop.gui.widgets.parts import button, card, column, glyph_button, label, line, row
from timmy_desktop.gui.widgets.pill import Pill
from timmy_desktop.gui.widgets.prose_view import ProseView
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import Entry

_NARROW = 420
_EDGES = (ROOM, GAP + TIGHT, ROOM, ROOM)


class EntryView(QStackedWidget):
    """Wishes only. `act_requested` names what is wanted with the entry that is shown."""

    back_requested = Signal()
    act_requested = Signal(str)
    saved = Signal(str)
    place_requested = Signal(str, str, str)
    """Only what belongs to this: kind, identifier, words for it."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        super().__init__()
        self._now_us = now_us
        self.reading: Reading | None = None
        self._words: tuple[str, ...] = ()
        self.empty = EmptyState(
            "memory", "No memory chosen", "Choose one to read it whole and see where it came from."
        )
        self._make_head()
        self._make_body()
        page = QWidget()
        layout = column(self._head, line(), self.area, gap=0, margins=(0, 0, 0, 0))
        layout.setStretch(2, 1)
        page.setLayout(layout)
        self._page = page
        self.addWidget(self.empty)
        self.addWidget(page)

    def _make_head(self) -> None:
        self.back_button = button("‹ Back", self.back_requested.emit, variant="quiet", hint="Esc")
        self.pill = Pill()
        self.identifier = CopyableId(what="memory id")
        self.edit_button = button("Edit", lambda: self.act_requested.emit("edit"), hint="Change the text (E)")
        self.pin_button = glyph_button("pin", "Pin", lambda: self.act_requested.emit("pin"), checkable=True)
        self.more_button = glyph_button(
            "more", "More about this memory", lambda: self.act_requested.emit("menu")
        )
        self._head = QWidget()
        parts = (self.back_button, self.pill, self.identifier, None)
        self._head.setLayout(
            row(*parts, self.edit_button, self.pin_button, self.more_button, margins=(GAP, GAP, GAP, GAP))
        )
        self.back_button.hide()

    def _make_body(self) -> None:
        self.state_words = label(wrap=True)
        self.state_words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.state_buttons = {
            name: button(words, partial(self.act_requested.emit, name), hint=hint)
            for name, words, hint in (
                ("accept", "Accept", "It is true (A)"),
                ("reject", "Reject", "It is not (R)"),
                ("newer", "Show the newer one", ""),
                ("restore", "Restore", "It holds again"),
            )
        }
        self.state_card = card()
        state = column(self.state_words, gap=GAP, margins=(GAP + TIGHT, GAP, GAP, GAP))
        state.addLayout(FlowLayout(*self.state_buttons.values()))
        self.state_card.setLayout(state)
        self.text = MarkdownView()
        self.box = EditBox()
        self.facts = FactsStrip()
        self.links = QWidget()
        self._link_flow = FlowLayout()
        self.links.setLayout(self._link_flow)
        self.uses, self.history = UsesSection(), HistorySection()
        parts = (
            self.state_card,
            self.text,
            self.box,
            line(),
            self.facts,
            self.links,
            self.uses,
            self.history,
        )
        content = QWidget()
        content.setLayout(column(*parts, None, gap=GAP + TIGHT, margins=_EDGES))
        self.area = QScrollArea()
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setAccessibleName("The memory")
        self.area.setWidget(content)
        self.box.hide()
        self.box.saved.connect(self.saved)
        self.box.left.connect(self.leave_edit)
        self.history.bring_back_requested.connect(self.saved)

    @property
    def entry(self) -> Entry | None:
        return self.reading.entry if self.reading else None

    @property
    def is_editing(self) -> bool:
        return not self.box.isHidden()

    def show_back(self, shown: bool, words: str = "‹ Back") -> None:
        """Where it stands in the list's place, or can be closed."""
        self.back_button.setText(words)
        self.back_button.setVisible(shown)

    def clear(self) -> None:
        """Nothing is chosen. What was shown may have been forgotten: no widget keeps a word of it."""
        self._let_go()
        self.setCurrentWidget(self.empty)
        self.empty.show_state(
            "memory", "No memory chosen", "Choose one to read it whole and see where it came from."
        )

    def show_fault(self, words: str) -> None:
        """It can't be read, or is gone."""
        self._let_go()
        self.empty.show_state("bad", "This memory can't be shown", inert_line(words, 300), tone="bad")
        self.setCurrentWidget(self.empty)

    def show_entry(self, reading: Reading, words: Sequence[str] = ()) -> None:
        """`words` are marked in its text."""
        is_other = self.reading is None or self.reading.entry.id != reading.entry.id
        if is_other:
            self.leave_edit()
        self.reading, self._words = reading, tuple(words)
        entry, now = reading.entry, self._now_us()
        self.pill.show_status(TYPES[entry.type].word, "muted", shape="none")
        self.identifier.show_id(entry.id, short=entry.cite)
        self.pin_button.setChecked(entry.pinned)
        name = "Unpin" if entry.pinned else "Pin: first in every context, never pruned"
        self.pin_button.setToolTip(name)
        self.pin_button.setAccessibleName(name)
        self._show_state(reading)
        self._show_text(entry)
        self.facts.show_facts(facts_of(entry, now))
        self._show_links(entry)
        self.uses.show_uses(reading.uses, now)
        self.history.show_versions(reading.versions, now)
        self.setCurrentWidget(self._page)
        if is_other:
            self.area.verticalScrollBar().setValue(0)

    def begin_edit(self) -> None:
        """Lets the person change the text in its place."""
        if self.entry is not None:
            self.box.begin(self.entry.content)
            self.text.hide()
            self.box.show()
            self.box.edit.setFocus()
            self.area.ensureWidgetVisible(self.box)

    def leave_edit(self) -> None:
        """Back to reading."""
        if self.is_editing:
            self.box.hide()
            self.text.show()
            self.edit_button.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self.back_button.isHidden():
            self.back_requested.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.identifier.setVisible(self.width() >= _NARROW and self.entry is not None)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)

    def _let_go(self) -> None:
        self.reading, self._words = None, ()
        self.leave_edit()
        self.text.show_text("", plain=True)
        self.box.edit.clear()
        self.box.edit.document().clearUndoRedoStacks()
        self.state_words.setText("")
        self.facts.show_facts(())
        self.uses.show_uses((), 0)
        self.history.show_versions((), 0)

    def _show_state(self, reading: Reading) -> None:
        entry = reading.entry
        word, _ = state_words(entry.state, entry.superseded_by)
        told = {
            "Proposed": "Proposed from what was said. Nobody uses it until you accept it.",
            "Rejected": "You rejected this. It is kept so that it is not proposed again; nobody uses it.",
            "Replaced": "Replaced by a newer memory and kept as history. Nobody uses it.",
        }.get(word, "")
        if reading.newer is not None:
            told = f"Replaced by “{inert_line(reading.newer.content, 120)}”. Kept as history; nobody uses it."
        shown = {"Proposed": ("accept", "reject"), "Rejected": ("accept",), "Replaced": ("newer", "restore")}
        for name, made in self.state_buttons.items():
            made.setVisible(name in shown.get(word, ()) and (name != "newer" or reading.newer is not None))
        self.state_words.setText(told)
        self.state_card.setVisible(bool(told))

    def _show_text(self, entry: Entry) -> None:
        text, plain = readable(entry)
        self.text.show_text(text, plain=plain)
        color = Theme.current().tint("accent", 0.34)
        for view in self.text.findChildren(ProseView):
            view.setExtraSelections(
                [
                    _selection(view, start, length, color)
                    for start, length in marks_of(_plain(view), self._words)
                ]
            )

    def _show_links(self, entry: Entry) -> None:
        while (item := self._link_flow.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for words, act in _links(entry, self):
            self._link_flow.addWidget(button(words, act, variant="quiet"))
        self.links.setVisible(self._link_flow.count() > 0)


def _links(entry: Entry, view: EntryView) -> list[tuple[str, Callable[[], object]]]:
    """Ways to where it came from."""
    found: list[tuple[str, Callable[[], object]]] = []
    if entry.conversation_id:
        found.append(("Open the conversation", lambda: view.act_requested.emit("conversation")))
        found.append(
            (
                "Memories of this conversation",
                lambda: view.place_requested.emit("conversation", entry.conversation_id, "One conversation"),
            )
        )
    if entry.task_id:
        found.append(("Open the task", lambda: view.act_requested.emit("task")))
        found.append(
            ("Memories of this task", lambda: view.place_requested.emit("task", entry.task_id, "One task"))
        )
    if entry.document_id:
        name = inert_line(str(entry.metadata.get("title") or "This document"), 30)
        found.append(
            (
                "All pieces of this document",
                lambda: view.place_requested.emit("document", entry.document_id, name),
            )
        )
    return found


def _plain(view: ProseView) -> str:
    # One character for each place in the document, as the cursor counts.
    return view.document().toRawText().replace("\u2029", "\n")


def _selection(view: ProseView, start: int, length: int, color: QColor) -> QTextEdit.ExtraSelection:
    cursor = QTextCursor(view.document())
    cursor.setPosition(start)
    cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
    form = QTextCharFormat()
    form.setBackground(color)
    made = QTextEdit.ExtraSelection()
    made.cursor = cursor
    made.format = form
    return made
