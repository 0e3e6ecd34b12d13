"""The files of a drop: which of them should be tables, and what each of those is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dropforge_jobs.errors import TableError

REMEDY = "save it as CSV or TSV in UTF-8, as JSON Lines or as Parquet (gzip is allowed)"
#: Dropped beside a table to explain it; never a table.
NOT_DATA = {".md", ".html", ".pdf", ".yaml", ".yml", ".names", ".manifest", ".png", ".jpg", ".ipynb", ".py"}


@dataclass(frozen=True)
class DropFile:
    """A file of a drop: its path below the drop's folder, which messages show, and where it lies on the disk."""

    name: str
    path: Path

    @property
    def suffix(self) -> str:
        """The extension of its name, in lower case, without that of gzip."""
        path = PurePosixPath(self.name.lower())
        return path.suffix if path.suffix != ".gz" else PurePosixPath(path.stem).suffix


def is_table(name: str) -> bool:
    """Whether a file of this name should be a table: no marker, hidden file or document beside the data."""
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return not hidden and path.suffix.lower() not in NOT_DATA


def table_files(where: Path | Sequence[DropFile]) -> list[DropFile]:
    """The files that should be tables, in the order of their names.

    Empty files, hidden ones, markers such as _SUCCESS, and documents beside the data are passed over. Raises
    TableError if nothing is left.
    """
    if isinstance(where, Path):
        where = [DropFile(path.relative_to(where).as_posix(), path) for path in where.rglob("*") if path.is_file()]
    found = [file for file in where if is_table(file.name) and file.path.stat().st_size]
    if not found:
        raise TableError("the drop holds no table: " + REMEDY.replace("save it", "drop it"))
    return sorted(found, key=lambda file: file.name)
