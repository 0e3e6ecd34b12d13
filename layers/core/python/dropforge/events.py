"""What happened, as it goes on the bus `dropforge`."""

from __future__ import annotations

import re
from typing import Any

VERSION = "1"


def event_id(detail_type: str, *parts: object) -> str:
    """An id that a repeat of the same happening has again: consumers drop duplicates by it."""
    slug = re.sub(r"[^a-z0-9]+", "-", detail_type.lower()).strip("-")
    return "-".join([*(str(p) for p in parts if p not in (None, "")), slug])


def detail(
    detail_type: str,
    *parts: object,
    project: str,
    run: str | None,
    drop: str | None = None,
    cause: str | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """The `detail` of an event: the fields that all have, then its own.

    `parts` are what makes the happening unique (run, attempt…); `cause` is what led to it.
    """
    common = {
        "version": VERSION,
        "id": event_id(detail_type, *parts),
        "project": project,
        "run": run,
        "drop": drop,
        "cause": cause,
    }
    return common | fields


def plain(value: Any) -> Any:
    """A DynamoDB item as the `dynamodb` integrations give it (`{"S": "x"}`), as plain values.

    Values that are plain already stay as they are.
    """
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, inner),) = value.items()
        if kind in _TYPED:
            return _TYPED[kind](inner)
    return {k: plain(v) for k, v in value.items()}


def _number(text: str) -> int | float:
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


_TYPED: dict[str, Any] = {
    "S": str,
    "N": _number,
    "BOOL": bool,
    "NULL": lambda _: None,
    "M": lambda m: {k: plain(v) for k, v in m.items()},
    "L": lambda items: [plain(i) for i in items],
}
