"""Schedules: `cron(…)`, `rate(…)` and `at(…)`, in any time zone. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
# Minutes, hours, day of month, month, day of week (1 is Sunday), year.
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_LOOKS = 3 * 24 * 60  # minutes of scaled time that one look makes up for: more is a stopped machine
Fields = tuple[frozenset[int], ...]


class ScheduleError(ValueError):
    """No schedule; the text says what one is."""


def zone(name: str | None) -> ZoneInfo:
    """Raises ScheduleError for a time zone that nobody knows."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleError(f"{name} is not a supported time zone") from error


def check(expression: str, timezone: str | None) -> None:
    """Raise ScheduleError for what is neither `cron`, `rate` nor `at`."""
    zone(timezone)
    if not (_at(expression, timezone) or _rate(expression) or _cron(expression)):
        raise ScheduleError(f"{expression} is not valid: cron(fields), rate(value unit) or at(yyyy-mm-ddThh:mm:ss)")


def last_due(expression: str, timezone: str | None, start: float, since: float, until: float) -> float | None:
    """The last time after `since` and not after `until` at which it is due; `start` is where a rate counts from."""
    if (moment := _at(expression, timezone)) is not None:
        return moment if since < moment <= until else None
    if (seconds := _rate(expression)) is not None:
        last = start + (until - start) // seconds * seconds
        return last if last > max(since, start) else None
    fields = _cron(expression)
    assert fields is not None, expression
    return next((at for at in _minutes_back(since, until) if _matches(fields, at, zone(timezone))), None)


def _at(expression: str, timezone: str | None) -> float | None:
    found = re.fullmatch(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", expression.strip())
    if not found:
        return None
    try:
        return datetime.fromisoformat(found[1]).replace(tzinfo=zone(timezone)).timestamp()
    except ValueError as error:
        raise ScheduleError(str(error)) from error


def _rate(expression: str) -> int | None:
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", expression.strip())
    if not found or int(found[1]) < 1 or (int(found[1]) == 1) == bool(found[3]):
        return None
    return int(found[1]) * _UNITS[found[2]]


def _cron(expression: str) -> Fields | None:
    found = re.fullmatch(r"cron\((.*)\)", expression.strip())
    parts = found[1].split() if found else []
    # One of the two days must be left open.
    if len(parts) != len(_RANGES) or "?" not in (parts[2], parts[4]):
        return None
    names = (None, None, None, _MONTHS, _DAYS, None)
    try:
        return tuple(
            frozenset(_values(part, *bounds, known)) for part, bounds, known in zip(parts, _RANGES, names, strict=True)
        )
    except ValueError:
        return None


def _values(part: str, low: int, high: int, names: list[str] | None) -> Iterator[int]:
    for item in part.split(","):
        span, _, step = item.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        elif "-" in span:
            first, last = (_number(end, names) for end in span.split("-", 1))
        else:
            first = _number(span, names)
            last = high if step else first
        if not low <= first <= last <= high or (step and int(step) < 1):
            raise ValueError(part)
        yield from range(first, last + 1, int(step or 1))


def _number(text: str, names: list[str] | None) -> int:
    return names.index(text.upper()) + 1 if names and text.upper() in names else int(text)


def _minutes_back(since: float, until: float) -> Iterator[float]:
    minute = int(until // 60)
    for number in range(minute, max(int(since // 60), minute - _LOOKS), -1):
        yield number * 60.0


def _matches(fields: Fields, moment: float, place: ZoneInfo) -> bool:
    wall = datetime.fromtimestamp(moment, UTC).astimezone(place)
    weekday = wall.isoweekday() % 7 + 1  # Sunday is 1
    now = (wall.minute, wall.hour, wall.day, wall.month, weekday, wall.year)
    return all(value in allowed for value, allowed in zip(now, fields, strict=True))
