"""The column to be learnt: what stands in it, whether that can be learnt, and the rows where it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dropforge_jobs import problem as problems
from dropforge_jobs.errors import JobError
from dropforge_jobs.profile.column import ColumnReader
from dropforge_jobs.profile.settings import OFFENDERS
from dropforge_jobs.profile.values import Values, show
from dropforge_jobs.tables import Chunk
from dropforge_jobs.values import MISSING, number

#: Classes, or buckets of numbers, that the summary holds.
SHOWN_CLASSES = 20
#: Texts among numbers, or numbers among texts, up to this share of the rows are strays, not classes.
STRAY = 0.01
#: Numbers of which there are more different ones than this, or that are not whole, are no classes.
FEW = problems.FEW


class TargetReader:
    """Keeps the first rows in which the target is missing, a number, or a text."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.missing: list[dict[str, Any]] = []
        self.numbers: list[dict[str, Any]] = []
        self.words: list[dict[str, Any]] = []

    def add(self, chunk: Chunk, odd: Mapping[str, int]) -> None:
        """Look at a chunk; `odd` are the target's texts in it that are no numbers."""
        kinds = [self.missing, self.numbers, self.words]
        if all(len(rows) >= OFFENDERS for rows in kinds):
            return
        for row, text in enumerate(chunk.columns[self.index]):
            rows = self.missing if text in MISSING else self.words if text in odd else self.numbers
            if len(rows) < OFFENDERS:
                rows.append({"file": chunk.file, "line": chunk.lines[row], "text": chunk.shown(row)})


@dataclass(frozen=True)
class Target:
    """The target as the preparing job will see it; `problem` is None if it will refuse it, for the reason `refused`.

    `mixed` tells what is odd about it: "words" among numbers, or "numbers" among words.
    """

    name: str
    index: int
    problem: str | None
    classes: list[str] | None
    counts: dict[str, int]
    missing: int
    mixed: str | None
    refused: str | None

    def label(self, text: str, comma: bool) -> float | None:
        """The class's index or the number; None if it is neither."""
        if self.classes is None:
            return number(text, comma)
        return self.places.get(text)

    @property
    def places(self) -> dict[str, int]:
        """The index of each class."""
        return {text: place for place, text in enumerate(self.classes or [])}


def describe(column: ColumnReader, index: int, wanted: str | None) -> Target:
    """What the target is: the problem, its classes, and what speaks against learning it."""
    counts = column.levels.counts if column.levels.exact else dict(column.levels.counts)
    mixed = _mixed(column, wanted)
    found, refused, classes = None, None, None
    try:
        found = problems.infer_problem(counts, wanted, column.name, column.comma)
    except JobError as error:
        refused = str(error)
    if found and found != "regression":
        classes = problems.sorted_classes(counts, column.comma)
    return Target(column.name, index, found, classes, counts, column.missing, mixed, refused)


def _mixed(column: ColumnReader, wanted: str | None) -> str | None:
    """Whether numbers and words stand where only one of them belongs."""
    words, numeric = column.present - column.numeric, column.numeric
    if not words or not numeric:
        return None
    if wanted == "regression":
        return "words"
    if wanted:
        return None  # whoever says that these are classes may call them 1, 2 and many
    if _measured(column) or words <= STRAY * column.present:
        return "words"
    return "numbers" if numeric <= STRAY * column.present else None


def _measured(column: ColumnReader) -> bool:
    """Whether the numbers are measured or counted, so that they cannot be names of classes."""
    found = [value for text in column.levels.counts if (value := number(text, column.comma)) is not None]
    return len(found) > FEW or not column.levels.exact or any(not value.is_integer() for value in found)


def summary(target: Target, values: Values, histogram: dict[str, Any] | None) -> dict[str, Any]:
    """The target for inspection.json and notices: at most 20 classes, or buckets of numbers."""
    distribution: list[dict[str, Any]]
    if target.problem == "regression" and histogram:
        edges = histogram["edges"]
        distribution = [
            {"from": low, "to": high, "count": count} for low, high, count in zip(edges, edges[1:], histogram["counts"])
        ][:SHOWN_CLASSES]
    else:
        distribution = values.top(SHOWN_CLASSES)
    return {
        "name": show(target.name),
        "index": target.index,
        "problem": target.problem,
        "classes": None if target.classes is None else len(target.classes),
        "distribution": distribution,
        "missing": target.missing,
    }
