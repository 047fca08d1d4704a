"""The lower parts of the reading pane: what used the entry, and what it said before."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLayout, QSizePolicy, QVBoxLayout, QWidget

from timmy_desktop.gui.panels.memory.reading import UseLine, use_counts, use_lines
from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.parts import button, card, column, label, row, selectable
from timmy_desktop.gui.wording import exact_time, relative_time
from timmy_desktop.inert import inert, inert_line
from timmy_desktop.memory.types import Use, Version

_MOST_USES, _MOST_VERSIONS, _LONGEST = 12, 12, 600
_WORDS = {"edited": "until it was edited", "superseded": "of a memory that this one replaced"}


class UsesSection(QWidget):
    """Found, given to a model, cited: by which replies."""

    reply_requested = Signal(str, str)
    """The kind of the reply, and its identifier."""

    def __init__(self) -> None:
        super().__init__()
        self.told = label(tone="muted", wrap=True)
        self._lines = column(gap=TIGHT, margins=(0, 0, 0, 0))
        layout = column(label("Uses", strong=True), self.told, gap=TIGHT, margins=(0, 0, 0, 0))
        layout.addLayout(self._lines)
        self.setLayout(layout)

    def show_uses(self, uses: Sequence[Use], now_us: int) -> None:
        """The newest few, by reply."""
        empty(self._lines)
        self.told.setText(use_counts(uses))
        lines = use_lines(uses)
        for line in lines[:_MOST_USES]:
            self._lines.addWidget(self._line(line, now_us))
        if len(lines) > _MOST_USES:
            more = f"{len(lines) - _MOST_USES:,} more before these."
            self._lines.addWidget(label(more, tone="muted", size="small"))

    def _line(self, line: UseLine, now_us: int) -> QWidget:
        words = label(line.words, wrap=True)
        words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        when = label(relative_time(line.time_us, now_us), tone="muted", size="small")
        when.setToolTip(exact_time(line.time_us))
        what = "task" if line.reply_kind == "task" else "chat"
        shown = button(
            f"Open the {what}",
            lambda: self.reply_requested.emit(line.reply_kind, line.reply_id),
            variant="quiet",
        )
        return _held(row(words, when, shown))


class HistorySection(QWidget):
    """Earlier texts, each with a way to bring it back."""

    bring_back_requested = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._lines = column(gap=GAP, margins=(0, 0, 0, 0))
        layout = column(label("History", strong=True), gap=TIGHT, margins=(0, 0, 0, 0))
        layout.addLayout(self._lines)
        self.setLayout(layout)

    def show_versions(self, versions: Sequence[Version], now_us: int) -> None:
        """Newest first; hidden where it never said anything else."""
        empty(self._lines)
        self.setVisible(bool(versions))
        for version in versions[:_MOST_VERSIONS]:
            self._lines.addWidget(self._card(version, now_us))

    def _card(self, version: Version, now_us: int) -> QWidget:
        made = card()
        text = selectable(label(_cut(version.content), wrap=True))
        why = _WORDS.get(version.what, inert_line(version.what, 60))
        when = label(f"{relative_time(version.until_us, now_us)}, {why}", tone="muted", size="small")
        when.setToolTip(exact_time(version.until_us))
        back = button(
            "Bring this text back", lambda: self.bring_back_requested.emit(version.content), variant="quiet"
        )
        layout = column(text, gap=TIGHT, margins=(GAP + TIGHT, GAP, GAP, TIGHT))
        foot = row(when, back)
        foot.setStretch(0, 1)
        layout.addLayout(foot)
        made.setLayout(layout)
        return made


def empty(layout: QVBoxLayout | QLayout) -> None:
    """Takes every widget out of a layout."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()


def _held(layout: QLayout) -> QWidget:
    made = QWidget()
    made.setLayout(layout)
    return made


def _cut(text: str) -> str:
    shown = inert(text.strip())
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
