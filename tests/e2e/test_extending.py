"""docs/extending.md for real: each row of its table is done once to a copy of the code, in the files that it names."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import ROOT
from tests.e2e.command import NO_OLLAMA, environment
from tests.papers import code

PAPER = "extending.md"
PACKAGE = Path("timmy_desktop")
ENVELOPE = {"source": "test", "task_id": "t1", "agent_id": "a1"}
RIG = """

@asynccontextmanager
async def parrot(folder: Path) -> AsyncIterator[Rig]:
    async with built(ProviderSettings(kind="parrot"), parts_for(folder, TaskSupervisor())) as provider:
        yield _real(provider, lambda: None)
"""
NODE = """

@asynccontextmanager
async def counting(clock: SetClock) -> AsyncIterator[Rig]:
    yield Rig(make_backend("counting", BackendParts(node_key=lambda: bytes(31) + bytes([1]), clock=clock)))
"""


class Copy:
    """The code of this checkout, to be changed; it knows which files were."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.touched: list[str] = []
        for part in ("timmy_desktop", "tests"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)

    def write(self, file: str | Path, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.touched.append(str(file))

    def change(self, file: str | Path, *changes: tuple[str, str]) -> None:
        """Puts the second text in the place of the first, which is there once."""
        text = (self.folder / file).read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, (file, old)
            text = text.replace(old, new)
        self.write(file, text)

    def run(self, *words: str) -> str:
        """What a command of the copy prints, when it ends well."""
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=environment({**NO_OLLAMA, "PYTHONPATH": str(self.folder)}),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tests(self, file: str, which: str) -> None:
        said = self.run("pytest", "-q", "-p", "no:cacheprovider", file, "-k", which)
        assert " passed" in said or "[100%]" in said, said


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "copy")


def test_a_panel(copy: Copy, tmp_path: Path) -> None:
    panels = PACKAGE / "gui/panels"
    copy.write(panels / "count/__init__.py", f'"""Counts."""\n\n{code(PAPER, "panel")}')
    copy.change(
        panels / "__init__.py",
        ("import activity, chat,", "import activity, chat, count,"),
        (" events.SPEC,\n", " events.SPEC, count.SPEC,\n"),
    )
    data = str(tmp_path / "data")
    said = copy.run("timmy_desktop", "screenshot", "--panel", "count", "--out", data, "--data-dir", data)
    assert "count-dark-" in said
    assert copy.touched == [str(panels / "count/__init__.py"), str(panels / "__init__.py")]


def test_a_provider(copy: Copy, tmp_path: Path) -> None:
    providers = PACKAGE / "routing/providers"
    copy.write(providers / "parrot.py", code(PAPER, "provider"))
    copy.change(
        providers / "__init__.py",
        ("import Parts, Provider\n", "import Parts, Provider\nfrom timmy_desktop.routing.providers.parrot import ParrotProvider\n"),
        ('    "airllm": AirllmProvider,\n', '    "airllm": AirllmProvider,\n    "parrot": ParrotProvider,\n'),
    )  # fmt: skip
    copy.change(PACKAGE / "settings.py", ('"api", "airllm"]', '"api", "airllm", "parrot"]'))
    copy.change("tests/contract/rigs.py", ("\n\n@asynccontextmanager\nasync def airllm_real", f"{RIG}\n\n@asynccontextmanager\nasync def airllm_real"))  # fmt: skip
    copy.change("tests/contract/test_providers.py", ("REAL = [\n", 'REAL = [\n    pytest.param(rigs.parrot, id="parrot"),\n'))  # fmt: skip
    # It has no world that could be gone.
    copy.tests("tests/contract/test_providers.py", "parrot and not its_world_is_gone")
    data = tmp_path / "data"
    data.mkdir()
    (data / "settings.toml").write_text('[[cascade_providers]]\nkind = "parrot"\n')
    said = copy.run("timmy_desktop", "run-task", "Say it again", "--json", "--data-dir", str(data))
    assert json.loads(said)["provider"] == "parrot"
    assert len(copy.touched) == 5, "a module, a line, a word, a rig and a parameter"


def test_a_lightning_backend(copy: Copy, tmp_path: Path) -> None:
    backends = PACKAGE / "ledger/backends"
    copy.write(backends / "counting.py", code(PAPER, "backend"))
    copy.change(
        backends / "__init__.py",
        ("import electrum, embedded, lnd", "import counting, electrum, embedded, lnd"),
        ("electrum.NAME: electrum.make}", 'electrum.NAME: electrum.make, "counting": counting.CountingBackend}'),
    )  # fmt: skip
    copy.change(PACKAGE / "settings.py", ('"lnd", "electrum"]', '"lnd", "electrum", "counting"]'))
    copy.change(
        "tests/contract/test_lightning_backends.py",
        ("\n\nMOODS = ", f"{NODE}\n\nMOODS = "),
        ('    "embedded": embedded,\n', '    "embedded": embedded,\n    "counting": counting,\n'),
    )
    copy.tests("tests/contract/test_lightning_backends.py", "counting or every_backend")
    data = tmp_path / "data"
    data.mkdir()
    (data / "settings.toml").write_text('lightning_backend = "counting"\n')
    said = copy.run("timmy_desktop", "ledger", "health", "--json", "--data-dir", str(data))
    assert json.loads(said)["simulated"]
    assert len(copy.touched) == 4, "a module, a line, a word and a parameter"


def test_an_event_type(copy: Copy) -> None:
    kettle = code(PAPER, "event").split("\n\n\n", 1)[1]
    events = PACKAGE / "events/system.py"
    copy.write(events, (copy.folder / events).read_text() + f"\n\n{kettle}")
    golden = Path("tests/unit/events/golden.json")
    cases = json.loads((copy.folder / golden).read_text())
    cases["kettle.boiled"] = {"version": 1, "fields": {"seconds": 90, **ENVELOPE}, "data": '{"seconds":90}'}
    copy.write(golden, json.dumps(cases))
    copy.tests("tests/unit/events/test_codec.py", "golden")
    assert copy.touched == [str(events), str(golden)]
