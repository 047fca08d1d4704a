"""Foreign Markdown fetches nothing, runs nothing and hides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from timmy_desktop.gui.theme import Theme
from timmy_desktop.gui.widgets.code_block import CodeBlock
from timmy_desktop.gui.widgets.growing_edit import GrowingEdit
from timmy_desktop.gui.widgets.markdown_view import PAGE, MarkdownView
from timmy_desktop.gui.widgets.prose_view import ProseView
from timmy_desktop.gui.widgets.safe_document import SafeDocument, plain_first_line


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://127.0.0.1:9/x.png)",
        "![x](file:///etc/hostname)",
        "![x](//host/share.png)",
        "<img src='http://127.0.0.1:9/x.png'>",
        "<style>@import url(http://127.0.0.1:9/x.css)</style>",
        "| a |\n|---|\n| ![x](http://127.0.0.1:9/x.png) |",
        "# ![x](http://127.0.0.1:9/x.png)",
        "- ![x][1]\n\n[1]: http://127.0.0.1:9/x.png",
    ],
)
def test_nothing_is_loaded_and_no_picture_is_shown(qtbot: QtBot, text: str) -> None:
    view = ProseView()
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show_markdown(text)
    view.show()
    view.grab()
    assert "\ufffc" not in view.toPlainText()
    for name in ("http://127.0.0.1:9/x.png", "file:///etc/hostname", "//host/share.png"):
        assert view.document().resource(QTextDocument.ResourceType.ImageResource.value, QUrl(name)) is None


def test_a_picture_that_could_be_loaded_is_not(qtbot: QtBot, tmp_path: Path) -> None:
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)
    assert picture.save(str(tmp_path / "red.png"))
    document = SafeDocument()
    document.show_markdown(f"![cat]({(tmp_path / 'red.png').as_uri()})")
    assert document.toPlainText() == "[picture not loaded: cat]"
    assert document.loadResource(2, QUrl("file:///etc/hostname")) is None


def test_html_is_text_and_control_characters_are_inert(qtbot: QtBot) -> None:
    document = SafeDocument()
    document.show_markdown("<b>bold</b> \u202eevil \x1b[31mred")
    assert document.toPlainText() == "<b>bold</b> \\u{202e}evil \\u{1b}[31mred"


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
def test_only_web_and_mail_links_stay_links_and_they_ask_first(qtbot: QtBot) -> None:
    view = ProseView()
    qtbot.addWidget(view)
    view.show_markdown("[web](https://example.org/) [js](javascript:alert(1)) [file](file:///etc/passwd)")
    html = view.document().toHtml()
    assert "https://example.org/" in html
    assert "javascript:" not in html
    assert "file:" not in html
    view.anchorClicked.emit(QUrl("https://example.org/"))
    menu = view.findChild(QMenu)
    assert [action.text() for action in menu.actions()] == [
        "Open https://example.org/ in the browser",
        "Copy the link",
    ]
    menu.close()


def test_code_has_a_block_of_its_own_and_is_copied_as_written(qtbot: QtBot, qapp: Any) -> None:
    view = MarkdownView()
    qtbot.addWidget(view)
    view.show_text("Before\n\n```python\nx = '\u202e'\n```\n\nAfter")
    block = view.findChild(CodeBlock)
    block.copy_button.click()
    assert qapp.clipboard().text() == "x = '\u202e'"
    assert block.copy_button.text() == "Copied"
    block._said.stop()


def test_streaming_changes_only_the_last_part(qtbot: QtBot) -> None:
    view = MarkdownView()
    qtbot.addWidget(view)
    view.show_text("One\n\n```\ncode\n```\n\nTw")
    before = list(view._widgets)
    view.show_text("One\n\n```\ncode\n```\n\nTwo and more")
    assert view._widgets == before
    assert before[2].toPlainText() == "Two and more"  # type: ignore[union-attr]
    view.show_text("Else")
    assert len(view._widgets) == 1


def test_a_long_text_is_shown_by_and_by(qtbot: QtBot) -> None:
    view = MarkdownView()
    qtbot.addWidget(view)
    view.show_text("word " * PAGE)
    assert view.more_button is not None
    assert f"{PAGE * 4:,} characters" in view.more_button.text()
    view.more_button.click()
    assert f"{PAGE * 3:,} characters" in view.more_button.text()
    view.show_text("short")
    assert view.more_button.isHidden()


def test_a_switch_of_theme_dresses_the_text_anew(qtbot: QtBot) -> None:
    view = MarkdownView()
    qtbot.addWidget(view)
    view.show_text("[web](https://example.org/)")
    theme = Theme.current()
    name = theme.name
    theme.switch("light" if theme.is_dark else "dark")
    prose = view._widgets[0]
    assert theme.colors.accent in prose.document().toHtml()  # type: ignore[union-attr]
    theme.switch(name)


def test_the_first_line_is_plain_and_inert() -> None:
    assert plain_first_line("\n\n## A *title*\nmore") == "A *title*"
    assert plain_first_line("") == ""
    assert "\x1b" not in plain_first_line("\x1b[31mred")


def test_a_box_grows_with_its_text_up_to_a_limit(qtbot: QtBot) -> None:
    edit = GrowingEdit(enter_sends=True, most_characters=1_000, most_lines=4)
    qtbot.addWidget(edit)
    edit.show()
    heights = []
    for lines in (1, 3, 4, 40):
        edit.set_text("\n".join("x" * lines))
        heights.append(edit.height())
    assert heights[0] < heights[1] < heights[2] == heights[3]
    edit.set_text("")
    assert edit.height() == heights[0]


def test_a_citation_opens_the_memory_and_no_link_of_the_text_can_forge_one(qtbot: QtBot) -> None:
    view = MarkdownView()
    qtbot.addWidget(view)
    view.show_text(
        "Marigold [m:1a2b3c4d], and **so [m:00000000]**. [Click](memory:ffffffff) [m:too-long]\n\n"
        "[m:1a2b3c4d](http://127.0.0.1:9/) `[m:`"
    )
    (prose,) = view.findChildren(ProseView)
    block, links = prose.document().begin(), {}
    while block.isValid():
        pieces = block.begin()
        while not pieces.atEnd():
            shape = pieces.fragment().charFormat()
            if shape.isAnchor():
                links[pieces.fragment().text()] = shape.anchorHref()
            pieces += 1
        block = block.next()
    assert links == {
        "[m:1a2b3c4d]": "memory:1a2b3c4d",
        "[m:00000000]": "memory:00000000",
        "m:1a2b3c4d": "http://127.0.0.1:9/",
    }
    with qtbot.waitSignal(view.memory_requested) as asked:
        prose.anchorClicked.emit(QUrl("memory:1a2b3c4d"))
    assert asked.args == ["1a2b3c4d"]
    assert not prose.findChildren(QMenu)
