"""What differs between two values, field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NOTHING = "(nothing)"
LONGEST = 160
BEFORE = 20


@dataclass(frozen=True)
class Difference:
    """One field: what was recorded, and what it is today. A field that is not there is `(nothing)`."""

    field: str
    recorded: Any
    today: Any

    def __str__(self) -> str:
        recorded, today = _text(self.recorded), _text(self.today)
        begin = _common(recorded, today)
        return f"{self.field}: {_from(recorded, begin)} → {_from(today, begin)}"


def differences(recorded: Any, today: Any, *, leave_out: frozenset[str] = frozenset()) -> list[Difference]:
    """Every field in which the values differ; JSON within text is compared as what it says.

    Lists of different lengths differ as a whole: an element more would make all that follow another.

    Args:
        recorded: any JSON value.
        today: likewise.
        leave_out: names of fields that are not compared, wherever they are.
    """
    return list(_compare("", recorded, today, leave_out))


def _compare(path: str, old: Any, new: Any, leave_out: frozenset[str]) -> Iterator[Difference]:
    old, new = _opened(old, new)
    if isinstance(old, dict) and isinstance(new, dict):
        for name in (name for name in dict.fromkeys([*old, *new]) if name not in leave_out):
            field = f"{path}.{name}" if path else str(name)
            yield from _compare(field, old.get(name, NOTHING), new.get(name, NOTHING), leave_out)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _compare(f"{path}[{number}]", one, other, leave_out)
    elif not _same(old, new):
        yield Difference(path or "result", old, new)


def _same(one: Any, other: Any) -> bool:
    """Equal, and of one kind: Python takes true for 1; JSON knows no difference between 1 and 1.0."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _opened(one: Any, other: Any) -> tuple[Any, Any]:
    """Two texts that both hold a JSON object or list, as what they hold."""
    if isinstance(one, str) and isinstance(other, str) and one[:1] == other[:1] and one[:1] in ("{", "["):
        try:
            return json.loads(one), json.loads(other)
        except ValueError:
            return one, other
    return one, other


def _text(value: Any) -> str:
    text = value if value is NOTHING else json.dumps(value, ensure_ascii=False)
    return " ".join(str(text).split())


def _common(one: str, other: str) -> int:
    """Where two long texts begin to differ, less a few characters for the eye."""
    if max(len(one), len(other)) <= LONGEST:
        return 0
    pairs = enumerate(zip(one, other, strict=False))
    return max(0, next((i for i, (a, b) in pairs if a != b), min(len(one), len(other))) - BEFORE)


def _from(text: str, begin: int) -> str:
    rest = ("…" if begin else "") + text[begin:]
    return rest if len(rest) <= LONGEST else rest[: LONGEST - 1] + "…"
