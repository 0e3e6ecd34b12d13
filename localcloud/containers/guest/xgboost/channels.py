"""Training data of the XGBoost algorithm: channels, files and their formats.

text/csv has no header and the label first (with `csv_weights`, the weight second); text/libsvm has lines
`<label>[:<weight>] [qid:<n>] <index>:<value> …`. An index counts as it is written, in training and in serving.
"""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from localcloud.containers.guest.xgboost.errors import UserError
from localcloud.containers.guest.xgboost.library import xgboost as xgb

CSV, LIBSVM = "csv", "libsvm"
FORMATS = {"csv": CSV, "text/csv": CSV, "libsvm": LIBSVM, "text/libsvm": LIBSVM, "text/x-libsvm": LIBSVM}
_EMPTY = re.compile(rb"(?<=,)(?=,|\r?$)|^(?=,)", re.MULTILINE)
Array = np.ndarray[Any, Any]


def content_type(value: str | None) -> str:
    """Return the format that a ContentType means; libsvm is the algorithm's default. Raises UserError."""
    if value is None:
        return LIBSVM
    kind, *parameters = [part.strip() for part in value.lower().split(";")]
    if kind not in FORMATS:
        raise UserError(f"{value} is not an accepted ContentType: {', '.join(FORMATS)}.")
    labels = [p.partition("=")[2] for p in parameters if p.startswith("label_size")]
    if FORMATS[kind] == CSV and any(size != "1" for size in labels):
        raise UserError(f"{value} is not an accepted csv ContentType. Optional parameter label_size must be equal to 1")
    return FORMATS[kind]


@functools.lru_cache(256)
def content_type_or_none(value: str | None) -> str | None:
    """Return the format that a ContentType means, None for one that is not accepted."""
    try:
        return content_type(value)
    except UserError:
        return None


def check(channels: dict[str, dict[str, str]]) -> None:
    """Check the channels of inputdataconfig.json. Raises UserError with the container's message."""
    if "train" not in channels:
        raise UserError("Missing required channel: train")
    for name, channel in channels.items():
        if name not in ("train", "validation", "code"):
            raise UserError(f"Extraneous channel found: {name}")
        if channel.get("TrainingInputMode") == "Pipe":
            raise UserError(
                "Pipe mode is not supported. Please use File or FastFile mode instead "
                f"(channel '{name}', TrainingInputMode)."
            )


def data_files(folder: Path) -> list[Path]:
    """Return the data files below a channel's folder, in order; those beginning with `.` or `_` are none."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    return sorted(path for path in found if not path.name.startswith((".", "_")))


def load(folder: Path, kind: str, weights: bool) -> xgb.DMatrix | None:
    """Read a channel into a matrix, None without data. Raises UserError naming file, line and cause."""
    files = data_files(folder)
    if not files:
        return None
    if kind == LIBSVM:
        return read_libsvm(line for path in files for line in lines(path))
    tables = [read_csv(path) for path in files]
    widths = {table.shape[1]: path for table, path in zip(tables, files, strict=True)}
    if len(widths) > 1:
        counts = ", ".join(f"{path.name} has {width}" for width, path in widths.items())
        raise UserError(f"Failed to load csv data: the files' numbers of columns differ: {counts}")
    rows = np.concatenate(tables)
    first = 2 if weights else 1
    if rows.shape[1] <= first:
        raise UserError(f"Failed to load csv data: {files[0].name} has no feature columns ({rows.shape[1]} in all)")
    return xgb.DMatrix(rows[:, first:], label=rows[:, 0], weight=rows[:, 1] if weights else None)


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line of a file with its place."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            yield f"{path.name}, line {number}", line


def read_csv(path: Path) -> Array:
    """Read a CSV file without header into a table of numbers; an empty field is missing. Raises UserError."""
    data = path.read_bytes()
    delimiter = sniff(data.split(b"\n", 1)[0].decode("utf-8", "replace"))
    if delimiter != ",":
        data = data.replace(delimiter.encode(), b",")
    text = io.StringIO(_EMPTY.sub(b"nan", data).decode("utf-8-sig", "replace"))
    try:
        return np.loadtxt(text, delimiter=",", dtype=np.float64, ndmin=2, comments=None, quotechar='"')
    except ValueError as error:
        raise UserError(f"Failed to load csv data with exception:\n{explain(path, delimiter) or error}") from error


def sniff(line: str) -> str:
    """Return the character that separates the fields of a line."""
    try:
        return csv.Sniffer().sniff(line, delimiters=",;\t| ").delimiter
    except csv.Error:
        return ","


def explain(path: Path, delimiter: str) -> str | None:
    """Return what is wrong with a CSV file and where, None when nothing is found."""
    width = 0
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        for row in reader:
            where = f"{path.name}, line {reader.line_num}"
            width = width or len(row)
            if row and len(row) != width:
                return f"{where}: {len(row)} columns where the first line has {width}"
            wrong = next((n for n, value in enumerate(row) if not is_number(value)), None)
            if wrong is not None:
                hint = " (the algorithm takes no header)" if reader.line_num == 1 else ""
                return f"{where}: column {wrong} is not a number: {row[wrong][:50]!r}{hint}"
    return None


def is_number(value: str) -> bool:
    """Say whether a CSV field is a number or missing."""
    try:
        float(value or "nan")
    except ValueError:
        return False
    return True


@dataclass
class _Sparse:
    labels: list[float] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    queries: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=lambda: [0])

    def add(self, line: str) -> None:
        """Add a line. Raises ValueError."""
        head, *pairs = line.split()
        label, _, weight = head.partition(":")
        self.labels.append(float(label))
        self.weights.append(float(weight or 1))
        for pair in pairs:
            index, _, value = pair.partition(":")
            if index == "qid":
                self.queries.append(int(value))
            else:
                self.columns.append(int(index))
                self.values.append(float(value))
        self.ends.append(len(self.columns))


def read_libsvm(source: Iterator[tuple[str, str]]) -> xgb.DMatrix:
    """Read libsvm lines. Raises UserError naming file and line."""
    rows = _Sparse()
    for where, line in source:
        if not line.strip():
            continue
        try:
            rows.add(line.partition("#")[0])
        except ValueError as error:
            raise UserError(
                f"{where}: '{line.strip()[:50]}...' is not 'LIBSVM' format. "
                f"Please ensure the file is in 'LIBSVM' format."
            ) from error
    matrix = csr_matrix((rows.values, rows.columns, rows.ends))
    return xgb.DMatrix(matrix, label=rows.labels, weight=rows.weights, qid=rows.queries or None)
