"""The finding of files that were left out, and of a table that could not be opened at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dropforge_jobs.shown import shown

ROWS = 5
UNREADABLE = "unreadable_file"
LONGEST_MESSAGE = 400


def unreadable(quarantined: Mapping[str, str]) -> list[dict[str, Any]]:
    """One finding for all files that were left out; none if none was."""
    if not quarantined:
        return []
    first = next(iter(quarantined.values()))
    more = len(quarantined) - 1
    others = "" if not more else f" (and {more} other file{'s' if more > 1 else ''})"
    return [
        {
            "check": UNREADABLE,
            "count": len(quarantined),
            "message": shown(first, LONGEST_MESSAGE) + others,
            "fix": "drop the file again as that says, or set data.checks.unreadable_file: skip to leave such files out",
            "rows": [
                {"file": shown(name), "line": None, "text": shown(why)}
                for name, why in list(quarantined.items())[:ROWS]
            ],
        }
    ]


def no_table(reason: str) -> dict[str, Any]:
    """The finding that the files that are left are no table of the kind that the project names."""
    return {
        "check": UNREADABLE,
        "count": 1,
        "message": shown(reason, LONGEST_MESSAGE),
        "fix": "mend the data or project.yaml as that says",
        "rows": [],
    }
