"""The part of JSONPath that DataProcessing's filters know.

Source: SageMaker developer guide, "Associate Prediction Results with Input Records", table of operators: `$`, `.name`,
`*`, `['name' (, 'name')]`, `[number (, number)]`, `[start:end]`; negative numbers count from the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|\.(?P<star>\*)|\[(?P<inside>(?:'[^']*'|\"[^\"]*\"|[^\]'\"])*)\]")
_NAME = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_SLICE = re.compile(r"(-?\d*):(-?\d*)")
_NUMBER = re.compile(r"-?\d+")
_MISSING: Any = object()


class PathError(Exception):
    """A path that is none, or that does not fit a record; the text says why."""


@dataclass(frozen=True)
class Names:
    """`.name`, `['a', 'b']`."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Numbers:
    """`[0, -1]`, `[1:]`, and both mixed."""

    parts: tuple[int | slice, ...]


@dataclass(frozen=True)
class Every:
    """`*`."""


Path = tuple[Names | Numbers | Every, ...]


def parse(text: str) -> Path:
    """The steps of a path. Raises PathError."""
    if not text.startswith("$"):
        raise PathError("a JSONPath begins with $")
    steps: list[Names | Numbers | Every] = []
    place = 1
    while place < len(text):
        match = _STEP.match(text, place)
        if not match:
            raise PathError(f"cannot read {text[place:]!r}")
        steps.append(_step(match))
        place = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Names | Numbers | Every:
    if match["name"]:
        return Names((match["name"],))
    inside = (match["inside"] or "").strip()
    if match["star"] or inside == "*":
        return Every()
    names = _NAME.findall(inside)
    if names and re.fullmatch(rf"\s*(?:{_NAME.pattern})(?:\s*,\s*(?:{_NAME.pattern}))*\s*", inside):
        return Names(tuple(single or double for single, double in names))
    return Numbers(tuple(_number(part.strip()) for part in inside.split(",")))


def _number(part: str) -> int | slice:
    if _NUMBER.fullmatch(part):
        return int(part)
    between = _SLICE.fullmatch(part)
    if not between:
        raise PathError(f"cannot read [{part}]")
    start, end = (int(text) if text not in ("", "-") else None for text in between.groups())
    return slice(start, end)


def find(path: Path, value: Any) -> Any:
    """What the path selects: the value itself, an object of several names, an array of several elements.

    Raises PathError if there is nothing.
    """
    for step in path:
        value = _select(step, value)
        if value is _MISSING:
            raise PathError("the path finds nothing in the record")
    return value


def _select(step: Names | Numbers | Every, value: Any) -> Any:
    match step, value:
        case Names((name,)), dict():
            return value.get(name, _MISSING)
        case Names(names), dict():
            return {name: value[name] for name in names if name in value}
        case Numbers((int() as number,)), list():
            return value[number] if -len(value) <= number < len(value) else _MISSING
        case Numbers(parts), list():
            return [each for part in parts for each in _part(part, value)]
        case Every(), dict() | list():
            return list(value.values() if isinstance(value, dict) else value)
    return _MISSING


def _part(part: int | slice, values: list[Any]) -> list[Any]:
    if isinstance(part, slice):
        return values[part]
    return [values[part]] if -len(values) <= part < len(values) else []
