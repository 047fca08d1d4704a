"""Takes the pictures of the guide's page on upgrades: `python -m tests.e2e.upgrade_pictures docs/images`.

A real repository, a real queue and the machine's own sandbox; the application takes the pictures.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.e2e.command import NO_OLLAMA, timmy
from tests.fakes.providers import ScriptedProvider
from tests.fakes.upgrade_world import Repo
from timmy_desktop.bootstrap import build
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings

WIDE, TALL = "1280x760", "1280x620"
KETTLE = '''"""What a kettle does, and how long it takes."""

from __future__ import annotations

ROOM = 20.0


def seconds_to_boil(litres: float, watts: float) -> float:
    """How long water takes from the temperature of the room."""
    if litres <= 0:
        raise ValueError("no water")
    energy = litres * 4186 * (100 - ROOM)
    return energy / watts


def is_dry(litres: float) -> bool:
    return litres <= 0
'''
CUPS = '''"""How many cups a pot gives."""

CUP = 0.25


def cups(litres: float) -> int:
    return int(litres / CUP)
'''
TESTS = """from kettle.boiling import is_dry, seconds_to_boil


def test_a_litre_takes_some_minutes():
    assert 150 < seconds_to_boil(1.0, 2000) < 200


def test_dry():
    assert is_dry(0)
    assert not is_dry(1)
"""
START = {
    "kettle/__init__.py": "", "kettle/boiling.py": KETTLE, "kettle/tea/cups.py": CUPS,
    "kettle/tea/__init__.py": "", "tests/test_boiling.py": TESTS, "README.md": "# Kettle\n\nBoils water.\n",
    "conftest.py": "",
}  # fmt: skip
FASTER = {
    "kettle/boiling.py": KETTLE.replace(
        "def seconds_to_boil(litres: float, watts: float) -> float:\n"
        '    """How long water takes from the temperature of the room."""',
        "def seconds_to_boil(litres: float, watts: float, start: float = ROOM) -> float:\n"
        '    """How long water takes from the temperature `start`, in degrees."""',
    ).replace("(100 - ROOM)", "(100 - start)"),
    "kettle/tea/cups.py": CUPS.replace("int(litres / CUP)", "round(litres / CUP)"),
    "tests/test_boiling.py": TESTS.replace("    assert not is_dry(1)\n", "")
    + "\n\ndef test_warm_water_is_faster():\n"
    "    assert seconds_to_boil(1.0, 2000, start=60.0) < seconds_to_boil(1.0, 2000)\n",
    "README.md": "# Kettle\n\nBoils water, also warm water.\n",
}


async def main(out: Path) -> None:
    """Takes all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _pictures(folder / "empty", out, {"empty": ("", WIDE)})
        data = folder / "full"
        services = build(Settings(), Paths.default(data), [ScriptedProvider()], windowed=False)
        await services.start("pictures")
        try:
            await _proposed(services, Repo(folder / "kettle", START))
        finally:
            await services.stop()
        _pictures(data, out, {
            "review": ("changes:Boil warm", WIDE), "side-by-side": ("side-by-side:Boil warm", WIDE),
            "proof": ("proof:Boil warm", WIDE), "conflict": ("changes:Another start", TALL),
            "rejected": ("changes:Half a cup", TALL), "narrow": ("changes:Boil warm", "480x720"),
        })  # fmt: skip


async def _proposed(services: Services, repo: Repo) -> None:
    queue = services.upgrades
    target = await queue.open_target(repo.folder)
    repo.branch("cups", **{"kettle/tea/cups.py": CUPS.replace("0.25", "0.125")})
    repo.branch("start", **{"kettle/boiling.py": KETTLE.replace("ROOM = 20.0", "ROOM = 12.0")})
    half = await queue.propose_branch(
        target.id, "cups", description="Half a cup is a cup\n\nSmall cups are in fashion.", proposer="Forge"
    )
    await queue.settled()
    await queue.reject(half.id, "A cup is a quarter of a litre here; the size of a pot depends on it.")
    await queue.propose_branch(
        target.id, "start", description="Another start: cold water from the tap", proposer="Forge"
    )
    await queue.settled()
    repo.commit("winter", **{"kettle/boiling.py": KETTLE.replace("ROOM = 20.0", "ROOM = 18.0")})
    (cold,) = await queue.proposals(states=("proposed",))
    await queue.look_again(cold.id)
    await queue.settled()
    warm = {
        path: text.replace("ROOM = 20.0", "ROOM = 18.0") if path == "kettle/boiling.py" else text
        for path, text in FASTER.items()
    }
    repo.branch("warm", **warm)
    await queue.propose_branch(
        target.id, "warm", proposer="Forge",
        description="Boil warm water faster\n\nWhat is warm already takes less time: kettle/boiling.py.",
        reasoning="seconds_to_boil took the temperature of the room for granted.",
    )  # fmt: skip
    await queue.settled()


def _pictures(data: Path, out: Path, wanted: dict[str, tuple[str, str]]) -> None:
    for name, (part, size) in wanted.items():
        for theme in ("dark", "light"):
            options = ["--out", str(data / "taken"), "--panel", "upgrades", "--theme", theme, "--size", size]
            done = timmy("screenshot", *options, "--part", part, data_dir=data, env=NO_OLLAMA)
            assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
            out.mkdir(parents=True, exist_ok=True)
            Path(done.stdout.strip().splitlines()[-1]).rename(out / f"upgrades-{name}-{theme}.png")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
