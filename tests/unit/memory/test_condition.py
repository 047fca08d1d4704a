"""What the doctor says of the memory, without loading any of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.memory_world import MemoryWorld
from timmy_desktop import doctor
from timmy_desktop.memory import condition as conditions
from timmy_desktop.memory.embedding import check_installed
from timmy_desktop.memory.errors import EmbedderError
from timmy_desktop.memory.types import NewEntry
from timmy_desktop.paths import Paths


async def test_it_counts_what_is_there_and_what_is_pending(tmp_path: Path) -> None:
    async with MemoryWorld(tmp_path) as world:
        await world.memory.remember(NewEntry(content="One fact"))
        await world.memory.settled()
        finding = doctor._memory(Paths.default(tmp_path))
        assert (finding.state, finding.next_step) == ("ok", "")
        assert "memories: 1" in finding.detail
    async with MemoryWorld(tmp_path, start_after=3600) as world:
        await world.db.write(
            lambda session: session.sql("UPDATE memory_entries SET rev = rev + 1, content = 'Another'")
        )
        finding = doctor._memory(Paths.default(tmp_path))
        assert finding.state == "note"
        assert "1 are not in the index yet" in finding.detail
        assert finding.next_step


def test_before_the_first_start_all_is_well(tmp_path: Path) -> None:
    assert doctor._memory(Paths.default(tmp_path)).state == "ok"


def test_a_folder_that_is_no_index_is_told_with_a_next_step(tmp_path: Path) -> None:
    (tmp_path / "memory-index").mkdir()
    (tmp_path / "memory-index" / "holiday.txt").write_text("Not an index")
    finding = doctor._memory(Paths.default(tmp_path))
    assert finding.state == "missing"
    assert "holds no index" in finding.detail
    assert "rebuild" in finding.next_step
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "memory-index").write_text("A file")
    assert "no folder" in doctor._memory(Paths.default(tmp_path / "other")).detail


def test_a_missing_model_is_told_with_a_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> str:
        raise EmbedderError("The embedding model is not installed.")

    monkeypatch.setattr(conditions, "check_installed", gone)
    finding = doctor._memory(Paths.default(tmp_path))
    assert finding.state == "missing"
    assert "exact words" in finding.detail
    assert "anew" in finding.next_step


def test_a_damaged_model_file_is_no_model(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"something else")
    with pytest.raises(EmbedderError, match="damaged"):
        check_installed(file)
