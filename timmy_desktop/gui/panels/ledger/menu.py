"""Menus of the dock: what can be done with a line, and with the whole ledger."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from timmy_desktop.gui.glyphs import icon
from timmy_desktop.gui.panels.ledger.export_acts import KINDS
from timmy_desktop.ledger.export import Format
from timmy_desktop.ledger.history_lines import Line

Act = Callable[[str], object]
_COPIES = (
    ("Copy the payment hash", "payment_hash"),
    ("Copy the preimage", "preimage"),
    ("Copy the invoice", "bolt11"),
    ("Copy the payee", "payee"),
    ("Copy the task's id", "task_id"),
)


def line_menu(parent: QWidget, line: Line, act: Act, copy: Callable[[], object]) -> QMenu:
    """`act(name)` does it with this line; `copy` puts the whole line on the clipboard."""
    menu = _menu(parent)
    menu.addAction("Open\tReturn", lambda: act("open"))
    if line.state == "pending" and line.type == "payment":
        menu.addAction(icon("retry"), "Ask the node again", lambda: act("ask"))
    if line.state == "pending" and line.type == "invoice":
        menu.addAction("Show the invoice", lambda: act("show"))
        menu.addAction("Cancel the invoice…", lambda: act("cancel"))
    if line.state == "settled" and line.preimage:
        menu.addAction(icon("shield"), "Receipt…", lambda: act("receipt"))
    if line.task_id:
        menu.addAction(icon("tasks"), "Show the task", lambda: act("task"))
    if line.agent_id:
        menu.addAction("Only this agent's lines", lambda: act("agent"))
    menu.addSeparator()
    menu.addAction(icon("copy"), "Copy the line\tCtrl+C", copy)
    for words, field in _COPIES:
        if value := str(getattr(line, field)):
            menu.addAction(words, partial(QGuiApplication.clipboard().setText, value))
    return menu


def ledger_menu(
    parent: QWidget,
    *,
    compare: Callable[[], object],
    export: Callable[[Format, bool], object],
    try_paying: Callable[[], object] | None,
    filtered: bool,
) -> QMenu:
    """`export(format, only_found)`; `try_paying` only where nothing real moves."""
    menu = _menu(parent)
    menu.addAction(icon("retry"), "Compare book and node now", compare)
    if try_paying is not None:
        menu.addAction("Try paying a simulated invoice…", try_paying)
    menu.addSeparator()
    for kind, (words, _) in KINDS.items():
        menu.addAction(f"Export all lines: {words}…", partial(export, kind, False))
    if filtered:
        menu.addSeparator()
        for kind, (words, _) in KINDS.items():
            menu.addAction(f"Export what was found: {words}…", partial(export, kind, True))
    return menu


def _menu(parent: QWidget) -> QMenu:
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return menu
