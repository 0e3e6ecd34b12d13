"""The preparing job: dropped rows → training and validation input, held-out rows, and the preprocessor.

Run as `python3 -m dropforge_jobs.prepare`. It reads the drop three times and keeps no row: once for the target
and the split, once to fit the columns on the training rows, once to write.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from dropforge_jobs.columns import Column
from dropforge_jobs.errors import TableError
from dropforge_jobs.job import Job, run, write_json
from dropforge_jobs.learnt import FOLDER, write_learnt
from dropforge_jobs.preprocessor import Preprocessor
from dropforge_jobs.scan import scan
from dropforge_jobs.split import LEFT_OUT, TEST, TRAIN, VALIDATION, SplitSettings
from dropforge_jobs.tables import listed
from dropforge_jobs.task import Task, ragged_warnings, read_task
from dropforge_jobs.writers import PartWriter, raw_rows, start_raw, write_features, write_raw

#: Of the warnings, what a notice has room for; preparation.json has them all.
MOST_WARNINGS = 20
LONGEST_WARNING = 500
UNUSED = {"identifier": "only number the rows", "constant": "hold a single value"}


def main(job: Job) -> None:
    """Prepare a drop for training."""
    settings = job.settings("prepare.json")
    task = read_task(job, settings)
    with PartWriter(job.output) as writer:
        if settings.get("passthrough") or task.target is None:
            kinds = ["raw"] * len(task.table.names)
            features = 0
            _pass_through(task, writer)
        else:
            columns = _fit(task)
            kinds = [column["kind"] for column in columns]
            preprocessor = _preprocessor(task, task.target, columns)
            features = len(preprocessor.features)
            _write(task, task.target, preprocessor, writer)
            (job.output / "preprocessor.json").write_text(preprocessor.to_json(), encoding="utf-8")
    learnt = write_learnt(job.output / FOLDER, task)
    _report(job, task, kinds, {"features": features, "learnt": learnt}, writer.rows)


def _pass_through(task: Task, writer: PartWriter) -> None:
    """Write every part as it was dropped, for a user's script."""
    for part in (TRAIN, VALIDATION, TEST):
        start_raw(writer, task.table, part)
    write_raw(writer, task.table, task.parts)
    if task.validation:
        start_raw(writer, task.validation, VALIDATION)
    for chunk in task.validation.chunks() if task.validation else ():
        raw_rows(writer, chunk, np.full(len(chunk.lines), VALIDATION), VALIDATION)


def _fit(task: Task) -> list[dict[str, Any]]:
    """Read the drop a second time; return the description of every column, the target among them."""
    table = task.table
    columns = [Column(name, table.decimal_comma) for name in table.names]
    start = 0
    for chunk in table.chunks():
        training = task.parts[start : start + len(chunk.lines)] == TRAIN
        start += len(chunk.lines)
        for column, texts in zip(columns, chunk.columns):
            column.add(texts, training)
    for chunk in task.validation.chunks() if task.validation else ():
        for column, texts in zip(columns, chunk.columns):
            column.add_unlearnt(texts)
    described = [column.describe() for column in columns]
    for index, name in enumerate(table.names):
        if index == task.target:
            described[index] = {"name": name, "kind": "target"}
        elif name == task.split.group:  # its values are, on purpose, none that the model will meet again
            described[index] = {"name": name, "kind": "group"}
    return described


def _preprocessor(task: Task, target: int, columns: list[dict[str, Any]]) -> Preprocessor:
    """The fitted preprocessor; TableError if no column is left to learn from."""
    inputs = [column for index, column in enumerate(columns) if index != target]
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
        told = [f"{column['name']} ({column['kind']})" for column in inputs]
        raise TableError(f"no column is left to learn from: {listed(told)}")
    for kind, reason in UNUSED.items():
        names = [column["name"] for column in inputs if column["kind"] == kind]
        if names:
            task.warnings.append(f"not used, because they {reason}: {listed(names)}")
    for column in inputs:
        if "blanks" in column and column["blanks"] is None:
            task.warnings.append(
                f"column {column['name']!r}: every text that is no {column['kind']} is taken as missing"
            )
        elif column.get("blanks"):
            task.warnings.append(f"column {column['name']!r}: taken as missing: {listed(column['blanks'])}")
    return preprocessor


def _write(task: Task, target: int, preprocessor: Preprocessor, writer: PartWriter) -> None:
    """Read the drop a third time and write its parts."""
    writer.start(TEST, task.table.header_line)
    write_features(writer, task.table, preprocessor, task.parts, task.labels)
    if task.validation:
        labels = scan(task.validation, target, SplitSettings()).labels(preprocessor.problem, task.classes)
        task.warnings.extend(f"validation: {warning}" for warning in ragged_warnings(task.validation))
        useless = np.isnan(labels)
        if useless.any():
            task.warnings.append(f"validation: {useless.sum()} rows have no usable {preprocessor.target!r}")
        parts = np.where(useless, LEFT_OUT, VALIDATION)
        write_features(writer, task.validation, preprocessor, parts, labels)


def _report(job: Job, task: Task, kinds: list[str], counts: dict[str, int], rows: dict[str, int]) -> None:
    """Write preparation.json for jobs and people, and summary.json for the run's machine."""
    table, target = task.table, task.target
    columns = [{"name": name, "kind": kind} for name, kind in zip(table.names, kinds)]
    if target is not None:
        columns[target]["kind"] = "target"
    write_json(
        job.output / "preparation.json",
        {
            "problem": task.problem,
            "target": None if target is None else table.names[target],
            "target_index": target,
            "columns": columns,
            "format": table.format,
            "header": table.header,
            "delimiter": table.delimiter,
            "classes": task.classes,
            "rows": rows,
            **counts,
            "warnings": task.warnings,
        },
    )
    write_json(job.output / "summary.json", _summary(task, rows, counts))
    print(f"prepared {rows} rows, {counts['features']} features, problem {task.problem}")
    for warning in task.warnings:
        print(f"warning: {warning}")


def _summary(task: Task, rows: dict[str, int], counts: dict[str, int]) -> dict[str, Any]:
    """What the machine decides by and tells. It carries 256 KiB, so nothing here grows with columns or classes."""
    return {
        "problem": task.problem,
        "classes": None if task.classes is None else len(task.classes),
        "rows": rows,
        **counts,
        "warnings": [warning[:LONGEST_WARNING] for warning in task.warnings[:MOST_WARNINGS]],
    }


if __name__ == "__main__":
    sys.exit(run(main))
