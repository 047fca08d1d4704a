"""What can be done with chosen memories, as a menu: the same under the pointer and behind the three dots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.memory.rows import Row
from timmy_desktop.gui.panels.memory.wording import TYPES
from timmy_desktop.memory.types import ENTRY_TYPES

Act = Callable[[str], object]
_MOST_LISTED = 12


def menu_of(parent: QWidget, rows: Sequence[Row], act: Act) -> QMenu:
    """`act(name)` does it with these rows."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    one = rows[0] if len(rows) == 1 else None
    if one is not None:
        menu.addAction("Open", lambda: act("open"))
        menu.addAction("Edit…\tE", lambda: act("edit"))
    if one is not None and one.folded:
        _add_alike(menu, one, act)
    if all(row.is_proposed for row in rows):
        menu.addAction(icon("check"), "Accept\tA", lambda: act("accept"))
        menu.addAction(icon("close"), "Reject\tR", lambda: act("reject"))
    pinned = all(row.pinned for row in rows)
    menu.addAction(icon("pin"), f"{'Unpin' if pinned else 'Pin'}\tP", lambda: act("pin"))
    _add_changes(menu, rows, act)
    menu.addSeparator()
    if one is not None:
        if one.superseded_by:
            menu.addAction("Restore", lambda: act("restore"))
        menu.addAction(icon("copy"), "Copy the text\tCtrl+C", lambda: act("copy"))
        menu.addAction("Copy the citation", lambda: _copy(f"[m:{one.id[-8:]}]"))
        menu.addAction("Copy the id", lambda: _copy(one.id))
    else:
        menu.addAction("Merge into one…\tM", lambda: act("merge"))
        if len(rows) == 2:
            menu.addAction("Replace the older by the newer", lambda: act("supersede"))
        menu.addAction(icon("copy"), "Copy\tCtrl+C", lambda: act("copy"))
    menu.addSeparator()
    menu.addAction("Forget…\tDel", lambda: act("forget"))
    return menu


def _add_alike(menu: QMenu, one: Row, act: Act) -> None:
    """The near-duplicates that stand behind it, which a search shows nowhere else."""
    alike = menu.addMenu(f"{len(one.folded)} alike")
    for entry_id in one.folded[:_MOST_LISTED]:
        alike.addAction(f"Open m:{entry_id[-8:]}", partial(act, f"open {entry_id}"))
    alike.addSeparator()
    alike.addAction("Merge all into one…", lambda: act("merge alike"))


def _add_changes(menu: QMenu, rows: Sequence[Row], act: Act) -> None:
    kinds = menu.addMenu("Type")
    for kind in ENTRY_TYPES:
        chosen = all(row.type == kind for row in rows)
        _choice(kinds, TYPES[kind].word, f"type {kind}", act, chosen=chosen)
    seen = menu.addMenu("Seen by")
    for name, words in (("shared", "Every agent"), ("private", "Its owner and you alone")):
        _choice(seen, words, name, act, chosen=all(row.visibility == name for row in rows))


def _choice(menu: QMenu, words: str, name: str, act: Act, *, chosen: bool) -> None:
    made = QAction(words, menu)
    made.setCheckable(True)
    made.setChecked(chosen)
    made.triggered.connect(lambda *_: act(name))
    menu.addAction(made)


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
