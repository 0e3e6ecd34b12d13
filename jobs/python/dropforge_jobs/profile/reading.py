"""The texts of a column as numbers and dates, in lists: the meaning is that of `values`, quickly and without numpy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite

from dropforge_jobs.values import LARGEST, ORDERS, moment, number

#: No date that is understood is longer.
LONGEST_DATE = 48
#: What a number may begin with ("i" as in inf).
_STARTS = frozenset("+-.0123456789iI")


def read_numbers(texts: Sequence[str], comma: bool = False) -> tuple[list[float], dict[str, int]]:
    """The numbers among `texts` (none of them missing), and how often each text occurs that is none."""
    quick = _all_numbers(texts)
    if quick is not None:
        return quick, {}
    values: list[float] = []
    odd: dict[str, int] = {}
    for text, count in Counter(texts).items():
        value = _one(text, comma)
        if value is None:
            odd[text] = count
        else:
            values.extend([value] * count)
    return values, odd


def numbers_or_none(texts: Sequence[str], comma: bool = False) -> list[float | None]:
    """Each text's number; None where it is missing or none."""
    quick = _all_numbers(texts)
    return list(quick) if quick is not None else [_one(text, comma) for text in texts]


def _all_numbers(texts: Sequence[str]) -> list[float] | None:
    """The numbers if all texts are plain ones. Most columns hold nothing but those, or none: both are seen at once."""
    joined = "".join(texts)
    if not joined.isascii() or "_" in joined:  # float() takes 1_000 and other scripts' digits, we do not
        return None
    try:
        values = list(map(float, texts))
    except ValueError:
        return None
    if not all(map(isfinite, values)):
        return None
    if values and (max(values) > LARGEST or min(values) < -LARGEST):
        return [min(max(value, -LARGEST), LARGEST) for value in values]
    return values


def _one(text: str, comma: bool) -> float | None:
    return number(text, comma) if text[:1] in _STARTS else None


@lru_cache(maxsize=16_384)
def _days(text: str) -> tuple[float | None, ...]:
    found = (moment(text, order) for order in ORDERS)
    return tuple(None if each is None else each[1] for each in found)


def days(text: str) -> tuple[float | None, ...]:
    """Days since 1970 of the date in `text`, for each order of day and month; None where it is no date."""
    return _days(text) if len(text) <= LONGEST_DATE else (None,) * len(ORDERS)
