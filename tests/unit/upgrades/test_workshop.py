"""The kept tree holds what it was asked to hold and nothing beside it, and getting it ready is cheap."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.upgrade_world import Repo
from timmy_desktop.upgrades.types import Target
from timmy_desktop.upgrades.workshop import Workshop

FILES = {
    "a.txt": "one\n",
    "deep/er/b.txt": "two\n",
    ".gitignore": "*.log\n",
    ".gitattributes": "c.txt text eol=crlf\n",
    "c.txt": "three\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo", dict(FILES))
    repo.branch("other", **{"a.txt": "another\n", "deep/er/b.txt": None, "new/d.txt": "four\n"})
    return repo


@pytest.fixture
def workshop(tmp_path: Path, repo: Repo) -> Workshop:
    return Workshop(tmp_path / "upgrades", _target(repo), lambda: False)


def _target(repo: Repo) -> Target:
    return Target("target", repo.folder, "main", "", "", (), False, 0)


def _all(place: Path) -> dict[str, bytes]:
    """Each file with its bytes, each folder with none."""
    found = {str(path.relative_to(place)): path for path in place.rglob("*")}
    return {name: path.read_bytes() if path.is_file() else b"" for name, path in found.items()}


def _held(workshop: Workshop, tree: str) -> dict[str, bytes]:
    with workshop.checked_out(workshop.quarantine("one"), tree) as place:
        return _all(place)


def _strange_file(place: Path) -> None:
    (place / "deep/strange.txt").write_text("not of it")


def _ignored_file(place: Path) -> None:
    (place / "strange.log").write_text("not of it")


def _empty_folder(place: Path) -> None:
    (place / "deep/strange/er").mkdir(parents=True)


def _another_repository(place: Path) -> None:
    (place / "strange/.git").mkdir(parents=True)
    (place / "strange/.git/HEAD").write_text("ref: refs/heads/main\n")


def _link(place: Path) -> None:
    (place / "strange").symlink_to("/etc")


def _one_for_another(place: Path) -> None:
    (place / "a.txt").unlink()
    (place / "strange.txt").write_text("as many files as before")


def _changed(place: Path) -> None:
    (place / "a.txt").write_text("changed by somebody")


def _unfinished(place: Path) -> None:
    place.with_name("tree.index").unlink()
    place.with_name("tree.index.lock").write_text("")


@pytest.mark.parametrize(
    "disturb",
    [_strange_file, _ignored_file, _empty_folder, _another_repository, _link, _one_for_another, _changed, _unfinished],
)  # fmt: skip
@pytest.mark.parametrize("branch", ["main", "other"])
def test_whatever_lies_in_the_kept_tree_is_gone_with_the_next_one(
    tmp_path: Path, workshop: Workshop, repo: Repo, disturb: Callable[[Path], None], branch: str
) -> None:
    wanted = _held(Workshop(tmp_path / "fresh", workshop.target, lambda: False), repo.head(branch))
    with workshop.checked_out(workshop.quarantine("one"), repo.head("main")) as place:
        disturb(place)
    assert _held(workshop, repo.head(branch)) == wanted
    assert wanted["c.txt"] == b"three\r\n"
    assert ("deep/er/b.txt" in wanted) == (branch == "main")


def test_the_next_proposal_takes_one_git_process(
    tmp_path: Path, workshop: Workshop, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = [repo.head("main"), repo.head("other")]
    for number, head in enumerate(heads):
        with workshop.checked_out(workshop.quarantine(f"earlier-{number}"), head):
            pass
    asked = _listened_to(tmp_path, monkeypatch)
    with workshop.checked_out(workshop.quarantine("next"), heads[0]) as place:
        assert (place / "a.txt").read_text() == "one\n"
    assert [line.split()[0] for line in asked()] == ["read-tree"]


def _listened_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What git is asked from now on: a script before it on the path writes it down."""
    real, log = shutil.which("git"), folder / "asked"
    (folder / "bin").mkdir()
    script = folder / "bin/git"
    script.write_text(
        f'#!/bin/sh\nfor word; do case $word in read-tree|clean|config|rev-parse) echo "$word" >> {log};; esac; done\n'
        f'exec {real} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    return lambda: log.read_text().splitlines()


def test_a_repository_begun_anew_with_other_names_of_objects_is_noticed(
    workshop: Workshop, repo: Repo
) -> None:
    assert workshop.repository.store().format == "sha1"
    shutil.rmtree(repo.folder / ".git")
    repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    repo.commit("the beginning anew")
    assert workshop.repository.store().format == "sha256"
    assert _held(workshop, repo.head("main"))["a.txt"] == b"one\n"
