"""Captured files on their way to S3."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from localcloud.sagemaker.aws import Aws
from localcloud.sagemaker.captures import CaptureWriter
from tests.unit.localcloud.sagemaker.helpers import REGION


@pytest.fixture
def bucket(aws: None) -> str:
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    boto3.client("s3", region_name=REGION).create_bucket(Bucket=name)
    return name


@pytest.fixture
def writer(aws: None) -> Iterator[CaptureWriter]:
    writer = CaptureWriter(Aws("", REGION))
    yield writer
    writer.close()


def header(bucket: str, key: str) -> bytes:
    return json.dumps({"bucket": bucket, "key": key, "role": None, "kms": None}).encode() + b"\n"


def put(writer: CaptureWriter, folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        (folder / f"{name}.ready").write_bytes(content)
        writer.add({"path": str(folder / f"{name}.ready")})
    writer.flush()


def objects(bucket: str) -> dict[str, bytes]:
    s3 = boto3.client("s3", region_name=REGION)
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


@pytest.mark.parametrize("cut", [b"", b'{"bucket": "b', b'{"bucket": "b"}\n{}\n', b"[]\n{}\n", b"\xff\n"])
def test_a_file_that_was_cut_off_takes_no_other_along(
    writer: CaptureWriter, bucket: str, tmp_path: Path, cut: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = (header(bucket, key) + b'{"n": 1}\n' for key in ("one", "two"))
    with caplog.at_level(logging.WARNING):
        put(writer, tmp_path, a=one, b=cut, c=two)
    assert objects(bucket) == {"one": b'{"n": 1}\n', "two": b'{"n": 1}\n'}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b.bad": cut}
    assert "captured data is set aside as b.bad" in caplog.text


def test_a_record_that_was_cut_off_is_left_out(writer: CaptureWriter, bucket: str, tmp_path: Path) -> None:
    put(writer, tmp_path, a=header(bucket, "one") + b'{"n": 1}\n{"n":', b=header(bucket, "two") + b'{"n"')
    assert objects(bucket) == {"one": b'{"n": 1}\n'}
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_lost(
    writer: CaptureWriter, bucket: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(writer, tmp_path, a=header("no-such-bucket", "one") + b"{}\n", b=header(bucket, "two") + b"{}\n")
    assert objects(bucket) == {"two": b"{}\n"}
    assert list(tmp_path.iterdir()) == []
    assert "captured data is lost" in caplog.text
