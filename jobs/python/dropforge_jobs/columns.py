"""What kind of thing each column holds, found out in one reading.

What a model learns from a column (its levels, its range) is taken from the training rows only. The other rows
tell no more than which odd texts stand for "no value" in a column of numbers or dates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np

from dropforge_jobs.values import MISSING, ORDERS, moment, numbers

#: Distinct texts that are counted exactly per column; those that come later are not told apart.
DISTINCT = 10_000
#: The share of values that must be numbers (dates) in a column of numbers (dates); the rest is taken as missing.
PURE = 0.99
#: A column of numbers (dates) may hold that many different odd texts.
ODD_TEXTS = 100
#: Categories that get a feature of their own; the rarer ones share one.
LEVELS = 64
#: From so many rows on, a text that never occurs again is an identifier.
IDENTIFIER_ROWS = 20
#: Words per distinct value from which on a column is text rather than categories.
TEXT_WORDS = 3
ID_NAME = re.compile(r"(?:.*[_ -])?(?:id|Id|ID|uuid|UUID|guid)|.*[a-z]I[dD]|Unnamed: \d+|index|rownames")


class Column:
    """What has been seen of one column."""

    def __init__(self, name: str, decimal_comma: bool = False) -> None:
        self.name = name
        self.decimal_comma = decimal_comma
        self.levels: Counter[str] = Counter()
        self.odd: Counter[str] = Counter()
        self.training = 0
        self.missing = 0
        self.numeric = 0
        self.dates = dict.fromkeys(ORDERS, 0)
        self.counted = 0
        self.integers = Integers()

    def add(self, texts: Sequence[str], training: np.ndarray[Any, Any]) -> None:
        """Look at some rows; `training` (bool per row) marks those that the model will learn from."""
        values, odd = numbers(texts, self.decimal_comma)
        self.integers.add(values, len(texts))
        odd_here = Counter(texts[index] for index in odd)
        odd_training = Counter(texts[index] for index in odd if training[index])
        absent = Counter(text for text in compress(texts, training) if text in MISSING)
        seen = int(training.sum())
        missing = sum(absent.values())
        self.training += seen
        self.missing += missing
        self.numeric += seen - missing - sum(odd_training.values())
        for text in odd_here:
            orders = [order for order in ORDERS if moment(text, order)]
            for order in orders:
                self.dates[order] += odd_training[text]
            if not orders and (len(self.odd) <= ODD_TEXTS):
                self.odd[text] += odd_here[text]
        self._count(Counter(compress(texts, training)), seen - missing)

    def _count(self, here: Counter[str], rows: int) -> None:
        """Count the levels among the training rows, up to DISTINCT different ones."""
        if len(self.levels) < DISTINCT:
            self.counted += rows
        for text, count in here.items():
            if text not in MISSING and (text in self.levels or len(self.levels) < DISTINCT):
                self.levels[text] += count

    @property
    def present(self) -> int:
        """Training rows that have a value."""
        return self.training - self.missing

    def describe(self) -> dict[str, Any]:
        """The column as the preprocessor stores it: at least its `name` and `kind`."""
        return {"name": self.name, **self._kind()}

    def _kind(self) -> dict[str, Any]:
        if not self.present or (len(self.levels) == 1 and not self.missing):
            return {"kind": "constant"}
        few_odd = len(self.odd) <= ODD_TEXTS
        if few_odd and self.numeric >= PURE * self.present:
            return {"kind": "identifier"} if self._numbered() else {"kind": "number", "blanks": sorted(self.odd)}
        order = max(ORDERS, key=lambda name: self.dates[name])
        if few_odd and self.dates[order] >= PURE * self.present:
            hour = any(_has_time(text, order) for text in self.levels)
            return {"kind": "date", "order": order, "time": hour, "blanks": sorted(self._not_dates(order))}
        return self._text_kind()

    def _not_dates(self, order: str) -> set[str]:
        """The odd texts of a column of dates: neither a date nor counted as one in this order."""
        return set(self.odd) | {text for text in self.levels if moment(text, order) is None}

    def _text_kind(self) -> dict[str, Any]:
        distinct = len(self.levels)
        unique = self.counted >= IDENTIFIER_ROWS and distinct >= PURE * self.counted
        words = sum(len(text.split()) for text in self.levels) / distinct
        if words >= TEXT_WORDS and distinct > LEVELS:
            return {"kind": "text"}
        if unique:
            return {"kind": "identifier"}
        if distinct == 2 and not self.missing:  # noqa: PLR2004 - what a boolean is
            return {"kind": "boolean", "levels": sorted(self.levels)}
        ranked = sorted(self.levels, key=lambda text: (-self.levels[text], text))
        if distinct <= LEVELS:
            return {"kind": "category", "levels": ranked, "other": False, "missing": self.missing > 0}
        return {"kind": "category", "levels": ranked[: LEVELS - 1], "other": True, "missing": self.missing > 0}

    def _numbered(self) -> bool:
        """Whether the numbers only number the rows: 1, 2, 3 … in any order, or unique ones called "id"."""
        if self.training < IDENTIFIER_ROWS:
            return False
        unique = len(self.levels) >= self.counted > 0
        named = ID_NAME.fullmatch(self.name) is not None
        return self.integers.are_a_range() or (self.integers.only and unique and named)


class Integers:
    """Tells, in constant memory, whether all values of a column are n consecutive integers in any order."""

    def __init__(self) -> None:
        self.only = True
        self.rows = 0
        self.total = 0
        self.squares = 0
        self.low = 2**63
        self.high = -(2**63)

    def add(self, values: np.ndarray[Any, Any], rows: int) -> None:
        """Look at the numbers (NaN where there is none) of some rows."""
        self.rows += rows
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


def _has_time(text: str, order: str) -> bool:
    parsed = moment(text, order)
    return parsed is not None and (parsed[0].hour, parsed[0].minute) != (0, 0)
