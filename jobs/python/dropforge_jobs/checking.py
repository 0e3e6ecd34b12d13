"""Whether a file can be read at all, found out by reading it once from end to end. Runs in the sandbox."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dropforge_jobs import jsonl, parquet
from dropforge_jobs.bombs import check_bytes
from dropforge_jobs.delimited import records
from dropforge_jobs.dialect import find_delimiter
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import DropFile, is_table
from dropforge_jobs.formats import JSONL, PARQUET, TSV, find_format
from dropforge_jobs.shown import shown


def check_file(file: DropFile, tabular: bool, wanted: str | None = None) -> None:
    """Raise TableError for a file that is hostile, or, in a `tabular` drop, is no table (of the format `wanted`).

    Documents beside a table are not looked into: nobody reads them.
    """
    if not tabular:
        check_bytes(file)
    elif is_table(file.name):
        _check_table(file, wanted)


def _check_table(file: DropFile, wanted: str | None) -> None:
    found = find_format(file)
    if found == PARQUET:
        _refuse_other(file, found, wanted)
        _exhaust(parquet.columns(file, list(parquet.schema(file))))
    elif found == JSONL:
        _refuse_other(file, found, wanted)
        jsonl.find_names([file])
    else:
        delimiter = find_delimiter(file)
        _refuse_other(file, TSV if delimiter == "\t" else found, wanted)
        _exhaust(records(file, delimiter))


def _exhaust(rows: Iterable[Any]) -> None:
    for _ in rows:
        pass


def _refuse_other(file: DropFile, found: str, wanted: str | None) -> None:
    if wanted not in (None, "auto", found):
        raise TableError(
            f"{shown(file.name)}: project.yaml says data.format: {wanted}, this is {found}: mend one of them",
            file=file.name,
        )
