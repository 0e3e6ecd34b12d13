"""JSON Lines: one object per line, whose values become the texts that a CSV would have held."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from dropforge_jobs import limits
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import DropFile
from dropforge_jobs.lines import Seen, lines
from dropforge_jobs.shown import shown

#: Which names promise JSON.
SUFFIXES = {".json", ".jsonl", ".ndjson"}
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?')
_BRACKETS = re.compile(r"[\[\]{}]")
_LITERALS = {None: "", True: "true", False: "false"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class _RefusedError(ValueError):
    """What a line holds cannot be a row."""


def parsed(text: str) -> dict[str, str]:
    """The object that a line holds, each value as text. Raises ValueError, with the reason, for anything else.

    Numbers stay as they were written: nothing here can grow, round or overflow. Nesting is counted before
    anything is parsed.
    """
    if _depth(text) > limits.DEPTH:
        raise _RefusedError(f"nested more than {limits.DEPTH} deep")
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise _RefusedError(f"no JSON object: {error.msg}, at character {error.pos + 1}") from None
    if not isinstance(value, dict):
        raise _RefusedError(f"an object is expected, found {_kind(value)}")
    return {_name(name): _text(name, item) for name, item in value.items()}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for place, name in enumerate(names) if name in names[:place])
        raise _RefusedError(f"the key {shown(double, 80)!r} occurs twice")
    return found


_decode = json.JSONDecoder(object_pairs_hook=_pairs, parse_float=str, parse_int=str, parse_constant=str).decode


def _depth(text: str) -> int:
    """How deep brackets are nested; those within strings do not count."""
    if text.count("[") + text.count("{") <= limits.DEPTH:
        return 0
    depth = deepest = 0
    for match in _BRACKETS.finditer(_STRING.sub("", text)):
        depth += 1 if match[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "a single value"


def _name(name: str) -> str:
    if not name.strip() or "\0" in name or _SURROGATE.search(name) or len(name.encode()) > limits.NAME_BYTES:
        raise _RefusedError(f"the key {shown(name, 80)!r} cannot name a column")
    return name


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        if "\0" in value or _SURROGATE.search(value):
            raise _RefusedError(f"{shown(name, 80)!r} holds a NUL or half a character")
        return value.strip()
    if isinstance(value, (list, dict)):
        raise _RefusedError(f"{shown(name, 80)!r} holds {_kind(value)}: give each of its values a key of its own")
    return _LITERALS[value]


def records(file: DropFile, seen: Seen | None = None) -> Iterator[tuple[dict[str, str], int, bytes]]:
    """The objects of a file, the number of the line and its bytes; blank lines are passed over.

    Raises TableError, with file and line.
    """
    for number, (raw, text) in enumerate(lines(file, seen), 1):
        if not text.strip():
            continue
        try:
            yield parsed(text), number, raw
        except (ValueError, RecursionError) as error:
            raise TableError(
                f"{shown(file.name)}, line {number}: {error}. JSON Lines have one flat object on each line",
                file=file.name,
                line=number,
            ) from error


def find_names(files: list[DropFile]) -> list[str]:
    """The keys of all objects in the order in which they first occur. Reads everything; TableError for no key."""
    names: dict[str, None] = {}
    for file in files:
        for record, line, _ in records(file):
            if record.keys() <= names.keys():
                continue
            names.update(dict.fromkeys(record))
            if len(names) > limits.COLUMNS:
                raise TableError(
                    f"{shown(file.name)}, line {line}: more than {limits.COLUMNS:,} different keys so far: a table may "
                    f"have {limits.COLUMNS:,} columns",
                    file=file.name,
                    line=line,
                )
    if not names:
        raise TableError(f"{shown(files[0].name)}: no object has a key", file=files[0].name)
    return list(names)
