"""How the files of a drop are written, and whether they are one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from dropforge_jobs import jsonl, parquet
from dropforge_jobs.delimited import records
from dropforge_jobs.dialect import find_delimiter, looks_like_header, sample
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import DropFile
from dropforge_jobs.formats import CSV, JSONL, PARQUET, TSV, find_format
from dropforge_jobs.lines import Seen
from dropforge_jobs.shown import shown

#: Names that a message lists.
_LISTED = 20
_NAMES = {CSV: "delimited text", JSONL: "JSON Lines", PARQUET: "Parquet"}


@dataclass
class Layout:
    """What `open_table` found out."""

    files: list[DropFile]
    delimiter: str
    names: list[str]
    header: bool
    format: str
    types: list[str] | None = None
    seen: Seen = field(default_factory=Seen)


def column_names(fields: Sequence[str]) -> list[str]:
    """Column names as written; one without (an index that pandas wrote) is called after its position."""
    return [name or f"column_{index}" for index, name in enumerate(fields)]


def find_layout(
    files: list[DropFile], target: str | int | None, columns: list[str] | None, misfits: dict[str, str] | None
) -> Layout:
    """The common layout of the files; see `tables.open_table`."""
    agreeing = _Agreeing(misfits)
    found = find_format(files[0])
    first = files[0]
    files = agreeing.those(files, lambda file: _check_format(file, first, found))
    if found == PARQUET:
        return _parquet_layout(files, columns, agreeing)
    if found == JSONL:
        return _jsonl_layout(files, columns)
    return _delimited_layout(files, target, columns, agreeing)


class _Agreeing:
    """Leaves out the files that are no part of the table and tells why, or, without `misfits`, raises at the first."""

    def __init__(self, misfits: dict[str, str] | None) -> None:
        self.misfits = misfits

    def those(self, files: Iterable[DropFile], check: Callable[[DropFile], None]) -> list[DropFile]:
        """The files that `check` does not raise a TableError for."""
        return [file for file in files if self._agrees(file, check)]

    def _agrees(self, file: DropFile, check: Callable[[DropFile], None]) -> bool:
        try:
            check(file)
        except TableError as error:
            if self.misfits is None:
                raise
            self.misfits[file.name] = str(error)
            return False
        return True


def _check_format(file: DropFile, first: DropFile, wanted: str) -> None:
    found = find_format(file)
    if found != wanted:
        raise TableError(
            f"{shown(file.name)}: this is {_NAMES[found]}, but {shown(first.name)} is {_NAMES[wanted]}: the files of a "
            "drop are one table, in one format",
            file=file.name,
        )


def _jsonl_layout(files: list[DropFile], columns: list[str] | None) -> Layout:
    names = jsonl.find_names(files)
    return Layout(files, ",", _ordered(files[0], names, columns), header=True, format=JSONL)


def _parquet_layout(files: list[DropFile], columns: list[str] | None, agreeing: _Agreeing) -> Layout:
    first = parquet.schema(files[0])

    def check(file: DropFile) -> None:
        found = first if file == files[0] else parquet.schema(file)
        if found.keys() != first.keys():
            raise _other_columns(file, files[0], list(found))

    names = _ordered(files[0], list(first), columns)
    types = [first[name] for name in names]
    return Layout(agreeing.those(files, check), ",", names, header=True, format=PARQUET, types=types)


def _other_columns(file: DropFile, first: DropFile, names: Sequence[str]) -> TableError:
    listed = ", ".join(shown(name, 80) for name in names[:_LISTED])
    return TableError(
        f"{shown(file.name)}: its columns ({listed}) are not those of {shown(first.name)}", file=file.name
    )


def _ordered(file: DropFile, names: list[str], columns: list[str] | None) -> list[str]:
    """The names in the order in which the project gives them, if it does: it may not add or leave out any."""
    if columns is None or columns == names:
        return names
    for name in [*columns, *names]:
        if (name in names) != (name in columns):
            where = "the data have none" if name in columns else "does not name it"
            raise TableError(f"`columns` and {shown(file.name)} disagree about the column {shown(name, 80)!r}: {where}")
    return columns


def _delimited_layout(
    files: list[DropFile], target: str | int | None, columns: list[str] | None, agreeing: _Agreeing
) -> Layout:
    delimiter = find_delimiter(files[0])
    first = sample(files[0], delimiter)
    kind = TSV if delimiter == "\t" else CSV
    if columns:
        header = _own_header(files, delimiter, columns, first)
        names = columns
    else:
        found = _find_header(files, delimiter, target, first)
        header = found is not None
        names = found or [f"column_{index}" for index in range(len(first[0]))]
    double = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if double:
        twice = ", ".join(shown(name, 80).join("''") for name in double[:_LISTED])
        raise TableError(f"{shown(files[0].name)}: the header names {twice} twice: rename one", file=files[0].name)
    layout = Layout(files, delimiter, names, header, kind)
    layout.files = agreeing.those(files, lambda file: _check_delimited(file, layout))
    return layout


def _check_delimited(file: DropFile, layout: Layout) -> None:
    """TableError for a file with another delimiter or another header than the drop's first."""
    first = layout.files[0]
    rows = sample(file, layout.delimiter)
    if not rows:
        raise TableError(f"{shown(file.name)}: the file holds no row", file=file.name)
    if file == first:
        return
    if len(rows[0]) == 1:
        other = find_delimiter(file)
        if other != layout.delimiter:
            raise TableError(
                f"{shown(file.name)}: its fields are divided by {other!r}, those of {shown(first.name)} by "
                f"{layout.delimiter!r}",
                file=file.name,
            )
    names = column_names(rows[0])
    other_names = layout.header and sorted(names) != sorted(layout.names)
    if other_names and looks_like_header(rows, from_text=False):
        raise _other_columns(file, first, names)


def _own_header(files: list[DropFile], delimiter: str, columns: list[str], first: list[list[str]]) -> bool:
    """Whether files whose columns the project names have that very header nevertheless."""
    if len(first[0]) != len(columns):
        raise TableError(
            f"`columns` names {len(columns)} columns, {shown(files[0].name)} has {len(first[0])} in its first row"
        )
    firsts = (row for file in files for row, _, _ in islice(records(file, delimiter), 1))
    header = any(column_names(row) == columns for row in firsts)
    if not header and looks_like_header(first, from_text=False):
        listed = ", ".join(shown(name, 80) for name in first[0][:_LISTED])
        raise TableError(
            f"{shown(files[0].name)} has a header of its own ({listed}): leave `columns` out, or make them agree"
        )
    return header


def _find_header(
    files: list[DropFile], delimiter: str, target: str | int | None, first: list[list[str]]
) -> list[str] | None:
    """The column names in the drop's header, or None if no file has one."""
    if isinstance(target, str):
        for file in files:
            for fields, _, _ in islice(records(file, delimiter), 1):
                if target in column_names(fields):
                    return column_names(fields)
    return column_names(first[0]) if looks_like_header(first) else None
