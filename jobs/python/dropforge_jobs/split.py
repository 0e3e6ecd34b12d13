"""Who learns, who validates, who tests: decided by the rows' content, never by their order.

Each row has a hash of its fields and the seed. Sorting by it and cutting gives the same rows in each part however
rows and files are ordered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dropforge_jobs.errors import SettingsError, SplitError

TRAIN, VALIDATION, TEST, LEFT_OUT = 0, 1, 2, 3
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class SplitSettings:
    """How to divide: shares of all rows, and at most one of a time and a group column."""

    test: float = 0.2
    validation: float = 0.1
    seed: int = 0
    time: str | None = None
    group: str | None = None
    stratify: bool = True

    @classmethod
    def read(cls, content: dict[str, Any]) -> SplitSettings:
        """Read the `split` of a settings file; SettingsError for shares that leave nothing to learn from."""
        by = content.get("by") or {}
        result = cls(
            test=float(content.get("test", cls.test)),
            validation=float(content.get("validation", cls.validation)),
            seed=int(content.get("seed") or 0),
            time=by.get("time"),
            group=by.get("group"),
            stratify=bool(content.get("stratify", True)),
        )
        if result.test < 0 or result.validation < 0 or result.test + result.validation >= 1:
            raise SettingsError(
                f"split: test {result.test} and validation {result.validation} must be at least 0 and together "
                "less than 1"
            )
        if result.time and result.group:
            raise SettingsError("split: by time or by group, not both")
        return result


def row_hash(fields: Sequence[str], seed: int) -> int:
    """64 bits that depend on nothing but the row's fields and the seed."""
    data = "\x1f".join(fields).encode("utf-8")
    digest = hashlib.blake2b(data, digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(digest, "big")


def _sizes(rows: int, settings: SplitSettings) -> tuple[int, int]:
    """Rows for validation and test: as near to the shares as can be, none empty that should have some."""
    test = max(1, round(rows * settings.test)) if settings.test else 0
    validation = max(1, round(rows * settings.validation)) if settings.validation else 0
    if test + validation >= rows:
        raise SplitError(f"{rows} usable rows are too few to be divided into training, validation and test")
    return validation, test


def split_rows(hashes: Array, settings: SplitSettings) -> Array:
    """Parts (uint8: TRAIN, VALIDATION, TEST) of rows drawn at random, given their hashes."""
    return split_sorted(np.argsort(hashes, kind="stable"), settings)


def split_sorted(order: Array, settings: SplitSettings) -> Array:
    """Parts of rows in a given order: the last for testing, those before for validation, the first to learn."""
    rows = len(order)
    validation, test = _sizes(rows, settings)
    parts = np.zeros(rows, dtype=np.uint8)
    parts[order[rows - test :]] = TEST
    parts[order[rows - test - validation : rows - test]] = VALIDATION
    return parts


def split_time(times: Array, hashes: Array, settings: SplitSettings) -> Array:
    """Parts by time: the latest rows test. A row without time (NaN) counts as oldest."""
    return split_sorted(np.lexsort((hashes, np.nan_to_num(times, nan=-np.inf))), settings)


def split_classes(labels: Array, hashes: Array, settings: SplitSettings) -> Array:
    """Parts in which each class has its share; every class keeps at least one training row.

    A class too small for its share everywhere leaves the fraction to the classes with the largest remainders.
    """
    rows = len(labels)
    validation, test = _sizes(rows, settings)
    order = np.lexsort((hashes, labels))
    _, counts = np.unique(labels, return_counts=True)
    test_shares = _apportion(counts - 1, test)
    validation_shares = _apportion(counts - 1 - test_shares, validation)
    parts = np.zeros(rows, dtype=np.uint8)
    start = 0
    for count, tests, validations in zip(counts, test_shares, validation_shares):
        members = order[start : start + count]
        parts[members[:tests]] = TEST
        parts[members[tests : tests + validations]] = VALIDATION
        start += count
    return parts


def _apportion(room: Array, seats: int) -> Array:
    """Divide `seats` in proportion to `room`, by largest remainders, giving none more than its room."""
    if seats > room.sum():
        raise SplitError("too few rows per class to be divided into training, validation and test")
    if not seats:
        return np.zeros_like(room)
    exact = room * (seats / room.sum())
    shares: Array = np.minimum(np.floor(exact).astype(room.dtype), room)
    ranked = np.lexsort((np.arange(len(room)), -(exact - shares)))
    for place in np.concatenate([ranked, ranked]):
        if shares.sum() == seats:
            break
        shares[place] += int(shares[place] < room[place])
    return shares


def split_groups(groups: Array, settings: SplitSettings) -> Array:
    """Parts in which no group is divided; `groups` holds a hash per row, equal within a group.

    Groups are taken in the order of their hashes until a part has its share; one that would overshoot it by more
    than a quarter is passed over, unless the part would stay empty.
    """
    values, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    shares = _sizes(len(groups), settings)
    wanted = [(part, size) for part, size in zip((TEST, VALIDATION), reversed(shares)) if size]
    if len(values) <= len(wanted):
        raise SplitError(f"{len(values)} groups cannot be divided into {len(wanted) + 1} parts")
    of_group = np.zeros(len(values), dtype=np.uint8)
    for position, (part, size) in enumerate(wanted):
        free = np.flatnonzero(of_group == TRAIN)
        for group in _take(free, counts, size, len(wanted) - position):
            of_group[group] = part
    parts: Array = of_group[inverse.reshape(-1)]
    return parts


def _take(free: Array, counts: Array, size: int, others: int) -> list[int]:
    """Groups for a part of about `size` rows, leaving at least `others` groups for the parts after it."""
    taken: list[int] = []
    rows = 0
    for group in free:
        if rows >= size or len(free) - len(taken) <= others:
            break
        if rows + counts[group] <= size * 1.25:
            taken.append(int(group))
            rows += int(counts[group])
    return taken or [int(min(free, key=lambda group: (counts[group], group)))]
