"""DataCaptureConfig of a transform job: manifests of what went in and what came out (not the data).

Source: SageMaker developer guide, "Capture data from batch transform job".
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.errors import JobFailedError
from localcloud.sagemaker.jobs import transfer


def write(s3: Any, config: dict[str, Any], moment: float, names: dict[str, list[str]]) -> None:
    """Write one manifest for each of `names` (`input`, `output`: s3:// URIs). Raises JobFailedError."""
    bucket, prefix = transfer.split(config["DestinationS3Uri"].rstrip("/"))
    hour = datetime.fromtimestamp(moment, UTC).strftime("%Y/%m/%d/%H")
    for side, uris in names.items():
        key = f"{prefix}/{side}/{hour}/{uuid.uuid4()}.json".lstrip("/")
        extra = transfer.encryption(config.get("KmsKeyId"))
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest(uris)).encode(), **extra)
        except (ClientError, BotoCoreError) as error:
            raise JobFailedError(
                f"ClientError: Unable to write the data capture to s3://{bucket}/{key} ({transfer.fault(error)})"
            ) from error


def manifest(uris: list[str]) -> list[Any]:
    """`[{"prefix": "s3://bucket/a/"}, "b.csv", …]` of the URIs, with the longest folder that they share."""
    common = uris[0].rpartition("/")[0] if uris else "s3:/"
    while uris and not all(uri.startswith(f"{common}/") for uri in uris):
        common = common.rpartition("/")[0]
    return [{"prefix": f"{common}/"}, *(uri[len(common) + 1 :] for uri in uris)]
