"""The first reading of a drop: the target's values, a hash for each row, and what a split goes by."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np

from dropforge_jobs import problem as problems
from dropforge_jobs.errors import SplitError
from dropforge_jobs.numerics import numbers
from dropforge_jobs.split import (
    LEFT_OUT,
    SplitSettings,
    row_hash,
    split_classes,
    split_groups,
    split_rows,
    split_time,
)
from dropforge_jobs.tables import Chunk, Table
from dropforge_jobs.values import MISSING, ORDERS, moment

Array = np.ndarray[Any, Any]
MISSING_CODE = -1


@dataclass(frozen=True)
class Scan:
    """What the first reading found, row by row: `codes` index into `values`, the target's distinct texts."""

    values: list[str]
    codes: Array
    hashes: Array
    times: Array | None
    groups: Array | None
    decimal_comma: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """How often each of the target's values occurs."""
        present = self.codes[self.codes != MISSING_CODE]
        return dict(zip(self.values, np.bincount(present, minlength=len(self.values)).tolist()))

    def labels(self, problem: str, classes: list[str] | None) -> Array:
        """The label of each row: class index or number; NaN where the target is missing or no class."""
        known = problems.label_values(problem, self.values, classes, self.decimal_comma)
        result: Array = np.append(known, np.nan)[self.codes]
        return result


class _Reader:
    """Gathers what `Scan` holds, chunk by chunk."""

    def __init__(self, target: int | None, settings: SplitSettings, by: int | None) -> None:
        self.target = target
        self.settings = settings
        self.by = by
        self.places: dict[str, int] = {}
        self.codes = array("i")
        self.hashes = array("Q")
        self.groups: list[Array] = []
        self.times = _Times()

    def add(self, chunk: Chunk) -> None:
        rows = range(len(chunk.lines))
        self.hashes.extend(row_hash(fields, self.settings.seed) for fields in zip(*chunk.columns))
        if self.target is None:
            self.codes.extend(0 for _ in rows)
        else:
            for text in chunk.columns[self.target]:
                place = MISSING_CODE if text in MISSING else self.places.setdefault(text, len(self.places))
                self.codes.append(place)
        if self.by is not None:
            texts = chunk.columns[self.by]
            if self.settings.group:
                self.groups.append(self._group_keys(texts))
            else:
                self.times.add(texts)

    def _group_keys(self, texts: Any) -> Array:
        """A hash per group; a row without a group is one of its own."""
        own = self.hashes[-len(texts) :]
        seed = self.settings.seed
        keys = (row if text in MISSING else row_hash([text], seed) for text, row in zip(texts, own))
        return np.fromiter(keys, dtype=np.uint64, count=len(texts))


class _Times:
    """Times as sortable numbers: days since 1970 for dates, numbers as they are, NaN for what is missing.

    Both orders of day and month are read; the one that fails less often is right, and month first where none
    fails.
    """

    def __init__(self) -> None:
        self.keys: dict[str, list[Array]] = {order: [] for order in ORDERS}
        self.failed: dict[str, list[str]] = {order: [] for order in ORDERS}

    def add(self, texts: Any) -> None:
        values, odd = numbers(texts)
        for order in ORDERS:
            keys = values.copy()
            for row in odd:
                parsed = moment(texts[row], order)
                if parsed is None:
                    self.failed[order].append(texts[row])
                else:
                    keys[row] = parsed[1]
            self.keys[order].append(keys)

    def result(self) -> Array:
        order = min(reversed(ORDERS), key=lambda name: len(self.failed[name]))
        if self.failed[order]:
            raise SplitError(f"split by time: {self.failed[order][0]!r} is neither a date nor a number")
        return np.concatenate(self.keys[order])


def scan(table: Table, target: int | None, settings: SplitSettings) -> Scan:
    """Read the table once. Raises TableError for a row that is torn, SplitError for a time that is none."""
    by = None
    if settings.time or settings.group:
        by = table.column_index(settings.time or settings.group or "", "split")
    reader = _Reader(target, settings, by)
    for chunk in table.chunks():
        reader.add(chunk)
    return Scan(
        values=list(reader.places),
        codes=np.frombuffer(reader.codes, dtype=np.int32).copy() if reader.codes else np.empty(0, np.int32),
        hashes=np.frombuffer(reader.hashes, dtype=np.uint64).copy() if reader.hashes else np.empty(0, np.uint64),
        times=reader.times.result() if settings.time else None,
        groups=np.concatenate(reader.groups) if settings.group else None,
        decimal_comma=table.decimal_comma,
    )


def divide(found: Scan, labels: Array, classify: bool, settings: SplitSettings) -> Array:
    """The part (uint8) of every row; LEFT_OUT for rows without a label. Raises SplitError."""
    used = ~np.isnan(labels)
    parts = np.full(len(labels), LEFT_OUT, dtype=np.uint8)
    hashes = found.hashes[used]
    if found.groups is not None:
        parts[used] = split_groups(found.groups[used], settings)
    elif found.times is not None:
        parts[used] = split_time(found.times[used], hashes, settings)
    elif classify and settings.stratify:
        parts[used] = split_classes(labels[used], hashes, settings)
    else:
        parts[used] = split_rows(hashes, settings)
    return parts
