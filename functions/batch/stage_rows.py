"""Writes a frozen drop's rows as the model is sent them: its columns, by name."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import boto3
from batch.decide import run_of
from batch.errors import BatchRowsError
from batch.models import StageRows
from batch.rows_store import fetch_table
from botocore.exceptions import ClientError
from dropforge import names
from dropforge.handler import takes
from dropforge.project import Project
from dropforge.settings import Settings
from dropforge_jobs.batch_rows import asked, write_rows
from dropforge_jobs.errors import JobError

GONE = ("NoSuchKey", "404")


class StageRowsSettings(Settings):
    """The environment of `stage_rows`."""

    artifacts_bucket_name: str


settings = StageRowsSettings.read()
s3 = boto3.client("s3")


@takes(StageRows)
def handler(facts: StageRows) -> dict[str, Any]:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    target = Project.model_validate_json(facts.config).target if facts.config else None
    folder = names.batch_folder(settings.artifacts_bucket_name, facts.project, facts.drop)
    with tempfile.TemporaryDirectory() as place:
        table = fetch_table(s3, facts.dataset, facts.config, Path(place))
        try:
            ask = asked(table, _preprocessor(facts), target)
            files, rows = [], 0
            for number, file in enumerate(table.files):
                path, name = Path(place) / "rows", f"{number:06}.{ask.suffix}"
                rows += write_rows(table, file, ask, path)
                s3.upload_file(str(path), folder.bucket, folder.below(f"input/{name}").key)
                files.append(name)
        except JobError as error:
            raise BatchRowsError(str(error)) from error
    if not rows:
        raise BatchRowsError("the drop holds no row")
    said = {"kind": ask.kind, "content_type": ask.content_type, "files": files}
    return said | {"rows": rows, "skipped": table.ragged.count}


def _preprocessor(facts: StageRows) -> dict[str, Any] | None:
    """What the run's own model reads; None for a user's script, which gets its rows as they are."""
    place = names.run_folder(settings.artifacts_bucket_name, facts.project, run_of(facts.project, facts.package))
    key = place.below("prepared/preprocessor.json").key
    try:
        found: dict[str, Any] = json.loads(s3.get_object(Bucket=place.bucket, Key=key)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return None
        raise
    return found
