"""Whether a file is delimited text, JSON Lines or Parquet, by its content."""

from __future__ import annotations

from itertools import islice

from dropforge_jobs import jsonl
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import REMEDY, DropFile
from dropforge_jobs.lines import lines
from dropforge_jobs.magic import HEAD_BYTES, binary_kind
from dropforge_jobs.shown import shown
from dropforge_jobs.unpack import GZIP, blocks

CSV, TSV, JSONL, PARQUET = "csv", "tsv", "jsonl", "parquet"
PARQUET_MAGIC = b"PAR1"


def find_format(file: DropFile) -> str:
    """`csv` (any delimiter), `jsonl` or `parquet`; TableError for what is known to be something else."""
    head = _head(file)
    if head.startswith(PARQUET_MAGIC):
        return PARQUET
    if head.startswith(GZIP):
        raise TableError(f"{shown(file.name)}: a gzip file within a gzip file: pack it once", file=file.name)
    _refuse(file, binary_kind(head))
    first = next((text for _, text in islice(lines(file), 100) if text.strip()), "")
    _refuse(file, binary_kind(first[:HEAD_BYTES].encode()))  # UTF-16 can be read only now
    if not first:
        raise TableError(f"{shown(file.name)}: the file holds no row", file=file.name)
    promised = file.suffix in jsonl.SUFFIXES
    if promised or first.lstrip().startswith("{"):
        try:
            jsonl.parsed(first)
        except (ValueError, RecursionError) as error:
            if promised or first.strip() == "{" or '"' in first[:HEAD_BYTES]:
                raise TableError(
                    f"{shown(file.name)}, line 1: {error}. Of JSON, only JSON Lines are read: one flat object per line",
                    file=file.name,
                    line=1,
                ) from error
            return CSV
        return JSONL
    return CSV


def _refuse(file: DropFile, kind: str | None) -> None:
    if kind is not None:
        raise TableError(f"{shown(file.name)}: this is {kind}: {REMEDY}", file=file.name)


def _head(file: DropFile) -> bytes:
    """The first bytes of the unpacked file."""
    head = b""
    for block in blocks(file.path, file.name):
        head += block
        if len(head) >= HEAD_BYTES:
            break
    return head[:HEAD_BYTES]
