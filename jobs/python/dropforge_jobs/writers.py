"""Writes the parts of a prepared drop: the model's numbers, and rows as they were dropped."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np

from dropforge_jobs.encoders import ValueRefusedError
from dropforge_jobs.errors import TableError
from dropforge_jobs.formats import JSONL
from dropforge_jobs.preprocessor import Preprocessor
from dropforge_jobs.split import TEST, TRAIN, VALIDATION
from dropforge_jobs.tables import Chunk, Table

NAMES = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}
Array = np.ndarray[Any, Any]


class PartWriter:
    """Opens <output>/<part>/<part>.csv (or .jsonl) when first written to; `rows` counts what each part got."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.rows = dict.fromkeys(NAMES.values(), 0)
        self._headers: dict[int, bytes] = {}
        self._suffixes: dict[int, str] = {}
        self._open: dict[int, IO[bytes]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> PartWriter:
        self.output.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def start(self, part: int, header: bytes, suffix: str = "csv") -> None:
        """Have the part's file, if it gets any row, begin with `header` and end in `suffix`."""
        self._headers[part] = header
        self._suffixes[part] = suffix

    def write(self, part: int, data: bytes, rows: int) -> None:
        """Append `rows` finished lines to a part."""
        if part not in self._open:
            path = self.output / NAMES[part] / f"{NAMES[part]}.{self._suffixes.get(part, 'csv')}"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open[part] = self._stack.enter_context(path.open("wb"))
            self._open[part].write(self._headers.get(part, b""))
        self._open[part].write(data)
        self.rows[NAMES[part]] += rows


def start_raw(writer: PartWriter, table: Table, part: int) -> None:
    """Have a script's part begin as its table does. What is tested with is always delimited text."""
    lines = part != TEST and table.format == JSONL
    writer.start(part, b"" if lines else table.header_line, "jsonl" if lines else "csv")


def write_raw(writer: PartWriter, table: Table, parts: Array) -> None:
    """Write every row to its part, byte by byte as it was dropped (Parquet's as CSV)."""
    start = 0
    for chunk in table.chunks():
        here = parts[start : start + len(chunk.lines)]
        start += len(chunk.lines)
        for part in NAMES:
            raw_rows(writer, chunk, here, part)


def raw_rows(writer: PartWriter, chunk: Chunk, parts: Array, part: int) -> None:
    """Write the chunk's rows that belong to `part`, as they were dropped; those to test with as delimited text."""
    rows = np.flatnonzero(parts == part).tolist()
    written = chunk.csv if part == TEST else chunk.dropped
    if rows:
        writer.write(part, b"".join(map(written, rows)), len(rows))


def write_features(writer: PartWriter, table: Table, preprocessor: Preprocessor, parts: Array, labels: Array) -> None:
    """Write training and validation rows as the algorithm reads them, test rows as they were dropped.

    The algorithm's CSV has the label first and no header (the XGBoost container's contract); `nan` is missing.
    """
    start = 0
    for chunk in table.chunks():
        rows = slice(start, start + len(chunk.lines))
        start = rows.stop
        raw_rows(writer, chunk, parts[rows], TEST)
        inputs = [texts for index, texts in enumerate(chunk.columns) if index != preprocessor.target_index]
        for part in (TRAIN, VALIDATION):
            chosen = np.flatnonzero(parts[rows] == part)
            if len(chosen):
                matrix = _transform(chunk, inputs, chosen, preprocessor)
                data = csv_rows(np.column_stack([labels[rows][chosen], matrix]))
                writer.write(part, data, len(chosen))


def _transform(chunk: Chunk, inputs: list[Any], chosen: Array, preprocessor: Preprocessor) -> Array:
    try:
        return preprocessor.transform([[texts[row] for row in chosen] for texts in inputs])
    except ValueRefusedError as error:
        raise TableError(f"{chunk.file}, line {chunk.lines[int(chosen[error.row])]}: {error}") from error


def csv_rows(matrix: Array) -> bytes:
    """Rows of numbers as CSV; nine digits give back the very same float32."""
    template = ",".join(["%.9g"] * matrix.shape[1]) + "\n"
    return "".join([template % tuple(row) for row in matrix.tolist()]).encode("ascii")
