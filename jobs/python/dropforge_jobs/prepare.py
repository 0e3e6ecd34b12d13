"""The preparing job: dropped rows → training and validation input, held-out rows, and the preprocessor.

Run as `python3 -m dropforge_jobs.prepare`. It reads the drop three times and keeps no row: once for the target
and the split, once to fit the columns on the training rows, once to write.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from dropforge_jobs.columns import Column
from dropforge_jobs.errors import TableError, TargetError
from dropforge_jobs.job import Job, run, write_json
from dropforge_jobs.preprocessor import Preprocessor
from dropforge_jobs.problem import infer_problem, sorted_classes
from dropforge_jobs.scan import Scan, divide, scan
from dropforge_jobs.split import LEFT_OUT, TEST, TRAIN, VALIDATION, SplitSettings
from dropforge_jobs.tables import Table, open_table
from dropforge_jobs.writers import PartWriter, raw_rows, write_features, write_raw

Array = np.ndarray[Any, Any]
SMALL_CLASS = 3


@dataclass(frozen=True)
class Task:
    """What the drop turned out to be. `target` is the column's position, None if a script needs none."""

    table: Table
    target: int | None
    problem: str | None
    classes: list[str] | None
    labels: Array
    parts: Array
    warnings: list[str]


def main(job: Job) -> None:
    """Prepare a drop for training."""
    settings = job.settings("prepare.json")
    split = SplitSettings.read(settings.get("split") or {})
    separate = job.has_input("validation")
    if separate:
        split = SplitSettings(**{**split.__dict__, "validation": 0.0})
    task = _understand(job, settings, split)
    with PartWriter(job.output) as writer:
        if settings.get("passthrough"):
            kinds = None
            _pass_through(job, task, separate, writer)
        else:
            kinds = _prepare_columns(job, task, split, separate, writer)
        rows = writer.rows
    _report(job, task, kinds, rows)


def _pass_through(job: Job, task: Task, separate: bool, writer: PartWriter) -> None:
    """Write every part as it was dropped, for a user's script."""
    header = task.table.header_line
    for part in (TRAIN, VALIDATION, TEST):
        writer.start(part, header)
    write_raw(writer, task.table, task.parts)
    if separate:
        for chunk in _validation_table(job, task).chunks():
            raw_rows(writer, chunk, np.full(len(chunk.lines), VALIDATION), VALIDATION)


def _understand(job: Job, settings: dict[str, Any], split: SplitSettings) -> Task:
    """Read the drop once: find the target, the problem and the part of every row."""
    table = open_table(job.input("dataset"), settings.get("target"), settings.get("columns"))
    wanted = settings.get("target")
    if wanted is None and not settings.get("passthrough"):
        raise TargetError("target: the settings name no column to learn")
    target = None if wanted is None else table.target_index(wanted)
    found = scan(table, target, split)
    if not len(found.codes):
        raise TableError(f"{table.files[0].name}: the table has a header and no rows")
    if target is None:
        labels = np.zeros(len(found.codes))
        return Task(table, None, None, None, labels, divide(found, labels, False, split), [])
    counts = found.counts
    problem = infer_problem(counts, settings.get("problem"), table.names[target])
    classes = None if problem == "regression" else sorted_classes(counts)
    labels = found.labels(problem, classes)
    parts = divide(found, labels, classes is not None, split)
    return Task(table, target, problem, classes, labels, parts, _warnings(found, table.names[target], classes))


def _warnings(found: Scan, target: str, classes: list[str] | None) -> list[str]:
    """What the user should know about the target."""
    warnings = []
    missing = len(found.codes) - sum(found.counts.values())
    if missing:
        warnings.append(f"{missing} of {len(found.codes)} rows have no {target!r} and were left out")
    small = [name for name in classes or [] if found.counts[name] < SMALL_CLASS]
    if small:
        shown = ", ".join(map(repr, small[:5]))
        warnings.append(f"{len(small)} classes of {target!r} have fewer than {SMALL_CLASS} rows: {shown}")
    return warnings


