"""Keys that nobody chose kindly: they come through put, list, event, get and copy as they are, and reach no file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from localcloud.cloud import LocalCloud

KEYS = [
    "p/train/plain.csv",
    "p/train/new\nline",
    "p/train/carriage\rreturn",
    "p/train/tab\tand\x01control",
    "p/train/a b+c&d=e?f#g%20h",
    "p/train/%2e%2e/%2F/x",
    "p/train/../../etc/passwd",
    "../up",
    "/slash",
    "//two",
    "p//train///y",
    "p/train/ünïcode-日本-😀",
    "p/train/" + "x" * (1024 - 8),
    "p/train/./dot",
    "p/train/<xml>&amp;'\"",
    "p/train/trailing/",
    "p/train/ spaces ",
    "p/train/{b}[c]|\\^~`",
]


class Watched:
    """A versioned KMS bucket whose events come to a queue."""

    def __init__(self, cloud: LocalCloud, name: str) -> None:
        self.name, self.s3, self.sqs = name, cloud.client("s3"), cloud.client("sqs")
        self.s3.create_bucket(Bucket=name)
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        self.s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
        on: dict[str, Any] = {"EventBridgeConfiguration": {}}
        self.s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=on)
        self.url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn, events = f"arn:aws:sqs:us-east-1:000000000000:{name}", cloud.client("events")
        pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [name]}}}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        service = {"Service": "events.amazonaws.com"}
        allow = {"Effect": "Allow", "Principal": service, "Action": "sqs:SendMessage", "Resource": arn}
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])

    def put(self, key: str, body: bytes = b"1") -> dict[str, Any]:
        return dict(self.s3.put_object(Bucket=self.name, Key=key, Body=body))

    def events(self) -> list[dict[str, Any]]:
        """What has come by now: a put's event is in the queue before its answer."""
        found: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def listed(self, operation: str, field: str) -> set[str]:
        pages = self.s3.get_paginator(operation).paginate(Bucket=self.name)
        return {each["Key"] for page in pages for each in page.get(field, [])}


@pytest.fixture(scope="module")
def bucket(cloud: LocalCloud) -> Watched:
    return Watched(cloud, "keys-of-all-kinds")


def test_every_key_goes_round(bucket: Watched, cloud: LocalCloud) -> None:
    for key in KEYS:
        put = bucket.put(key, key.encode())
        place = {"Bucket": bucket.name, "Key": key, "VersionId": put["VersionId"]}
        assert bucket.s3.get_object(**place)["Body"].read() == key.encode()
        assert bucket.s3.head_object(**place)["ETag"] == put["ETag"]
    events = [event["detail"]["object"] for event in bucket.events()]
    assert {each["key"] for each in events} == set(KEYS)
    assert bucket.listed("list_objects_v2", "Contents") == set(KEYS)
    assert bucket.listed("list_objects", "Contents") == set(KEYS)
    assert bucket.listed("list_object_versions", "Versions") == set(KEYS)
    below = {p.relative_to(cloud.settings.state) for p in cloud.settings.state.rglob("*")}
    assert not any(part in str(path) for path in below for part in ("passwd", "plain.csv"))  # keys name no files
    assert not (cloud.settings.home / "up").exists()


@pytest.mark.parametrize("key", KEYS, ids=[str(number) for number in range(len(KEYS))])
def test_a_version_is_copied_if_it_is_still_that_one(bucket: Watched, key: str) -> None:
    put, target = bucket.put(key, key.encode()), f"copies/{hashlib.sha256(key.encode()).hexdigest()}"
    source = {"Bucket": bucket.name, "Key": key, "VersionId": put["VersionId"]}
    bucket.put(key, b"overwritten")
    bucket.events()
    copy = {"Bucket": bucket.name, "Key": target, "CopySource": source}
    with pytest.raises(botocore.exceptions.ClientError, match="PreconditionFailed"):
        bucket.s3.copy_object(**copy, CopySourceIfMatch='"another"')
    made = bucket.s3.copy_object(**copy, CopySourceIfMatch=put["ETag"])
    copied = bucket.s3.get_object(Bucket=bucket.name, Key=target)
    assert copied["Body"].read() == key.encode()
    etags = {made["CopyObjectResult"]["ETag"], copied["ETag"]}
    etags |= {f'"{event["detail"]["object"]["etag"]}"' for event in bucket.events()}
    assert len(etags) == 1
    assert etags != {put["ETag"]}  # under KMS no two ETags are alike, whatever the content


