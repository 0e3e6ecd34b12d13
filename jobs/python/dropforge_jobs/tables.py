"""A dropped table: one or several files with the same columns, read in chunks of columns, whatever their format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from dropforge_jobs import jsonl, limits, parquet
from dropforge_jobs.chunks import Chunk, CsvRows, Ragged, with_newline
from dropforge_jobs.delimited import csv_row, records
from dropforge_jobs.errors import TableError, TargetError
from dropforge_jobs.files import DropFile, table_files
from dropforge_jobs.formats import CSV, JSONL, PARQUET
from dropforge_jobs.layout import Layout, column_names, find_layout
from dropforge_jobs.lines import Seen
from dropforge_jobs.shown import shown
from dropforge_jobs.unpack import is_gzip

__all__ = ["Chunk", "DropFile", "Ragged", "Table", "listed", "open_table", "with_newline"]

CHUNK_ROWS = 4096
#: Column names that an error message lists.
LISTED = 20
Row = tuple[list[str], int, bytes]


@dataclass(frozen=True)
class Table:
    """The files of a drop and how they are written. `header` tells whether any of them has one.

    `format` is csv, tsv, jsonl or parquet; `types` has the Arrow types that a Parquet file declares. `on_ragged`
    tells what becomes of a row of the wrong width: "refuse" it with a TableError, or "skip" and count it.
    """

    files: list[DropFile]
    delimiter: str
    names: list[str]
    header: bool
    format: str = CSV
    types: list[str] | None = None
    on_ragged: str = "refuse"
    ragged: Ragged = field(default_factory=Ragged)
    seen: Seen = field(default_factory=Seen)

    @property
    def decimal_comma(self) -> bool:
        """Whether 1,5 is a number in this table."""
        return self.delimiter == ";"

    @property
    def encoding(self) -> str:
        """How the text that was read so far is encoded."""
        return self.seen.encoding

    @property
    def compression(self) -> str:
        """`gzip` if any of the files is, else `none`."""
        return "gzip" if any(is_gzip(file.path) for file in self.files) else "none"

    @property
    def header_line(self) -> bytes:
        """The header as dropped, with its line end (that of the CSV, where rows have keys); empty if there is none."""
        if self.format in (JSONL, PARQUET):
            return csv_row(self.names)
        for file in self.files:
            for fields, _, raw in islice(records(file, self.delimiter), 1):
                if column_names(fields) == self.names:
                    return with_newline(raw)
        return b""

    def chunks(self) -> Iterator[Chunk]:
        """All rows in the order of the files; TableError with file and line for what cannot be read."""
        self.ragged.count = 0
        self.ragged.rows.clear()
        for file in self.files:
            yield from self.file_chunks(file)

    def file_chunks(self, file: DropFile) -> Iterator[Chunk]:
        """The rows of one of the files."""
        if self.format == PARQUET:
            yield from self._parquet_chunks(file)
        elif self.format == JSONL:
            names, nothing = self.names, ""
            found = jsonl.records(file, self.seen)
            yield from self._gathered(file, (([r.get(n, nothing) for n in names], line, raw) for r, line, raw in found))
        else:
            yield from self._gathered(file, self._delimited(file))

    def _delimited(self, file: DropFile) -> Iterator[Row]:
        width = len(self.names)
        for position, (fields, line, raw) in enumerate(records(file, self.delimiter, self.seen)):
            if position == 0 and self._skip(fields, file):
                continue
            if len(fields) == width:
                yield fields, line, raw
            elif self.on_ragged == "skip":
                self.ragged.add(file.name, line, raw)
            else:
                raise TableError(self._width_problem(file, line, len(fields)), file=file.name, line=line)

    def _gathered(self, file: DropFile, rows: Iterator[Row]) -> Iterator[Chunk]:
        """Rows in chunks of bounded size."""
        most = max(1, min(CHUNK_ROWS, limits.CHUNK_CELLS // len(self.names)))
        texts: list[list[str]] = []
        lines: list[int] = []
        raws: list[bytes] = []
        size = 0
        for fields, line, raw in rows:
            texts.append(fields)
            lines.append(line)
            raws.append(raw)
            size += len(raw)
            if len(texts) == most or size >= limits.CHUNK_BYTES:
                yield Chunk(file.name, list(zip(*texts)), lines, raws, self.format)
                texts, lines, raws, size = [], [], [], 0
        if texts:
            yield Chunk(file.name, list(zip(*texts)), lines, raws, self.format)

    def _parquet_chunks(self, file: DropFile) -> Iterator[Chunk]:
        start = 1
        for columns in parquet.columns(file, self.names):
            rows = len(columns[0])
            yield Chunk(file.name, list(columns), list(range(start, start + rows)), CsvRows(columns), self.format)
            start += rows

    def _skip(self, fields: list[str], file: DropFile) -> bool:
        """Whether a file's first row is the header; TableError if it is another table's."""
        if not self.header:
            return False
        names = column_names(fields)
        if names != self.names and sorted(names) == sorted(self.names):
            raise TableError(
                f"{shown(file.name)}: its columns are in another order than in the drop's other files", file=file.name
            )
        return names == self.names

    def _width_problem(self, file: DropFile, line: int, found: int) -> str:
        """What to tell about a row with `found` fields."""
        return (
            f"{shown(file.name)}, line {line}: {len(self.names)} fields expected, {found} found: the row is torn, "
            "or a field with a delimiter in it lacks its quotes"
        )

    def target_index(self, target: str | int) -> int:
        """The position of the column that `target` names, or counts from 0 (-1 is the last)."""
        if isinstance(target, int):
            if not -len(self.names) <= target < len(self.names):
                raise TargetError(
                    f"target {target}: the table has {len(self.names)} columns, 0 to {len(self.names) - 1}"
                )
            return target % len(self.names)
        if target in self.names:
            return self.names.index(target)
        raise TargetError(_target_problem(target, self.names, self.header, self.files[0]))

    def column_index(self, name: str, purpose: str) -> int:
        """The position of the column `name`; TargetError tells what it was wanted for."""
        if name in self.names:
            return self.names.index(name)
        raise TargetError(f"{purpose}: no column is called {name!r}; there are: {listed(self.names)}")


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first LISTED of them."""
    return ", ".join(shown(name) for name in names[:LISTED]) + (", …" if len(names) > LISTED else "")


