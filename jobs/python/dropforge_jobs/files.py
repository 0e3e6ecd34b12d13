"""The files of a drop: which are tables, and their lines and records one by one.

A file is never read whole. Its lines stay available as bytes, because a split for a user's script must hand
on the rows as they were dropped.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from dropforge_jobs.errors import TableError

#: A field longer than this is taken for a quote that was never closed.
csv.field_size_limit(1 << 20)

BOM = b"\xef\xbb\xbf"
#: First bytes of formats that people drop in place of a text table.
BINARY = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"(\xb5/\xfd": "a zstd archive",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
REMEDY = "save it as CSV or TSV in UTF-8 (gzip is allowed)"
#: Dropped beside a table to explain it; never a table.
NOT_DATA = {".md", ".html", ".pdf", ".yaml", ".yml", ".names", ".manifest", ".png", ".jpg", ".ipynb", ".py"}
JSON_KINDS = {".json", ".jsonl", ".ndjson"}


def table_files(folder: Path) -> list[Path]:
    """The files under `folder` that should be tables, in the order of their paths.

    Empty files, hidden ones, markers such as _SUCCESS, and documents beside the data are passed over. Raises
    TableError if nothing is left.
    """
    found = []
    for path in sorted(folder.rglob("*"), key=lambda item: item.relative_to(folder).as_posix()):
        parts = path.relative_to(folder).parts
        if any(part.startswith((".", "_")) for part in parts) or not path.is_file():
            continue
        if path.suffix.lower() in NOT_DATA or path.stat().st_size == 0:
            continue
        found.append(path)
    if not found:
        raise TableError("the drop holds no table: " + REMEDY.replace("save it", "drop it"))
    return found


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    """Open a table's bytes, unpacked; TableError if it is of another format."""
    with path.open("rb") as raw:
        head = raw.read(8)
        raw.seek(0)
        if head.startswith(b"\x1f\x8b"):
            with gzip.open(raw) as stream:
                yield cast("IO[bytes]", stream)
            return
        if path.suffix.lower() in JSON_KINDS:
            raise TableError(f"{path.name}: JSON is not read as a table: {REMEDY}")
        for magic, meaning in BINARY.items():
            if head.startswith(magic):
                raise TableError(f"{path.name}: this is {meaning}: {REMEDY}")
        yield raw


def _text(line: bytes, path: Path, number: int) -> str:
    """Decode a line: UTF-8, or Windows-1252 where it is not (what spreadsheets write)."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        try:
            text = line.decode("cp1252")
        except UnicodeDecodeError as error:
            raise TableError(f"{path.name}, line {number}: neither UTF-8 nor Windows-1252: {REMEDY}") from error
    if "\0" in text:
        raise TableError(f"{path.name}, line {number}: a NUL byte, so this is no text table: {REMEDY}")
    return text


def lines(path: Path) -> Iterator[tuple[bytes, str]]:
    """The lines of a file, each as its bytes and as text, without a byte order mark."""
    with _open(path) as stream:
        try:
            for number, line in enumerate(stream, 1):
                clean = line[len(BOM) :] if number == 1 and line.startswith(BOM) else line
                yield clean, _text(clean, path, number)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise TableError(f"{path.name}: the gzip file is damaged ({error}): drop it again") from error


def parse(text_lines: Iterator[str], delimiter: str) -> csv._reader:  # type: ignore[name-defined]
    """A csv reader that strips the space after a delimiter and refuses broken quotes."""
    return csv.reader(text_lines, delimiter=delimiter, skipinitialspace=True, strict=True)


def records(path: Path, delimiter: str) -> Iterator[tuple[list[str], int, bytes]]:
    """The records of a file: stripped fields, number of the first line, the bytes as dropped.

    Blank lines are passed over. Raises TableError, with file and line, where the quoting is broken.
    """
    taken: list[bytes] = []

    def texts() -> Iterator[str]:
        for raw, text in lines(path):
            taken.append(raw)
            yield text

    reader = parse(texts(), delimiter)
    while True:
        first = reader.line_num + 1
        taken.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(
                f"{path.name}, line {first}: broken quoting ({error}): close each quote and write a quote"
                ' inside a quoted field as ""'
            ) from error
        if any(fields) or len(fields) > 1:
            yield [field.strip() for field in fields], first, b"".join(taken)
