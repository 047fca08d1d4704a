"""Documents: imported by dialog and by drop, with what became of each."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from tests.conditions import eventually
from tests.gui.memory.conftest import Place


def drop(panel: Any, *paths: Path) -> bool:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPointF(9, 9).toPoint(), copy, mime, left, none)
    QApplication.sendEvent(panel, enter)
    if enter.isAccepted():
        QApplication.sendEvent(panel, QDropEvent(QPointF(9, 9), copy, mime, left, none))
    return enter.isAccepted()


async def test_dropped_files_are_taken_in_and_each_is_told(place: Place, tmp_path: Path) -> None:
    notes, photo = tmp_path / "notes.md", tmp_path / "photo.bin"
    notes.write_text("# Mast\n\nThe mast was varnished in May.\n")
    photo.write_bytes(b"\0" * 50)
    panel = place.panel
    assert drop(panel, notes, photo)
    assert panel.tabs.currentWidget() is panel.documents
    await eventually(lambda: panel.documents.notice.words)
    assert panel.documents.notice.words == "2 files: 1 new, 1 refused. 1 piece can be found now."
    outcomes = [row.words for row in panel.documents.outcomes.cells.rows]
    assert outcomes[0][:2] == ("New", "notes.md")
    assert outcomes[1][:2] == ("Refused", "photo.bin")
    assert "binary" in outcomes[1][3]
    panel.documents.notice.action_button.click()
    await place.calm()
    assert [row.words[0] for row in panel.documents.table.cells.rows] == ["notes.md"]
    panel.documents.table.setCurrentIndex(panel.documents.table.cells.index(0, 0))
    panel.documents.table.opened.emit(panel.documents.table.current_key)
    await eventually(lambda: panel.tabs.currentWidget() is panel.page and len(place.texts) == 1)
    assert panel.page.filters.place.isVisible()
    await place.calm()


async def test_words_that_are_dropped_are_no_files(place: Place) -> None:
    assert not drop(place.panel)
    await place.calm()


async def test_the_dialog_imports_what_was_chosen(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "one.txt"
    file.write_text("A text of its own.")
    panel = place.panel
    panel.import_button.click()
    dialog = panel.documents.findChild(QFileDialog)
    dialog.filesSelected.emit([str(file)])
    dialog.reject()
    await eventually(lambda: "1 new" in panel.documents.notice.words)
    await place.calm()


async def test_an_import_can_be_stopped_and_keeps_what_it_has(place: Place, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.txt" for number in range(6)]
    for file in files:
        file.write_text(f"The text of {file.name}.")
    panel, real = place.panel, place.memory.import_documents
    reached = asyncio.Event()

    async def slow(paths: Any, **how: Any) -> Any:
        if paths[0] == files[2]:
            reached.set()
            await asyncio.Event().wait()
        return await real(paths, **how)

    place.memory.import_documents = slow  # type: ignore[method-assign]
    panel.importing.add(files)
    await reached.wait()
    assert panel.documents.progress.isVisibleTo(panel.documents)
    assert panel.unfinished() == "documents are being imported"
    panel.documents.progress.stop_button.click()
    assert panel.documents.notice.words.startswith("Stopped. 2 files: 2 new.")
    assert panel.documents.progress.isHidden()
    await place.calm()
    assert len(await place.memory.documents(asker=place_asker())) == 2
    await place.calm()


async def test_a_document_is_forgotten_with_all_its_pieces(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "long.md"
    file.write_text("\n\n".join(f"# Part {number}\n\n{'words ' * 200}{number}" for number in range(5)))
    await place.memory.import_documents([file])
    await place.calm()
    panel = place.panel
    [document] = await place.memory.documents(asker=place_asker())
    panel.acts.forget_document(document.id, document.title)
    await eventually(lambda: panel.acts.dialog is not None)
    assert panel.acts.dialog.windowTitle() == f"Forget {document.chunks} memories for good?"
    panel.acts.dialog.go_button.click()
    await eventually(lambda: panel.acts.dialog.notice.words)
    await eventually(lambda: place.texts == [])
    await place.calm()


def place_asker() -> Any:
    from timmy_desktop.memory.types import PERSON

    return PERSON
