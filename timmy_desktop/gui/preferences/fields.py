"""One setting as a field: how it is shown, changed and read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QFileDialog, QHBoxLayout, QLineEdit, QSpinBox, QWidget

from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.fields import CheckBox, Choice, number, whole_number
from timmy_desktop.gui.widgets.parts import button
from timmy_desktop.routing.budget import MICROCENTS_A_DOLLAR

FIELD_WIDTH = 220


@dataclass(frozen=True, slots=True)
class Item:
    """One setting: its name in the file, its words, and how it is edited."""

    name: str
    title: str
    hint: str
    kind: str
    """`yes`, `whole`, `port`, `number`, `sats`, `dollars`, `cents`, `folder`, `file`, `text`, or a|b."""
    least: float = 0
    most: float = 1
    unit: str = ""


def field_for(item: Item, value: Any) -> tuple[QWidget, Callable[[], Any]]:
    """The field of an item, and what reads its value as the file has it."""
    if item.kind == "yes":
        return _yes(bool(value))
    if item.kind in ("whole", "port", "sats"):
        return _whole(item, int(value or 0))
    if item.kind == "dollars":
        return _dollars(item, int(value or 0))
    if item.kind == "cents":
        return _cents(item, int(value or 0))
    if item.kind == "number":
        return _number(item, float(value or 0))
    if item.kind in ("folder", "file"):
        return _path(item, value)
    if item.kind == "text":
        return _text(str(value or ""))
    return _choice(item.kind.split("|"), str(value))


def _yes(value: bool) -> tuple[QWidget, Callable[[], Any]]:
    field = CheckBox("")
    field.setChecked(value)
    return field, field.isChecked


def _whole(item: Item, value: int) -> tuple[QWidget, Callable[[], Any]]:
    factor = 1000 if item.kind == "sats" else 1
    field: QSpinBox = whole_number(int(item.least), int(item.most), item.unit)
    field.setGroupSeparatorShown(item.kind != "port")
    field.setValue(value // factor)
    field.setFixedWidth(FIELD_WIDTH)
    return field, lambda: field.value() * factor


def _number(item: Item, value: float) -> tuple[QWidget, Callable[[], Any]]:
    field: QDoubleSpinBox = number(item.least, item.most, item.unit)
    field.setValue(value)
    field.setFixedWidth(FIELD_WIDTH)
    return field, field.value


def _dollars(item: Item, value: int) -> tuple[QWidget, Callable[[], Any]]:
    """Dollars on the screen, microcents in the file."""
    field: QDoubleSpinBox = number(item.least, item.most, decimals=4)
    field.setPrefix("$ ")
    field.setGroupSeparatorShown(True)
    field.setValue(value / MICROCENTS_A_DOLLAR)
    field.setFixedWidth(FIELD_WIDTH)
    return field, lambda: round(field.value() * MICROCENTS_A_DOLLAR)


def _cents(item: Item, value: int) -> tuple[QWidget, Callable[[], Any]]:
    """Whole units on the screen, hundredths in the file."""
    field: QDoubleSpinBox = number(item.least, item.most, decimals=2)
    field.setGroupSeparatorShown(True)
    field.setValue(value / 100)
    field.setFixedWidth(FIELD_WIDTH)
    return field, lambda: round(field.value() * 100)


def _text(value: str) -> tuple[QWidget, Callable[[], Any]]:
    field = QLineEdit(value)
    field.setFixedWidth(FIELD_WIDTH)
    return field, lambda: field.text().strip()


def _choice(names: Sequence[str], value: str) -> tuple[QWidget, Callable[[], Any]]:
    field = Choice()
    for name in names:
        field.addItem(name.capitalize(), name)
    field.setCurrentIndex(max(0, field.findData(value)))
    field.setFixedWidth(FIELD_WIDTH)
    return field, field.currentData


def _path(item: Item, value: Path | None) -> tuple[QWidget, Callable[[], Any]]:
    holder = QWidget()
    line = QLineEdit(str(value) if value else "", placeholderText="None")

    def choose() -> None:
        dialog = QFileDialog(holder.window(), item.title, line.text())
        folder = item.kind == "folder"
        dialog.setFileMode(QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(line.setText)
        dialog.open()

    browse = button("Choose…", choose)
    browse.setAccessibleName(f"Choose {item.title}")
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GAP)
    line.setFixedWidth(FIELD_WIDTH)
    layout.addWidget(browse)
    layout.addWidget(line)
    holder.setFocusProxy(line)
    return holder, lambda: line.text().strip() or None
