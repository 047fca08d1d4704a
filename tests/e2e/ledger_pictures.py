"""`python -m tests.e2e.ledger_pictures DIR`: the Ledger dock, pictured by the application itself.

Empty is a new folder. The month is sample data, through every rule of the database: nobody waits a month for a
picture. Doubt and alarm are real: two Electrum nodes, a payment that its receiver holds, and one that was made past
the ledger.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.command import NO_OLLAMA, timmy
from tests.e2e.electrum_app import application
from tests.e2e.electrum_pair import Pair, electrum_pair
from tests.fakes.ledger_story import AGENTS, healthy_month
from timmy_desktop.bootstrap import build
from timmy_desktop.ledger.export.booked import restore
from timmy_desktop.paths import Paths
from timmy_desktop.services import Services
from timmy_desktop.settings import Settings
from timmy_desktop.storage.database import Session

TALL, WIDE = "420x900", "1120x640"
SALARY = 60_000


async def main(out: Path) -> None:
    """Takes all of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _configure(folder / "empty", "treasury_msat = 0\n")
        _pictures("empty", folder / "empty", out)
        await _month(folder / "month", out)
        nodes = folder / "nodes"
        nodes.mkdir()
        async with electrum_pair(nodes) as pair:
            os.environ["TIMMY_SECRET_LIGHTNING"] = pair.payer.secret
            await _real(folder / "real", pair, out)


async def _month(data: Path, out: Path) -> None:
    services = build(Settings(treasury_msat=0), Paths.default(data))
    await services.start("pictures")
    try:
        names = {agent.name: agent.id for agent in services.coordinator.agents()}
        await services.database.write(lambda session: _restore(session, names))
        assert (await services.ledger.check()).problems == ()
        await services.ledger.reconcile()
    finally:
        await services.stop()
    _configure(data, 'treasury_msat = 0\nfiat_currency = "EUR"\nfiat_cents_per_bitcoin = 9512300\n')
    _pictures("month-sample-data", data, out)
    _pictures("flows-sample-data", data, out, "flows")
    _picture("pay", data, out, "dark", WIDE, "pay")
    _picture("pay", data, out, "light", WIDE, "pay")


def _restore(session: Session, names: dict[str, str]) -> None:
    lines = healthy_month(time.time_ns() // 1000)
    for line in lines:
        agent = str(line.values["agent_id"])
        assert agent in ("", *AGENTS)
        line.values["agent_id"] = names.get(agent, agent)
    restore(session, lines)


async def _real(data: Path, pair: Pair, out: Path) -> None:
    services = application(data, pair.payer.url)
    await services.start("pictures")
    try:
        await _until_funded(services)
        for number, memo in enumerate(("Weather data", "Backup space", "A map of the coast", "API credits")):
            await _paid(services, await pair.payee.invoice(SALARY + 7_000 * number, memo))
        await services.ledger.reconcile()
    finally:
        await services.stop()
    await pair.hold(True)
    services = application(data, pair.payer.url, lightning_timeout_seconds=5.0)
    await services.start("pictures")
    try:
        await _paid(services, await pair.payee.invoice(250_000, "Translation, 40 pages"))
    finally:
        await services.stop()
    _configure(data, _electrum(pair))
    (data / "panel-ledger.json").write_text('{"days": "7"}', encoding="utf-8")
    _pictures("doubt", data, out)
    await pair.hold(False)
    await pair.payer.rpc("lnpay", invoice=await pair.payee.invoice(90_000, "Paid in Electrum itself"))
    services = application(data, pair.payer.url)
    await services.start("pictures")
    try:
        run = await services.ledger.reconcile()
        assert run.open, run
    finally:
        await services.stop()
    _pictures("alarm", data, out)


async def _until_funded(services: Services) -> None:
    async with asyncio.timeout(90):
        while not (await services.ledger.balances()).incoming_msat:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)


async def _paid(services: Services, bolt11: str) -> None:
    checked = await services.ledger.check_invoice(bolt11)
    await services.ledger.pay_invoice(bolt11, checked.digest)


def _electrum(pair: Pair) -> str:
    return (
        f'lightning_backend = "electrum"\nlightning_url = "{pair.payer.url}"\nlightning_network = "regtest"\n'
        "lightning_timeout_seconds = 20.0\n"
    )


def _configure(data: Path, text: str) -> None:
    file = Paths.default(data).config_file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _pictures(name: str, data: Path, out: Path, part: str = "") -> None:
    for theme in ("dark", "light"):
        for shape, size in (("", TALL), ("-wide", WIDE)):
            _picture(f"{name}{shape}", data, out, theme, size, part)


def _picture(name: str, data: Path, out: Path, theme: str, size: str, part: str) -> None:
    options = ["--out", str(data / "taken"), "--panel", "ledger", "--theme", theme, "--size", size]
    env = {**NO_OLLAMA, **{key: os.environ[key] for key in ("TIMMY_SECRET_LIGHTNING",) if key in os.environ}}
    done = timmy("screenshot", *options, *(["--part", part] if part else []), data_dir=data, env=env)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    out.mkdir(parents=True, exist_ok=True)
    Path(done.stdout.strip().splitlines()[-1]).rename(out / f"ledger-{name}-{theme}.png")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
