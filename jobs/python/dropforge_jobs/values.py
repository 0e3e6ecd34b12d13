"""What a field's text means: missing, a number, a date.

The same functions read a field in training and in serving, so the two cannot differ. Parsing is our own, by
regular expression, because `float` and `datetime.fromisoformat` accept different texts on different Pythons.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

#: What stands for "no value" in a table.
MISSING = frozenset(["", "?", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "NULL", "null", "Null", "None", "#N/A", "<NA>"])

#: XGBoost refuses infinity, so what is larger is moved to the end of float32's range; order is kept.
LARGEST = 3.4028234663852886e38

# No digit can be matched in two ways: a text of a million digits and a letter is refused in one go.
NUMBER = re.compile(r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)", re.ASCII | re.IGNORECASE)
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)


def number(text: str, decimal_comma: bool = False) -> float | None:
    """The finite number that `text` is, or None; `1,5` is one only where `decimal_comma`."""
    if decimal_comma and DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if not NUMBER.fullmatch(text):
        return None
    return min(max(float(text), -LARGEST), LARGEST)


TIME = r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?"
YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + TIME, re.ASCII)
YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})" + TIME, re.ASCII)
DAY_NAMED_MONTH = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})\.?[ -](\d{4})" + TIME, re.ASCII)
NAMED_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})" + TIME, re.ASCII)
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
EPOCH = datetime(1970, 1, 1)

#: How the day and month of 03/04/2024 are told apart. Year first and a named month need no telling.
ORDERS = ("dmy", "mdy")


def _month(name: str) -> int:
    """The number of the English month `name`; ValueError if it is none."""
    return MONTHS.index(name[:3].lower()) + 1


def _fields(text: str, order: str) -> tuple[int, int, int, tuple[str | None, ...]] | None:
    """Year, month, day and the groups of the time of day; None if the text has no date's shape."""
    match = YEAR_FIRST.fullmatch(text)
    if match:
        return int(match[1]), int(match[3]), int(match[4]), match.groups()[4:]
    match = YEAR_LAST.fullmatch(text)
    if match:
        day, month = (match[1], match[3]) if order == "dmy" else (match[3], match[1])
        return int(match[4]), int(month), int(day), match.groups()[4:]
    match = DAY_NAMED_MONTH.fullmatch(text)
    if match:
        return int(match[3]), _month(match[2]), int(match[1]), match.groups()[3:]
    match = NAMED_MONTH_DAY.fullmatch(text)
    if match:
        return int(match[3]), _month(match[1]), int(match[2]), match.groups()[3:]
    return None


def _offset(zone: str | None) -> timedelta:
    """How far ahead of UTC the zone `zone` is, such as +02:00."""
    if zone is None or zone in ("Z", "UTC"):
        return timedelta()
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)


#: No date is longer; longer texts are not remembered.
LONGEST_MOMENT = 48


def moment(text: str, order: str) -> tuple[datetime, float] | None:
    """The date and time written in `text` and its days since 1970 in UTC, or None if it is no date.

    `order` is "dmy" or "mdy" and matters only for dates such as 03/04/2024.
    """
    return None if len(text) > LONGEST_MOMENT else _moment(text, order)


@lru_cache(maxsize=16_384)
def _moment(text: str, order: str) -> tuple[datetime, float] | None:
    try:
        fields = _fields(text, order)
        if fields is None:
            return None
        year, month, day, (hour, minute, second, zone) = fields
        wall = datetime(year, month, day, int(hour or 0), int(minute or 0), int(second or 0))
        days = (wall - EPOCH - _offset(zone)) / timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return wall, days
