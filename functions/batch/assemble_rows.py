"""Sets the model's answers beside the rows that were dropped."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import boto3
from batch.errors import BatchRowsError
from batch.models import AssembleRows
from batch.rows_store import fetch_table
from dropforge import names
from dropforge.handler import takes
from dropforge.settings import Settings
from dropforge_jobs.batch_rows import SHOWN_ERRORS, write_predictions
from dropforge_jobs.errors import JobError


class AssembleRowsSettings(Settings):
    """The environment of `assemble_rows`."""

    artifacts_bucket_name: str


settings = AssembleRowsSettings.read()
s3 = boto3.client("s3")


@takes(AssembleRows)
def handler(facts: AssembleRows) -> dict[str, Any]:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    folder = names.batch_folder(settings.artifacts_bucket_name, facts.project, facts.drop)
    target, rows, refused = folder.below("predictions/"), 0, 0
    errors: list[str] = []
    taken: set[str] = set()
    with tempfile.TemporaryDirectory() as place:
        table = fetch_table(s3, facts.dataset, facts.config, Path(place))
        for file, name in zip(table.files, facts.staged["files"], strict=True):
            answers, written = Path(place) / "answers", Path(place) / "written"
            s3.download_file(folder.bucket, folder.below(f"output/{name}.out").key, str(answers))
            try:
                counts = write_predictions(table, file, facts.staged["kind"], answers, written)
            except JobError as error:
                raise BatchRowsError(str(error)) from error
            own = file.name if file.name.lower().endswith(".csv") else f"{file.name}.csv"
            while own in taken:  # of `rows` and `rows.csv` each has its own
                own = f"{own}.csv"
            taken.add(own)
            s3.upload_file(str(written), target.bucket, target.below(own).key)
            rows, refused = rows + counts.rows - counts.refused, refused + counts.refused
            errors += counts.errors or []
    said = {"files": len(facts.staged["files"]), "rows": rows, "refused": refused}
    return said | {"errors": errors[:SHOWN_ERRORS], "output_uri": target.uri}
