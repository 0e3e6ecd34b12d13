"""The figures of one column, as profile.json has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dropforge_jobs.kinds import Seen, kind_of
from dropforge_jobs.profile.association import Labels, association
from dropforge_jobs.profile.column import ColumnReader
from dropforge_jobs.profile.drift import basis, compare
from dropforge_jobs.profile.reading import days, numbers_or_none
from dropforge_jobs.profile.shape import BUCKETS, Spread, histogram, quantiles
from dropforge_jobs.profile.values import TOP, Sampled, Values, seen_of, values_of
from dropforge_jobs.shown import shown
from dropforge_jobs.values import MISSING, ORDERS

EPOCH = datetime(1970, 1, 1)
FIRST_DAY, LAST_DAY = (datetime.min - EPOCH).days, (datetime.max - EPOCH).days
NAME_TEXT = 200
#: Kinds that foretell nothing by their single values.
SINGULAR = {"identifier", "text", "constant"}
FEW_BUCKETS, FEW_TOP = 10, 3


@dataclass(frozen=True)
class Surroundings:
    """What a column is described in view of: the target on the sampled rows (and which rows have one), and whether
    there is room for details."""

    labels: Labels | None
    labelled: Sequence[int]
    detailed: bool = True


def describe(
    column: ColumnReader, index: int, sampled: Sampled, around: Surroundings
) -> tuple[dict[str, Any], Measured]:
    """The figures of the column, and what they were taken from."""
    seen = seen_of(column, sampled)
    kind = kind_of(seen)
    measured = Measured(column, seen, kind, values_of(column, sampled))
    found: dict[str, Any] = {
        "name": shown(column.name, NAME_TEXT),
        "index": index,
        "kind": kind,
        "family": measured.family,
        "missing": column.missing,
        "distinct": column.levels.distinct,
        "distinct_exact": column.levels.exact,
        "sampled": not measured.values.exact,
    }
    measured.add_figures(found, around.detailed)
    if around.labels is not None and kind not in SINGULAR:
        found["association"] = _association(measured, sampled, around)
    return found, measured


class Measured:
    """A column with its kind, its values and its sorted numbers."""

    def __init__(self, column: ColumnReader, seen: Seen, kind: str, values: Values) -> None:
        self.column, self.kind, self.values = column, kind, values
        self.order = seen.order
        if not column.present:
            self.family = "none"
        elif seen.mostly(column.numeric):
            self.family = "numbers"
        else:
            self.family = "dates" if seen.mostly(seen.dates[seen.order]) else "words"
        self.numbers: Spread | None = None
        if self.family == "numbers":
            self.numbers = values.numbers(column.comma)
        elif self.family == "dates":
            self.numbers = values.dates(self.order)

    def add_figures(self, found: dict[str, Any], detailed: bool) -> None:
        """Add what fits the column's family."""
        if self.family == "numbers":
            found["numbers"] = self.column.moments.describe()
        elif self.family == "dates":
            span = self.column.dates[self.order]
            found["dates"] = {"first": day_text(span.low), "last": day_text(span.high), "order": self.order}
        elif self.family == "words":
            found["longest"] = self.column.longest
            if self.kind == "text":
                lengths = sorted(self.column.lengths.items())
                found["lengths"] = [
                    {"from": 1 << (bits - 1), "to": (1 << bits) - 1, "count": count} for bits, count in lengths
                ]
        if self.numbers is not None and self.numbers.values:
            key = "numbers" if self.family == "numbers" else "dates"
            found[key]["quantiles"] = quantiles(self.numbers)
            if self.kind not in SINGULAR:
                found["histogram"] = histogram(self.numbers, self.values.scale, BUCKETS if detailed else FEW_BUCKETS)
        if self.kind not in ("identifier", "text") and (detailed or self.family == "words"):
            found["top"] = self.values.top(TOP if detailed else FEW_TOP)
        found["basis"] = basis(self._spread, self._words, self._missing, self._weight)

    def drift(self, before: Mapping[str, Any]) -> dict[str, Any] | None:
        """How far the column has moved from the `basis` of the last data set."""
        return compare(before, self._spread, self._words, self._missing, self._weight)

    @property
    def _spread(self) -> Spread | None:
        return None if self.kind in ("identifier", "text") else self.numbers

    @property
    def _words(self) -> Values | None:
        """Values whose shares are compared: of free text, how long it is."""
        if self.family != "words" or self.kind == "identifier":
            return None
        if self.kind == "text":
            lengths = {f"{1 << (bits - 1)}–{(1 << bits) - 1}": n for bits, n in self.column.lengths.items()}
            return Values(lengths, 1.0, exact=True)
        return self.values

    @property
    def _missing(self) -> float:
        return self.column.missing / self.column.rows if self.column.rows else 0.0

    @property
    def _weight(self) -> float:
        """Rows that the figures rest on: all, or those in the sample with as many missing ones in proportion."""
        if self.values.exact:
            return self.column.rows
        return sum(self.values.weights.values()) / max(1 - self._missing, 1e-9)


def day_text(day: float) -> str:
    """Days since 1970 as people write them; what a zone puts before the first or after the last year is cut."""
    moment = EPOCH + timedelta(days=min(max(day, FIRST_DAY), LAST_DAY))
    return moment.isoformat(" ", "minutes")[: 10 if day == int(day) else None]


def _association(measured: Measured, sampled: Sampled, around: Surroundings) -> dict[str, Any] | None:
    """How well the column alone foretells the target."""
    if around.labels is None:
        return None
    texts = [sampled.texts[row] for row in around.labelled]
    if measured.family == "words":
        return association(around.labels, None, texts)
    place, comma = ORDERS.index(measured.order), measured.column.comma
    if measured.family == "dates":
        return association(around.labels, [days(text)[place] for text in texts], ())
    present = [text for text in texts if text not in MISSING]
    numbers = iter(numbers_or_none(present, comma))
    return association(around.labels, [None if text in MISSING else next(numbers) for text in texts], ())
