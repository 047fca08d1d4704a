"""The ledger's commands on a data folder in which a task was paid."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.command import NO_OLLAMA, timmy, timmy_json
from tests.fakes.providers import ScriptedProvider
from timmy_desktop.bootstrap import build
from timmy_desktop.paths import Paths
from timmy_desktop.settings import Settings


async def paid_task(folder: Path) -> str:
    services = build(Settings(), Paths.default(folder), [ScriptedProvider()], windowed=False)
    await services.start("test")
    task = await services.coordinator.wait(await services.coordinator.post("Do it"))
    rows = await services.database.read(
        lambda session: session.sql("SELECT id FROM ledger WHERE type = 'payment' AND state = 'settled'")
    )
    await services.stop()
    assert task.paid_msat > 0
    return str(rows[0][0])


async def test_balance_health_check_reconcile_and_a_receipt(tmp_path: Path) -> None:
    payment = await paid_task(tmp_path)
    _, balance = timmy_json("ledger", "balance", data_dir=tmp_path)
    assert balance["simulated"] is True
    assert balance["available_msat"] + balance["outgoing_msat"] == 100_000_000
    assert timmy_json("ledger", "health", data_dir=tmp_path)[1]["network"] == "regtest"
    assert timmy_json("ledger", "check", data_dir=tmp_path)[1]["problems"] == []
    status, run = timmy_json("ledger", "reconcile", data_dir=tmp_path)
    assert (status, run["state"]) == (0, "agrees")
    said = timmy("ledger", "reconcile", data_dir=tmp_path).stdout
    assert said.startswith("Ledger and node agree: 1 payment compared.")
    assert "transactions add up" in timmy("ledger", "check", data_dir=tmp_path).stdout
    receipt, elsewhere = tmp_path / "receipt.json", tmp_path / "elsewhere"
    assert timmy("ledger", "receipt", payment, "--out", str(receipt), data_dir=tmp_path).returncode == 0
    shown = timmy("verify-receipt", str(receipt), data_dir=elsewhere)
    assert (shown.returncode, "Proven" in shown.stdout) == (0, True)
    assert not elsewhere.exists()
    assert timmy("ledger", "receipt", "nothing", "--out", str(receipt), data_dir=tmp_path).returncode == 2


def test_the_pay_dialog_is_pictured_with_its_invoice_read(tmp_path: Path) -> None:
    options = ("--out", str(tmp_path / "out"), "--panel", "ledger", "--part", "pay", "--size", "640x700")
    done = timmy("screenshot", *options, data_dir=tmp_path / "data", env=NO_OLLAMA)
    assert done.returncode == 0, done.stderr
    file = Path(done.stdout.strip().splitlines()[-1])
    width, height = (int(number) for number in file.stem.rpartition("-")[2].split("x"))
    assert width < 640, "it is the dialog, not the dock"
    assert height > 300, "what the invoice asks for is on it"
