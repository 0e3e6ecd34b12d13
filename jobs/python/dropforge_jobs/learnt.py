"""Which rows a model learnt from, kept as hashes, so that a later comparison can leave them out.

The preparing job writes `learnt/learnt.json` and `learnt/learnt.npy`, eight bytes a row. A model that is measured on
rows that it learnt from looks better than it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dropforge_jobs.chunks import Chunk
from dropforge_jobs.errors import SettingsError
from dropforge_jobs.job import write_json
from dropforge_jobs.split import TRAIN, VALIDATION, row_hash
from dropforge_jobs.task import Task

FOLDER = "learnt"
VERSION = 1
#: 32 MiB; of a larger drop nothing is kept, and a comparison says that it was not checked.
MOST_ROWS = 4 * 1024**2
Array = np.ndarray[Any, Any]


def write_learnt(folder: Path, task: Task) -> int:
    """Keep the hashes of the rows that are learnt from (validation, by which training stops, among them).

    Returns how many rows that are; nothing is written where they are too many.
    """
    used = np.isin(task.parts, (TRAIN, VALIDATION))
    count = int(used.sum())
    if count > MOST_ROWS:
        return 0
    hashes = [task.hashes[used]]
    seed = task.split.seed
    for chunk in task.validation.chunks() if task.validation else ():
        hashes.append(np.array([row_hash(fields, seed) for fields in zip(*chunk.columns)], dtype=np.uint64))
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "learnt.npy", np.unique(np.concatenate(hashes)), allow_pickle=False)
    write_json(
        folder / "learnt.json",
        {"version": VERSION, "rows": count, "seed": seed, "columns": task.table.names, "target": task.target},
    )
    return count


@dataclass(frozen=True)
class Learnt:
    """The rows that a model learnt from: `columns` in the order in which they were hashed."""

    columns: list[str]
    target: int | None
    seed: int
    hashes: Array

    @classmethod
    def load(cls, folder: Path) -> Learnt:
        """What `write_learnt` wrote; SettingsError for what it did not."""
        try:
            said = json.loads((folder / "learnt.json").read_text(encoding="utf-8"))
            hashes = np.load(folder / "learnt.npy", allow_pickle=False)
            return cls([str(name) for name in said["columns"]], said["target"], int(said["seed"]), hashes)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"learnt: cannot be read: {type(error).__name__}: {error}") from error

    def fits(self, names: Sequence[str]) -> bool:
        """Whether a row of these columns could be one of those: rows of other columns have other hashes."""
        return sorted(names) == sorted(self.columns)

    def seen(self, chunk: Chunk, names: Sequence[str]) -> Array:
        """Which rows of the chunk the model learnt from; `names` are the chunk's columns, in any order."""
        columns = [chunk.columns[names.index(name)] for name in self.columns]
        found = np.array([row_hash(fields, self.seed) for fields in zip(*columns)], dtype=np.uint64)
        if not len(self.hashes):
            return np.zeros(len(found), dtype=bool)
        places = np.minimum(np.searchsorted(self.hashes, found), len(self.hashes) - 1)
        known: Array = self.hashes[places] == found
        return known
