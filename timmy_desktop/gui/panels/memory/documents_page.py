"""The Documents page: what was imported, what became of each file, and how to bring in more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedWidget, QWidget

from timmy_desktop.gui.panels.memory.progress_line import ProgressLine
from timmy_desktop.gui.panels.memory.sentences import import_said
from timmy_desktop.gui.panels.memory.table import Cells, Table
from timmy_desktop.gui.panels.memory.wording import owner_words
from timmy_desktop.gui.theme import GAP
from timmy_desktop.gui.widgets.empty_state import EmptyState
from timmy_desktop.gui.widgets.notice_bar import NoticeBar
from timmy_desktop.gui.widgets.parts import button, column, label, row
from timmy_desktop.gui.wording import count, exact_time, relative_time, size
from timmy_desktop.inert import inert_line
from timmy_desktop.memory.types import DocumentView, FileOutcome

_OUTCOMES = {
    "new": ("New", "good"),
    "changed": ("Changed", "good"),
    "unchanged": ("As before", "muted"),
    "refused": ("Refused", "bad"),
}
_NARROW, _MEDIUM = 420, 640


class DocumentsPage(QWidget):
    """Shows what it is given; importing and forgetting are the panel's business."""

    import_requested = Signal(list)
    stop_requested = Signal()
    opened = Signal(str, str)
    """A document's identifier and title: its pieces are wanted."""
    forget_requested = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self._documents: dict[str, DocumentView] = {}
        self.told = label(tone="muted", size="small")
        self.files_button = button("Import files…", self.ask_for_files, glyph="plus")
        self.folder_button = button("Import a folder…", self.ask_for_folder, glyph="folder")
        self.progress = ProgressLine(self.stop_requested.emit)
        self.notice = NoticeBar("Close", self.hide_outcomes)
        self.table = Table(
            "Documents", ("Document", "Pieces", "Size", "Owner", "Imported"), numbers=(1, 2), stretch=0
        )
        self.outcomes = Table(
            "What became of each file", ("Outcome", "File", "Pieces", "Why"), numbers=(2,), stretch=3
        )
        self.state = EmptyState("document", "Reading the documents", "")
        self._lay_out()
        self.table.opened.connect(lambda key: self.opened.emit(key, self._title(key)))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(
            lambda point: self._menu(self.table.viewport().mapToGlobal(point))
        )

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        for part in (self.table, self.outcomes, self.state):
            self.stack.addWidget(part)
        self.stack.setCurrentWidget(self.state)
        self._notice_room = QWidget()
        self._notice_room.setLayout(column(self.notice, gap=0, margins=(12, GAP, 12, 0)))
        self._notice_room.hide()
        layout = column(gap=0, margins=(0, 0, 0, 0))
        layout.addLayout(
            row(self.told, None, self.folder_button, self.files_button, margins=(12, GAP, 12, 0))
        )
        layout.addWidget(self.progress)
        layout.addWidget(self._notice_room)
        layout.addSpacing(GAP)
        layout.addWidget(self.stack, 1)
        self.setLayout(layout)
        for table, widths in ((self.table, (200, 70, 84, 80, 96)), (self.outcomes, (92, 220, 70, 200))):
            for place, width in enumerate(widths):
                table.horizontalHeader().resizeSection(place, width)

    # What there is

    def show_documents(self, documents: Sequence[DocumentView]) -> None:
        """The newest first."""
        self._documents = {document.id: document for document in documents}
        self.table.cells.show_rows([_cells(document) for document in documents])
        pieces = sum(document.chunks for document in documents)
        words = f"{count(len(documents), 'document')}, {count(pieces, 'piece')}" if documents else ""
        self.told.setText(words)
        self.state.show_state(
            "document",
            "No documents yet",
            "Drop files or a folder here, or choose them. Text, Markdown, code and PDF are taken in, cut on "
            "sense, and found by meaning; the files stay where they are.",
            (("Import files…", self.ask_for_files), ("Import a folder…", self.ask_for_folder)),
        )
        self._show_page()

    def show_fault(self, words: str) -> None:
        """The list can't be read."""
        self.state.show_state("bad", "The documents can't be read", inert_line(words, 300), tone="bad")
        self.stack.setCurrentWidget(self.state)

    # Importing

    def ask_for_files(self) -> QFileDialog:
        """Opens a dialog without a loop of its own."""
        return self._ask(QFileDialog.FileMode.ExistingFiles, "Import files into the memory")

    def ask_for_folder(self) -> QFileDialog:
        """The same for a folder with all that is in it."""
        return self._ask(QFileDialog.FileMode.Directory, "Import a folder into the memory")

    def show_outcomes(self, files: Sequence[FileOutcome]) -> None:
        """What became of the files so far."""
        self.outcomes.cells.show_rows([_outcome(file) for file in files])
        self.stack.setCurrentWidget(self.outcomes)

    def show_ended(self, files: Sequence[FileOutcome], note: str, stopped: bool) -> None:
        """The import is over."""
        words, tone = import_said(files, note, stopped=stopped)
        self.notice.say(words, tone, "Show the documents")
        self._notice_room.show()
        self.show_outcomes(files)
        self._show_page(outcomes=bool(files))

    def hide_outcomes(self) -> None:
        """Back to the documents."""
        self.notice.say("")
        self._notice_room.hide()
        self._show_page(outcomes=False)

    def forget(self) -> None:
        """Something was forgotten: the outcomes may name it."""
        self.outcomes.cells.show_rows(())
        self.hide_outcomes()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for place, least in ((3, _MEDIUM), (2, _MEDIUM), (4, _NARROW)):
            self.table.setColumnHidden(place, self.width() < least)
        self.told.setVisible(self.width() >= _MEDIUM)
        self.folder_button.setVisible(self.width() >= 300)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)

    def _show_page(self, *, outcomes: bool | None = None) -> None:
        if outcomes is None:
            outcomes = self.stack.currentWidget() is self.outcomes and not self._notice_room.isHidden()
        filled = self.table if self._documents else self.state
        self.stack.setCurrentWidget(self.outcomes if outcomes else filled)

    def _ask(self, mode: QFileDialog.FileMode, title: str) -> QFileDialog:
        dialog = QFileDialog(self, title, str(Path.home()))
        dialog.setFileMode(mode)
        dialog.filesSelected.connect(lambda files: self.import_requested.emit([Path(file) for file in files]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _title(self, identifier: str) -> str:
        return inert_line(self._documents[identifier].title, 60) if identifier in self._documents else ""

    def _menu(self, place: object) -> None:
        key = self.table.current_key
        if not key:
            return
        document = self._documents[key]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Show its pieces", lambda: self.opened.emit(key, self._title(key)))
        menu.addAction("Import it again", lambda: self.import_requested.emit([Path(document.path)]))
        menu.addAction("Copy its path", lambda: _copy(document.path))
        menu.addSeparator()
        menu.addAction("Forget the document…", lambda: self.forget_requested.emit(key, self._title(key)))
        menu.popup(place)  # type: ignore[arg-type]


def _cells(document: DocumentView) -> Cells:
    return Cells(
        document.id,
        (
            inert_line(document.title, 120),
            f"{document.chunks:,}",
            size(document.bytes),
            owner_words(document.owner),
            relative_time(document.imported_us),
        ),
        tip=f"{inert_line(document.path, 400)}\nImported {exact_time(document.imported_us)}",
    )


def _outcome(file: FileOutcome) -> Cells:
    word, tone = _OUTCOMES[file.outcome]
    name = inert_line(file.path.rpartition("/")[2] or file.path, 120)
    why = inert_line(file.reason, 300)
    pieces = f"{file.chunks:,}" if file.chunks else ""
    return Cells(file.path, (word, name, pieces, why), tone, f"{inert_line(file.path, 400)}\n{why}".strip())


def _copy(text: str) -> None:
    from PySide6.QtGui import QGuiApplication

    QGuiApplication.clipboard().setText(text)
