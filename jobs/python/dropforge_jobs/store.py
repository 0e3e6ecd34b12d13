"""What inspecting does with S3: reads object versions, and copies what was read, and only that, to where it stays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropforge_jobs import limits
from dropforge_jobs.dropped import Dropped, Fetched
from dropforge_jobs.errors import JobError
from dropforge_jobs.progress import Progress
from dropforge_jobs.shown import shown

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

WORKERS = 8
GONE = ("NoSuchKey", "NoSuchVersion", "404")
CHANGED = ("PreconditionFailed", "412", *GONE)
#: CopyObject takes no more at once; UploadPartCopy's parts are that large.
COPY_BYTES = 5 * limits.GIB
PART_BYTES = 512 * limits.MIB


class ObjectChangedError(JobError):
    """An object is no longer what the drop's list says; list the drop again."""


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` as (bucket, key)."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


class Store:
    """The two buckets, with a boto3 client."""

    def __init__(self, client: Any, data: str, artifacts: str) -> None:
        self.client = client
        self.data = data
        self.artifacts = artifacts

    def text(self, uri: str) -> bytes:
        """A small object of ours."""
        bucket, key = split_uri(uri)
        body: bytes = self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def listed(self, uri: str) -> list[Dropped]:
        """The objects of a drop's list."""
        bucket, key = split_uri(uri)
        body = self.client.get_object(Bucket=bucket, Key=key)["Body"]
        return [Dropped.read(json.loads(line)) for line in body.iter_lines() if line.strip()]

    def below(self, uri: str) -> list[Dropped]:
        """The objects of a frozen data set."""
        bucket, prefix = split_uri(uri)
        return [
            Dropped(item["Key"][len(prefix) :], item["Key"], item["Size"], item["ETag"].strip('"'), bucket=bucket)
            for item in self._list(bucket, prefix)
        ]

    def _list(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from page.get("Contents", [])

    def fetch(self, objects: list[Dropped], folder: Path) -> list[Fetched]:
        """Read the objects into files that are called by their number; those of zero bytes are left out.

        Raises ObjectChangedError.
        """
        progress = Progress("read", len(objects), sum(item.size for item in objects))

        def one(numbered: tuple[int, Dropped]) -> Fetched:
            found = self._fetch(numbered[1], folder / f"{numbered[0]:06}")
            progress.add(found.size)
            return found

        folder.mkdir()
        with ThreadPoolExecutor(WORKERS) as pool:
            return [item for item in pool.map(one, enumerate(objects)) if item.size]

    def _fetch(self, item: Dropped, path: Path) -> Fetched:
        from botocore.exceptions import ClientError

        try:
            found = self.client.get_object(**self._place(item))
        except ClientError as error:
            raise _changed(item, error) from error
        if item.etag and found["ETag"].strip('"') != item.etag.strip('"'):
            raise ObjectChangedError(f"{shown(item.key)} was overwritten after the drop was listed")
        whole, size = hashlib.sha256(), 0
        with path.open("wb") as file:
            for block in found["Body"].iter_chunks(limits.MIB):
                whole.update(block)
                file.write(block)
                size += len(block)
        return Fetched(item, path, size, whole.hexdigest(), found["ETag"], item.name)

    def _place(self, item: Dropped) -> dict[str, str]:
        place = {"Bucket": item.bucket or self.data, "Key": item.key}
        return {**place, "VersionId": item.version_id} if item.version_id else place

    def freeze(self, files: list[Fetched], prefix: str) -> None:
        """Copy what is not there yet under `prefix` of the artifacts bucket, within S3.

        Raises ObjectChangedError for an object that is not the one that was read.
        """
        there = {item["Key"]: item["Size"] for item in self._list(self.artifacts, prefix)}
        missing = [file for file in files if there.get(prefix + file.name) != file.size]
        progress = Progress("frozen", len(missing), sum(file.size for file in missing))

        def one(file: Fetched) -> None:
            self._copy(file, prefix + file.name)
            progress.add(file.size)

        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(one, missing))

    def _copy(self, file: Fetched, key: str) -> None:
        from botocore.exceptions import ClientError

        target = {"Bucket": self.artifacts, "Key": key}
        source = {"CopySource": self._place(file.source), "CopySourceIfMatch": file.etag}
        try:
            if file.size > COPY_BYTES:
                self._copy_parts(file, target, source)
            else:
                # The uploader's tags stay theirs; to read them would take a permission.
                self.client.copy_object(**target, **source, TaggingDirective="REPLACE")
        except ClientError as error:
            raise _changed(file.source, error) from error

    def _copy_parts(self, file: Fetched, target: dict[str, str], source: dict[str, Any]) -> None:
        upload = {**target, "UploadId": self.client.create_multipart_upload(**target)["UploadId"]}
        try:
            parts = []
            for number, start in enumerate(range(0, file.size, PART_BYTES), 1):
                last = min(start + PART_BYTES, file.size) - 1
                found = self.client.upload_part_copy(
                    **upload, **source, PartNumber=number, CopySourceRange=f"bytes={start}-{last}"
                )
                parts.append({"PartNumber": number, "ETag": found["CopyPartResult"]["ETag"]})
            self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            self.client.abort_multipart_upload(**upload)
            raise

    def put(self, key: str, body: bytes, kind: str) -> str:
        """Write an object of ours; its URI."""
        self.client.put_object(Bucket=self.artifacts, Key=key, Body=body, ContentType=kind)
        return f"s3://{self.artifacts}/{key}"


def _changed(item: Dropped, error: ClientError) -> Exception:
    """What to raise: the object is gone or another, or AWS's own error."""
    own: Exception = error
    if str(error.response["Error"]["Code"]) in CHANGED:
        return ObjectChangedError(f"{shown(item.key)} was overwritten or deleted after the drop was listed")
    return own
