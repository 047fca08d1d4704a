"""The diff viewer as a person uses it: by keys and by mouse."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.conditions import eventually
from tests.gui.diff_view.conftest import AFTER, BEFORE, text
from timmy_desktop.gui.colors import contrast
from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.diff_view.colouring import Colouring
from timmy_desktop.gui.widgets.diff_view.embedded import DraftBox
from timmy_desktop.gui.widgets.diff_view.look import grounds, look
from timmy_desktop.gui.widgets.diff_view.pane import DiffPane
from timmy_desktop.gui.widgets.diff_view.parts import PartKind
from timmy_desktop.gui.widgets.diff_view.pictures import picture_of
from timmy_desktop.gui.widgets.diff_view.view import DiffView

Key, Control, Shift = Qt.Key, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Show = Callable[..., DiffPane]


def line(view: DiffView) -> str:
    cell = view.document.cell(view.caret.row)
    return cell.line.text if cell is not None else ""


def kind(view: DiffView) -> PartKind:
    return view.document.part_at(view.caret.row)[0].kind


def press(
    view: DiffView, *keys: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    for key in keys:
        QTest.keyClick(view, key, modifier)


def click(view: DiffView, row: int, x: int) -> None:
    place = view.row_rect(row)
    point = view.viewport().mapFromGlobal(QPoint(place.left() + x, place.center().y()))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)


def row_of(view: DiffView, text: str, kind: str = "+") -> int:
    for row in range(view.document.rows):
        for cell in view.document.cells(row):
            if cell is not None and cell.line.text == text and cell.line.kind == kind:
                return row
    raise AssertionError(f"{kind}{text} is not shown")


def test_n_and_p_go_from_change_to_change_and_brackets_from_file_to_file(show: Show) -> None:
    view = show().view
    press(view, Key.Key_N)
    assert line(view) == "and why."
    press(view, Key.Key_N)
    assert line(view) == "step_37 = boil(37)"
    press(view, Key.Key_P)
    assert line(view) == "and why."
    press(view, Key.Key_BracketRight)
    assert (kind(view), view.file) == (PartKind.FILE, 1)
    press(view, Key.Key_BracketLeft)
    assert (kind(view), view.file) == (PartKind.FILE, 0)


def test_arrows_shift_and_copy_take_what_is_selected(show: Show) -> None:
    view = show().view
    view.go_to(row_of(view, "step_37 = boil(999)"))
    for _ in range(7):
        press(view, Key.Key_Right, modifier=Shift)
    press(view, Key.Key_C, modifier=Control)
    assert QGuiApplication.clipboard().text() == "step_37"
    press(view, Key.Key_Home)
    press(view, Key.Key_Down, modifier=Shift)
    press(view, Key.Key_End, modifier=Shift)
    press(view, Key.Key_C, modifier=Control)
    assert QGuiApplication.clipboard().text() == "step_37 = boil(999)\nstep_38 = boil(38)"


def test_a_drag_selects_and_a_double_click_takes_the_word(show: Show) -> None:
    view = show().view
    row = row_of(view, "step_37 = boil(999)")
    view.go_to(row)
    left = view._lanes()[0].text
    step = view._look.advance
    place = view.row_rect(row)
    y = view.viewport().mapFromGlobal(place.center()).y()
    viewport = view.viewport()
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(left + 1, y))
    QTest.mouseMove(viewport, QPoint(round(left + 4 * step), y))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(left, y))
    view.copy()
    assert QGuiApplication.clipboard().text() == "step"
    middle = QPoint(round(left + 12 * step), y)
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    view.copy()
    assert QGuiApplication.clipboard().text() == "boil"


def test_side_by_side_keeps_the_place_and_copies_one_side(show: Show) -> None:
    view = show().view
    view.go_to(row_of(view, "step_37 = boil(999)"))
    press(view, Key.Key_V)
    assert view.document.split
    assert line(view) == "step_37 = boil(999)"
    press(view, Key.Key_C, modifier=Control)
    assert QGuiApplication.clipboard().text() == "step_37 = boil(999)"
    press(view, Key.Key_Tab, modifier=Control)
    press(view, Key.Key_C, modifier=Control)
    assert QGuiApplication.clipboard().text() == "step_37 = boil(37)"
    press(view, Key.Key_V)
    assert not view.document.split


def test_enter_opens_a_fold_in_place(show: Show, qtbot: QtBot) -> None:
    view = show().view
    qtbot.waitUntil(lambda: view.document.files[0].new_lines is not None)
    fold = next(
        row for row in range(view.document.rows) if view.document.part_at(row)[0][:3] == (PartKind.HUNK, 0, 1)
    )
    view.go_to(fold)
    before = view.document.hidden_in(0, 1)
    press(view, Key.Key_Return)
    assert view.document.hidden_in(0, 1) < before
    press(view, Key.Key_O)
    rows = [view.document.cell(row) for row in range(view.document.rows)]
    assert [cell.line.text for cell in rows if cell and cell.file == 0 and cell.line.kind != "-"] == AFTER
    assert [cell.line.text for cell in rows if cell and cell.file == 0 and cell.line.kind != "+"] == BEFORE


def test_a_fold_that_has_to_wait_for_the_file_opens_when_it_comes(show: Show) -> None:
    pane = show()
    view = pane.view
    view.text_wanted.disconnect()
    opening = view.document.files[0]
    opening.new_lines = opening.old_lines = None
    asked: list[int] = []
    view.text_wanted.connect(asked.append)
    view.go_to(
        next(
            row
            for row in range(view.document.rows)
            if view.document.part_at(row)[0][:3] == (PartKind.HUNK, 0, 1)
        )
    )
    before = view.document.hidden_in(0, 1)
    press(view, Key.Key_Return)
    assert asked == [0]
    assert view.document.hidden_in(0, 1) == before
    view.put_text(0, text(AFTER))
    assert view.document.hidden_in(0, 1) < before


def test_hunks_are_left_out_by_key_and_by_the_box(show: Show) -> None:
    view = show().view
    changed: list[None] = []
    view.taken_changed.connect(lambda: changed.append(None))
    view.go_to(row_of(view, "step_37 = boil(999)"))
    press(view, Key.Key_X)
    assert view.document.left_out == {(0, 1)}
    bar = next(
        row for row in range(view.document.rows) if view.document.part_at(row)[0][:3] == (PartKind.HUNK, 0, 1)
    )
    click(view, bar, view.viewport().width() - 60)
    assert view.document.left_out == set()
    assert len(changed) == 2


def test_s_marks_a_file_as_seen_and_folds_it(show: Show) -> None:
    view = show().view
    told: list[tuple[str, bool]] = []
    view.seen_changed.connect(lambda path, seen: told.append((path, seen)))
    press(view, Key.Key_S)
    assert told == [("kettle.py", True)]
    assert view.document.files[0].collapsed
    press(view, Key.Key_Return)
    assert not view.document.files[0].collapsed


def test_a_comment_is_written_under_its_line(show: Show, qtbot: QtBot) -> None:
    view = show().view
    told: list[tuple[str, int, str, str]] = []
    view.commented.connect(lambda *said: told.append(said))
    view.go_to(row_of(view, "step_37 = boil(999)"))
    press(view, Key.Key_C)
    box = view.findChild(DraftBox)
    assert box is not None
    assert box.isVisible()
    qtbot.keyClicks(box.edit, "Why so hot?")
    assert view.draft_text == "Why so hot?"
    QTest.keyClick(box.edit, Key.Key_Return, Control)
    assert told == [("kettle.py", 41, "new", "Why so hot?")]
    view.end_draft()
    assert not view.draft_text
    assert view.hasFocus()


def test_escape_drops_a_comment_on_a_line_that_was(show: Show) -> None:
    view = show().view
    view.go_to(row_of(view, "step_37 = boil(37)", "-"))
    press(view, Key.Key_C)
    box = view.findChild(DraftBox)
    assert box is not None
    assert "as it was" in box.edit.accessibleName()
    QTest.keyClick(box.edit, Key.Key_Escape)
    assert view.document.draft is None


def test_find_goes_from_hit_to_hit_and_says_how_many(show: Show, qtbot: QtBot) -> None:
    pane = show()
    view, bar = pane.view, pane.find_bar
    press(view, Key.Key_F, modifier=Control)
    assert bar.isVisible()
    qtbot.keyClicks(bar.edit, "boil(3")
    QTest.keyClick(bar.edit, Key.Key_Return)
    assert bar.said.text() == "1 of 6"
    QTest.keyClick(bar.edit, Key.Key_Return)
    assert bar.said.text() == "2 of 6"
    QTest.keyClick(bar.edit, Key.Key_Return, Shift)
    assert bar.said.text() == "1 of 6"
    assert "boil(3" in line(view)
    QTest.keyClick(bar.edit, Key.Key_Escape)
    assert not bar.isVisible()
    assert view.hasFocus()


def test_what_is_not_there_is_said(show: Show, qtbot: QtBot) -> None:
    pane = show()
    pane.find_bar.begin_find()
    qtbot.keyClicks(pane.find_bar.edit, "teapot")
    QTest.keyClick(pane.find_bar.edit, Key.Key_Return)
    assert pane.find_bar.said.text() == "Not in what is shown"


def test_g_goes_to_a_line(show: Show, qtbot: QtBot) -> None:
    pane = show()
    press(pane.view, Key.Key_G)
    qtbot.keyClicks(pane.find_bar.edit, "41")
    QTest.keyClick(pane.find_bar.edit, Key.Key_Return)
    assert line(pane.view) == "step_37 = boil(999)"
    assert pane.view.hasFocus()


def test_wrapping_shows_the_whole_of_a_long_line(show: Show) -> None:
    long = "x = " + " + ".join(f"value_{n}" for n in range(200))
    view = show({"a.py": "x = 0\n"}, {"a.py": long + "\n"}).view
    row = row_of(view, long)
    assert view.horizontalScrollBar().maximum() > 0
    assert view.row_rect(row).height() == view._look.line_height
    press(view, Key.Key_W)
    assert view.horizontalScrollBar().maximum() == 0
    assert view.row_rect(row).height() > 10 * view._look.line_height


def test_the_size_of_the_code_changes_by_key(show: Show) -> None:
    view = show().view
    was = view._look.line_height
    press(view, Key.Key_Plus, modifier=Control)
    press(view, Key.Key_Plus, modifier=Control)
    assert view._look.line_height > was
    press(view, Key.Key_0, modifier=Control)
    assert view._look.line_height == was


def test_ignoring_white_space_says_how_much_is_hidden(show: Show) -> None:
    pane = show({"a.py": "if x:\n  y\n"}, {"a.py": "if x:\n    y\n"})
    press(pane.view, Key.Key_I)
    assert pane.hidden.text() == "2 changes not shown"
    assert pane.space.isChecked()
    press(pane.view, Key.Key_I)
    assert pane.hidden.text() == ""


def test_m_goes_to_the_other_half_of_what_was_moved(show: Show) -> None:
    block = ["def moved_function(first):", "    return first + SOMETHING"]
    rest = [f"line {n}" for n in range(20)]
    view = show({"a.py": text([*block, *rest])}, {"a.py": text([*rest, *block])}).view
    view.go_to(row_of(view, block[0], "-"))
    press(view, Key.Key_M)
    assert view.caret.row == row_of(view, block[0], "+")
    press(view, Key.Key_M)
    assert view.caret.row == row_of(view, block[0], "-")


def test_a_picture_is_read_when_it_is_asked_for(show: Show) -> None:
    view = show({"a.png": b"\x89PNG\0\1"}, {"a.png": b"\x89PNG\0\2"}).view
    wanted: list[int] = []
    view.pictures_wanted.connect(wanted.append)
    press(view, Key.Key_Down, Key.Key_Return)
    assert wanted == [0]
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    from PySide6.QtCore import QBuffer

    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    good = picture_of(bytes(buffer.data().data()))
    bad = picture_of(b"\x89PNG\0\1")
    assert good is not None
    assert bad is not None
    assert good.words.startswith("40 × 30")
    assert "no picture" in bad.words
    height = view.geometry_now.height
    view.put_pictures(0, bad, good)
    assert view.geometry_now.height > height
    assert not view.grab().isNull()


def test_strings_of_many_lines_are_coloured_right_once_the_file_is_known(show: Show, qtbot: QtBot) -> None:
    pane = show()
    view = pane.view
    cell = view.document.cell(row_of(view, "and when, and why."))
    assert cell is not None
    qtbot.waitUntil(lambda: list(view.colouring.spans(0, cell.line)) == [0, 18, 2], timeout=15_000)
    boil = view.document.cell(row_of(view, "step_37 = boil(999)"))
    assert boil is not None
    qtbot.waitUntil(lambda: list(view.colouring.spans(0, boil.line)) == [15, 18, 4], timeout=15_000)


async def test_a_lexer_that_hangs_is_ended_and_the_diff_stays_readable(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane = show()
    pane.view.colouring.stop()
    hanging = Colouring(pane.view, ["/bin/sleep", "60"])
    hanging._patience.setInterval(50)
    settled: list[None] = []
    hanging.settled.connect(lambda: settled.append(None))
    hanging.show_document(pane.view.document)
    hanging.want(0)
    hanging.want(1)
    await eventually(lambda: settled, timeout=10)
    assert not hanging.is_busy
    assert hanging._process is None
    hanging.stop()


def test_hostile_and_huge_lines_are_drawn(show: Show) -> None:
    new = "a = '\u202e\u2066'\n" + "b" * 200_000 + "\n" + "שלום = 1\n" + "\t\x1b[31m\n" + "日本" * 300 + "\n"
    view = show({"a.py": "x\n"}, {"a.py": new}).view
    for _ in range(3):
        assert not view.grab().isNull()
        press(view, Key.Key_End, Key.Key_Down, Key.Key_W)
    drawn = view._lines.line(view.document.cell(row_of(view, "b" * 200_000)), ())  # type: ignore[arg-type]
    assert drawn.cut_off == 150_000


def test_the_text_for_screen_readers_follows_the_caret(show: Show) -> None:
    view = show().view
    interface = QAccessible.queryAccessibleInterface(view)
    assert interface is not None
    told = interface.textInterface()
    assert told is not None
    whole = told.text(0, told.characterCount())
    assert "File kettle.py, 3 added, 2 removed" in whole
    assert "added 41: step_37 = boil(999)" in whole
    view.go_to(row_of(view, "step_37 = boil(999)"), 10)
    place = told.cursorPosition()
    assert whole[place : place + 9] == "boil(999)"
    assert interface.text(QAccessible.Text.Value) == "added 41: step_37 = boil(999)"
    view.go_to(row_of(view, "step_37 = boil(999)"), 14, hold=True)
    start, end = told.selection(0)
    assert whole[start:end] == "boil"
    told.setCursorPosition(0)
    assert view.caret.row == 0


def test_the_map_goes_where_it_is_clicked(show: Show) -> None:
    old = text([f"line {n}" for n in range(400)])
    pane = show({"a.py": old}, {"a.py": old.replace("line", "row")})
    QTest.mouseClick(
        pane.map, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(5, pane.map.height() - 2)
    )
    bar = pane.view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert not pane.map.grab().isNull()


def test_the_head_of_the_file_stays_in_sight(show: Show) -> None:
    old = text([f"line {n}" for n in range(400)])
    view = show({"a.py": old}, {"a.py": old.replace("line", "row")}).view
    view.go_to(300)
    point = QPoint(40, 6)
    assert view.document.part_at(view.row_at(point))[0].kind is PartKind.FILE


@pytest.mark.parametrize("name", ["dark", "light"])
def test_code_can_be_read_on_every_ground(qapp: QApplication, name: str) -> None:
    theme = Theme.current()
    was = theme.name
    theme.switch(name)
    try:
        made = look(10.0)
        colors = [*made.tokens.values(), theme.color("text")]
        for color, ground in product(colors, grounds()):
            assert contrast(color.name(), ground) >= 4.5, (color.name(), ground)
    finally:
        theme.switch(was)
