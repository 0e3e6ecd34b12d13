"""Whether a column of whole numbers does nothing but number the rows."""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul

#: Larger numbers, in absolute value, are not taken for numbering.
LARGEST_INDEX = 2.0**31


class Integers:
    """Tells, in constant memory, whether all values of a column are n consecutive integers in any order."""

    __slots__ = ("high", "low", "only", "rows", "squares", "total")

    def __init__(self) -> None:
        self.only = True
        self.rows = 0
        self.total = 0
        self.squares = 0
        self.low = 2**63
        self.high = -(2**63)

    def add(self, values: Sequence[float]) -> None:
        """Look at the numbers (NaN where there is none) of some rows."""
        self.rows += len(values)
        if not self.only or not values:
            return
        # NaN fails the first comparison.
        if not all(-LARGEST_INDEX <= value <= LARGEST_INDEX and value.is_integer() for value in values):
            self.only = False
            return
        whole = list(map(int, values))
        self.low, self.high = min([self.low, *whole]), max([self.high, *whole])
        self.total += sum(whole)
        self.squares += sum(map(mul, whole, whole))

    def are_a_range(self) -> bool:
        """Whether count, sum and sum of squares are those of low, low + 1, … high, each once."""
        count = self.high - self.low + 1
        if not self.only or count != self.rows:
            return False
        total = (self.low + self.high) * count // 2
        squares = _square_sum(self.high) - _square_sum(self.low - 1)
        return self.total == total and self.squares == squares


def _square_sum(last: int) -> int:
    """The sum of n² for n = 1 … `last`, continued to negative `last`."""
    return last * (last + 1) * (2 * last + 1) // 6
