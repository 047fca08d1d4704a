"""A diff with what belongs around it: how it is shown, finding, and the map of its changes."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from timmy_desktop.gui.theme import GAP, TIGHT
from timmy_desktop.gui.widgets.diff_view.document import Reading
from timmy_desktop.gui.widgets.diff_view.find_bar import FindBar
from timmy_desktop.gui.widgets.diff_view.minimap import Minimap
from timmy_desktop.gui.widgets.diff_view.view import DiffView
from timmy_desktop.gui.widgets.parts import column, glyph_button, label, row
from timmy_desktop.gui.wording import count


class DiffPane(QWidget):
    """`view` is the diff itself. `stop()` it with the panel."""

    def __init__(self) -> None:
        super().__init__()
        self.view = DiffView()
        self.map = Minimap(self.view)
        self.find_bar = FindBar(self.view)
        self.split = _switch("Side by side", "Old and new beside each other (V)")
        self.wrap = _switch("Wrap", "Break long lines (W)")
        self.space = _switch("No white space", "Leave out changes of nothing but white space (I)")
        self.counts = label(tone="muted", size="small")
        self.hidden = label(tone="warn", size="small")
        self._lay_out()
        self.split.clicked.connect(lambda *_: self.view.toggle_split())
        self.wrap.clicked.connect(lambda *_: self.view.toggle_wrap())
        self.space.clicked.connect(lambda *_: self.view.toggle_space())
        self.view.mode_changed.connect(self._tell)

    def show_reading(self, reading: Reading) -> None:
        """Another diff."""
        self.view.show_reading(reading)
        self._tell()

    @property
    def is_drawn(self) -> bool:
        """Whether nothing of what is known is still to be drawn."""
        return self.view.is_drawn and self.map.is_drawn

    def stop(self) -> None:
        self.find_bar.stop()
        self.map.stop()
        self.view.stop()

    def _lay_out(self) -> None:
        self.tools = QWidget()
        previous = glyph_button("top", "Previous change (P)", self.view.previous_change, side=26)
        following = glyph_button("down", "Next change (N)", self.view.next_change, side=26)
        find = glyph_button("search", "Find (Ctrl+F)", self.find_bar.begin_find, side=26)
        bar = row(
            self.split, self.wrap, self.space, self.hidden, None, self.counts, previous, following, find,
            gap=TIGHT, margins=(GAP, 2, GAP, 2),
        )  # fmt: skip
        self.tools.setLayout(bar)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.view, 1)
        body.addWidget(self.map)
        layout = column(self.tools, gap=0, margins=(0, 0, 0, 0))
        layout.addLayout(body, 1)
        layout.addWidget(self.find_bar)
        self.setLayout(layout)
        self.setFocusProxy(self.view)

    def _tell(self) -> None:
        document = self.view.document
        self.split.setChecked(document.split)
        self.wrap.setChecked(self.view.wraps)
        self.space.setChecked(document.ignores_space)
        diff = document.reading.diff
        self.counts.setText(f"{count(len(diff.files), 'file')}  +{diff.added:,} −{diff.removed:,}")
        hidden = document.hidden_by_space
        self.hidden.setText(
            f"{count(hidden, 'change')} not shown" if document.ignores_space and hidden else ""
        )


def _switch(words: str, hint: str) -> QToolButton:
    made = QToolButton()
    made.setText(words)
    made.setProperty("variant", "chip")
    made.setCheckable(True)
    made.setToolTip(hint)
    made.setAccessibleName(f"{words}: {hint}")
    return made
