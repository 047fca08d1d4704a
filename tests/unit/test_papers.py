"""The papers hang together: links lead somewhere, and every benchmark and command is told of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHMARKS
from tests.papers import DOCS
from timmy_desktop.cli import _parser

ROOT = DOCS.parent
PAPERS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


def anchors(paper: Path) -> set[str]:
    """The headings of a paper as they are linked to."""
    titles = re.findall(r"^#+ (.+)$", paper.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_links_lead_somewhere(paper: Path) -> None:
    text = re.sub(r"```.*?```", "", paper.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (paper.parent / name).resolve() if name else paper
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_every_benchmark_is_explained() -> None:
    text = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    assert [name for name in BENCHMARKS if f"| `{name}` |" not in text] == []


def test_every_command_is_told_of() -> None:
    usage = _parser().format_help()
    commands = re.findall(r"^    ([a-z][a-z-]+)  ", usage, re.MULTILINE)
    assert len(commands) >= 5
    text = (DOCS / "guide/command-line.md").read_text(encoding="utf-8")
    assert [name for name in commands if f"`{name}" not in text] == []
