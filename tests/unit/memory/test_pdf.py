"""A hostile PDF takes no more time and memory than it is given, and brings nothing down but its reader."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

import pytest

from tests.conditions import eventually
from tests.fakes.memory_world import MemoryWorld
from tests.unit.memory.test_documents import small_pdf
from timmy_desktop.memory import pdf_worker
from timmy_desktop.memory.errors import DocumentError
from timmy_desktop.memory.pdf import PdfReading, worker_command


def acted(words: str) -> list[str]:
    """A worker that does what `words` says in the real one's place."""
    return [sys.executable, "-c", words]


def test_a_pdf_is_read_by_another_process() -> None:
    assert PdfReading().pages(small_pdf("Marigold lies in Ghent")) == ["Marigold lies in Ghent"]


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS sets no limit to a process's memory")
def test_what_takes_more_memory_than_it_may_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"memory|reader down"):
        PdfReading(memory=20_000_000).pages(small_pdf("Marigold lies in Ghent"))


def test_what_takes_too_long_is_ended() -> None:
    reading = PdfReading(acted("while True: pass"), seconds=0.2)
    with pytest.raises(DocumentError, match="longer than 0"):
        reading.pages(b"%PDF")
    assert reading.pid is None


def test_a_reader_that_goes_down_takes_nothing_with_it() -> None:
    reading = PdfReading(acted("import os; os.abort()"))
    with pytest.raises(DocumentError, match="brought its reader down"):
        reading.pages(b"x" * 1_000_000)  # more than a pipe holds
    with pytest.raises(DocumentError, match="can't be read here"):
        PdfReading(["/there/is/no/such/program"]).pages(b"")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"fault": "locked"}, "password"),
        ({"fault": "large"}, "too much"),
        ({"fault": "memory"}, "memory"),
        ({"fault": "broken", "detail": "odd\n\u202ebytes"}, "odd"),
        ([], "reader down"),
        ("{", "reader down"),
    ],
)
def test_each_fault_has_its_words(said: object, words: str) -> None:
    text = said if said == "{" else json.dumps(said)
    with pytest.raises(DocumentError, match=words) as caught:
        PdfReading(acted(f"print({text!r})")).pages(b"")
    assert "\n" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


def test_the_worker_reads_no_more_pages_and_text_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    content = small_pdf("Marigold lies in Ghent")
    monkeypatch.setattr(pdf_worker, "MOST_CHARACTERS", 5)
    assert pdf_worker.read(content) == {"fault": "large"}
    monkeypatch.setattr(pdf_worker, "MOST_PAGES", 0)
    assert pdf_worker.read(content) == {"fault": "large"}
    with pytest.raises(pdf_worker.BrokenPdfError):
        pdf_worker.read(b"%PDF-1.7 nothing")


def test_the_worker_stands_apart_from_the_application() -> None:
    assert "-I" in worker_command()
    source = Path(pdf_worker.__file__).read_text(encoding="utf-8")
    assert "timmy_desktop" not in source


async def test_closing_ends_a_pdf_that_is_being_read(tmp_path: Path) -> None:
    (tmp_path / "endless.pdf").write_bytes(b"%PDF")
    async with MemoryWorld(tmp_path / "data") as world:
        reading = PdfReading(acted("while True: pass"))
        world.memory._documents._pdf = reading
        importing = asyncio.create_task(world.memory.import_documents([tmp_path / "endless.pdf"]))
        await eventually(lambda: reading.pid is not None)
        pid = reading.pid
        assert pid is not None
        reading.stop()
        report = await importing
        assert "closing" in report.files[0].reason
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "timmy-pdf"]
