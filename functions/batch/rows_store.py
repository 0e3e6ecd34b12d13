"""A frozen drop's files on the function's disk, for the two functions that read rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from batch.errors import BatchRowsError, BatchTooLargeError
from dropforge import names
from dropforge.plan import FrozenDataset
from dropforge.project import Project
from dropforge_jobs.batch_rows import open_rows
from dropforge_jobs.errors import JobError
from dropforge_jobs.files import DropFile
from dropforge_jobs.tables import Table

#: What a function reads and writes twice in its fifteen minutes, on its 5 GB of disk.
MOST_BYTES = 1024**3


def fetch_table(s3: Any, dataset: FrozenDataset, config: str | None, folder: Path) -> Table:
    """Read the drop's files into `folder` and open them as one table.

    Raises:
        BatchTooLargeError: more than a function can work through.
        BatchRowsError: they are no table.
    """
    if dataset.bytes > MOST_BYTES:
        raise BatchTooLargeError(
            f"the drop holds {dataset.bytes / 1024**3:.1f} GiB; at most {MOST_BYTES // 1024**3} GiB is predicted at "
            "once: drop it in several folders of batch/, or in turn"
        )
    bucket, prefix = names.split_uri(dataset.uri)
    files: list[DropFile] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            path = folder / f"{len(files):06}"
            s3.download_file(bucket, item["Key"], str(path))
            files.append(DropFile(item["Key"][len(prefix) :], path))
    project = Project.model_validate_json(config) if config else None
    try:
        return open_rows(files, project.columns if project else None)
    except JobError as error:
        raise BatchRowsError(str(error)) from error
