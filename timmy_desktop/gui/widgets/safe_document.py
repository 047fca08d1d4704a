"""A text document that renders Markdown and fetches nothing: no file, no network, no HTML."""

from __future__ import annotations

import re

from PySide6.QtCore import QObject, QRegularExpression, QUrl
from PySide6.QtGui import (
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextTable,
    QTextTableFormat,
)

from timmy_desktop.gui.theme import TIGHT, Theme
from timmy_desktop.inert import inert, inert_line

_FEATURES = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
_LINE_HEIGHT = 130.0
_INDENT = 22
_SAFE_SCHEMES = ("http://", "https://", "mailto:")
MEMORY_SCHEME = "memory"
_CITED = QRegularExpression(r"\[m:[0-9a-f]{8}\]")


class SafeDocument(QTextDocument):
    """Foreign Markdown, inert. Pictures become words; web and mail links stay, citations become some."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setUndoRedoEnabled(False)
        self.setDocumentMargin(0)
        self.setIndentWidth(_INDENT)

    def loadResource(self, kind: int, name: QUrl | str) -> object:  # noqa: ARG002 - Qt's signature
        return None

    def show_markdown(self, text: str) -> None:
        """Replaces the contents and dresses them in the theme's fonts and colours."""
        theme = Theme.current()
        self.setDefaultFont(theme.font())
        self.setMarkdown(inert(text), _FEATURES)
        self._dress(theme)
        if "[m:" in text:
            self._link_citations(theme)

    def _dress(self, theme: Theme) -> None:
        cursor = QTextCursor(self)
        cursor.beginEditBlock()
        self._dress_blocks(cursor, theme)
        for frame in self.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                _dress_table(frame, theme)
        cursor.endEditBlock()

    def _link_citations(self, theme: Theme) -> None:
        """Marks of memories become links to them; no link of the text itself can be one."""
        found = self.find(_CITED)
        while not found.isNull():
            shape = QTextCharFormat(found.charFormat())
            if not shape.isAnchor():
                mark = found.selectedText().strip("[]").removeprefix("m:")
                shape.setAnchor(True)
                shape.setAnchorHref(f"{MEMORY_SCHEME}:{mark}")
                shape.setForeground(theme.color("accent"))
                shape.setToolTip("Open this memory")
                found.setCharFormat(shape)
            found = self.find(_CITED, found)

    def _dress_blocks(self, cursor: QTextCursor, theme: Theme) -> None:
        block = self.begin()
        while block.isValid():
            form = QTextBlockFormat(block.blockFormat())
            level = form.headingLevel()
            form.setLineHeight(_LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            if level:
                form.setTopMargin(0 if block == self.begin() else TIGHT * 3)
                form.setBottomMargin(TIGHT)
            cursor.setPosition(block.position())
            cursor.setBlockFormat(form)
            for start, length, shape in _runs(block):
                _dress_run(self, start, length, shape, level, theme)
            block = block.next()


def _runs(block: QTextBlock) -> list[tuple[int, int, QTextCharFormat]]:
    runs = []
    pieces = block.begin()
    while not pieces.atEnd():
        piece = pieces.fragment()
        if piece.isValid():
            runs.append((piece.position(), piece.length(), piece.charFormat()))
        pieces += 1
    runs.reverse()  # a picture that becomes words moves what follows it
    return runs


def _dress_run(
    document: QTextDocument, start: int, length: int, shape: QTextCharFormat, level: int, theme: Theme
) -> None:
    cursor = QTextCursor(document)
    cursor.setPosition(start)
    cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
    if shape.isImageFormat():
        words = _picture_words(shape)
        plain = QTextCharFormat()
        plain.setFont(theme.font())
        plain.setForeground(theme.color("muted"))
        cursor.insertText(words * length, plain)
        return
    dressed = _dressed(shape, level, theme)
    if dressed is not None:
        cursor.setCharFormat(dressed)


def _picture_words(shape: QTextCharFormat) -> str:
    picture = shape.toImageFormat()
    name = picture.property(QTextFormat.Property.ImageAltText) or picture.name() or "without a name"
    return f"[picture not loaded: {inert_line(str(name), 80)}]"


def _dressed(shape: QTextCharFormat, level: int, theme: Theme) -> QTextCharFormat | None:
    if level:
        dressed = QTextCharFormat(shape)
        dressed.clearProperty(QTextFormat.Property.FontSizeAdjustment.value)
        dressed.setFont(theme.font("title" if level == 1 else "body", strong=True))
        return dressed
    if shape.isAnchor():
        return _link(shape, theme)
    if shape.fontFixedPitch():
        dressed = QTextCharFormat(shape)
        dressed.setFont(theme.font(mono=True))
        dressed.setBackground(theme.color("hover"))
        return dressed
    return None


def _link(shape: QTextCharFormat, theme: Theme) -> QTextCharFormat:
    dressed = QTextCharFormat(shape)
    if shape.anchorHref().lower().startswith(_SAFE_SCHEMES):
        dressed.setForeground(theme.color("accent"))
        dressed.setFontUnderline(True)
        dressed.setToolTip(inert_line(shape.anchorHref(), 300))
    else:
        dressed.setAnchor(False)
        dressed.setAnchorHref("")
        dressed.setFontUnderline(False)
        dressed.setForeground(theme.color("text"))
    return dressed


def _dress_table(table: QTextTable, theme: Theme) -> None:
    form = QTextTableFormat(table.format())
    form.setBorder(1)
    form.setBorderCollapse(True)
    form.setBorderStyle(QTextTableFormat.BorderStyle.BorderStyle_Solid)
    form.setBorderBrush(theme.color("border"))
    form.setCellPadding(TIGHT)
    form.setTopMargin(TIGHT)
    form.setBottomMargin(TIGHT)
    table.setFormat(form)


def plain_first_line(text: str, limit: int = 200) -> str:
    """The first line with words on it, without Markdown's signs, inert; for a list."""
    for line in text[: limit * 20].splitlines():
        bare = re.sub(r"^[#>*\-\s]+", "", line).strip()
        if bare:
            return inert_line(bare, limit)
    return inert_line(text[: limit * 4], limit)
