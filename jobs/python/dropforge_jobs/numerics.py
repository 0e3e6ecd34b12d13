"""A column's texts as numbers, for the jobs that compute with numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dropforge_jobs.values import LARGEST, MISSING, number


def numbers(texts: Sequence[str], decimal_comma: bool = False) -> tuple[np.ndarray[Any, Any], list[int]]:
    """The texts as float64, NaN where missing or no number, and the indices of the latter.

    Most columns hold nothing but plain numbers: those are converted at once.
    """
    joined = "".join(texts)
    if joined.isascii() and "_" not in joined:  # float() takes 1_000 and other scripts' digits, we do not
        try:
            result = np.array(list(map(float, texts)), dtype=np.float64)
        except ValueError:
            result = None
        if result is not None and bool(np.isfinite(result).all()):
            return np.clip(result, -LARGEST, LARGEST), []
    result = np.full(len(texts), np.nan)
    odd = []
    for index, text in enumerate(texts):
        if text in MISSING:
            continue
        value = number(text, decimal_comma)
        if value is None:
            odd.append(index)
        else:
            result[index] = value
    return result, odd
