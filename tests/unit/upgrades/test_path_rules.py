"""Paths that no proposal may touch, by their names alone."""

from __future__ import annotations

import pytest

from timmy_desktop.upgrades.errors import EditError
from timmy_desktop.upgrades.path_rules import (
    MOST_LINES,
    checked_allowed,
    checked_place,
    refuse_collisions,
    refuse_links,
    refuse_names,
    refuse_size,
)
from timmy_desktop.upgrades.quarantine import TreeChange

REFUSED = [
    "../up.py", "a/../../up.py", "/etc/passwd", "a//b", "./a", "a/.", "", "a/", ".git/config", "a/.GIT/hooks/x",
    ".Git", "git~1/config", ".git./config", ".git /config", ".github/workflows/ci.yml", "sub/.github/x",
    ".gitlab-ci.yml", "Jenkinsfile", ".circleci/config.yml", ".husky/pre-commit", ".githooks/pre-push",
    ".pre-commit-config.yaml", ".gitattributes", ".gitmodules", "poetry.lock", "package-lock.json",
    "a/uv.lock", "requirements.lock", "go.sum", "id_rsa", ".env", ".ssh/config", "a\nb.py", "a\u202eyp.b", "a\u200bb",
    "a\tb", 'a"b', "a\\b", "a\x1b[2Jb", "c:evil", "\udcff.py", "x" * 1001,
]  # fmt: skip


@pytest.mark.parametrize("path", REFUSED)
def test_refused(path: str) -> None:
    with pytest.raises(EditError):
        checked_place(path, ())


@pytest.mark.parametrize(
    "path", ["a.py", "src/a b.py", "docs/ü.md", "hooks/useState.ts", "gitlab.py", "日本.txt", "a/.gitignore"]
)
def test_allowed(path: str) -> None:
    assert str(checked_place(path, ())) == path


def test_allowed_folders_are_compared_part_by_part() -> None:
    allowed = checked_allowed(["src/", "docs"])
    assert str(checked_place("src/a.py", allowed)) == "src/a.py"
    for path in ("src_evil/a.py", "srcs.py", "tests/src/a.py", "docsx/a"):
        with pytest.raises(EditError, match="outside the folders"):
            checked_place(path, allowed)
    with pytest.raises(EditError):
        checked_allowed(["../src"])


def test_the_repositorys_own_hooks_folder() -> None:
    with pytest.raises(EditError, match="hooks"):
        checked_place("scripts/hooks/pre-commit", (), "scripts/hooks")


def change(
    path: str, *, old: str = "", mode: str = "100644", added: int = 1, status: str = "A", before: str = ""
) -> TreeChange:
    return TreeChange(path, before or path, status, old, mode, "0" * 40, "1" * 40, added, 0)


def test_links_that_lead_out() -> None:
    link = change("a/link", mode="120000")
    for target in ("/etc/passwd", "../../x", "b/../../x", ".git/config"):
        with pytest.raises(EditError, match="leads out"):
            refuse_links([link], {"a/link": target})
    refuse_links([link], {"a/link": "b.txt"})


def test_submodules_and_old_names() -> None:
    with pytest.raises(EditError, match="submodule"):
        refuse_names([change("lib", mode="160000")], ())
    with pytest.raises(EditError, match="CI"):  # a renaming out of a protected folder is a removal there
        refuse_names([change("x.yml", status="R", before=".github/workflows/ci.yml")], ())


def test_sizes() -> None:
    refuse_size([change("a", added=MOST_LINES)], 10)
    with pytest.raises(EditError, match="10,001 lines"):
        refuse_size([change("a", added=MOST_LINES), change("b")], 10)
    with pytest.raises(EditError, match="bytes"):
        refuse_size([change("a")], 10**9)


def test_names_that_are_one_on_a_mac() -> None:
    for other in ("readme.MD", "README.md"):
        with pytest.raises(EditError, match="one file"):
            refuse_collisions([change("Readme.md")], ["Readme.md", other])
    refuse_collisions([change("c")], ["a", "A", "c"])  # what was there before is not the proposal's doing
