"""Whether a column of whole numbers does nothing but number the rows."""

from __future__ import annotations

from typing import Any

import numpy as np


class Integers:
    """Tells, in constant memory, whether all values of a column are n consecutive integers in any order."""

    def __init__(self) -> None:
        self.only = True
        self.rows = 0
        self.total = 0
        self.squares = 0
        self.low = 2**63
        self.high = -(2**63)

    def add(self, values: np.ndarray[Any, Any]) -> None:
        """Look at the numbers (NaN where there is none) of some rows."""
        self.rows += len(values)
        if not self.only:
            return
        if not np.isfinite(values).all() or (values != np.floor(values)).any() or (abs(values) > 2**31).any():
            self.only = False
            return
        whole = values.astype(np.int64)
        self.low, self.high = min(self.low, int(whole.min())), max(self.high, int(whole.max()))
        self.total += int(whole.sum())
        self.squares += sum(value * value for value in map(int, whole))

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
