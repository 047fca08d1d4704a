"""Starts the Electrum server over bcoin, which lacks a few things that a newer Bitcoin Core says of itself.

Run by the Python of the environment that holds e-x; its settings are environment variables.
"""

from __future__ import annotations

from typing import Any

from electrumx.cli.electrumx_server import main
from electrumx.lib import coins
from electrumx.server.daemon import Daemon

_asked_mempool = Daemon.getmempoolinfo
_FEE = 0.00001


async def _mempool(self: Any) -> dict[str, Any]:
    found: dict[str, Any] = await _asked_mempool(self)
    fees = dict.fromkeys(("mempoolminfee", "minrelaytxfee", "incrementalrelayfee"), _FEE)
    return {**fees, **{name: value for name, value in found.items() if name not in fees}}


async def _fee(*_: Any) -> float:
    """bcoin has seen too few blocks to estimate one."""
    return _FEE


if __name__ == "__main__":
    for coin in (coins.Bitcoin, coins.BitcoinRegtest):
        coin.MIN_REQUIRED_DAEMON_VERSION = None
        coin.REQUIRED_DAEMON_INDEXES = ()
    Daemon.getmempoolinfo = _mempool
    Daemon.estimatefee = _fee
    main()
