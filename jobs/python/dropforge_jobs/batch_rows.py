"""Rows to predict: written as a batch transform job sends them to the model, and set beside its answers afterwards.

Both passes read the frozen drop in the same order, so the n-th answer of a file belongs to its n-th row.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropforge_jobs.errors import TableError
from dropforge_jobs.files import DropFile
from dropforge_jobs.shown import shown
from dropforge_jobs.tables import Table, listed, open_table

#: What our models answer; a script's answers are `prediction`, or `prediction_1`, … where they are lists.
CLASSES, VALUE, SCRIPT = "classes", "value", "script"
REFUSED = "error"
SHOWN_ERRORS = 5


@dataclass(frozen=True)
class Asked:
    """What the model is asked about each row: names and positions of the columns, and how it answers."""

    columns: list[tuple[str, int]]
    kind: str

    @property
    def content_type(self) -> str:
        """How the rows are written. A CSV's fields may hold newlines, so our models are sent JSON Lines."""
        return "text/csv" if self.kind == SCRIPT else "application/jsonlines"

    @property
    def suffix(self) -> str:
        """The extension of the files of rows."""
        return "csv" if self.kind == SCRIPT else "jsonl"


def open_rows(files: Sequence[DropFile], columns: Sequence[str] | None = None) -> Table:
    """The drop's table. Rows of the wrong width are skipped and counted in its `ragged`. Raises TableError."""
    try:
        return open_table(files, None, columns, "skip")
    except TableError:
        if columns is None:
            raise
    return open_table(files, None, None, "skip")  # `columns` counts the target, which rows to predict may lack


def asked(table: Table, preprocessor: dict[str, Any] | None, target: str | int | None) -> Asked:
    """Which columns the model gets: those of its preprocessor (our models), or all but the target (a script).

    Raises TableError if the drop lacks a column that the model needs.
    """
    if preprocessor is None:
        return Asked(_without(table, target), SCRIPT)
    names = [column["name"] for column in preprocessor["columns"]]
    kind = VALUE if preprocessor.get("classes") is None else CLASSES
    if set(names) <= set(table.names):
        return Asked([(name, table.names.index(name)) for name in names], kind)
    if table.header:
        missing = [name for name in names if name not in table.names]
        raise TableError(
            f"the drop lacks {len(missing)} of the {len(names)} columns that the model learnt from: {listed(missing)}; "
            f"it has {listed(table.names)}"
        )
    places = list(range(len(table.names)))
    if len(places) == len(names) + 1:
        places.pop(preprocessor["target_index"])
    if len(places) != len(names):
        raise TableError(
            f"{shown(table.files[0].name)} has no header and {len(table.names)} columns; the model learnt from "
            f"{len(names)}: {listed(names)}"
        )
    return Asked(list(zip(names, places)), kind)


def _without(table: Table, target: str | int | None) -> list[tuple[str, int]]:
    """All columns but the target, where the drop's header names it."""
    known = isinstance(target, str) and target in table.names
    return [(name, place) for place, name in enumerate(table.names) if not (known and name == target)]


def write_rows(table: Table, file: DropFile, ask: Asked, path: Path) -> int:
    """Write one file's rows to `path` as the model is sent them; their number."""
    written = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for chunk in table.file_chunks(file):
            columns = [chunk.columns[place] for _, place in ask.columns]
            names = [name for name, _ in ask.columns]
            for row in zip(*columns):
                if ask.kind == SCRIPT:  # a line is a record to SageMaker, quoted or not
                    writer.writerow([" ".join(text.splitlines()) for text in row])
                else:
                    out.write(json.dumps(dict(zip(names, row)), ensure_ascii=False) + "\n")
                written += 1
    return written


@dataclass
class Counts:
    """What came of a file's rows; `errors` are the first reasons for refusing some."""

    rows: int = 0
    refused: int = 0
    errors: list[str] | None = None


def write_predictions(table: Table, file: DropFile, kind: str, answers: Path, path: Path) -> Counts:
    """Write one file's rows with the answers beside them, as CSV with the drop's columns first.

    The header is left out if the drop has none. Raises TableError if there is not one answer for each row.
    """
    counts, found = Counts(errors=[]), _answers(answers, kind)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for chunk in table.file_chunks(file):
            for place, row in enumerate(zip(*chunk.columns)):
                answer = next(found, None)
                if answer is None:
                    raise TableError(
                        f"{shown(file.name)}: the model gave {counts.rows} answers for more rows than that"
                    )
                if table.header and not counts.rows:
                    writer.writerow([*table.names, *_names(table.names, kind, answer)])
                counts.rows += 1
                writer.writerow([*row, *_fields(answer, kind)])
                if refused(answer, kind):
                    counts.refused += 1
                    reason = f"{shown(file.name)}, line {chunk.lines[place]}: {shown(str(answer[REFUSED]))}"
                    counts.errors = [*(counts.errors or []), reason][:SHOWN_ERRORS]
    if next(found, None) is not None:
        raise TableError(f"{shown(file.name)}: the model gave more answers than the {counts.rows} rows it was asked")
    return counts


def refused(answer: Any, kind: str) -> bool:
    """Whether the model said that it cannot read the row."""
    return kind != SCRIPT and isinstance(answer, dict) and REFUSED in answer


def _answers(path: Path, kind: str) -> Iterator[Any]:
    """One answer for each row. A script may answer a whole request with one JSON list."""
    with path.open(encoding="utf-8", newline="") as lines:
        for line in lines:
            if not line.strip():
                continue
            try:
                answer = json.loads(line)
            except ValueError:
                answer = next(csv.reader([line]))
                answer = answer[0] if len(answer) == 1 else answer
                yield answer
                continue
            if kind == SCRIPT and isinstance(answer, dict):
                lists = [value for value in answer.values() if isinstance(value, list)]
                answer = lists[0] if len(answer) == len(lists) == 1 else answer
            yield from answer if kind == SCRIPT and isinstance(answer, list) else [answer]


def _names(names: Sequence[str], kind: str, answer: Any) -> list[str]:
    """What the columns of the answers are called; the drop's own keep their names."""
    if kind == SCRIPT:
        many = range(1, len(answer) + 1) if isinstance(answer, list) else []
        own = [f"prediction_{number}" for number in many] or ["prediction"]
    else:
        own = ["prediction", *(["probability"] if kind == CLASSES else []), REFUSED]
    return [f"dropforge_{name}" if name in names else name for name in own]


def _fields(answer: Any, kind: str) -> list[Any]:
    if kind == SCRIPT:
        items = answer if isinstance(answer, list) else [answer]
        return [json.dumps(item, ensure_ascii=False) if isinstance(item, (dict, list)) else item for item in items]
    error = answer.get(REFUSED, "")
    if kind == VALUE:
        return [answer.get("value", ""), error]
    return [answer.get("label", ""), answer.get("probability", ""), error]