def _target_problem(target: str, names: Sequence[str], header: bool, file: DropFile) -> str:
    """Why the target was not found, and what to write instead."""
    close = get_close_matches(target, names, 1, 0.6)
    if header:
        hint = f" Did you mean {close[0]!r}?" if close else ""
        return f"target {target!r} is not a column of {shown(file.name)}: {listed(names)}.{hint}"
    return (
        f"target {target!r}: {shown(file.name)} has no header row; name its {len(names)} columns under `columns:`, "
        "or give the target's index (0 is the first column, -1 the last)"
    )


def open_table(
    where: Path | Sequence[DropFile],
    target: str | int | None = None,
    columns: Sequence[str] | None = None,
    on_ragged: str = "refuse",
    misfits: dict[str, str] | None = None,
) -> Table:
    """Find out how the tables among the files of `where` (a folder, or files) are written.

    `columns` names the columns of files without header. Raises TableError for what is no table, for columns that do
    not fit, and for a file that is of another format or has other columns than the first; with `misfits`, such
    files are left out instead, and told there by their names.
    """
    files = table_files(where)
    layout: Layout = find_layout(files, target, list(columns) if columns else None, misfits)
    return Table(
        files=layout.files,
        delimiter=layout.delimiter,
        names=layout.names,
        header=layout.header,
        format=layout.format,
        types=layout.types,
        on_ragged=on_ragged,
        seen=layout.seen,
    )
