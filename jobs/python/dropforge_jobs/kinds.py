"""What kind of thing a column holds, decided from counts: the same rules for the preparing job and the profile.

Pure, and without numpy: the profile runs where there is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dropforge_jobs.integers import Integers
from dropforge_jobs.values import ORDERS

#: Distinct texts that are counted per column; those that come first later are not counted.
DISTINCT = 10_000
#: Of a column of numbers so many are kept as texts, to see whether they repeat.
NUMBERS = 1000
#: The share of values that must be numbers (dates) in a column of numbers (dates); the rest is taken as missing.
PURE = 0.99
#: So many different odd texts are told apart in a column of numbers (dates); if there are more, any is missing.
ODD_TEXTS = 100
#: Categories that get a feature of their own; the rarer ones share one.
LEVELS = 64
#: From so many rows on, a text that never occurs again is an identifier.
IDENTIFIER_ROWS = 20
#: Words per distinct value from which on a column is text rather than categories.
TEXT_WORDS = 3
ID_NAME = re.compile(r"(?:.*[_ -])?(?:id|Id|ID|uuid|UUID|guid)|.*[a-z]I[dD]|Unnamed: \d+|index|rownames")


@dataclass(frozen=True)
class Seen:
    """What has been seen of a column.

    `numeric` and `dates` (by order of day and month) are rows; `low` and `high` are of the numbers; `distinct` are
    different texts, `words` is how many words each has on average. Of `counted` values, `unique` were different.
    """

    name: str
    rows: int
    missing: int
    numeric: int
    dates: Mapping[str, int]
    low: float
    high: float
    integers: Integers
    distinct: int
    counted: int
    unique: int
    words: float

    @property
    def order(self) -> str:
        """How most dates are to be read."""
        return max(ORDERS, key=lambda name: self.dates[name])

    def mostly(self, count: int) -> bool:
        """Whether `count` is (nearly) all of the rows that have a value."""
        return count >= PURE * (self.rows - self.missing)


def kind_of(seen: Seen) -> str:
    """One of constant, identifier, number, date, text, boolean, category."""
    if _constant(seen):
        return "constant"
    if seen.mostly(seen.numeric):
        return "identifier" if _numbered(seen) else "number"
    if seen.mostly(seen.dates[seen.order]):
        return "date"
    if seen.words >= TEXT_WORDS and seen.distinct > LEVELS:
        return "text"
    if seen.counted >= IDENTIFIER_ROWS and seen.unique >= PURE * seen.counted:
        return "identifier"
    two = seen.distinct == 2 and not seen.missing  # noqa: PLR2004 - what a boolean is
    return "boolean" if two else "category"


def _constant(seen: Seen) -> bool:
    present = seen.rows - seen.missing
    one_number = seen.numeric == present and seen.low == seen.high
    return not present or (not seen.missing and (one_number or (seen.distinct == 1 and not seen.numeric)))


def _numbered(seen: Seen) -> bool:
    """Whether the numbers only number the rows: 1, 2, 3 … in any order, or unique ones called "id"."""
    if seen.rows < IDENTIFIER_ROWS:
        return False
    unique = seen.unique == seen.counted > 0
    named = ID_NAME.fullmatch(seen.name) is not None
    return seen.integers.are_a_range() or (seen.integers.only and unique and named)
