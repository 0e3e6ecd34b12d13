"""A model that serves already, measured on a candidate's rows: which of their columns it takes, which rows it knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dropforge_jobs.errors import ModelError
from dropforge_jobs.job import Job
from dropforge_jobs.learnt import FOLDER, Learnt
from dropforge_jobs.preprocessor import Preprocessor
from dropforge_jobs.tables import Table, listed


def learnt_rows(job: Job) -> Learnt | None:
    """The rows that the champion learnt from, if they were kept."""
    return Learnt.load(job.input(FOLDER)) if job.has_input(FOLDER) else None


def columns_of(model_dir: Path, learnt: Learnt | None, table: Table, target: int, problem: str) -> list[int]:
    """The columns that the champion takes, in its order, as positions in the table.

    Our own packages know their columns by name; a script's are those of the rows that it learnt from, in their order.
    Raises ModelError where it was made for another table, target or problem.
    """
    if (model_dir / "preprocessor.json").is_file():
        made = Preprocessor.load(model_dir)
        _refuse_others(made, table, target, problem)
        return [_place(name, table) for name in made.names]
    inputs = [position for position in range(len(table.names)) if position != target]
    if learnt is None:
        return inputs
    if learnt.target is not None and learnt.columns[learnt.target] != table.names[target]:
        raise ModelError(f"it predicts {learnt.columns[learnt.target]!r}, not {table.names[target]!r}")
    return [_place(name, table) for position, name in enumerate(learnt.columns) if position != learnt.target]


def _refuse_others(made: Preprocessor, table: Table, target: int, problem: str) -> None:
    if made.target != table.names[target]:
        raise ModelError(f"it predicts {made.target!r}, not {table.names[target]!r}")
    if made.problem != problem:
        raise ModelError(f"it was made for a {made.problem} problem, and this one is {problem}")
    if table.decimal_comma != (made.delimiter == ";"):
        raise ModelError("its numbers are written with another decimal sign than these")


def _place(name: str, table: Table) -> int:
    if name not in table.names:
        raise ModelError(f"it was trained on a column that these rows lack: {listed([name])}")
    return table.names.index(name)


def overlap(learnt: Learnt | None, table: Table) -> dict[str, Any]:
    """How many of the table's rows the champion learnt from, and which are the `others`; or why that is not known."""
    if learnt is None:
        return {"checked": False, "reason": "the rows that it learnt from were not kept"}
    if not learnt.fits(table.names):
        return {"checked": False, "reason": "it learnt from rows with other columns"}
    seen = np.concatenate([learnt.seen(chunk, table.names) for chunk in table.chunks()])
    return {"checked": True, "rows": len(seen), "seen": int(seen.sum()), "others": np.flatnonzero(~seen).tolist()}
