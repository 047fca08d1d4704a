"""Old requests, attempts and signals go; what they add up to, circuits and failovers stay."""

from __future__ import annotations

from timmy_desktop.storage.database import Session

DAY_US = 86_400_000_000


def thin(session: Session, before_us: int) -> int:
    """Deletes what is older than `before_us`; returns how many requests went."""
    gone = session.sql("SELECT count(*) FROM provider_requests WHERE time_us < ?", (before_us,))[0][0]
    for table in ("provider_requests", "provider_attempts", "provider_signals"):
        session.sql(f"DELETE FROM {table} WHERE time_us < ?", (before_us,))  # noqa: S608 - constant names
    return int(gone)