def test_versions_come_page_by_page(cloud: LocalCloud) -> None:
    bucket = Watched(cloud, "pages-of-versions")
    put = [(key, bucket.put(key)["VersionId"]) for key in [f"v/{n:03d}" for n in range(260)] * 4]
    gone = [f"v/{n:03d}" for n in range(0, 260, 10)]
    markers = [(key, bucket.s3.delete_object(Bucket=bucket.name, Key=key)["VersionId"]) for key in gone]
    bucket.put("w/not-below-the-prefix")
    for size in (1000, 7):
        pages = bucket.s3.get_paginator("list_object_versions").paginate(
            Bucket=bucket.name, Prefix="v/", PaginationConfig={"PageSize": size}
        )
        versions, deleted = [], []
        for page in pages:
            versions += page.get("Versions", [])
            deleted += page.get("DeleteMarkers", [])
        assert sorted((each["Key"], each["VersionId"]) for each in versions) == sorted(put)
        assert sorted((each["Key"], each["VersionId"]) for each in deleted) == sorted(markers)
        latest = {(each["Key"], each["VersionId"]) for each in versions + deleted if each["IsLatest"]}
        assert latest == {*dict(put).items(), *dict(markers).items()} - {
            (k, v) for k, v in dict(put).items() if k in gone
        }


def test_uploads_in_progress_are_listed_with_their_time(bucket: Watched) -> None:
    key = "uploads/new\nline"
    upload = bucket.s3.create_multipart_upload(Bucket=bucket.name, Key=key)
    assert "Uploads" not in bucket.s3.list_multipart_uploads(Bucket=bucket.name, Prefix="none/")
    (found,) = bucket.s3.list_multipart_uploads(Bucket=bucket.name, Prefix="uploads/")["Uploads"]
    assert (found["Key"], found["UploadId"]) == (key, upload["UploadId"])
    assert found["Initiated"].tzinfo is not None
    place = {"Bucket": bucket.name, "Key": key, "UploadId": upload["UploadId"]}
    source = bucket.put("uploads/source", b"s" * (6 << 20))
    copied = bucket.s3.upload_part_copy(
        **place,
        PartNumber=1,
        CopySource={"Bucket": bucket.name, "Key": "uploads/source", "VersionId": source["VersionId"]},
        CopySourceIfMatch=source["ETag"],
        CopySourceRange=f"bytes=0-{(5 << 20) - 1}",
    )
    last = bucket.s3.upload_part(**place, PartNumber=2, Body=b"tail")
    bucket.events()
    etags = (copied["CopyPartResult"]["ETag"], last["ETag"])
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    done = bucket.s3.complete_multipart_upload(**place, MultipartUpload={"Parts": parts})
    (event,) = bucket.events()
    assert event["detail"]["reason"] == "CompleteMultipartUpload"
    told = event["detail"]["object"]
    assert (told["key"], told["size"], told["version-id"]) == (key, (5 << 20) + 4, done["VersionId"])
    assert f'"{told["etag"]}"' == done["ETag"]
    assert "Uploads" not in bucket.s3.list_multipart_uploads(Bucket=bucket.name, Prefix="uploads/")


def test_changes_of_a_key_are_in_the_order_of_their_sequencers(bucket: Watched) -> None:
    bucket.events()
    for number in range(12):
        bucket.put("one/key", b"%d" % number)
    marker = bucket.s3.delete_object(Bucket=bucket.name, Key="one/key")
    told = bucket.events()
    sequencers = [event["detail"]["object"]["sequencer"] for event in told]
    assert sequencers == sorted(sequencers)
    assert len(set(sequencers)) == 13
    assert told[-1]["detail-type"] == "Object Deleted"
    assert told[-1]["detail"]["deletion-type"] == "Delete Marker Created"
    assert told[-1]["detail"]["object"]["version-id"] == marker["VersionId"]


def test_nothing_was_written_outside(cloud: LocalCloud) -> None:
    home = cloud.settings.home
    assert {path.name for path in home.iterdir() if path.is_dir()} <= {
        str(cloud.settings.port),
        "containers",
        "overlays",
    }
    assert not Path("/etc/passwd.csv").exists()
