"""The one pass over the table."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

from dropforge_jobs.profile.column import ColumnReader
from dropforge_jobs.profile.rows import Duplicates, RowSample, hashes, packed_rows
from dropforge_jobs.profile.settings import ALL_LEVELS, EXACT_LEVELS
from dropforge_jobs.profile.target import TargetReader
from dropforge_jobs.tables import Table

LEAST_LEVELS = 12
PROGRESS_SECONDS = 10.0


@dataclass
class Reading:
    """What one pass has counted."""

    columns: list[ColumnReader]
    duplicates: Duplicates
    sample: RowSample
    target: TargetReader | None
    rows: int = 0


def read(table: Table, target: int | None) -> Reading:
    """Read the table once."""
    bound = min(EXACT_LEVELS, max(LEAST_LEVELS, ALL_LEVELS // max(len(table.names), 1)))
    columns = [
        ColumnReader(name, table.decimal_comma, EXACT_LEVELS if index == target else bound)
        for index, name in enumerate(table.names)
    ]
    found = Reading(columns, Duplicates(), RowSample(), None if target is None else TargetReader(target))
    told = time.monotonic()
    for chunk in table.chunks():
        found.rows += len(chunk.lines)
        packed = packed_rows(chunk.columns)
        keys = hashes(packed)
        found.duplicates.add(chunk, keys)
        found.sample.add(chunk, packed, keys)
        for index, (column, texts) in enumerate(zip(columns, chunk.columns)):
            odd = column.add(texts)
            if found.target and index == target:
                found.target.add(chunk, odd)
        if time.monotonic() - told > PROGRESS_SECONDS:
            told = time.monotonic()
            print(f"profile: {found.rows} rows read", file=sys.stdout, flush=True)
    return found
