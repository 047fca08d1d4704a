"""What the application leaves on a computer besides its data folder: nothing, of no library either."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.command import NO_OLLAMA, timmy


def home(folder: Path) -> dict[str, str]:
    """A home of its own for a command, where nobody has said yet what libraries may collect."""
    folders = {name: str(folder) for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    return {**NO_OLLAMA, **folders, "HOME": str(folder), "ORT_DISABLE_TELEMETRY": "0"}


@pytest.mark.parametrize(
    "command",
    [
        ("memory", "remember", "My boat is called Quokkagold"),
        ("screenshot", "--out", "pictures"),
        ("doctor",),
    ],
    ids=lambda words: words[0],
)
def test_nothing_is_left_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()

    done = timmy(*command, data_dir=tmp_path / "data", env=home(tmp_path / "home"))

    assert done.stdout, done.stderr
    assert [str(path) for path in (tmp_path / "home").rglob("*")] == []
