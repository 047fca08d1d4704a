"""The files of a change as a tree."""

from __future__ import annotations

from timmy_desktop.gui.panels.upgrades.file_tree import tree_rows

PATHS = ["README.md", "src/app/deep/one.py", "src/app/deep/two.py", "src/top.py", "tests/test_one.py"]


def shown(rows: list[object]) -> list[str]:
    return ["  " * row.depth + row.name for row in rows]  # type: ignore[attr-defined]


def test_folders_come_first_and_lonely_ones_are_one_line() -> None:
    assert shown(tree_rows(PATHS)) == [  # type: ignore[arg-type]
        "src",
        "  app/deep",
        "    one.py",
        "    two.py",
        "  top.py",
        "tests",
        "  test_one.py",
        "README.md",
    ]


def test_a_folder_knows_its_files_and_hides_them_when_folded() -> None:
    rows = tree_rows(PATHS, {"src/app/deep"})
    folder = next(row for row in rows if row.path == "src/app/deep")
    assert (folder.file, folder.files) == (-1, (1, 2))
    assert [row.file for row in rows] == [-1, -1, 3, -1, 4, 0]


def test_files_without_folders_are_a_list() -> None:
    assert [(row.depth, row.file) for row in tree_rows(["a", "b"])] == [(0, 0), (0, 1)]
    assert tree_rows([]) == []
