"""The first lines of a dropped file: enough to refuse a project.yaml that cannot fit. Pure.

Where it is not certain it says nothing (`fields` 0): the preparing job reads the whole table and decides.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from dropforge.plan import Head

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLE_BYTES = 65_536
SAMPLE_ROWS = 5
DELIMITERS = (",", "\t", ";", "|")
LONGEST_CELL = 80
LONGEST_LINE = 10_000
_MISSING = {"", "?", "na", "nan", "null", "none"}


def read_head(sample: bytes, whole: bool) -> Head:
    """What a file's first bytes show; `whole` if they are all of it."""
    try:
        text = sample.decode("utf-8-sig", errors="strict" if whole else "ignore")
    except UnicodeDecodeError:
        return Head()
    if "\0" in text:
        return Head()
    lines = text.splitlines(keepends=True)
    lines = lines if whole else lines[:-1]  # a cut line is left out, though it be the only one of a wide table
    tables = [table for d in DELIMITERS if (table := _table(lines, d))]
    if not tables:
        return Head()
    rows = max(tables, key=_numbers)
    header = _is_header(rows)
    if sum(map(len, rows[0])) > LONGEST_LINE:  # it travels through state machines, which carry 256 KiB in all
        return Head(fields=len(rows[0]), header=header)
    shown = [[cell[:LONGEST_CELL] for cell in row] for row in rows[: SAMPLE_ROWS + header]]
    return Head(
        columns=rows[0] if header else None,
        fields=len(rows[0]),
        header=header,
        rows=shown[header:],
    )


def _table(lines: Sequence[str], delimiter: str) -> list[list[str]] | None:
    """The rows, if this delimiter gives every one the same number of fields, and more than one."""
    try:
        rows = [row for row in csv.reader(io.StringIO("".join(lines)), delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return None
    if not rows or len(rows[0]) < 2 or len({len(row) for row in rows}) > 1:  # noqa: PLR2004
        return None
    return [[cell.strip() for cell in row] for row in rows]


def _numbers(rows: list[list[str]]) -> float:
    cells = [cell for row in rows for cell in row]
    return sum(map(_is_number, cells)) / len(cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", ""))
    except ValueError:
        return cell.lower() in _MISSING
    return True


def _is_header(rows: list[list[str]]) -> bool:
    """Distinct names that are no numbers, above a column that is one of numbers."""
    first, rest = rows[0], rows[1:]
    if len(set(first)) < len(first) or any(_is_number(name) for name in first):
        return False
    return any(all(_is_number(row[i]) for row in rest) for i in range(len(first))) if rest else False
