"""What a large diff may take of the window, and comments where lines are folded."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.gui.diff_view.conftest import text
from tests.gui.diff_view.test_diff_view import Key, kind
from timmy_desktop.gui.widgets.diff_view import canvas, minimap
from timmy_desktop.gui.widgets.diff_view.embedded import DraftBox
from timmy_desktop.gui.widgets.diff_view.pane import DiffPane
from timmy_desktop.gui.widgets.diff_view.parts import PartKind, Remark

Show = Callable[..., DiffPane]
MANY = [f"step_{n} = boil({n})" for n in range(400)]
CHANGED = [*MANY[:10], "new = 1", *MANY[10:300], "newer = 2", *MANY[300:]]


def test_what_a_scrolled_picture_has_no_time_for_comes_with_the_next(
    show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane = show({"a.txt": "x\n"}, {"a.txt": text(MANY)})
    view = pane.view
    qtbot.waitUntil(lambda: pane.is_drawn and not view.colouring.is_busy)
    monkeypatch.setattr(canvas, "_NEW_LINES_SECONDS", 1e-9)
    view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())
    view.viewport().repaint()
    early = view.viewport().grab().toImage()
    assert not view.is_drawn
    monkeypatch.undo()
    qtbot.waitUntil(lambda: view.is_drawn)
    late = view.viewport().grab().toImage()
    assert late != early
    view._lines.forget()
    assert view.viewport().grab().toImage() == late


def test_a_file_that_comes_changes_no_rows_where_none_are_other(show: Show, qtbot: QtBot) -> None:
    pane = show({"a.txt": text(MANY)}, {"a.txt": text(CHANGED)})
    qtbot.waitUntil(lambda: pane.view.document.files[0].new_lines is not None)
    with qtbot.assertNotEmitted(pane.view.rows_changed):
        pane.view.put_text(0, text(CHANGED))


def test_a_comment_on_a_folded_line_stands_at_the_fold_and_then_on_its_line(show: Show) -> None:
    view = show({"a.txt": text(MANY)}, {"a.txt": text(CHANGED)}).view
    view.put_remarks([Remark("k", "a.txt", 150, "new"), Remark("last", "a.txt", 400, "new")])
    kinds = [part.kind for part in view.document.parts]
    first = kinds.index(PartKind.COMMENT)
    assert kinds[first - 1 : first + 2] == [PartKind.LINES, PartKind.COMMENT, PartKind.HUNK]
    assert kinds[-2:] == [PartKind.FOLD, PartKind.COMMENT]
    view.open_all_folds()
    place = next(at for at, part in enumerate(view.document.parts) if part.kind is PartKind.COMMENT)
    above = view.document.cell(view.document.start_of(place) - 1)
    assert above is not None
    assert (above.line.new, above.line.text) == (150, CHANGED[149])


def test_lines_that_were_opened_can_be_commented_on(show: Show) -> None:
    view = show({"a.txt": text(MANY)}, {"a.txt": text(CHANGED)}).view
    view.open_all_folds()
    said: list[tuple[str, int, str, str]] = []
    view.commented.connect(lambda *words: said.append(words))
    view.go_to(view.document.row_of_number(0, 150))
    QTest.keyClick(view, Key.Key_C)
    box = view.findChild(DraftBox)
    assert box is not None
    box.kept.emit("Why?")
    assert said == [("a.txt", 150, "new", "Why?")]


def test_a_comment_does_not_move_the_caret_of_lines_above_it(show: Show) -> None:
    view = show({"a.txt": "x\n"}, {"a.txt": text(MANY)}).view
    view.put_remarks([Remark("k", "a.txt", 20, "new")])
    view.go_to(view.document.row_of_number(0, 10))
    QTest.keyClick(view, Key.Key_V)
    cell = view.document.cell(view.caret.row)
    assert kind(view) is PartKind.LINES
    assert cell is not None
    assert cell.line.new == 10


def test_the_map_is_drawn_slice_by_slice_and_the_old_one_stays_meanwhile(
    show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane = show({"a.txt": text(MANY)}, {"a.txt": text(CHANGED)})
    qtbot.waitUntil(lambda: pane.is_drawn and not pane.view.colouring.is_busy)
    before = pane.map.grab().toImage()
    monkeypatch.setattr(minimap, "_SLICE_SECONDS", 0.0)
    pane.view.toggle_split()
    pane.map.draw_anew()
    assert pane.map.grab().toImage() == before, "of one row nothing is shown yet"
    assert not pane.map.is_drawn
    qtbot.waitUntil(lambda: pane.is_drawn)
    slowly = pane.map.grab().toImage()
    monkeypatch.undo()
    pane.map.draw_anew()
    qtbot.waitUntil(lambda: pane.is_drawn)
    assert pane.map.grab().toImage() == slowly
    pane.view.toggle_split()
    qtbot.waitUntil(lambda: pane.is_drawn)
    assert pane.map.grab().toImage() == before
