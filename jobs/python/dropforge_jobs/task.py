"""What a drop turns out to be when it is first read: its table, target, problem, and the part of each row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dropforge_jobs.errors import SettingsError, SplitError, TableError, TargetError
from dropforge_jobs.formats import JSONL, PARQUET
from dropforge_jobs.job import Job
from dropforge_jobs.problem import infer_problem, sorted_classes
from dropforge_jobs.scan import Scan, divide, scan
from dropforge_jobs.shown import shown
from dropforge_jobs.split import TRAIN, SplitSettings
from dropforge_jobs.tables import Table, listed, open_table

Array = np.ndarray[Any, Any]
SMALL_CLASS = 3
ON_RAGGED = ("refuse", "skip")
#: Formats whose rows have keys.
KEYED = (JSONL, PARQUET)


@dataclass(frozen=True)
class Task:
    """`labels` (class index or number, NaN where there is none) and `parts` have one entry per row of `table`.

    `target` is the column's position, None where a script needs none; then `problem` is None too. `validation` is
    the table that was dropped for validation, if one was. `hashes` are those that the rows were divided by.
    """

    table: Table
    validation: Table | None
    split: SplitSettings
    target: int | None
    problem: str | None
    classes: list[str] | None
    labels: Array
    parts: Array
    hashes: Array
    warnings: list[str]


def read_task(job: Job, settings: dict[str, Any]) -> Task:
    """Read the drop once. Raises a JobError for what cannot be learnt or divided."""
    split = SplitSettings.read(settings.get("split") or {})
    wanted = settings.get("target")
    if wanted is None and not settings.get("passthrough"):
        raise TargetError("target: the settings name no column to learn")
    table = open_table(job.input("dataset"), wanted, settings.get("columns"), _on_ragged(settings))
    target = None if wanted is None else table.target_index(wanted)
    validation = None
    if job.has_input("validation"):
        validation = _validation_table(job, table, target)
        split = replace(split, validation=0.0)
    found = scan(table, target, split)
    if not len(found.codes):
        raise TableError(f"{shown(table.files[0].name)}: the table has a header and no rows")
    if target is None:
        labels = np.zeros(len(found.codes))
        parts = divide(found, labels, False, split)
        return Task(table, validation, split, None, None, None, labels, parts, found.hashes, ragged_warnings(table))
    problem = infer_problem(found.counts, settings.get("problem"), table.names[target], table.decimal_comma)
    classes = None if problem == "regression" else sorted_classes(found.counts, table.decimal_comma)
    labels = found.labels(problem, classes)
    parts = divide(found, labels, classes is not None, split)
    warnings = ragged_warnings(table) + _target_warnings(found, table.names[target], classes)
    if classes:
        warnings += _class_warnings(labels[parts == TRAIN], classes)
    return Task(table, validation, split, target, problem, classes, labels, parts, found.hashes, warnings)


def _validation_table(job: Job, table: Table, target: int | None) -> Table:
    """The separately dropped validation table; TableError unless its columns are those of the drop."""
    other = open_table(job.input("validation"), target, None if table.header else table.names, table.on_ragged)
    if other.names != table.names and sorted(other.names) == sorted(table.names) and other.format in KEYED:
        other = replace(other, names=table.names)  # its rows have keys, so their order is no matter
    if other.names != table.names or other.delimiter != table.delimiter:
        name = shown(other.files[0].name)
        raise TableError(f"validation/{name}: its columns differ from the training data's: {listed(other.names)}")
    return other


def _on_ragged(settings: dict[str, Any]) -> str:
    """What the project says about rows of the wrong width."""
    policy = (settings.get("data") or {}).get("on_ragged") or "refuse"
    if policy not in ON_RAGGED:
        raise SettingsError(f"data.on_ragged: {policy!r}: one of {', '.join(ON_RAGGED)} is expected")
    return str(policy)


def ragged_warnings(table: Table) -> list[str]:
    """That rows of the wrong width were passed over, if some were in the table's last reading."""
    if not table.ragged.count:
        return []
    first = table.ragged.rows[0]
    verb = "row has" if table.ragged.count == 1 else "rows have"
    place = f"{first['file']}, line {first['line']}"
    return [f"{table.ragged.count} {verb} not {len(table.names)} fields and were left out, the first in {place}"]


def _target_warnings(found: Scan, target: str, classes: list[str] | None) -> list[str]:
    """What the user should know about the target's values."""
    warnings = []
    counts = found.counts
    missing = len(found.codes) - sum(counts.values())
    if missing:
        warnings.append(f"{missing} of {len(found.codes)} rows have no {target!r} and were left out")
    small = [name for name in classes or [] if counts[name] < SMALL_CLASS]
    if small:
        noun = "class of" if len(small) == 1 else "classes of"
        verb = "has" if len(small) == 1 else "have"
        warnings.append(f"{len(small)} {noun} {target!r} {verb} fewer than {SMALL_CLASS} rows: {listed(small)}")
    return warnings


def _class_warnings(labels: Array, classes: list[str]) -> list[str]:
    """Classes that a split by time or group kept from the training rows; SplitError if one class is left."""
    learnt = {classes[int(label)] for label in np.unique(labels)}
    if len(learnt) == 1:
        raise SplitError(f"split: all training rows are of the class {learnt.pop()!r}: there is nothing to learn")
    absent = [name for name in classes if name not in learnt]
    return [f"no training row has the classes {listed(absent)}"] if absent else []
