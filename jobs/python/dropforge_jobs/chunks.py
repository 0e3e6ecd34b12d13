"""Some rows of a table: their columns as texts, their bytes as dropped, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dropforge_jobs.delimited import csv_row
from dropforge_jobs.formats import CSV, JSONL
from dropforge_jobs.shown import shown, shown_row

#: Rows of the wrong width that are kept, to be shown.
MOST_RAGGED = 5


class Rows(Protocol):
    """Rows as bytes."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> bytes: ...


@dataclass(frozen=True)
class Chunk:
    """Some consecutive rows of one file: `columns[i][row]` is text, `raw[row]` the bytes as dropped.

    `lines` has the first line of each row, or, for Parquet, its number.
    """

    file: str
    columns: list[Sequence[str]]
    lines: list[int]
    raw: Rows
    format: str = CSV

    def csv(self, row: int) -> bytes:
        """The row as delimited text: as it was dropped, if it was that, else with commas and quotes."""
        return csv_row([texts[row] for texts in self.columns]) if self.format == JSONL else self.dropped(row)

    def dropped(self, row: int) -> bytes:
        """The row as it was dropped, with its line end."""
        return with_newline(self.raw[row])

    def shown(self, row: int) -> str:
        """The row for a person: at most 200 characters, hidden ones as escapes."""
        return shown_row(self.raw[row])


class CsvRows:
    """The rows of columns as CSV, each made when it is asked for."""

    def __init__(self, columns: list[list[str]]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, row: int) -> bytes:
        return csv_row([texts[row] for texts in self.columns])


@dataclass
class Ragged:
    """Rows of the wrong width that the last reading passed over: how many, and the first few to be shown."""

    count: int = 0
    rows: list[dict[str, str | int]] = field(default_factory=list)

    def add(self, file: str, line: int, raw: bytes) -> None:
        """Count a row."""
        self.count += 1
        if len(self.rows) < MOST_RAGGED:
            self.rows.append({"file": shown(file), "line": line, "text": shown_row(raw)})


def with_newline(raw: bytes) -> bytes:
    """The row's bytes, with the line end that the last row of a file may lack."""
    return raw if raw.endswith((b"\n", b"\r")) else raw + b"\n"
