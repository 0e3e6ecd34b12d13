"""Copying within S3: the very version that was read, and what is too large for one copy in parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from dropforge_jobs import limits, store
from dropforge_jobs.dropped import Dropped, Fetched
from dropforge_jobs.store import ObjectChangedError, Store

SOURCE = {
    "CopySource": {"Bucket": "data", "Key": "adult/train/a.csv", "VersionId": "v1"},
    "CopySourceIfMatch": '"etag"',
}
TARGET = {"Bucket": "artifacts", "Key": "adult/datasets/x/a.csv"}
LISTING = {"Bucket": "artifacts", "Prefix": "adult/datasets/x/"}


def fetched(size: int) -> Fetched:
    source = Dropped("a.csv", "adult/train/a.csv", size, "etag", "v1")
    return Fetched(source, Path("unused"), size, "0" * 64, '"etag"', "a.csv")


def stubbed() -> tuple[Store, Stubber]:
    client = boto3.client("s3")
    stub = Stubber(client)
    stub.add_response("list_objects_v2", {"Contents": [{"Key": TARGET["Key"], "Size": 1}]}, LISTING)
    return Store(client, "data", "artifacts"), stub


def test_a_copy_names_version_and_etag_and_takes_no_tags() -> None:
    ours, stub = stubbed()
    stub.add_response("copy_object", {}, {**TARGET, **SOURCE, "TaggingDirective": "REPLACE"})
    with stub:
        ours.freeze([fetched(10)], "adult/datasets/x/")
    stub.assert_no_pending_responses()


def test_what_is_there_in_the_same_size_stays() -> None:
    ours, stub = stubbed()
    with stub:
        ours.freeze([fetched(1)], "adult/datasets/x/")


def test_more_than_5_gib_is_copied_in_parts() -> None:
    ours, stub = stubbed()
    size = 5 * limits.GIB + 1
    stub.add_response("create_multipart_upload", {"UploadId": "u"}, TARGET)
    parts = []
    for number, start in enumerate(range(0, size, store.PART_BYTES), 1):
        last = min(start + store.PART_BYTES, size) - 1
        stub.add_response(
            "upload_part_copy",
            {"CopyPartResult": {"ETag": f"e{number}"}},
            {**TARGET, **SOURCE, "UploadId": "u", "PartNumber": number, "CopySourceRange": f"bytes={start}-{last}"},
        )
        parts.append({"PartNumber": number, "ETag": f"e{number}"})
    assert len(parts) == 11
    stub.add_response("complete_multipart_upload", {}, {**TARGET, "UploadId": "u", "MultipartUpload": {"Parts": parts}})
    with stub:
        ours.freeze([fetched(size)], "adult/datasets/x/")
    stub.assert_no_pending_responses()


def test_parts_of_a_copy_that_fails_are_given_back() -> None:
    ours, stub = stubbed()
    stub.add_response("create_multipart_upload", {"UploadId": "u"}, TARGET)
    stub.add_client_error("upload_part_copy", "PreconditionFailed", http_status_code=412)
    stub.add_response("abort_multipart_upload", {}, {**TARGET, "UploadId": "u"})
    with stub, pytest.raises(ObjectChangedError, match=r"adult/train/a\.csv was overwritten"):
        ours.freeze([fetched(6 * limits.GIB)], "adult/datasets/x/")
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "expected"),
    [("412", ObjectChangedError), ("NoSuchVersion", ObjectChangedError), ("AccessDenied", ClientError)],
)
def test_only_a_change_is_called_one(code: str, expected: Any) -> None:
    ours, stub = stubbed()
    stub.add_client_error("copy_object", code)
    with stub, pytest.raises(expected):
        ours.freeze([fetched(10)], "adult/datasets/x/")
