"""One column while the table is read: everything that can be counted exactly in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dropforge_jobs.integers import Integers
from dropforge_jobs.kinds import ODD_TEXTS
from dropforge_jobs.profile.levels import Levels, key_of
from dropforge_jobs.profile.moments import Moments
from dropforge_jobs.profile.reading import days, read_numbers
from dropforge_jobs.values import MISSING, ORDERS


class ColumnReader:
    """What has been seen of one column."""

    __slots__ = (
        "comma",
        "dates",
        "integers",
        "lengths",
        "levels",
        "longest",
        "missing",
        "moments",
        "name",
        "no_dates",
        "numeric",
        "rows",
    )

    def __init__(self, name: str, comma: bool, bound: int) -> None:
        self.name = name
        self.comma = comma
        self.rows = 0
        self.missing = 0
        self.numeric = 0
        self.longest = 0
        #: How many texts have 1, 2–3, 4–7 … characters.
        self.lengths: dict[int, int] = {}
        self.levels = Levels(bound)
        self.moments = Moments()
        self.integers = Integers()
        self.dates: dict[str, DateRange] = {}
        #: Odd texts that are no date in any order; None once there are too many for a column of dates.
        self.no_dates: set[str] | None = set()

    @property
    def present(self) -> int:
        """Rows that have a value."""
        return self.rows - self.missing

    def add(self, texts: Sequence[str]) -> Mapping[str, int]:
        """Look at some rows; return the texts that are neither missing nor a number, with their counts."""
        present = texts if MISSING.isdisjoint(texts) else [text for text in texts if text not in MISSING]
        self.rows += len(texts)
        self.missing += len(texts) - len(present)
        values, odd = read_numbers(present, self.comma)
        self.numeric += len(values)
        self.moments.add(values)
        if len(values) < len(texts):
            self.integers.only = False  # it numbers the rows only if each has a number
        self.integers.add(values)
        self.levels.add(present)
        if odd:
            for text, count in odd.items():
                bits = len(text).bit_length()
                self.lengths[bits] = self.lengths.get(bits, 0) + count
            self.longest = max(self.longest, max(map(len, odd)))  # noqa: PLW3301 - quicker so
            self._add_dates(odd)
        return odd

    def _add_dates(self, odd: Mapping[str, int]) -> None:
        """Count dates among the texts that are no numbers, until it is clear that the column is not one of dates."""
        if self.no_dates is None:
            return
        for text, count in odd.items():
            found = days(text)
            if all(day is None for day in found):
                self.no_dates.add(key_of(text))
            for order, day in zip(ORDERS, found):
                if day is not None:
                    self.dates.setdefault(order, DateRange()).add(day, count)
        if len(self.no_dates) > ODD_TEXTS:
            self.no_dates = None
            self.dates = {}

    def date_counts(self) -> dict[str, int]:
        """How many rows hold a date, in each order of day and month."""
        return {order: self.dates[order].count if order in self.dates else 0 for order in ORDERS}


class DateRange:
    """How many dates there are, and the first and last of them in days since 1970."""

    __slots__ = ("count", "high", "low")

    def __init__(self) -> None:
        self.count = 0
        self.low, self.high = float("inf"), float("-inf")

    def add(self, day: float, count: int) -> None:
        """Take in a date that occurs `count` times."""
        self.count += count
        self.low, self.high = min(self.low, day), max(self.high, day)
