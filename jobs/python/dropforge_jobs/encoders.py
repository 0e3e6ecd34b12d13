"""From a column's texts to numbers, one encoder per kind. Training and serving call the very same functions.

A column is described by the dictionary that `columns.Column.describe` made. Missing numbers and dates stay NaN:
XGBoost learns for each split where missing values go.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from dropforge_jobs.errors import JobError
from dropforge_jobs.numerics import numbers
from dropforge_jobs.values import MISSING, moment, number

TEXT_BUCKETS = 256
WORD = re.compile(r"[^\W_]+")
DATE_PARTS = ("year", "month", "day", "weekday", "epoch_days")
Matrix = np.ndarray[Any, Any]


class ValueRefusedError(JobError):
    """A value does not fit its column; `row` counts from 0 among the rows given."""

    def __init__(self, column: str, row: int, value: str, expected: str) -> None:
        super().__init__(f"column {column!r} expects {expected}, found {value[:40]!r}")
        self.row = row


def feature_names(column: dict[str, Any]) -> list[str]:
    """What the features made of a column are called; empty for a column that is not used."""
    name, kind = column["name"], column["kind"]
    if kind in ("number", "boolean"):
        return [name]
    if kind == "category":
        tail = ["(other)"] * column["other"] + ["(missing)"] * column["missing"]
        return [f"{name}={level}" for level in column["levels"] + tail]
    if kind == "date":
        return [f"{name}.{part}" for part in DATE_PARTS + ("hour",) * column["time"]]
    if kind == "text":
        return [f"{name}#{bucket}" for bucket in range(TEXT_BUCKETS)] + [f"{name}.words", f"{name}.characters"]
    return []


def encode(column: dict[str, Any], texts: Sequence[str], decimal_comma: bool = False) -> Matrix:
    """The features of a column for some rows: float32 of shape (rows, len(feature_names(column))).

    Raises ValueRefusedError for a text in a column of numbers or dates that training did not meet.
    """
    kind = column["kind"]
    if kind == "number":
        return _numbers(column, texts, decimal_comma)
    if kind == "boolean":
        codes = {level: float(code) for code, level in enumerate(column["levels"])}
        return np.array([[codes.get(text, np.nan)] for text in texts], dtype=np.float32)
    if kind == "category":
        return _one_hot(column, texts)
    if kind == "date":
        return _dates(column, texts)
    if kind == "text":
        return _words(texts)
    return np.empty((len(texts), 0), dtype=np.float32)


def _numbers(column: dict[str, Any], texts: Sequence[str], decimal_comma: bool) -> Matrix:
    values, odd = numbers(texts, decimal_comma)
    for row in odd:
        if not _is_blank(column, texts[row]):
            raise ValueRefusedError(column["name"], row, texts[row], "a number")
    return values.astype(np.float32).reshape(-1, 1)


def _is_blank(column: dict[str, Any], text: str) -> bool:
    """Whether the text, no value of the column's kind, stands for "missing": training met it, or too many others."""
    return column["blanks"] is None or text in column["blanks"]


def _one_hot(column: dict[str, Any], texts: Sequence[str]) -> Matrix:
    """1 in the feature of the level; a level that training did not meet is 1 in (other), if there is one."""
    levels = column["levels"]
    places = {level: place for place, level in enumerate(levels)}
    other = len(levels) if column["other"] else None
    missing = len(levels) + column["other"] if column["missing"] else None
    result = np.zeros((len(texts), len(feature_names(column))), dtype=np.float32)
    for row, text in enumerate(texts):
        place = missing if text in MISSING else places.get(text, other)
        if place is not None:
            result[row, place] = 1.0
    return result


def _dates(column: dict[str, Any], texts: Sequence[str]) -> Matrix:
    width = len(feature_names(column))
    result = np.full((len(texts), width), np.nan, dtype=np.float32)
    for row, text in enumerate(texts):
        if text in MISSING:
            continue
        parsed = moment(text, column["order"])
        if parsed is None:
            if _is_blank(column, text) or number(text) is not None:  # 0 and the like stand for no date
                continue
            raise ValueRefusedError(column["name"], row, text, "a date")
        wall, days = parsed
        parts = (wall.year, wall.month, wall.day, wall.weekday(), days, wall.hour + wall.minute / 60)
        result[row] = parts[:width]
    return result


def _words(texts: Sequence[str]) -> Matrix:
    """Word counts hashed into TEXT_BUCKETS features (CRC-32: the same everywhere), words and characters."""
    result = np.zeros((len(texts), TEXT_BUCKETS + 2), dtype=np.float32)
    for row, text in enumerate(texts):
        if text in MISSING:
            result[row, TEXT_BUCKETS:] = np.nan
            continue
        words = WORD.findall(text.lower())
        for word, count in Counter(words).items():
            result[row, zlib.crc32(word.encode("utf-8")) % TEXT_BUCKETS] += count
        result[row, TEXT_BUCKETS:] = len(words), len(text)
    return result
