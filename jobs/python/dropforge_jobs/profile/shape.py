"""How the numbers of a column are spread: quantiles, a histogram to look at, and bins to compare versions by."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import ceil, inf, nextafter
from typing import Any

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
BUCKETS = 30
#: Whole numbers over so small a range get a bucket each.
SINGLE = 40
#: A tail so many times as long as the middle 98 % is cut off and put into the last bucket.
LONG_TAIL = 3.0
BINS = 10
EDGE_DIGITS = 12


class Spread:
    """Numbers with their weights, sorted."""

    def __init__(self, pairs: Iterable[tuple[float, float]]) -> None:
        ordered = sorted(pairs)
        self.values = [value for value, _ in ordered]
        #: The weight of the first n numbers.
        self.sums = [0.0, *accumulate(weight for _, weight in ordered)]

    def quantile(self, share: float) -> float:
        """The smallest number that at least this share of the weight is not above."""
        # Less a hair, since 0.1 + 0.2 is more than 0.3.
        place = bisect_left(self.sums, share * self.sums[-1] * (1 - 1e-12), 1)
        return self.values[min(place, len(self.values)) - 1]

    def between(self, cuts: Sequence[int]) -> list[float]:
        """The weight between each two positions."""
        return [self.sums[stop] - self.sums[start] for start, stop in zip(cuts, cuts[1:])]


def quantiles(spread: Spread) -> dict[str, float]:
    """QUANTILES by name, such as p25."""
    return {f"p{round(share * 100)}": spread.quantile(share) for share in QUANTILES}


def histogram(spread: Spread, scale: float = 1.0, buckets: int = BUCKETS) -> dict[str, Any]:
    """`edges` (one more than buckets; a bucket holds its left edge) and `counts`; long tails are in the end buckets.

    `below` and `above` tell that the first (last) bucket holds such a tail, `whole` that all are whole numbers, so
    that a bucket's last one is one less than its right edge. Counts are multiplied by `scale`.
    """
    low, high, below, above = _range(spread)
    whole = all(value.is_integer() for value in spread.values)
    edges = _edges(low, high, buckets, whole)
    cuts = [0, *(bisect_left(spread.values, edge) for edge in edges[1:-1]), len(spread.values)]
    counts = [round(weight * scale) for weight in spread.between(cuts)]
    return {"edges": _short(edges), "counts": counts, "below": below, "above": above, "whole": whole}


def _short(edges: list[float]) -> list[float]:
    """The edges with fewer digits, if that leaves them apart."""
    short = [float(f"{edge:.{EDGE_DIGITS}g}") for edge in edges]
    return short if all(left < right for left, right in zip(short, short[1:])) else edges


def _range(spread: Spread) -> tuple[float, float, bool, bool]:
    """From where to where buckets go, and whether something lies below or above."""
    low, high = spread.values[0], spread.values[-1]
    first, last = spread.quantile(0.01), spread.quantile(0.99)
    middle = (last - first) * LONG_TAIL
    below, above = middle > 0 and first - low > middle, middle > 0 and high - last > middle
    return first if below else low, last if above else high, below, above


def _edges(low: float, high: float, buckets: int, whole: bool) -> list[float]:
    if low == high:
        return [low, low + 1 if whole else low + (abs(low) or 1.0) * 1e-3]
    if whole:
        span = high - low + 1
        width = 1 if span <= max(SINGLE, buckets) else ceil(span / buckets)
        return [low + width * step for step in range(ceil(span / width) + 1)]
    return [*(low + (high - low) * step / buckets for step in range(buckets)), high]


def bins(spread: Spread, count: int = BINS) -> dict[str, Any]:
    """Bins of about the same weight: `edges` (a bin ends with its edge; the last is open) and `shares`.

    A few different numbers get a bin each, and what is below or above them has one, too.
    """
    different = sorted(set(spread.values))
    if len(different) <= 2 * count:
        edges = [nextafter(different[0], -inf), *different]
    else:
        ends = {spread.quantile(step / count) for step in range(1, count)}
        edges = sorted(edge for edge in ends if edge < different[-1])
    return {"edges": edges, "shares": shares(spread, edges)}


def shares(spread: Spread, edges: Sequence[float]) -> list[float]:
    """The share of the weight in each bin; `edges` as `bins` gives them."""
    cuts = [0, *(bisect_right(spread.values, edge) for edge in edges), len(spread.values)]
    return [round(weight / spread.sums[-1], 6) for weight in spread.between(cuts)]
