"""A block of code with its language and a button that copies it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QResizeEvent, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from timmy_desktop.gui.theme import GAP, TIGHT, Theme
from timmy_desktop.gui.widgets.parts import button, column, label, row
from timmy_desktop.inert import inert, inert_line

_SAID_MS = 1500


class CodeBlock(QFrame):
    """Code as it was written, never wrapped; long lines scroll sideways."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("variant", "code")
        self._source = ""
        self._language = label(tone="muted", size="small")
        self.copy_button = button("Copy", self._copy, variant="quiet")
        self.copy_button.setAccessibleName("Copy this code")
        self._text = _CodeText(self)
        self._lay_out()
        self._said = QTimer(self)
        self._said.setSingleShot(True)
        self._said.setInterval(_SAID_MS)
        self._said.timeout.connect(lambda: self.copy_button.setText("Copy"))
        self.restyle()

    def _lay_out(self) -> None:
        layout = column(gap=0, margins=(1, 1, 1, 1))
        layout.addLayout(row(self._language, None, self.copy_button, margins=(GAP, TIGHT, TIGHT, 0)))
        layout.addWidget(self._text)
        self.setLayout(layout)

    @property
    def source(self) -> str:
        """The code as the model wrote it, which is also what Copy takes."""
        return self._source

    def show_code(self, source: str, language: str = "") -> None:
        if source != self._source:
            self._text.show_text(inert(source))
            self._source = source
        self._language.setText(inert_line(language, 24) or "code")

    def restyle(self) -> None:
        """Takes the font of the theme in use."""
        self._text.setFont(Theme.current().font(mono=True))
        self._text.fit()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._source)
        self.copy_button.setText("Copied")
        self._said.start()


class _CodeText(QPlainTextEdit):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setProperty("variant", "bare")
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.document().setDocumentMargin(GAP)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName("Code")

    def show_text(self, text: str) -> None:
        """Appends where the new text only continues what is there, as it does in a stream."""
        before = self.toPlainText()
        if before and text.startswith(before):
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(text[len(before) :])
        else:
            self.setPlainText(text)
        self.fit()

    def fit(self) -> None:
        lines = self.document().blockCount()
        needed = lines * QFontMetricsF(self.font()).lineSpacing() + 2 * GAP + 2
        bar = self.horizontalScrollBar()
        if bar.maximum() > 0:
            needed += bar.sizeHint().height()
        height = int(needed + 0.999)
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if abs(event.angleDelta().x()) > abs(event.angleDelta().y()):
            super().wheelEvent(event)
        else:
            event.ignore()
