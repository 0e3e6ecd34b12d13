"""What kind of thing each column holds, found out in one reading.

What a model learns from a column (its levels, its range) is taken from the training rows only. The other rows
tell no more than which odd texts stand for "no value" in a column of numbers or dates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import compress
from typing import Any

import numpy as np

from dropforge_jobs.integers import Integers
from dropforge_jobs.kinds import DISTINCT, LEVELS, NUMBERS, ODD_TEXTS, PURE, Seen, kind_of
from dropforge_jobs.numerics import numbers
from dropforge_jobs.values import MISSING, ORDERS, moment


class Column:
    """What has been seen of one column."""

    def __init__(self, name: str, decimal_comma: bool = False) -> None:
        self.name = name
        self.decimal_comma = decimal_comma
        self.levels: Counter[str] = Counter()
        self.counted = 0
        self.training = 0
        self.missing = 0
        self.numeric = 0
        self.dates = dict.fromkeys(ORDERS, 0)
        self.no_number: set[str] = set()
        self.no_date: dict[str, set[str]] = {order: set() for order in ORDERS}
        self.low, self.high = np.inf, -np.inf
        self.integers = Integers()

    def add(self, texts: Sequence[str], training: np.ndarray[Any, Any]) -> None:
        """Look at some of the drop's rows; `training` (bool per row) marks those that the model learns from."""
        values, odd = numbers(texts, self.decimal_comma)
        self.integers.add(values.tolist())
        self._note_odd({texts[index] for index in odd})
        learnt = [text for text in compress(texts, training) if text not in MISSING]
        odd_learnt = Counter(texts[index] for index in odd if training[index])
        self.training += int(training.sum())
        self.missing += int(training.sum()) - len(learnt)
        self.numeric += len(learnt) - sum(odd_learnt.values())
        if self._may_be_dates():
            for order in ORDERS:
                self.dates[order] += sum(count for text, count in odd_learnt.items() if moment(text, order))
        known = values[training & np.isfinite(values)]
        if len(known):
            self.low, self.high = min(self.low, known.min()), max(self.high, known.max())
        self._count(learnt)

    def add_unlearnt(self, texts: Sequence[str]) -> None:
        """Look at rows of another table with the same columns, from which nothing is learnt."""
        _, odd = numbers(texts, self.decimal_comma)
        self._note_odd({texts[index] for index in odd})

    def _note_odd(self, texts: set[str]) -> None:
        """Remember texts that are no numbers (no dates), until there are too many of them to be exceptions."""
        if len(self.no_number) <= ODD_TEXTS:
            self.no_number |= texts
        if self._may_be_dates():
            for order in ORDERS:
                self.no_date[order].update(text for text in texts if moment(text, order) is None)

    def _may_be_dates(self) -> bool:
        return any(len(texts) <= ODD_TEXTS for texts in self.no_date.values())

    def _count(self, texts: list[str]) -> None:
        """Count levels until there are DISTINCT; of numbers, only the first few are looked at."""
        if self._mostly(self.numeric):
            texts = texts[: max(0, NUMBERS - self.counted)]
        if len(self.levels) < DISTINCT:
            self.counted += len(texts)
            self.levels.update(texts)
        else:
            self.levels.update(text for text in texts if text in self.levels)

    def _mostly(self, count: int) -> bool:
        """Whether `count` is (nearly) all of the training rows that have a value."""
        return count >= PURE * (self.training - self.missing)

    def describe(self) -> dict[str, Any]:
        """The column as the preprocessor stores it: at least its `name` and `kind`."""
        return {"name": self.name, **self._kind()}

    def _seen(self) -> Seen:
        distinct = len(self.levels)
        return Seen(
            name=self.name,
            rows=self.training,
            missing=self.missing,
            numeric=self.numeric,
            dates=self.dates,
            low=self.low,
            high=self.high,
            integers=self.integers,
            distinct=distinct,
            counted=self.counted,
            unique=distinct,
            words=sum(len(text.split()) for text in self.levels) / max(distinct, 1),
        )

    def _kind(self) -> dict[str, Any]:
        seen = self._seen()
        kind = kind_of(seen)
        if kind == "number":
            return {"kind": kind, "blanks": _blanks(self.no_number)}
        if kind == "date":
            time = any(_has_time(text, seen.order) for text in self.levels)
            return {"kind": kind, "order": seen.order, "time": time, "blanks": _blanks(self.no_date[seen.order])}
        if kind == "boolean":
            return {"kind": kind, "levels": sorted(self.levels)}
        return self._categories() if kind == "category" else {"kind": kind}

    def _categories(self) -> dict[str, Any]:
        ranked = sorted(self.levels, key=lambda text: (-self.levels[text], text))
        other = len(ranked) > LEVELS
        return {
            "kind": "category",
            "levels": ranked[: LEVELS - 1] if other else ranked,
            "other": other,
            "missing": self.missing > 0,
        }


def _blanks(texts: set[str]) -> list[str] | None:
    """The texts that mean "missing"; None if there are so many that any odd text does."""
    return sorted(texts) if len(texts) <= ODD_TEXTS else None


def _has_time(text: str, order: str) -> bool:
    parsed = moment(text, order)
    return parsed is not None and (parsed[0].hour, parsed[0].minute) != (0, 0)
