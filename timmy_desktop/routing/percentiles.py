"""A mergeable histogram of milliseconds (a t-digest of Apache DataSketches): the one door to that library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_COMPRESSION = 100  # about 1 % of rank in the middle, much less at the ends


def empty() -> bytes:
    """A histogram of nothing."""
    return b""


def added(histogram: bytes, values: Iterable[float]) -> bytes:
    """`histogram` with `values` in it."""
    from datasketches import tdigest_double

    digest = tdigest_double.deserialize(histogram) if histogram else tdigest_double(_COMPRESSION)
    for value in values:
        digest.update(float(value))
    return b"" if digest.is_empty() else bytes(digest.serialize())


def quantiles(histograms: Iterable[bytes], ranks: Sequence[float]) -> tuple[float, ...] | None:
    """The values at `ranks` (0 to 1) of all histograms merged; None when they hold nothing."""
    from datasketches import tdigest_double

    merged = None
    for histogram in histograms:
        if not histogram:
            continue
        digest = tdigest_double.deserialize(histogram)
        if merged is None:
            merged = digest
        else:
            merged.merge(digest)
    if merged is None:
        return None
    return tuple(merged.get_quantile(rank) for rank in ranks)


def count(histogram: bytes) -> int:
    """How many values went in."""
    from datasketches import tdigest_double

    return int(tdigest_double.deserialize(histogram).get_total_weight()) if histogram else 0
