"""Two real Lightning nodes on a chain of their own: bcoin, an Electrum server, and two Electrum daemons.

Everything is on the loopback and in one folder. It takes half a minute to bring up.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import bech32
import httpx

from tests.conditions import ROOT, require_electrum_parts
from tests.e2e.parts import free_port

STARTED_WITHIN_S = 120.0
BLOCKS = 450
FUNDS, CHANNEL, PUSHED = "2.0", "0.1", "0.04"
_POLL_S = 0.1
_PASSWORD = "a-password-for-tests"
_QUIET = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
_STUB = ROOT / "tests/e2e/no_leveldown.cjs"
_SERVER = ROOT / "tests/e2e/electrum_server.py"


@dataclass
class Chain:
    """bcoin on regtest, in memory."""

    port: int

    async def rpc(self, method: str, *parameters: Any) -> Any:
        return await _rpc(f"http://x:{_PASSWORD}@127.0.0.1:{self.port}/", method, list(parameters))

    async def mine(self, blocks: int, address: str) -> None:
        await self.rpc("generatetoaddress", blocks, _as_bcoin_writes(address))


@dataclass
class Electrum:
    """One daemon with one wallet; `url` and `secret` are what the ledger's backend is given."""

    folder: Path
    port: int
    lightning_port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def secret(self) -> str:
        return f"timmy:{_PASSWORD}"

    async def rpc(self, method: str, **parameters: Any) -> Any:
        return await _rpc(f"http://{self.secret}@127.0.0.1:{self.port}/", method, parameters)

    async def prepare(self, server_port: int) -> None:
        """Its settings and a wallet, before it runs."""
        self.folder.mkdir()
        for name, value in {
            "rpcuser": "timmy", "rpcpassword": _PASSWORD, "rpchost": "127.0.0.1", "rpcport": self.port,
            "server": f"127.0.0.1:{server_port}:t", "oneserver": True, "auto_connect": False,
            "check_updates": False, "use_gossip": True, "dont_show_testnet_warning": True,
            "lightning_listen": f"127.0.0.1:{self.lightning_port}", "log_to_file": True,
            "lightning_forward_payments": False, "test_fail_htlcs_with_temp_node_failure": False,
        }.items():  # fmt: skip
            await self._run("setconfig", name, json.dumps(value) if not isinstance(value, str) else value)
        await self._run("create")

    async def start(self) -> None:
        command = self._command("daemon", offline=False)
        self.process = await asyncio.create_subprocess_exec(*command, env=_environment(self.folder), **_QUIET)
        await _until(self._answers, "the Electrum daemon")
        await self.rpc("load_wallet")
        await _until(self._is_synchronized, "Electrum's wallet")

    async def stop(self) -> None:
        process, self.process = self.process, None
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()

    async def address(self) -> str:
        return str(await self.rpc("getunusedaddress"))

    async def on_chain(self) -> Decimal:
        held = await self.rpc("getbalance")
        return Decimal(held["confirmed"])

    async def local_sats(self) -> int:
        return sum(int(channel["local_balance"]) for channel in await self.rpc("list_channels"))

    async def invoice(self, sats: int, memo: str = "", expiry_s: int = 3600) -> str:
        made = await self.rpc(
            "add_request", amount=str(Decimal(sats).scaleb(-8)), memo=memo, expiration=expiry_s, force=True
        )
        return str(made["lightning_invoice"])

    async def _answers(self) -> bool:
        return (await self.rpc("getinfo"))["connected"] is True

    async def _is_synchronized(self) -> bool:
        return await self.rpc("is_synchronized") is True

    async def _run(self, *arguments: str) -> None:
        command = self._command(*arguments, offline=True)
        process = await asyncio.create_subprocess_exec(
            *command, env=_environment(self.folder),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode(errors="replace")

    def _command(self, *arguments: str, offline: bool) -> list[str]:
        place = ["--regtest", "-D", str(self.folder)]
        return ["/usr/bin/electrum", *arguments, *place, *(["--offline"] if offline else [])]


@dataclass
class Pair:
    """`payer` has most of the channel; `payee` makes invoices."""

    chain: Chain
    payer: Electrum
    payee: Electrum

    async def hold(self, held: bool) -> None:
        """Whether the payee keeps what comes in flight instead of settling it."""
        await self.payee.rpc("enable_htlc_settle", b=not held)


@asynccontextmanager
async def electrum_pair(folder: Path) -> AsyncIterator[Pair]:
    """The pair with a channel open between them."""
    parts = require_electrum_parts()
    async with AsyncExitStack() as stack:
        chain = Chain(free_port())
        await _started(stack, _bcoin(parts.bcoin, chain.port), folder, "bcoin", NODE_BACKEND="js")
        await _until(lambda: _is_there(chain), "bcoin")
        server_port = free_port()
        payer = Electrum(folder / "payer", free_port(), free_port())
        payee = Electrum(folder / "payee", free_port(), free_port())
        await asyncio.gather(payer.prepare(server_port), payee.prepare(server_port))
        await chain.mine(1, _BURN)
        (folder / "server").mkdir()
        await _started(
            stack, [str(parts.server_python), str(_SERVER)], folder, "electrum-server",
            COIN="Bitcoin", NET="regtest", ALLOW_ROOT="1", DB_ENGINE="leveldb", PEER_DISCOVERY="off",
            DB_DIRECTORY=str(folder / "server"), DAEMON_URL=f"http://x:{_PASSWORD}@127.0.0.1:{chain.port}/",
            SERVICES=f"tcp://127.0.0.1:{server_port},rpc://127.0.0.1:{free_port()}", COST_SOFT_LIMIT="0",
            COST_HARD_LIMIT="0",
        )  # fmt: skip
        for node in (payer, payee):
            stack.push_async_callback(node.stop)
        await asyncio.gather(payer.start(), payee.start())
        await _channel(chain, payer, payee)
        yield Pair(chain, payer, payee)


async def _channel(chain: Chain, payer: Electrum, payee: Electrum) -> None:
    address = await payer.address()
    await chain.mine(5, address)
    await chain.mine(BLOCKS, _BURN)
    await _until(lambda: _has_funds(payer), "the payer's sats")
    node = str(await payee.rpc("nodeid")).partition("@")[0]
    place = f"{node}@127.0.0.1:{payee.lightning_port}"
    await payer.rpc("add_peer", connection_string=place)
    await payer.rpc("open_channel", connection_string=place, amount=CHANNEL, push_amount=PUSHED)
    await chain.mine(6, _BURN)
    await _until(lambda: _is_open(payer, payee), "the channel")


async def _has_funds(node: Electrum) -> bool:
    return await node.on_chain() >= Decimal(FUNDS) and await node.rpc("is_synchronized") is True


async def _is_open(*nodes: Electrum) -> bool:
    for node in nodes:
        channels = await node.rpc("list_channels")
        if not channels or any(c["state"] != "OPEN" or c["peer_state"] != "GOOD" for c in channels):
            return False
    return True


async def _is_there(chain: Chain) -> bool:
    return "blocks" in await chain.rpc("getblockchaininfo")


def _bcoin(folder: Path, port: int) -> list[str]:
    return [
        "node", "--require", str(_STUB), str(folder / "bin/node"), "--network", "regtest", "--memory",
        "--index-tx", "--no-wallet", "--listen=false", "--http-host", "127.0.0.1", "--http-port", str(port),
        "--port", str(free_port()), "--api-key", _PASSWORD, "--log-file=false", "--log-console=false",
    ]  # fmt: skip


async def _started(
    stack: AsyncExitStack, command: list[str], folder: Path, name: str, **environment: str
) -> None:
    log = (folder / f"{name}.log").open("wb")
    stack.callback(log.close)
    process = await asyncio.create_subprocess_exec(
        *command, env={**_environment(folder), **environment}, stdout=log, stderr=log, cwd=folder
    )

    async def end() -> None:
        if process.returncode is None:
            process.kill()
        await process.wait()

    stack.push_async_callback(end)


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}


async def _until(is_so: Any, what: str) -> None:
    async with asyncio.timeout(STARTED_WITHIN_S):
        while True:
            try:
                if await is_so():
                    return
            except (httpx.HTTPError, RuntimeError, KeyError):
                pass
            await asyncio.sleep(_POLL_S)


async def _rpc(url: str, method: str, parameters: Any) -> Any:
    async with httpx.AsyncClient(trust_env=False, timeout=60.0) as client:
        response = await client.post(url, json={"id": 1, "method": method, "params": parameters})
    answer = response.json()
    if answer.get("error"):
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]


def _as_bcoin_writes(address: str) -> str:
    """bcoin writes rb where everybody else writes bcrt."""
    _, program = bech32.bech32_decode(address)
    return str(bech32.bech32_encode("rb", program))


_BURN = "bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202"
