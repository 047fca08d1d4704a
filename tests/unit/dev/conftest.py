"""The modules of packaging/, which is no package: dev.py imports them from the folder it is in."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.conditions import ROOT

PACKAGING = ROOT / "packaging"
NAMES = (
    "dev", "commands", "environment", "system_parts", "steps", "pip_words",
    "shipped", "icons", "linux_packages", "macos_packages", "system_bill", "bill", "freeze",
)  # fmt: skip


@pytest.fixture(scope="module")
def modules() -> Iterator[SimpleNamespace]:
    sys.path.insert(0, str(PACKAGING))
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        yield SimpleNamespace(**{name: __import__(name) for name in NAMES})
    finally:
        signal.signal(signal.SIGTERM, on_sigterm)
        sys.path.remove(str(PACKAGING))
        for name in NAMES:
            sys.modules.pop(name, None)
