"""What has become of the columns since the last data set: gone, new, renamed, moved, of another kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

#: How alike the names of a gone and a new column must be to be taken for a renaming.
ALIKE = 0.7
#: Beyond so many gone or new columns nobody looks for renamings.
MOST_RENAMED = 50


def changes(before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`missing`, `new`, `renamed` ({from, to}), `kinds` ({name, before, now}) and whether the rest was `reordered`.

    A column that looks renamed is among the missing and the new ones, too: it is a guess.
    """
    old = {column["name"]: column for column in before}
    new = {column["name"]: column for column in now}
    missing = [name for name in old if name not in new]
    added = [name for name in new if name not in old]
    return {
        "missing": missing,
        "new": added,
        "renamed": _renamed([old[name] for name in missing], [new[name] for name in added]),
        "kinds": [
            {"name": name, "before": old[name]["kind"], "now": column["kind"]}
            for name, column in new.items()
            if name in old and _changed(old[name], column)
        ],
        "reordered": [name for name in old if name in new] != [name for name in new if name in old],
    }


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether values were of one family and are now of another. Without values there is nothing to tell."""
    families = {before["family"], now["family"]}
    return len(families - {"none"}) > 1


def _renamed(gone: Sequence[Mapping[str, Any]], added: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Pairs of a gone and a new column of one family that have like names, or stand in the same place."""
    found = []
    free = {column["name"]: column for column in added[:MOST_RENAMED]}
    for column in gone[:MOST_RENAMED]:
        fitting = {name: other for name, other in free.items() if other["family"] == column["family"]}
        close = get_close_matches(column["name"], list(fitting), 1, ALIKE)
        place = [name for name, other in fitting.items() if other["index"] == column["index"]]
        for name in [*close, *place][:1]:
            found.append({"from": column["name"], "to": name})
            del free[name]
    return found
