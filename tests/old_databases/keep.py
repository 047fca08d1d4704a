"""`dev.py keep-database`: fills a data folder by this version of the application, and packs what must be read for ever.

`schema-N.tar.xz` were filled in the same way by the application of the days in which N was the newest schema.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.fakes.providers import ScriptedProvider
from timmy_desktop import __version__
from timmy_desktop.bootstrap import build
from timmy_desktop.cli.self_test_parts import make_repository
from timmy_desktop.memory.types import NewEntry
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Settings

FOLDER = Path(__file__).parent
TASKS = ("List three uses of a hash chain", "Name the moons of Mars")
SAID = "My ship is called Calypso."
FACT = "The lighthouse keeper's bicycle is painted green"
# What belongs to the truth. The index is built anew, and logs are no data.
KEPT = ("swarm.db", "chain.key", "chain.head", "simulated-node.jsonl")


async def fill(folder: Path, repository: Path) -> None:
    """Two tasks done and paid, a talk, a fact, and a proposal whose tests have not run."""
    services = build(Settings(), Paths.default(folder), [ScriptedProvider()], windowed=False)
    await services.start("test")
    try:
        for text in TASKS:
            await services.coordinator.wait(await services.coordinator.post(text))
        talk = await services.timmy.new_conversation()
        async for _ in services.timmy.send(talk, SAID):
            pass
        await services.memory.remember(NewEntry(content=FACT))
        await services.memory.settled()
        await services.upgrades.take(
            repository=str(repository), branch="tidy", description="A second line", open_first=True
        )
    finally:
        await services.stop()


def pack(folder: Path, target: Path) -> None:
    """The kept files, small and without a trace of who packed them."""
    with tarfile.open(target, "w:xz", preset=9) as archive:
        for name in KEPT:
            if (folder / name).exists():
                member = archive.gettarinfo(folder / name, name)
                member.uid = member.gid = member.mtime = 0
                member.uname = member.gname = ""
                with (folder / name).open("rb") as opened:
                    archive.addfile(member, opened)


def unpack(source: Path, folder: Path) -> None:
    """As a data folder that its owner alone can read."""
    folder.mkdir(mode=0o700)
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")


def main() -> int:
    # The key must be packed too, so it may not go to a keychain.
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    target = FOLDER / f"{__version__}.tar.xz"
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        asyncio.run(fill(data, make_repository(Path(name) / "garden", branch="tidy")))
        pack(data, target)
    sys.stdout.write(f"{target.name}: {target.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
