"""Reading real repositories, honest and hostile: whatever they configure, nothing of it runs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from timmy_desktop.secret_files import SECRET_FOLDERS, SECRET_NAMES
from timmy_desktop.swarm.errors import ToolError
from timmy_desktop.swarm.personas import ALL_TOOLS
from timmy_desktop.swarm.toolbox import Toolbox
from timmy_desktop.swarm.tools.workspace import Workspace
from timmy_desktop.upgrades.errors import RepositoryError
from timmy_desktop.upgrades.repository import Repository, checked_path, checked_revision

Git = Callable[..., str]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "repo"
    top.mkdir()
    return top


@pytest.fixture
def git(top: Path) -> Git:
    def run(*arguments: str, folder: Path = top) -> str:
        identity = {"NAME": "Ann", "EMAIL": "ann@example.org", "DATE": "2024-02-03T04:05:06Z"}
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull} | {
            f"GIT_{who}_{name}": value for who in ("AUTHOR", "COMMITTER") for name, value in identity.items()
        }
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    run("init", "-q", "-b", "main")
    (top / "a.txt").write_text("one\n")
    run("add", ".")
    run("commit", "-qm", "first: the beginning")
    (top / "a.txt").write_text("two\n")
    (top / "b.txt").write_text("new\n")
    run("add", ".")
    run("commit", "-qm", "second: more of it")
    return run


def test_log_show_and_diff(top: Path, git: Git) -> None:
    repository = Repository(top)
    lines = repository.log().text.splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "2024-02-03 Ann: second: more of it",
        "2024-02-03 Ann: first: the beginning",
    ]
    assert len(repository.log(count=1).text.splitlines()) == 1
    assert "beginning" in repository.log(skip=1).text
    assert "second" in repository.log(path="b.txt").text
    assert "first" not in repository.log(path="b.txt").text
    assert "-one\n+two" in repository.show().text
    assert "b.txt" not in repository.show(path="a.txt").text
    assert repository.file(revision="HEAD~1", path="a.txt").text == "one\n"
    assert "+new" in repository.diff(base="HEAD~1", target="HEAD").text
    assert "+new" in repository.diff(base="HEAD~1..HEAD").text
    (top / "a.txt").write_text("three\n")
    assert "-two\n+three" in repository.diff().text
    assert repository.diff(staged=True).text == ""
    git("add", ".")
    assert "-two\n+three" in repository.diff(staged=True).text


@pytest.mark.parametrize(
    "revision",
    ["--output=evil", "-p", "HEAD:a.txt", ":/first", "a b", "", "HEAD\n", "@", "x" * 300, "$(id)", "..x"],
)
def test_what_is_no_commit_is_refused(revision: str) -> None:
    with pytest.raises(RepositoryError, match="not the name of a commit"):
        checked_revision(revision)


@pytest.mark.parametrize("path", ["", "--output=x", "../x", "a/../../x", "/etc/passwd", ":(top)x", "a\0"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(RepositoryError, match="not a path"):
        checked_path(path)


def test_options_are_not_injected(top: Path, git: Git) -> None:
    with pytest.raises(RepositoryError):
        Repository(top).diff(base="--output=evil")
    with pytest.raises(RepositoryError):
        Repository(top).log(path="--output=evil")
    assert not (top / "evil").exists()


def test_words_for_what_is_not_there(top: Path, tmp_path: Path, git: Git) -> None:
    with pytest.raises(RepositoryError, match="no such commit"):
        Repository(top).show(revision="nowhere")
    with pytest.raises(RepositoryError, match="not the top of a git repository"):
        Repository(tmp_path).log()
    empty = tmp_path / "empty"
    empty.mkdir()
    git("init", "-q", folder=empty)
    with pytest.raises(RepositoryError, match=r"Git refused|no such commit|no commits"):
        Repository(empty).log()


def test_nothing_that_a_repository_configures_is_run(top: Path, git: Git, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {ran}\ncat 2>/dev/null\nexit 0\n')
    program.chmod(0o755)
    (top / ".gitattributes").write_text("* diff=evil filter=evil\nb.txt filter=Loud.Er\n")
    (top / "c.bin").write_text("x\n")
    git("add", ".")
    git("commit", "-qm", "third")
    for name in (
        "core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "core.alternateRefsCommand",
        "diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean", "filter.evil.smudge",
        "filter.evil.process", "filter.Loud.Er.clean", "gpg.program", "pager.log", "pager.show", "pager.diff",
        "credential.helper", "uploadpack.packObjectsHook", "interactive.diffFilter",
    ):  # fmt: skip
        git("config", name, str(program))
    git("config", "filter.evil.required", "true")
    git("config", "log.showSignature", "true")
    git("config", "core.hooksPath", str(tmp_path))
    git("config", "alias.log", f"!{program}")
    git("config", "core.worktree", str(tmp_path))
    for hook in ("post-index-change", "pre-commit", "reference-transaction", "fsmonitor-watchman"):
        (tmp_path / hook).write_text(program.read_text())
        (tmp_path / hook).chmod(0o755)
        (top / ".git/hooks" / hook).write_text(program.read_text())
        (top / ".git/hooks" / hook).chmod(0o755)
    (top / "a.txt").write_text("five\n")
    (top / "b.txt").write_text("six\n")
    before = (top / ".git/index").read_bytes()
    repository = Repository(top)
    repository.log()
    repository.show()
    repository.show(path="a.txt")
    repository.file(revision="HEAD", path="a.txt")
    changes = repository.diff().text
    repository.diff(staged=True)
    repository.diff(base="HEAD~1", target="HEAD")
    assert "-two\n+five" in changes
    assert "+six" in changes
    assert not ran.exists(), ran.read_text()
    assert (top / ".git/index").read_bytes() == before
    # The traps are real: git as it comes walks into them.
    subprocess.run(["git", "diff"], cwd=top, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert ran.exists()


def test_a_filter_that_can_not_be_switched_off_is_refused(top: Path, git: Git) -> None:
    with (top / ".git/config").open("a") as config:
        config.write('[filter "a=b"]\n\tclean = touch /tmp/x\n')
    with pytest.raises(RepositoryError, match="can't be switched off"):
        Repository(top).diff()


def test_the_persons_environment_does_not_reach_git(
    top: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.pager")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "false")
    assert "+two" in Repository(top).show().text
    assert not (tmp_path / "trace").exists()


def test_a_repository_above_the_opened_folder_is_not_read(top: Path, git: Git) -> None:
    (top / "inner").mkdir()
    with pytest.raises(RepositoryError, match="not the top"):
        Repository(top / "inner").log()


def test_data_kept_elsewhere_is_refused(top: Path, git: Git, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / ".git").symlink_to(top / ".git")
    with pytest.raises(RepositoryError, match="not the top"):
        Repository(other).log()
    (other / ".git").unlink()
    (other / ".git").write_text(f"gitdir: {top}/.git\n")
    with pytest.raises(RepositoryError, match="no worktree of it"):
        Repository(other).log()
    (other / ".git").unlink()
    git("init", "-q", folder=other)
    (other / ".git/commondir").write_text(f"{top}/.git\n")
    with pytest.raises(RepositoryError, match="another folder"):
        Repository(other).log()
    (other / ".git/commondir").unlink()
    (other / ".git/objects/info").rmdir()
    (other / ".git/objects/pack").rmdir()
    (other / ".git/objects").rmdir()
    (other / ".git/objects").symlink_to(top / ".git/objects")
    with pytest.raises(RepositoryError, match="lead out"):
        Repository(other).log()


@pytest.mark.parametrize("back", ["{other}/.git", "../.git"])
def test_a_folder_can_not_vouch_for_itself(top: Path, git: Git, tmp_path: Path, back: str) -> None:
    other = tmp_path / "other"
    inner = other / "x"
    inner.mkdir(parents=True)
    (other / ".git").write_text("gitdir: x\n")
    (inner / "gitdir").write_text(back.format(other=other) + "\n")
    (inner / "commondir").write_text("../../repo/.git\n")
    (inner / "HEAD").write_text("ref: refs/heads/main\n")
    with pytest.raises(RepositoryError, match="no repository keeps"):
        Repository(other).log()
    whole = other / "fake/worktrees/x"
    whole.parent.mkdir(parents=True)
    inner.rename(whole)
    (other / ".git").write_text("gitdir: fake/worktrees/x\n")
    (whole / "gitdir").write_text(f"{other}/.git\n")
    for common in ("../..\n", "../../../../repo/.git\n"):
        (whole / "commondir").write_text(common)
        with pytest.raises(RepositoryError, match="no repository keeps"):
            Repository(other).log()


def test_a_folder_beside_can_not_vouch_for_a_strange_repository(top: Path, git: Git, tmp_path: Path) -> None:
    other, beside = tmp_path / "pack/other", tmp_path / "pack/main/.git/worktrees/x"
    other.mkdir(parents=True)
    beside.mkdir(parents=True)
    (other / ".git").write_text(f"gitdir: {beside}\n")
    (beside / "gitdir").write_text(f"{other}/.git\n")
    (beside / "HEAD").write_text("ref: refs/heads/main\n")
    (beside / "commondir").write_text(f"{top}/.git\n")
    with pytest.raises(RepositoryError, match="no repository keeps"):
        Repository(other).log()
    (beside / "commondir").write_text("../..\n")
    for name in ("objects", "refs"):
        (beside.parents[1] / name).symlink_to(top / ".git" / name)
    with pytest.raises(RepositoryError, match="lead out"):
        Repository(other).log()


@pytest.mark.parametrize("padding", ["", "\n" * 10_000])
def test_objects_borrowed_from_elsewhere_are_refused(
    top: Path, git: Git, tmp_path: Path, padding: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git("init", "-q", "-b", "main", folder=other)
    (other / ".git/objects/info").mkdir(exist_ok=True)
    (other / ".git/objects/info/alternates").write_text(f"{padding}../../../repo/.git/objects\n")
    (other / ".git/refs/heads/main").write_text(git("rev-parse", "HEAD"))
    with pytest.raises(RepositoryError, match="borrows data"):
        Repository(other).show()


def test_a_link_deep_among_the_objects_is_refused(top: Path, git: Git, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git("gc", "-q")
    git("init", "-q", "-b", "main", folder=other)
    (other / ".git/objects/pack").rmdir()
    (other / ".git/objects/pack").symlink_to(top / ".git/objects/pack")
    (other / ".git/refs/heads/main").write_text(git("rev-parse", "HEAD"))
    with pytest.raises(RepositoryError, match="lead out"):
        Repository(other).show()


def test_hooks_may_be_a_link_as_they_are_never_run(top: Path, git: Git, tmp_path: Path) -> None:
    (top / ".git/hooks").rename(tmp_path / "hooks")
    (top / ".git/hooks").symlink_to(tmp_path / "hooks")
    assert "second" in Repository(top).log().text


def test_a_worktree_of_the_persons_own_is_read(top: Path, git: Git, tmp_path: Path) -> None:
    git("worktree", "add", "-q", str(tmp_path / "tree"), "HEAD~1")
    assert "first" in Repository(tmp_path / "tree").log().text
    # As git writes it with worktree.useRelativePaths.
    (top / ".git/worktrees/tree/gitdir").write_text("../../../../tree/.git\n")
    (tmp_path / "tree/.git").write_text("gitdir: ../repo/.git/worktrees/tree\n")
    assert "first" in Repository(tmp_path / "tree").log().text


def test_output_and_time_have_limits(top: Path, git: Git) -> None:
    (top / "long").write_text("word\n" * 50_000)
    git("add", ".")
    git("commit", "-qm", "long")
    output = Repository(top, limit=10_000).show()
    assert (len(output.text), output.is_cut) == (10_000, True)
    with pytest.raises(RepositoryError, match="longer than 0 seconds"):
        Repository(top, seconds=0.0).show()


def test_all_that_one_call_needs_of_git_has_one_limit(
    top: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    slow = tmp_path / "bin/git"
    slow.write_text("#!/bin/sh\nsleep 0.4\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    with pytest.raises(RepositoryError, match=r"longer than 0\.7 seconds"):
        Repository(top, seconds=0.7).diff(base="HEAD~1", target="HEAD")


def test_reading_ends_when_it_is_stopped(top: Path, git: Git) -> None:
    with pytest.raises(RepositoryError, match="was stopped"):
        Repository(top, is_stopped=lambda: True).log()


def test_secrets_in_history_are_not_shown(top: Path, git: Git) -> None:
    (top / "deep").mkdir()
    for name in (".env", "deep/.ENV.local", "deep/id_rsa", "key.pem"):
        (top / name).write_text("hush\n")
    (top / "fine.txt").write_text("open\n")
    git("add", "-f", ".")
    git("commit", "-qm", "oops")
    repository = Repository(top, hidden=SECRET_NAMES)
    for output in (repository.show(), repository.diff(base="HEAD~1", target="HEAD")):
        assert "+open" in output.text
        assert "hush" not in output.text


@pytest.mark.parametrize(
    "path", [".docker/config.json", "deep/.AWS/config", ".ssh/known_hosts", "deep/.kube/cache/x"]
)
def test_folders_of_secrets_in_history_are_not_shown(top: Path, git: Git, path: str) -> None:
    (top / path).parent.mkdir(parents=True)
    (top / path).write_text("hush\n")
    (top / "fine.txt").write_text("open\n")
    git("add", "-f", ".")
    git("commit", "-qm", "oops")
    (top / path).write_text("hush, hush\n")
    (top / "fine.txt").write_text("more\n")
    repository = Repository(top, hidden=SECRET_NAMES, hidden_folders=SECRET_FOLDERS)
    shown = (repository.show(), repository.diff(base="HEAD~1..HEAD"), repository.diff())
    for output in shown:
        assert "fine.txt" in output.text
        assert "hush" not in output.text


@pytest.mark.parametrize("suffix", ["", "^{}", "^{blob}", "^{object}"])
def test_what_is_named_by_its_own_hash_is_shown_only_when_it_is_a_commit(
    top: Path, git: Git, suffix: str
) -> None:
    (top / ".env").write_text("hush\n")
    git("add", "-f", ".")
    git("commit", "-qm", "oops")
    git("tag", "-a", "-m", "a secret of the tag", "harmless", "HEAD:.env")
    repository = Repository(top, hidden=SECRET_NAMES)
    blob, tree = git("rev-parse", "HEAD:.env").strip(), git("rev-parse", "HEAD^{tree}").strip()
    for name in (blob, blob[:10], tree, "harmless"):
        for act in (
            lambda name: repository.show(revision=name + suffix),
            lambda name: repository.diff(base=name + suffix, target="HEAD"),
            lambda name: repository.diff(base=name + suffix, target=name),
            lambda name: repository.diff(base=f"HEAD..{name}"),
            lambda name: repository.log(revision=name + suffix),
        ):
            with pytest.raises(RepositoryError, match="no such commit"):
                act(name)


def test_ranges_with_two_and_three_dots(top: Path, git: Git) -> None:
    repository = Repository(top)
    assert "+new" in repository.diff(base="HEAD~1...").text
    assert "first" not in repository.log(revision="HEAD~1..main").text
    assert "second" in repository.show(revision="HEAD~1..").text
    with pytest.raises(RepositoryError, match="no such commit"):
        repository.file(revision="HEAD~1..HEAD", path="a.txt")


@pytest.fixture
async def tools(top: Path) -> AsyncIterator[Toolbox]:
    box = Toolbox(workspace=Workspace(top))
    yield box
    await box.stop()


async def test_the_tools_answer_and_refuse_in_words(top: Path, git: Git, tools: Toolbox) -> None:
    async def use(name: str, **arguments: object) -> str:
        return await tools.run(name, arguments, ALL_TOOLS)

    assert "second: more of it" in await use("git_log", count=1)
    assert "+two" in await use("git_show", path="a.txt")
    assert await use("git_show", path="a.txt", revision="HEAD~1", whole_file=True) == "one"
    assert await use("git_diff") == "Nothing to show."
    assert "+new" in await use("git_diff", base="HEAD~1")
    for name, arguments, words in (
        ("git_show", {"revision": "--output=x"}, "not the name of a commit"),
        ("git_show", {"path": ".env", "whole_file": True}, "keys or passwords"),
        ("git_show", {"path": "../x"}, "outside"),
        ("git_show", {"whole_file": True}, "needs the path"),
        ("git_diff", {"target": "HEAD"}, "needs a base"),
        ("git_log", {"count": 1000}, "count"),
        ("git_log", {"revision": "gone"}, "no such commit"),
    ):
        with pytest.raises(ToolError, match=words):
            await use(name, **arguments)
    git("commit", "-q", "--allow-empty", "-m", "evil \x1b[2J subject")
    assert "\x1b" not in await use("git_log")


async def test_private_keys_in_history_are_left_out(top: Path, git: Git, tools: Toolbox) -> None:
    begin, body = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n", ("hush/hu+" * 8 + "\n") * 9
    (top / "notes").write_text(f"{begin}{body}-----END RSA PRIVATE KEY-----\n")
    git("add", ".")
    git("commit", "-qm", "a key")
    with (top / "notes").open("a") as notes:
        notes.write("after\n")
    for name, arguments in (
        ("git_show", {}),
        ("git_show", {"path": "notes", "whole_file": True}),
        ("git_diff", {"base": "HEAD~1"}),
        ("git_diff", {}),
    ):
        shown = await tools.run(name, arguments, ALL_TOOLS)
        assert "END RSA PRIVATE KEY" in shown
        assert "hush" not in shown
