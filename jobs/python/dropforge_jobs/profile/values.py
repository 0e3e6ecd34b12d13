"""The values of a column as the figures need them: exact where all are counted, else from the sampled rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dropforge_jobs.kinds import DISTINCT, NUMBERS, PURE, Seen
from dropforge_jobs.profile.column import ColumnReader
from dropforge_jobs.profile.levels import plain
from dropforge_jobs.profile.reading import days, numbers_or_none
from dropforge_jobs.profile.shape import Spread
from dropforge_jobs.shown import shown
from dropforge_jobs.values import MISSING, ORDERS

#: Values that are told, and characters of each.
TOP = 10
VALUE_TEXT = 60


@dataclass(frozen=True)
class Sampled:
    """A column of the sampled rows; `counts` tells how often each row occurs."""

    texts: Sequence[str]
    counts: Sequence[int]


@dataclass(frozen=True)
class Values:
    """The present values of a column with their weights. `scale` makes rows of the table from weight."""

    weights: dict[str, int]
    scale: float
    exact: bool

    def numbers(self, comma: bool) -> Spread:
        """The numbers among them."""
        return self._spread(numbers_or_none(list(self.weights), comma))

    def dates(self, order: str) -> Spread:
        """The dates among them, in days since 1970."""
        place = ORDERS.index(order)
        return self._spread(days(text)[place] for text in self.weights)

    def _spread(self, found: Iterable[float | None]) -> Spread:
        return Spread((number, weight) for number, weight in zip(found, self.weights.values()) if number is not None)

    def top(self, count: int = TOP) -> list[dict[str, Any]]:
        """The most frequent values with their counts; ties by text."""
        ranked = sorted(self.weights.items(), key=lambda item: (-item[1], item[0]))[:count]
        return [{"value": show(text), "count": round(weight * self.scale)} for text, weight in ranked]


def show(key: str) -> str:
    """A value for people, short and without control characters."""
    return shown(plain(key), VALUE_TEXT)


def values_of(column: ColumnReader, sampled: Sampled) -> Values:
    """What figures about the column are taken from."""
    if column.levels.exact:
        return Values(column.levels.counts, 1.0, exact=True)
    weights: Counter[str] = Counter()
    for text, count in zip(sampled.texts, sampled.counts):
        if text not in MISSING:
            weights[text] += count
    total = sum(weights.values())
    return Values(dict(weights), column.present / total if total else 0.0, exact=False)


def seen_of(column: ColumnReader, sampled: Sampled) -> Seen:
    """What decides the column's kind, as the preparing job sees it.

    That job looks whether the first 10,000 texts (1,000 numbers) repeat. Here the rows are taken by their hash, so
    that their order does not matter; in a small table both are all rows.
    """
    mostly_numbers = column.numeric >= PURE * column.present
    counted, unique = _first(column, sampled, NUMBERS if mostly_numbers else DISTINCT)
    words = sum(len(text.split()) for text in unique) / max(len(unique), 1)
    return Seen(
        name=column.name,
        rows=column.rows,
        missing=column.missing,
        numeric=column.numeric,
        dates=column.date_counts(),
        low=column.moments.low,
        high=column.moments.high,
        integers=column.integers,
        distinct=column.levels.distinct,
        counted=counted,
        unique=len(unique),
        words=words,
    )


def _first(column: ColumnReader, sampled: Sampled, most: int) -> tuple[int, set[str]]:
    """Values looked at, and the different ones among them."""
    if column.levels.exact and column.present <= most:
        return column.present, set(column.levels.counts)
    counted, unique = 0, set()
    for text, count in zip(sampled.texts, sampled.counts):
        if text not in MISSING:
            counted += count
            unique.add(text)
            if counted >= most:
                break
    return counted, unique
