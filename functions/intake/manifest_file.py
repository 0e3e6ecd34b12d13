"""A window's manifest, read from the data bucket: the very version that completed the window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError
from intake import keys
from intake.manifest import SIZE_LIMIT, Manifest, read_manifest
from intake.models import WindowPlace

_GONE = ("NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed")


def load_manifest(s3: Any, bucket: str, window: WindowPlace) -> Manifest:
    """Read the window's manifest; one that is gone again, or too large, is told as a problem."""
    if not window.manifest:
        return Manifest(problem="the window has none")
    version = {"VersionId": window.manifest_version} if window.manifest_version else {}
    try:
        found = s3.get_object(Bucket=bucket, Key=window.manifest, Range=f"bytes=0-{SIZE_LIMIT}", **version)
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return Manifest(problem="it was deleted")
        raise
    read = read_manifest(found["Body"].read(), bucket, window.place)
    # `ls > manifest.txt` names the manifest itself, and perhaps a marker.
    named = [key for key in read.keys if key != window.manifest and keys.parts(key)[3] != keys.SUCCESS]
    if read.problem or named:
        return replace(read, keys=named)
    return Manifest(problem="it names no object but itself")
