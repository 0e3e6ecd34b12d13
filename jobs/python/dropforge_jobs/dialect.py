"""How a delimited file is written: its delimiter, and whether its first row is a header."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from dropforge_jobs import limits
from dropforge_jobs.delimited import parse, records
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import DropFile
from dropforge_jobs.lines import lines
from dropforge_jobs.shown import shown
from dropforge_jobs.values import MISSING, number

DELIMITERS = (",", "\t", ";", "|")
SAMPLE_LINES = 500
SAMPLE_BYTES = limits.MIB
#: From so many fields one can tell how many are numbers.
SCORED_FIELDS = 50_000
#: A share of rows with the usual number of fields below which a delimiter is not believed.
CONSISTENT = 0.8


def sample(file: DropFile, delimiter: str) -> list[list[str]]:
    """The first records of a file: at most 500, and no more than a MiB of them but for the first two."""
    found: list[list[str]] = []
    size = 0
    for fields, _, raw in islice(records(file, delimiter), SAMPLE_LINES):
        size += len(raw)
        if size > SAMPLE_BYTES and len(found) > 1:
            break
        found.append(fields)
    return found


def _first_lines(file: DropFile) -> list[str]:
    found: list[str] = []
    size = 0
    for raw, text in islice(lines(file), SAMPLE_LINES):
        size += len(raw)
        if size > SAMPLE_BYTES and len(found) > 1:
            break
        found.append(text)
    return found


def _whole_rows(text_lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """The records that end within the lines. Raises csv.Error if the quoting is broken before the last of them."""
    reader = parse(iter(text_lines), delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # A quoted field that is still open at the sample's end runs on behind it.
            if reader.line_num < len(text_lines):
                raise
            return
        if row:
            yield row


def _score(text_lines: Sequence[str], delimiter: str) -> tuple[bool, float, int] | None:
    """How well `delimiter` explains the lines: consistent?, share of numeric fields, fields per row."""
    widths: Counter[int] = Counter()
    fields = numeric = 0
    try:
        for row in _whole_rows(text_lines, delimiter):
            widths[len(row)] += 1
            if fields > SCORED_FIELDS:
                continue
            fields += len(row)
            stripped = (field.strip() for field in row)
            numeric += sum(field in MISSING or number(field, delimiter == ";") is not None for field in stripped)
    except csv.Error:
        return None
    if not widths:
        return None
    width, count = widths.most_common(1)[0]
    if width == 1:
        return None
    return count / sum(widths.values()) >= CONSISTENT, round(numeric / fields, 2), width


def find_delimiter(file: DropFile) -> str:
    """The delimiter of the table in `file`; TableError if no usual one divides its rows.

    Of those that give every row the same number of fields, the one that yields most numbers wins: 1,5;2,5 has
    two numbers with a decimal comma, not three odd fields.
    """
    first = _first_lines(file)
    scores = {}
    for delimiter in DELIMITERS:
        score = _score(first, delimiter)
        if score is not None:
            scores[delimiter] = score
    if not scores:
        if not first:
            raise TableError(f"{shown(file.name)}: the file holds no row", file=file.name)
        sample(file, ",")  # names the line where the quoting is broken, if it is
        raise TableError(
            f"{shown(file.name)}: only one column was found with the delimiters comma, tab, semicolon and bar; "
            "a table needs a target and at least one more column",
            file=file.name,
        )
    return max(scores, key=lambda delimiter: (scores[delimiter], -DELIMITERS.index(delimiter)))


def _numeric(field: str) -> bool:
    return field in MISSING or number(field, decimal_comma=True) is not None


def _numbers_only(column: Sequence[str]) -> bool:
    return all(map(_numeric, column)) and any(field not in MISSING for field in column)


def looks_like_header(rows: Sequence[Sequence[str]], from_text: bool = True) -> bool:
    """Whether the first of `rows` is likely to be a header: distinct names where later rows hold values.

    It is if some column is numeric below a name, or else (with `from_text`, a guess) in a table of text, if no
    name occurs again in its column while the values below do.
    """
    first, rest = rows[0], rows[1:]
    if not rest or len(set(first)) < len(first):
        return False
    if list(first) == [str(index) for index in range(len(first))]:
        return True  # what pandas writes for a frame without names
    names = [field for field in first if field]
    if len(names) < len(first) - 1 or any(_numeric(name) for name in names):
        return False
    columns = list(zip(*(row for row in rest if len(row) == len(first))))
    if any(map(_numbers_only, columns)):
        return True
    if not from_text:
        return False
    again = any(first[index] in column for index, column in enumerate(columns))
    repeating = any(len(set(column)) <= len(column) / 2 for column in columns)
    return not again and repeating
