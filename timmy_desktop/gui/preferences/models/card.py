"""A provider's card: its title, what is wrong with it, its models, and a foot to get more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from timmy_desktop.gui.preferences.models.rows import ModelRow
from timmy_desktop.gui.theme import GAP, ROOM
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import card, column, label, line


class ProviderCard(QWidget):
    """Rows are replaced as a whole; a hairline stands between them."""

    def __init__(self, title: str, about: str, look_again: Callable[[], object] | None = None) -> None:
        super().__init__()
        self.notice = NoticeBar("Look again" if look_again is not None else "", look_again)
        self.rows: dict[str, ModelRow] = {}
        self.empty = label(tone="muted", wrap=True)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(GAP)
        self.body = column(
            label(title, strong=True),
            label(about, tone="muted", size="small", wrap=True),
            self.notice,
            gap=GAP,
        )
        self.body.addWidget(self.empty)
        self.body.addLayout(self._rows)
        frame = card()
        frame.setLayout(self.body)
        self.body.setContentsMargins(ROOM, ROOM, ROOM, ROOM)
        self.setLayout(column(frame, margins=(0, 0, 0, 0)))
        self.setAccessibleName(title)

    def show_rows(self, groups: Sequence[tuple[str, Sequence[ModelRow]]], empty: str) -> None:
        """Groups under a small title each, "" for none; `empty` is said where there is no row at all."""
        _clear(self._rows)
        self.rows = {made.name: made for _, rows in groups for made in rows}
        for title, rows in groups:
            if title and rows:
                self._rows.addWidget(label(title, tone="muted", size="small"))
            for made in rows:
                if made is not rows[0]:
                    self._rows.addWidget(line())
                self._rows.addWidget(made)
        self.empty.setText("" if self.rows else empty)
        self.empty.setVisible(not self.rows and bool(empty))


def _clear(layout: QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        if (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()
