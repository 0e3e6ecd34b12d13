"""Whole rows: how many are there twice, and a fixed sample of them.

Both go by a hash of the row, so they do not depend on the order of rows, on files or on chunks.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Any

from dropforge_jobs.profile.levels import LONGEST_KEY, key_of
from dropforge_jobs.profile.settings import EXACT_ROWS, OFFENDERS, SAMPLE_BYTES, SAMPLE_ROWS
from dropforge_jobs.tables import Chunk

PARTS = 64
WHOLE = 1 << 64
#: Hashes in which a duplicate's first occurrence is looked up while reading, to show the row at once.
REMEMBERED = 1 << 17
#: A row that occurs so often is counted on its own when there are too many hashes.
HEAVY = 1000
_GLUE = "\x1f"
_GLUE_BYTE = b"\x1f"


def packed_rows(columns: Sequence[Sequence[str]]) -> list[bytes]:
    """The fields of each row in one piece."""
    return [text.encode("utf-8", "surrogatepass") for text in map(_GLUE.join, zip(*columns))]


def hashes(packed: Sequence[bytes]) -> list[int]:
    """64 bits for each row, from its fields alone."""
    blake, number = hashlib.blake2b, int.from_bytes
    return [number(blake(row, digest_size=8).digest(), "big") for row in packed]


def _cut(packed: bytes, fields: Sequence[str]) -> bytes:
    """The row with its long fields cut."""
    if max(map(len, fields)) <= LONGEST_KEY and packed.count(_GLUE_BYTE) < len(fields):
        return packed
    cut = [key_of(field).replace(_GLUE, " ") for field in fields]
    return _GLUE.join(cut).encode("utf-8", "surrogatepass")


class Duplicates:
    """Counts rows that repeat an earlier one: exact for `bound` rows, then estimated from a fixed part of them."""

    def __init__(self, bound: int = EXACT_ROWS) -> None:
        self.bound = bound
        self.parts = [array("Q") for _ in range(PARTS)]
        self.kept = 0
        self.shift = 0
        #: Rows that occur very often: count, and how many such rows this one stands for.
        self.heavy: dict[int, list[int]] = {}
        self.first: set[int] = set()
        self.rows: list[dict[str, Any]] = []

    def add(self, chunk: Chunk, found: Sequence[int]) -> None:
        """Take in a chunk's rows with their hashes."""
        self._show(chunk, found)
        if self.heavy:
            for each in found:
                if each in self.heavy:
                    self.heavy[each][0] += 1
            found = [each for each in found if each not in self.heavy]
        if self.shift:
            found = [each for each in found if self._stays(each)]
        parts = self.parts
        for each in found:
            parts[each % PARTS].append(each)
        self.kept += len(found)
        if self.kept > self.bound:
            self._lighten()

    def _stays(self, each: int) -> bool:
        return not (each >> 8) % (1 << self.shift)

    def _lighten(self) -> None:
        """Set aside what occurs very often, then keep half of the hashes until they are few enough."""
        for index, part in enumerate(self.parts):
            often = {each: count for each, count in Counter(part).items() if count >= HEAVY}
            if often:
                self.heavy.update({each: [count, 1 << self.shift] for each, count in often.items()})
                self.parts[index] = array("Q", (each for each in part if each not in often))
        while sum(map(len, self.parts)) > self.bound // 2:
            self.shift += 1
            self.parts = [array("Q", filter(self._stays, part)) for part in self.parts]
        self.kept = sum(map(len, self.parts))

    def _show(self, chunk: Chunk, found: Sequence[int]) -> None:
        """Keep the first duplicates for people to look at."""
        full = len(self.first) >= REMEMBERED
        if full and (len(self.rows) >= OFFENDERS or self.first.isdisjoint(found)):
            return
        for row, each in enumerate(found):
            if each in self.first:
                if len(self.rows) < OFFENDERS:
                    self.rows.append({"file": chunk.file, "line": chunk.lines[row], "text": chunk.shown(row)})
            elif len(self.first) < REMEMBERED:
                self.first.add(each)

    def describe(self) -> dict[str, Any]:
        """`count` of rows beyond the first of each, and whether that is exact."""
        self.first = set()
        distinct = sum(len(set(part)) for part in self.parts)
        often = sum((count - 1) * stands_for for count, stands_for in self.heavy.values())
        return {"count": ((self.kept - distinct) << self.shift) + often, "exact": not self.shift}


class RowSample:
    """Rows whose hash falls below a limit, each different row once with its count; the limit halves when there are
    too many. So a row is in or out by its content alone, and a table up to the bound is there as a whole."""

    def __init__(self, rows: int = SAMPLE_ROWS, size: int = SAMPLE_BYTES) -> None:
        self.most_rows, self.most_bytes = rows, size
        self.limit = WHOLE
        self.size = 0
        self.rows: dict[int, list[Any]] = {}

    def add(self, chunk: Chunk, packed: Sequence[bytes], found: Sequence[int]) -> None:
        """Take in a chunk's rows with their hashes."""
        limit = self.limit
        for row, each in [(row, each) for row, each in enumerate(found) if each < limit]:
            if each >= self.limit:  # it was halved meanwhile
                continue
            known = self.rows.get(each)
            if known:
                known[0] += 1
                continue
            data = _cut(packed[row], [column[row] for column in chunk.columns])
            self.rows[each] = [1, data]
            self.size += len(data)
            while len(self.rows) > self.most_rows or (self.size > self.most_bytes and len(self.rows) > 1):
                self._halve()

    def _halve(self) -> None:
        self.limit >>= 1
        self.rows = {each: row for each, row in self.rows.items() if each < self.limit}
        self.size = sum(len(row[1]) for row in self.rows.values())

    @property
    def exact(self) -> bool:
        """Whether all rows are in it."""
        return self.limit == WHOLE

    def sorted(self) -> list[tuple[int, int, bytes]]:
        """Hash, count and packed fields of each row, in the order of the hashes."""
        return [(each, *self.rows[each]) for each in sorted(self.rows)]


def unpacked(rows: Sequence[tuple[int, int, bytes]], start: int, stop: int) -> list[tuple[str, ...]]:
    """Columns `start` to `stop` of the sampled rows."""
    fields = (row[2].decode("utf-8", "surrogatepass").split(_GLUE)[start:stop] for row in rows)
    return list(zip(*fields))
