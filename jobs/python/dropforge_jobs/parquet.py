"""Parquet, column by column as the texts that a CSV would have held. Nothing that the footer says is believed.

pyarrow is imported when a Parquet file is read: jobs that meet none need not have it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropforge_jobs import limits
from dropforge_jobs.arrow_texts import is_flat, texts, value_type
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import DropFile
from dropforge_jobs.formats import PARQUET_MAGIC
from dropforge_jobs.shown import shown
from dropforge_jobs.unpack import blocks, is_gzip

if TYPE_CHECKING:
    from types import ModuleType

_FOOTER_LENGTH = 8  # four bytes of length and the magic
_LEAST_SIZE = 12  # the magic at both ends, and the length
_MOST_ROWS = 4096
#: Elements of one list in the footer: columns of all row groups.
_MOST_PARTS = 1_000_000
#: What all columns' read buffers share, and what one has.
_BUFFERS = 32 * limits.MIB
_LEAST_BUFFER, _MOST_BUFFER = 4 * limits.KIB, 256 * limits.KIB


def _pyarrow(file: DropFile) -> ModuleType:
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # the others keep what they once had
    try:
        import pyarrow as arrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError as error:
        raise TableError(
            f"{shown(file.name)}: this job's image has no pyarrow, so it cannot read Parquet: drop CSV or JSON Lines",
            file=file.name,
        ) from error
    return arrow  # type: ignore[no-any-return]


def schema(file: DropFile) -> dict[str, str]:
    """The columns' names and Arrow types; TableError for a file that is damaged, or has a column that is no text."""
    with _opened(file) as (_, found):
        return {field.name: str(field.type) for field in found.schema_arrow}


def columns(file: DropFile, names: list[str]) -> Iterator[list[list[str]]]:
    """Some rows after the others, as a list of texts for each of `names`. Raises TableError."""
    with _opened(file) as (arrow, found):
        rows = 0
        try:
            for batch in found.iter_batches(batch_size=_batch_rows(found), columns=names, use_threads=False):
                rows += batch.num_rows
                if batch.num_rows:
                    yield [texts(arrow, batch.column(name), name) for name in names]
        except MemoryError:
            raise
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise _damaged(file, error) from error
        if rows != found.metadata.num_rows:
            raise _damaged(file, f"its footer promises {found.metadata.num_rows:,} rows, it has {rows:,}")


def _damaged(file: DropFile, reason: object) -> TableError:
    return TableError(
        f"{shown(file.name)}: the Parquet file cannot be read ({shown(str(reason), 160)}): write it again",
        file=file.name,
    )


@contextmanager
def _opened(file: DropFile) -> Iterator[tuple[Any, Any]]:
    """pyarrow and the checked ParquetFile."""
    with _plain(file) as path:
        _check_footer(file, path)
        arrow = _pyarrow(file)
        limited = {"thrift_string_size_limit": limits.FOOTER_BYTES, "thrift_container_size_limit": _MOST_PARTS}
        try:
            with arrow.parquet.ParquetFile(str(path), pre_buffer=False, **limited) as found:
                metadata = found.metadata
                _check_metadata(arrow, file, found, path.stat().st_size)
            buffer = max(_LEAST_BUFFER, min(_MOST_BUFFER, _BUFFERS // max(1, metadata.num_columns)))
            opened = arrow.parquet.ParquetFile(
                str(path), metadata=metadata, pre_buffer=False, buffer_size=buffer, **limited
            )
        except MemoryError:
            raise
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise _damaged(file, error) from error
        with opened:
            yield arrow, opened


@contextmanager
def _plain(file: DropFile) -> Iterator[Path]:
    """The file on the disk, unpacked if it is gzipped: Parquet is read from its end."""
    if not is_gzip(file.path):
        yield file.path
        return
    with tempfile.NamedTemporaryFile(prefix="dropforge-", suffix=".parquet") as plain:
        for block in blocks(file.path, file.name):
            if plain.tell() > limits.SPILL_BYTES:
                raise TableError(
                    f"{shown(file.name)}: it unpacks to more than {limits.SPILL_BYTES // limits.GIB} GiB: Parquet "
                    "packs its columns itself, so drop it without gzip",
                    file=file.name,
                )
            plain.write(block)
        plain.flush()
        yield Path(plain.name)


def _check_footer(file: DropFile, path: Path) -> None:
    """What pyarrow would read into memory at once must be there, and small."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - _FOOTER_LENGTH))
        tail = stream.read()
    if tail[4:] == b"PARE":
        raise TableError(f"{shown(file.name)}: the Parquet file is encrypted: drop it as plain Parquet", file=file.name)
    if size < _LEAST_SIZE or tail[4:] != PARQUET_MAGIC:
        raise _damaged(file, "it has no footer: it is cut off, or was not closed")
    length = int.from_bytes(tail[:4], "little")
    if length > size - _LEAST_SIZE:
        raise _damaged(file, f"its footer claims {length:,} bytes, the file has {size:,}")
    if length > limits.FOOTER_BYTES:
        raise TableError(
            f"{shown(file.name)}: the footer has {length:,} bytes, more than {limits.FOOTER_BYTES // limits.MIB} MiB: "
            "write fewer row groups or columns",
            file=file.name,
        )


def _check_metadata(arrow: Any, file: DropFile, found: Any, size: int) -> None:
    """TableError for a column that no CSV could hold, and for numbers that no honest file has."""
    metadata, fields = found.metadata, list(found.schema_arrow)
    if not fields:
        raise _damaged(file, "it has no columns")
    if len(fields) > limits.COLUMNS:
        raise TableError(
            f"{shown(file.name)}: {len(fields):,} columns: a table may have {limits.COLUMNS:,}", file=file.name
        )
    names = [field.name for field in fields]
    for name in names:
        if not name.strip() or "\0" in name or len(name.encode()) > limits.NAME_BYTES:
            raise TableError(f"{shown(file.name)}: the name {shown(name, 80)!r} cannot name a column", file=file.name)
    if len(set(names)) < len(names):
        double = next(name for place, name in enumerate(names) if name in names[:place])
        raise TableError(
            f"{shown(file.name)}: two columns are called {shown(double, 80)!r}: rename one", file=file.name
        )
    for field in fields:
        if not is_flat(arrow, value_type(arrow, field.type)):
            raise TableError(
                f"{shown(file.name)}: the column {shown(field.name, 80)!r} holds {shown(str(field.type), 80)}: give "
                "each of its values a column of its own, or leave it out",
                file=file.name,
            )
    cells = metadata.num_rows * len(fields)
    if metadata.num_rows < 0 or (cells > limits.CELLS_FLOOR and cells > limits.CELLS_PER_BYTE * size):
        raise TableError(
            f"{shown(file.name)}: {size:,} bytes that claim {metadata.num_rows:,} rows of {len(fields):,} columns are "
            "a decompression bomb; if it is none, drop it as gzipped CSV",
            file=file.name,
        )


def _batch_rows(found: Any) -> int:
    """Rows to decode at once: a chunk's worth of cells and bytes, as far as the footer tells the truth."""
    metadata = found.metadata
    groups = range(metadata.num_row_groups)
    size = sum(max(0, int(metadata.row_group(group).total_byte_size)) for group in groups)
    width = size // max(1, int(metadata.num_rows))
    most = min(_MOST_ROWS, limits.CHUNK_CELLS // int(metadata.num_columns), limits.CHUNK_BYTES // max(1, width))
    return max(1, most)
