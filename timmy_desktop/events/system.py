"""Events of the application itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from timmy_desktop.events.base import Event


@dataclass(frozen=True, kw_only=True)
class SystemStarted(Event):
    """The application opened its data folder."""

    type: ClassVar[str] = "system.started"
    version_name: str
    clean: bool
    pid: int


@dataclass(frozen=True, kw_only=True)
class SystemStopped(Event):
    """The application closed its data folder in good order."""

    type: ClassVar[str] = "system.stopped"


@dataclass(frozen=True, kw_only=True)
class SystemInfo(Event):
    """Something worth knowing."""

    type: ClassVar[str] = "system.info"
    message: str


@dataclass(frozen=True, kw_only=True)
class SystemWarning(Event):
    """Something a person may want to act on."""

    type: ClassVar[str] = "system.warning"
    severity: ClassVar[str] = "warning"
    message: str


@dataclass(frozen=True, kw_only=True)
class SystemFault(Event):
    """Something broke."""

    type: ClassVar[str] = "system.error"
    severity: ClassVar[str] = "error"
    message: str


@dataclass(frozen=True, kw_only=True)
class LogVerified(Event):
    """The chain was checked from `first_seq` to `last_seq`."""

    type: ClassVar[str] = "log.verified"
    first_seq: int
    last_seq: int
    intact: bool


@dataclass(frozen=True, kw_only=True)
class LogPruned(Event):
    """Events older than `before_us` were removed, of these types only where any are named.

    Where `before_us` is 0, each was chosen by itself, for the words in it that were forgotten.

    `digest` is signed with the chain's key and names exactly what was removed
    (storage/event_gaps.py); `archive` is the file in which it is kept, or empty. `base` is the signed digest
    of the state that is kept of the event `base_seq` (storage/event_bases.py), empty where none was needed.
    """

    type: ClassVar[str] = "log.pruned"
    before_us: int
    types: list[str]
    events: int
    by_type: dict[str, int]
    first_seq: int
    last_seq: int
    gaps: int
    digest: str
    archive: str
    base_seq: int = 0
    base: str = ""
