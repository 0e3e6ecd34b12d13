"""What a request to the model server says: rows as they were dropped, or JSON records by column name."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from dropforge_jobs.errors import RequestError
from dropforge_jobs.preprocessor import Preprocessor

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
#: Names under which clients send the formats.
TYPES = {
    "text/csv": CSV,
    "csv": CSV,
    "text/plain": CSV,
    "text/tab-separated-values": CSV,
    "application/json": JSON,
    "json": JSON,
    "application/jsonlines": JSON_LINES,
    "application/x-jsonlines": JSON_LINES,
    "application/x-ndjson": JSON_LINES,
}
#: Column names that an error message lists.
LISTED = 30
csv.field_size_limit(1 << 20)
BOOLEANS = {True: ("True", "true", "TRUE", "1"), False: ("False", "false", "FALSE", "0")}
TOP_LEVEL = ("instances", "inputs", "data")


def media_type(header: str | None, default: str = CSV) -> str:
    """The format that a Content-Type or Accept header names first; RequestError for none of ours."""
    for entry in (header or default).split(","):
        name = entry.split(";")[0].strip().lower()
        if name in TYPES:
            return TYPES[name]
        if name in ("*/*", ""):
            return default
    raise RequestError(f"content type {header!r} is not served: {CSV}, {JSON} and {JSON_LINES} are", 415)


def read_rows(body: str | bytes, content_type: str | None, preprocessor: Preprocessor) -> list[list[str]]:
    """The request's rows, as texts in the dropped order of columns without the target.

    Raises RequestError, which names the row and the column or counts its fields.
    """
    kind = media_type(content_type)
    try:
        text = bytes(body).decode("utf-8-sig") if isinstance(body, (bytes, bytearray)) else body
    except UnicodeDecodeError as error:
        raise RequestError(f"the body is not UTF-8: {error}") from error
    if kind == CSV:
        rows = _csv_rows(text.lstrip("\ufeff"), preprocessor)
    else:
        rows = [_record(item, number, preprocessor) for number, item in enumerate(_items(text, kind), 1)]
    if not rows:
        raise RequestError("the request holds no row")
    return rows


def _csv_rows(text: str, preprocessor: Preprocessor) -> list[list[str]]:
    names = preprocessor.names
    rows = _parsed(text, preprocessor.delimiter)
    if preprocessor.delimiter != "," and any(len(row) != len(names) for row in rows):
        commas = _parsed(text, ",")
        rows = commas if all(len(row) == len(names) for row in commas) else rows
    everything = [*names]
    everything.insert(preprocessor.target_index, preprocessor.target)
    if rows and rows[0] in (names, everything):
        rows = rows[1:]
    for number, row in enumerate(rows, 1):
        if len(row) != len(names):
            raise RequestError(f"row {number}: {_width_problem(len(row), preprocessor)}")
    return rows


def _parsed(text: str, delimiter: str) -> list[list[str]]:
    """The records of a CSV text, stripped, without blank lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        return [[field.strip() for field in row] for row in reader if any(row) or len(row) > 1]
    except csv.Error as error:
        raise RequestError(f"line {reader.line_num}: broken quoting ({error})") from error


def _width_problem(found: int, preprocessor: Preprocessor) -> str:
    names = preprocessor.names
    text = f"{len(names)} fields expected ({', '.join(names[:LISTED])}), {found} found"
    if found == len(names) + 1:
        text += f"; leave out the target {preprocessor.target!r} (field {preprocessor.target_index + 1})"
    return text


def _items(text: str, kind: str) -> list[Any]:
    """The records of a JSON body: {"instances": […]}, […], one record, or one per line."""
    try:
        if kind == JSON_LINES:
            return [json.loads(line) for line in text.split("\n") if line.strip()]
        content = json.loads(text)
    except ValueError as error:
        raise RequestError(f"the body is not JSON: {error}") from error
    if isinstance(content, dict):
        for key in TOP_LEVEL:
            if set(content) == {key} and isinstance(content[key], list):
                return list(content[key])
        return [content]
    if isinstance(content, list):
        return content if all(isinstance(item, (dict, list)) for item in content) else [content]
    raise RequestError('JSON records are expected: an object, a list of objects, or {"instances": [...]}')


def _record(item: Any, number: int, preprocessor: Preprocessor) -> list[str]:
    """A JSON record as a row: a missing key is a missing value, an unknown one refused, for it may be misspelt."""
    names = preprocessor.names
    if isinstance(item, list):
        if len(item) != len(names):
            raise RequestError(f"record {number}: {_width_problem(len(item), preprocessor)}")
        item = dict(zip(names, item))
    if not isinstance(item, dict):
        raise RequestError(f"record {number}: an object by column name is expected, found {_shown(item)}")
    unknown = sorted(set(item) - set(names))
    if preprocessor.target in unknown:
        raise RequestError(f"record {number}: {preprocessor.target!r} is the target: leave it out")
    if unknown:
        raise RequestError(
            f"record {number}: unknown column {unknown[0]!r}; the model's columns are {', '.join(names[:LISTED])}"
        )
    return [_text(item.get(column["name"]), number, column) for column in preprocessor.columns]


def _text(value: Any, number: int, column: dict[str, Any]) -> str:
    """A JSON value as the text that the dropped table would have held."""
    levels: Sequence[str] = column.get("levels", ())
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        written = BOOLEANS[value]
        return next((text for text in written if text in levels), written[0] if levels else written[-1])
    if isinstance(value, (int, float)):
        text = repr(value)
        if levels and text not in levels and float(value).is_integer():
            return next((other for other in (str(int(value)), repr(float(value))) if other in levels), text)
        return text
    raise RequestError(
        f"record {number}, column {column['name']!r}: a text or number is expected, found {_shown(value)}"
    )


def _shown(value: Any) -> str:
    return repr(value)[:40]
