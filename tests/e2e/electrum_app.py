"""The application over an Electrum node: built as it always is, with its services and no window.

Run as `python -m tests.e2e.electrum_app FOLDER URL BOLT11` it pays that invoice and says what became of it; the
node's user and password come in TIMMY_SECRET_LIGHTNING.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from tests.fakes.providers import ScriptedProvider
from timmy_desktop.bootstrap import build
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings


def application(folder: Path, url: str, **changes: Any) -> Services:
    """`changes` are settings."""
    values = {
        "lightning_backend": "electrum",
        "lightning_url": url,
        "lightning_network": "regtest",
        "lightning_timeout_seconds": 20.0,
        "memory_keep_results": False,
        **changes,
    }
    return build(Settings(**values), Paths.default(folder), [ScriptedProvider()], windowed=False)


async def main(folder: Path, url: str, bolt11: str) -> None:
    services = application(folder, url)
    await services.start("test")
    checked = await services.ledger.check_invoice(bolt11)
    print("paying", flush=True)
    outcome = await services.ledger.pay_invoice(bolt11, checked.digest)
    print(outcome.status, flush=True)
    await services.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
