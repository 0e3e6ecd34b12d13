"""A server's answer as the evaluating job reads it (dropforge_jobs/served.py), and whether two answers are the same."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

# Models compute in float32: on another processor the last digit may be another.
RELATIVE, ABSOLUTE = 1e-6, 1e-7


def read_answer(text: str) -> list[Any]:
    """The predictions: the items of a JSON list or of an object's only list, or the lines of CSV."""
    try:
        answer = json.loads(text)
    except ValueError:
        rows = [row for row in csv.reader(io.StringIO(text), skipinitialspace=True) if row]
        return [row[0] if len(row) == 1 else row for row in rows]
    if isinstance(answer, dict):
        lists = [value for value in answer.values() if isinstance(value, list)]
        answer = lists[0] if len(lists) == 1 else [answer]
    return answer if isinstance(answer, list) else [answer]


def same(evaluated: Any, answered: Any) -> bool:
    """Whether labels are equal and numbers (CSV has them as texts) as good as equal, at every depth."""
    if isinstance(evaluated, dict) and isinstance(answered, dict):
        return evaluated.keys() == answered.keys() and all(same(evaluated[k], answered[k]) for k in evaluated)
    if isinstance(evaluated, list) and isinstance(answered, list):
        return len(evaluated) == len(answered) and all(map(same, evaluated, answered))
    if isinstance(evaluated, str) == isinstance(answered, str):
        one, other = _number(evaluated), _number(answered)
        if one is not None and other is not None and not _whole(evaluated) & _whole(answered):
            return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(evaluated) is type(answered) and bool(evaluated == answered)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(value: Any) -> bool:
    """Whole numbers are labels too, and those are equal or not."""
    return isinstance(value, int) or (isinstance(value, str) and value.strip().lstrip("+-").isdigit())
