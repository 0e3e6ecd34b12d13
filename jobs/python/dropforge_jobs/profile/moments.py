"""Mean, deviation and range of numbers that come in chunks."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, inf, sqrt

#: Digits of means that are told: enough for anybody, and few enough that the order of the rows does not show in them.
DIGITS = 9


def rounded(value: float) -> float:
    """The number with DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")


class Moments:
    """Count, mean and squared deviation, merged chunk by chunk (Chan, Golub and LeVeque 1979)."""

    __slots__ = ("count", "high", "low", "mean", "squares")

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0
        self.low, self.high = inf, -inf

    def add(self, values: Sequence[float]) -> None:
        """Take in some numbers."""
        if not values:
            return
        count = len(values)
        self.low, self.high = min([self.low, *values]), max([self.high, *values])
        mean = fsum(values) / count
        squares = fsum([(value - mean) ** 2 for value in values])
        total = self.count + count
        gap = mean - self.mean
        self.squares += squares + gap * gap * self.count * count / total
        self.mean += gap * count / total
        self.count = total

    def describe(self) -> dict[str, float]:
        """min, max, mean and std (of a sample: n - 1)."""
        deviation = sqrt(self.squares / (self.count - 1)) if self.count > 1 else 0.0
        return {
            "min": self.low,
            "max": self.high,
            "mean": rounded(self.mean),
            "std": rounded(deviation),
        }