def _prepare_columns(
    job: Job, task: Task, split: SplitSettings, separate: bool, writer: PartWriter
) -> list[dict[str, Any]]:
    """Fit the preprocessor, write the model's input; return the description of every column."""
    table, target = task.table, task.target
    assert target is not None
    comma = table.delimiter == ";"
    columns = [Column(name, comma) for name in table.names]
    start = 0
    for chunk in table.chunks():
        parts = task.parts[start : start + len(chunk.lines)]
        start += len(chunk.lines)
        for column, texts in zip(columns, chunk.columns):
            column.add(texts, parts == TRAIN)
    validation = _validation_table(job, task) if separate else None
    for chunk in validation.chunks() if validation else ():
        for column, texts in zip(columns, chunk.columns):
            column.add(texts, np.zeros(len(chunk.lines), dtype=bool))
    kinds = [column.describe() for column in columns]
    kinds[target] = {"name": table.names[target], "kind": "target"}
    if split.group:
        kinds[table.names.index(split.group)] = {"name": split.group, "kind": "group"}
    preprocessor = _preprocessor(task, target, kinds)
    writer.start(TEST, table.header_line)
    write_features(writer, table, preprocessor, task.parts, task.labels)
    if validation:
        labels = scan(validation, target, SplitSettings()).labels(preprocessor.problem, task.classes)
        left_out = int(np.isnan(labels).sum())
        if left_out:
            task.warnings.append(f"validation: {left_out} rows have no usable {preprocessor.target!r}")
        parts = np.where(np.isnan(labels), LEFT_OUT, VALIDATION)
        write_features(writer, validation, preprocessor, parts, labels)
    (job.output / "preprocessor.json").write_text(preprocessor.to_json(), encoding="utf-8")
    return kinds


def _validation_table(job: Job, task: Task) -> Table:
    """The separately dropped validation table; TableError unless its columns are those of the drop."""
    table = task.table
    names = None if table.header else table.names
    other = open_table(job.input("validation"), task.target, names)
    if other.names != table.names or other.delimiter != table.delimiter:
        raise TableError(
            f"validation/{other.files[0].name}: its columns differ from the training data's: "
            f"{', '.join(other.names[:20])}"
        )
    return other


def _preprocessor(task: Task, target: int, kinds: list[dict[str, Any]]) -> Preprocessor:
    """The fitted preprocessor; TableError if no column is left to learn from."""
    inputs = [kind for index, kind in enumerate(kinds) if index != target]
    preprocessor = Preprocessor(
        problem=task.problem or "",
        target=task.table.names[target],
        target_index=target,
        classes=task.classes,
        delimiter=task.table.delimiter,
        header=task.table.header,
        columns=inputs,
    )
    if not preprocessor.features:
        told = ", ".join(f"{kind['name']} ({kind['kind']})" for kind in inputs[:20])
        raise TableError(f"no column is left to learn from: {told}")
    for kind, reason in (("identifier", "only number the rows"), ("constant", "hold a single value")):
        names = [column["name"] for column in inputs if column["kind"] == kind]
        if names:
            task.warnings.append(f"not used, because they {reason}: {', '.join(names[:20])}")
    for column in inputs:
        if column.get("blanks"):
            shown = ", ".join(map(repr, column["blanks"][:5]))
            task.warnings.append(f"column {column['name']!r}: taken as missing: {shown}")
    return preprocessor


def _report(job: Job, task: Task, kinds: list[dict[str, Any]] | None, rows: dict[str, int]) -> None:
    """Write preparation.json, which the run's next steps read."""
    table = task.table
    plain = [
        {"name": name, "kind": "target" if index == task.target else "raw"} for index, name in enumerate(table.names)
    ]
    described = [{"name": kind["name"], "kind": kind["kind"]} for kind in kinds] if kinds else plain
    features = len(Preprocessor.load(job.output).features) if kinds else 0
    write_json(
        job.output / "preparation.json",
        {
            "problem": task.problem,
            "target": None if task.target is None else table.names[task.target],
            "target_index": task.target,
            "columns": described,
            "header": table.header,
            "delimiter": table.delimiter,
            "classes": task.classes,
            "rows": rows,
            "features": features,
            "warnings": task.warnings,
        },
    )
    print(f"prepared {rows} rows, {features} features, problem {task.problem}")
    for warning in task.warnings:
        print(f"warning: {warning}")


if __name__ == "__main__":
    sys.exit(run(main))
