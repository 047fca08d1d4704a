"""The line above the list: what to look for, more filters, following, and what else can be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QPushButton, QWidget

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.events.asking import conditions_of
from timmy_desktop.gui.panels.events.columns import Names
from timmy_desktop.gui.panels.events.reader import Choices
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.parts import button, glyph_button, row
from timmy_desktop.inert import inert_line
from timmy_desktop.storage.event_filter import Condition, EventFilter

_DELAY_MS = 200
_MOST_LISTED = 40
_RANGES = (("Last 15 minutes", 15), ("Last hour", 60), ("Last day", 1440), ("Last week", 10_080))
_HINT = (
    'Words, begin*, "a phrase", -without, type:tool.*, agent:…, severity:error, provider=ollama. '
    "Return keeps it as a filter ( / )"
)


class SearchField(QLineEdit):
    """Down goes to the list, Escape empties."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() == Qt.Key.Key_Down:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class FilterBar(QWidget):
    """Says what the person typed or chose; keeps nothing else."""

    typed = Signal(tuple)
    """Conditions, as they stand in the field."""
    kept = Signal(tuple)
    """The same, to be kept as filters."""
    chosen = Signal(object)
    """A Condition."""
    range_chosen = Signal(int)
    """Minutes until now."""
    saved_chosen = Signal(str)
    save_wanted = Signal()
    forget_wanted = Signal(str)
    clear_wanted = Signal()
    export_wanted = Signal(str)
    columns_wanted = Signal(QPoint)

    def __init__(self, names: Names) -> None:
        super().__init__()
        self._names = names
        self._choices: Choices | None = None
        self._saved: Mapping[str, EventFilter] = {}
        self.offers_proof = True
        """Whether the log on screen is whole and its key is here, so that an export can be sealed."""
        self.field = SearchField(placeholderText="Find events", clearButtonEnabled=True)
        self.field.setAccessibleName("Find events")
        self.field.setToolTip(_HINT)
        self.field.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter_button = button("Filter", self._offer_filters, variant="quiet", glyph="filter")
        self.follow_button = glyph_button("top", "Follow the newest (Home)", checkable=True)
        self.follow_button.setChecked(True)
        self.more_button = glyph_button("more", "Columns and export", self._offer_more)
        self.setLayout(
            row(
                self.field,
                self.filter_button,
                self.follow_button,
                self.more_button,
                gap=TIGHT,
                margins=(GAP + TIGHT, GAP, GAP, TIGHT),
            )
        )
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_DELAY_MS)
        self._typing.timeout.connect(lambda: self.typed.emit(conditions_of(self.field.text())))
        self.field.textChanged.connect(lambda _: self._typing.start())
        self.field.returnPressed.connect(self._keep)

    def stop(self) -> None:
        self._typing.stop()

    @property
    def waiting(self) -> bool:
        """Whether what was typed has not been asked for yet."""
        return self._typing.isActive()

    def show_choices(self, choices: Choices) -> None:
        self._choices = choices

    def show_saved(self, saved: Mapping[str, EventFilter]) -> None:
        self._saved = saved

    def _keep(self) -> None:
        self._typing.stop()
        conditions = conditions_of(self.field.text())
        if conditions:
            self.field.blockSignals(True)
            self.field.clear()
            self.field.blockSignals(False)
            self.kept.emit(conditions)

    # Menus

    def filters_menu(self) -> QMenu:
        """What can be filtered by, from what is in the log."""
        menu = QMenu(self)
        choices = self._choices or Choices([], [], [])
        types = menu.addMenu("Type")
        topics = sorted({one.type.partition(".")[0] for one in choices.types})
        for topic in topics:
            self._add(types, f"All of {inert_line(topic, 40)}", Condition("type", f"{topic}.*"))
        types.addSeparator()
        for one in choices.types[:_MOST_LISTED]:
            self._add(types, f"{inert_line(one.type, 60)}   {one.count:,}", Condition("type", one.type))
        severity = menu.addMenu("Severity")
        for name in ("error", "warning", "info"):
            self._add(severity, name.capitalize(), Condition("severity", name))
        self._names_menu(menu.addMenu("Agent"), "agent", choices.agents)
        self._names_menu(menu.addMenu("Source"), "source", choices.sources)
        ranges = menu.addMenu("Time")
        for words, minutes in _RANGES:
            ranges.addAction(words, partial(self.range_chosen.emit, minutes))
        self._add_saved(menu)
        return menu

    def more_menu(self) -> QMenu:
        """What is done with what is found."""
        menu = QMenu(self)
        kinds = (
            ("csv", "Table (CSV)"),
            ("jsonl", "JSON lines"),
            ("otel", "OpenTelemetry spans (OTLP JSON)"),
            ("verifiable", "The whole log, to verify elsewhere"),
        )
        export = menu.addMenu("Export")
        for form, words in kinds if self.offers_proof else kinds[:-1]:
            export.addAction(words, partial(self.export_wanted.emit, form))
        place = self.more_button.mapToGlobal(self.more_button.rect().bottomLeft())
        menu.addAction("Columns…", lambda: self.columns_wanted.emit(place))
        return menu

    def _add_saved(self, menu: QMenu) -> None:
        menu.addSeparator()
        saved = menu.addMenu("Saved filters")
        saved.setEnabled(bool(self._saved))
        for name in self._saved:
            saved.addAction(inert_line(name, 60), partial(self.saved_chosen.emit, name))
        forget = menu.addMenu("Forget a saved filter")
        forget.setEnabled(bool(self._saved))
        for name in self._saved:
            forget.addAction(inert_line(name, 60), partial(self.forget_wanted.emit, name))
        menu.addAction("Save this filter…", self.save_wanted.emit)
        menu.addAction("Show everything", self.clear_wanted.emit)

    def _names_menu(self, menu: QMenu, field: str, values: Sequence[str]) -> None:
        menu.setEnabled(bool(values))
        for value in values[:_MOST_LISTED]:
            shown = self._names.get(value, value) if field == "agent" else value
            condition = Condition("agent" if field == "agent" else "source", value)
            self._add(menu, inert_line(shown, 60), condition)

    def _add(self, menu: QMenu, words: str, condition: Condition) -> None:
        action = QAction(words.replace("&", "&&"), menu)
        action.triggered.connect(lambda: self.chosen.emit(condition))
        menu.addAction(action)

    def _offer_filters(self) -> None:
        self._popup(self.filters_menu(), self.filter_button)

    def _offer_more(self) -> None:
        self._popup(self.more_menu(), self.more_button)

    def _popup(self, menu: QMenu, below: QPushButton | QWidget) -> None:
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(below.mapToGlobal(below.rect().bottomLeft()))
