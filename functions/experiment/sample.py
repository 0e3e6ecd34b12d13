"""evaluation/sample.json of a run: rows that were held out, as a client sends them, and the evaluated answers."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

ABSENT = {"NoSuchKey", "404"}


def load_sample(s3: Any, bucket: str, project: str, run: str) -> dict[str, Any] | None:
    """The sample; a run without held-out rows, or of an earlier version of Dropforge, has none."""
    key = f"{project}/runs/{run}/evaluation/sample.json"
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return None
        raise
    sample: dict[str, Any] = json.loads(body)
    return sample
