"""S3 as AWS has it: ETags, events, KMS permissions, TLS-only policies on loopback."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from localcloud.cloud import LocalCloud
from localcloud.glue.s3.events import event_detail

from .roles import role_client

SHARED = Path(__file__).parents[3].parent / "shared" / "aws" / "events"
CREATED = {"version", "bucket", "object", "request-id", "requester", "source-ip-address", "reason"}


def encrypted_bucket(cloud: LocalCloud, name: str) -> tuple[Any, str]:
    s3 = cloud.client("s3")
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=name)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )
    return s3, key


def test_an_etag_under_kms_is_no_md5(cloud: LocalCloud) -> None:
    s3, key = encrypted_bucket(cloud, "etag-kms")
    put = s3.put_object(Bucket="etag-kms", Key="a", Body=b"same")
    assert re.fullmatch(r'"[0-9a-f]{32}"', put["ETag"])
    assert put["ETag"].strip('"') != hashlib.md5(b"same").hexdigest()
    head = s3.head_object(Bucket="etag-kms", Key="a")
    assert (head["ETag"], head["ServerSideEncryption"], head["SSEKMSKeyId"]) == (put["ETag"], "aws:kms", key)
    assert s3.put_object(Bucket="etag-kms", Key="a", Body=b"same")["ETag"] != put["ETag"]


def test_a_copy_into_a_kms_bucket_gets_its_own_etag(cloud: LocalCloud) -> None:
    s3, _ = encrypted_bucket(cloud, "copy-kms")
    s3.create_bucket(Bucket="copy-plain")
    plain = s3.put_object(Bucket="copy-plain", Key="a", Body=b"same")["ETag"]
    assert plain.strip('"') == hashlib.md5(b"same").hexdigest()
    copied = s3.copy_object(Bucket="copy-kms", Key="b", CopySource={"Bucket": "copy-plain", "Key": "a"})
    assert copied["CopyObjectResult"]["ETag"] != plain
    assert s3.head_object(Bucket="copy-kms", Key="b")["ETag"] == copied["CopyObjectResult"]["ETag"]
    assert s3.head_object(Bucket="copy-plain", Key="a")["ETag"] == plain


def test_a_multipart_etag_counts_its_parts(cloud: LocalCloud) -> None:
    s3, _ = encrypted_bucket(cloud, "parts-kms")
    upload: dict[str, Any] = {"Bucket": "parts-kms", "Key": "a"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**upload, PartNumber=n, Body=b"x" * 5_242_880)["ETag"]} for n in (1, 2)
    ]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert re.fullmatch(r'"[0-9a-f]{32}-2"', done["ETag"])


def test_kms_without_a_key_uses_the_managed_one(cloud: LocalCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="managed-kms")
    put = s3.put_object(Bucket="managed-kms", Key="a", Body=b"1", ServerSideEncryption="aws:kms")
    assert put["SSEKMSKeyId"].endswith("alias/aws/s3")


@pytest.mark.parametrize(
    ("name", "facts", "sample"),
    [
        ("s3:ObjectCreated:Put", {"size": 5, "etag": '"x"', "version_id": "v"}, "s3_object_created.json"),
        (
            "s3:ObjectRemoved:DeleteMarkerCreated",
            {"version_id": "v", "deletion_type": "Delete Marker Created"},
            "s3_object_deleted.json",
        ),
    ],
)
def test_the_detail_has_the_members_of_awss_sample(name: str, facts: dict[str, Any], sample: str) -> None:
    path = SHARED / sample
    if not path.exists():
        pytest.skip("AWS's sample events are not beside this checkout")
    expected = json.loads(path.read_text())["detail"]
    detail = event_detail("b", "a b/ü.csv", name, facts, "000000000000")
    assert list(detail) == list(expected)
    assert list(detail["object"]) == list(expected["object"])
    assert detail["reason"] == expected["reason"]
    assert detail.get("deletion-type") == expected.get("deletion-type")
    assert detail["object"]["key"] == "a b/ü.csv"


def test_sequencers_are_hexadecimal_and_grow() -> None:
    made = [event_detail("b", "k", "s3:ObjectCreated:Put", {}, "0")["object"]["sequencer"] for _ in range(100)]
    assert made == sorted(set(made))
    assert all(re.fullmatch(r"[0-9a-f]{16}", s) for s in made)


def test_writing_and_reading_encrypted_objects_needs_the_key(cloud: LocalCloud) -> None:
    owner, key = encrypted_bucket(cloud, "needs-key")
    owner.put_object(Bucket="needs-key", Key="there", Body=b"1")
    objects = {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::needs-key/*"}
    without = role_client(cloud, "s3", "without-key", objects)
    with pytest.raises(botocore.exceptions.ClientError, match=f"kms:GenerateDataKey on resource: {key}"):
        without.put_object(Bucket="needs-key", Key="a", Body=b"1")
    with pytest.raises(botocore.exceptions.ClientError, match="kms:Decrypt"):
        without.get_object(Bucket="needs-key", Key="there")
    allowed = {
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": key,
        "Condition": {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}},
    }
    holder = role_client(cloud, "s3", "with-key", objects, allowed)
    holder.put_object(Bucket="needs-key", Key="a", Body=b"1")
    assert holder.get_object(Bucket="needs-key", Key="there")["Body"].read() == b"1"


def test_a_tls_only_policy_lets_loopback_in_and_still_denies(cloud: LocalCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="tls-only")
    deny: dict[str, Any] = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Statement": [deny]}))
    user = role_client(
        cloud, "s3", "tls-user", {"Action": "s3:*", "Resource": ["arn:aws:s3:::tls-only", "arn:aws:s3:::tls-only/*"]}
    )
    user.put_object(Bucket="tls-only", Key="a", Body=b"1")
    deny["Condition"] = {"Bool": {"aws:SecureTransport": "true"}}
    s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Statement": [deny]}))
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDenied"):
        user.put_object(Bucket="tls-only", Key="a", Body=b"1")
