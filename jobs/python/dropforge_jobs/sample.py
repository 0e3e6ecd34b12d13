"""A few held-out rows as a client would send them, with the answers they got: what a live endpoint must answer too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from dropforge_jobs.errors import ModelError
from dropforge_jobs.served import Served, body_of

ROWS = 50
BYTES = 200_000
VERSION = 1


class Sampler:
    """Keeps the first rows of each label, at most `ROWS` labels of `ROWS` rows, while the held-out rows pass by."""

    def __init__(self) -> None:
        self._kept: dict[str, list[tuple[str, ...]]] = {}

    def add(self, labels: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
        """Look at rows without their target, and the label of each."""
        for label, row in zip(labels, rows):
            if label not in self._kept and len(self._kept) == ROWS:
                continue
            kept = self._kept.setdefault(label, [])
            if len(kept) < ROWS:
                kept.append(row)

    def rows(self) -> list[tuple[str, ...]]:
        """At most `ROWS` rows: the first of each label, then the second of each, and so on."""
        turns = [row for turn in range(ROWS) for kept in self._kept.values() for row in kept[turn : turn + 1]]
        return turns[:ROWS]


def sample_of(sampler: Sampler, served: Served, delimiter: str, problem: str) -> dict[str, Any] | None:
    """sample.json's content, at most `BYTES` long.

    None if nothing can be compared later: no row is short enough, the answers are no JSON, or a model answers the same
    rows differently when it is asked twice.
    """
    rows = sampler.rows()
    while rows:
        try:
            found = {
                "version": VERSION,
                "content_type": "text/csv",
                "body": body_of(rows, delimiter),
                "answers": served.predict(rows, delimiter),
                "accept": served.accepted,
                "problem": problem,
            }
            text = json.dumps(found, indent=1, allow_nan=False)
            again = json.dumps(served.predict(rows, delimiter))
        except (ModelError, TypeError, ValueError):
            return None
        if again != json.dumps(found["answers"]):
            return None
        if len(text) < BYTES:
            return found
        rows = rows[: len(rows) // 2]
    return None
