"""A dropped table: one or several files with the same columns, read in chunks of columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from dropforge_jobs.dialect import find_delimiter, looks_like_header, sample
from dropforge_jobs.errors import TableError, TargetError
from dropforge_jobs.files import records, table_files

CHUNK_ROWS = 4096
#: Column names that an error message lists.
LISTED = 20


@dataclass(frozen=True)
class Chunk:
    """Some consecutive rows of one file: `columns[i][row]` is text, `raw[row]` the bytes as dropped."""

    file: str
    columns: list[Sequence[str]]
    lines: list[int]
    raw: list[bytes]


@dataclass(frozen=True)
class Table:
    """The files of a drop and how they are written. `header` tells whether any of them has one."""

    files: list[Path]
    delimiter: str
    names: list[str]
    header: bool

    @property
    def decimal_comma(self) -> bool:
        """Whether 1,5 is a number in this table."""
        return self.delimiter == ";"

    @property
    def header_line(self) -> bytes:
        """The header as dropped, with its line end; empty if there is none."""
        for path in self.files:
            for fields, _, raw in islice(records(path, self.delimiter), 1):
                if _names(fields) == self.names:
                    return with_newline(raw)
        return b""

    def chunks(self) -> Iterator[Chunk]:
        """All rows in the order of the files; TableError with file and line at a row of the wrong width."""
        for path in self.files:
            rows: list[list[str]] = []
            chunk = Chunk(path.name, [], [], [])
            for position, (fields, line, raw) in enumerate(records(path, self.delimiter)):
                if position == 0 and self._skip(fields, path):
                    continue
                if len(fields) != len(self.names):
                    raise TableError(self._width_problem(path, line, len(fields)))
                rows.append(fields)
                chunk.lines.append(line)
                chunk.raw.append(raw)
                if len(rows) == CHUNK_ROWS:
                    yield _filled(chunk, rows)
                    rows, chunk = [], Chunk(path.name, [], [], [])
            if rows:
                yield _filled(chunk, rows)

    def _skip(self, fields: list[str], path: Path) -> bool:
        """Whether a file's first row is the header; TableError if it is another table's."""
        if not self.header:
            return False
        names = _names(fields)
        if names != self.names and sorted(names) == sorted(self.names):
            raise TableError(f"{path.name}: its columns are in another order than in the drop's other files")
        return names == self.names

    def _width_problem(self, path: Path, line: int, found: int) -> str:
        """What to tell about a row with `found` fields."""
        return (
            f"{path.name}, line {line}: {len(self.names)} fields expected, {found} found: the row is torn, "
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


def with_newline(raw: bytes) -> bytes:
    """The row's bytes, with the line end that the last row of a file may lack."""
    return raw if raw.endswith(b"\n") else raw + b"\n"


def _filled(chunk: Chunk, rows: list[list[str]]) -> Chunk:
    chunk.columns.extend(zip(*rows))
    return chunk


def _names(fields: Sequence[str]) -> list[str]:
    """Column names as written; one without (an index that pandas wrote) is called after its position."""
    return [field or f"column_{index}" for index, field in enumerate(fields)]


def listed(names: Sequence[str]) -> str:
    """Names for a message, the first LISTED of them."""
    return ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")


def _target_problem(target: str, names: Sequence[str], header: bool, path: Path) -> str:
    """Why the target was not found, and what to write instead."""
    close = get_close_matches(target, names, 1, 0.6)
    if header:
        hint = f" Did you mean {close[0]!r}?" if close else ""
        return f"target {target!r} is not a column of {path.name}: {listed(names)}.{hint}"
    return (
        f"target {target!r}: {path.name} has no header row; name its {len(names)} columns under `columns:`, "
        "or give the target's index (0 is the first column, -1 the last)"
    )


def open_table(folder: Path, target: str | int | None = None, columns: Sequence[str] | None = None) -> Table:
    """Find out how the tables under `folder` are written.

    `columns` names the columns of files without header. Raises TableError for what is no table and for
    columns that do not fit.
    """
    files = table_files(folder)
    delimiter = find_delimiter(files[0])
    first = sample(files[0], delimiter)
    if columns:
        return _with_columns(files, delimiter, list(columns), first)
    names = _find_header(files, delimiter, target, first)
    if names is None:
        plain = [f"column_{index}" for index in range(len(first[0]))]
        return Table(files, delimiter, plain, header=False)
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        twice = ", ".join(map(repr, double))
        raise TableError(f"{files[0].name}: the header names {twice} twice: rename one")
    return Table(files, delimiter, names, header=True)


def _with_columns(files: list[Path], delimiter: str, columns: list[str], first: list[list[str]]) -> Table:
    """A table whose columns the project names; its files may still have that very header."""
    if len(first[0]) != len(columns):
        raise TableError(
            f"`columns` names {len(columns)} columns, {files[0].name} has {len(first[0])} in its first row"
        )
    firsts = [row for path in files for row, _, _ in islice(records(path, delimiter), 1)]
    header = any(_names(row) == columns for row in firsts)
    if not header and looks_like_header(first, from_text=False):
        raise TableError(
            f"{files[0].name} has a header of its own ({listed(first[0])}): leave `columns` out, or make them agree"
        )
    return Table(files, delimiter, columns, header)


def _find_header(
    files: list[Path], delimiter: str, target: str | int | None, first: list[list[str]]
) -> list[str] | None:
    """The column names in the drop's header, or None if no file has one."""
    if isinstance(target, str):
        for path in files:
            for fields, _, _ in islice(records(path, delimiter), 1):
                if target in _names(fields):
                    return _names(fields)
    return _names(first[0]) if looks_like_header(first) else None
