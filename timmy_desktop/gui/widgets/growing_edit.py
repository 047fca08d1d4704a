"""A box to write in that grows with the text, up to a limit, and says which key sends it."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

_PADDING = 14  # the style sheet's padding and border, above and below
_RETURNS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class GrowingEdit(QPlainTextEdit):
    """Plain text only. A paste that can't be meant for here is refused whole, and said so."""

    submitted = Signal()
    paste_refused = Signal(int)
    """The length of what was not pasted."""

    def __init__(
        self, *, enter_sends: bool, most_characters: int, most_lines: int = 8, parent: QWidget | None = None
    ) -> None:
        """`enter_sends`: Enter sends and Shift+Enter breaks the line; else Ctrl+Enter sends."""
        super().__init__(parent)
        self._enter_sends = enter_sends
        self._most_characters = most_characters
        self._most_lines = most_lines
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def show_at_most(self, lines: int) -> None:
        """Grows to this many lines, then scrolls."""
        if lines != self._most_lines:
            self._most_lines = lines
            self._fit()

    def text(self) -> str:
        return self.toPlainText()

    def set_text(self, text: str) -> None:
        """Replaces the text, leaves the cursor at its end; can be undone."""
        cursor = self.textCursor()
        cursor.select(cursor.SelectionType.Document)
        cursor.insertText(text)
        self.setTextCursor(cursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _RETURNS and self._sends(event.modifiers()):
            self.submitted.emit()
            return
        if event.key() in _RETURNS:
            # Shift+Enter would insert U+2028, which is no line break anywhere else.
            self.insertPlainText("\n")
            self.ensureCursorVisible()
            return
        super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        text = source.text()
        if len(text) + self.document().characterCount() > self._most_characters:
            self.paste_refused.emit(len(text))
            return
        self.textCursor().insertText(text)
        self.ensureCursorVisible()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasText()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(240, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self._height_of(1))

    def _sends(self, modifiers: Qt.KeyboardModifier) -> bool:
        control = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.MetaModifier
        if modifiers & control:
            return True
        return self._enter_sends and not modifiers & Qt.KeyboardModifier.ShiftModifier

    def _fit(self) -> None:
        # A plain text document measures its height in lines.
        lines = round(self.document().documentLayout().documentSize().height())
        height = self._height_of(min(max(1, lines), self._most_lines))
        tall = lines > self._most_lines
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if tall else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)

    def _height_of(self, lines: int) -> int:
        return int(lines * QFontMetricsF(self.font()).lineSpacing() + _PADDING + 4)
