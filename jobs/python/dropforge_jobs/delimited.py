"""The records of a delimited text file (CSV, TSV, …), with the bytes that they were dropped as."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from dropforge_jobs import limits
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import DropFile
from dropforge_jobs.lines import Seen, lines
from dropforge_jobs.shown import shown

#: A record is refused before one of its fields can be longer than this.
csv.field_size_limit(limits.LINE_BYTES)
END_OF_FILE = ["\x1a"]
_BLANK = frozenset([b"\n", b"\r\n", b"\r"])


def parse(text_lines: Iterator[str], delimiter: str) -> csv._reader:  # type: ignore[name-defined]
    """A csv reader that strips the space after a delimiter and refuses broken quotes."""
    return csv.reader(text_lines, delimiter=delimiter, skipinitialspace=True, strict=True)


class _Taken:
    """The lines of the record that is being read; it is refused before it is too long to be held."""

    def __init__(self, file: DropFile, seen: Seen | None) -> None:
        self.file = file
        self.seen = seen
        self.number = 0
        self.first = 1
        self.size = 0
        self.raw: list[bytes] = []

    def start(self) -> None:
        self.first = self.number + 1
        self.size = 0
        self.raw.clear()

    def texts(self) -> Iterator[str]:
        for raw, text in lines(self.file, self.seen):
            self.number += 1
            if raw in _BLANK and not self.raw:  # between two records, of which the next has not begun
                self.first += 1
                continue
            self.size += len(raw)
            if self.size > limits.LINE_BYTES:
                raise self.broken(f"a quoted field runs over more than {limits.LINE_BYTES // limits.MIB} MiB")
            self.raw.append(raw)
            yield text

    def broken(self, reason: object) -> TableError:
        return TableError(
            f"{shown(self.file.name)}, line {self.first}: broken quoting ({reason}): close each quote and write a quote"
            ' inside a quoted field as ""',
            file=self.file.name,
            line=self.first,
        )


def records(file: DropFile, delimiter: str, seen: Seen | None = None) -> Iterator[tuple[list[str], int, bytes]]:
    """The records of a file: stripped fields, number of the first line, the bytes as dropped.

    Blank lines are passed over. Raises TableError, with file and line, where the quoting is broken, and for a row
    with more fields than a table may have columns.
    """
    taken = _Taken(file, seen)
    reader = parse(taken.texts(), delimiter)
    while True:
        taken.start()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise taken.broken(error) from error
        if len(fields) > limits.COLUMNS:
            raise TableError(
                f"{shown(file.name)}, line {taken.first}: {len(fields):,} fields: a table may have "
                f"{limits.COLUMNS:,} columns",
                file=file.name,
                line=taken.first,
            )
        if (any(fields) or len(fields) > 1) and fields != END_OF_FILE:
            yield [field.strip() for field in fields], taken.first, b"".join(taken.raw)


def csv_row(texts: Sequence[str]) -> bytes:
    """A row as CSV with commas, in UTF-8, as `records` reads it back."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerow(texts)
    return stream.getvalue().encode("utf-8")
