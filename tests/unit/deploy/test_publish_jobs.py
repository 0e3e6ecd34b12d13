from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from moto import mock_aws

EVENT = {"RequestType": "Create", "StackId": "s", "RequestId": "r", "LogicalResourceId": "PublishedJobs"}


class Answers(BaseHTTPRequestHandler):
    """CloudFormation's side of the signed URL."""

    got: list[dict[str, Any]] = []

    def do_PUT(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Answers.got = []
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/answer"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from deploy import publish_jobs

    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="artifacts-bucket")
        monkeypatch.setattr(publish_jobs, "s3", client)
        yield client


def call(url: str, **event: Any) -> dict[str, Any]:
    from deploy.publish_jobs import handler

    with mock_aws(config={"core": {"passthrough": {"urls": [r"http://127\.0\.0\.1.*"]}}}):
        handler(EVENT | {"ResponseURL": url} | event, None)
    (answer,) = Answers.got
    Answers.got = []
    return answer


def test_the_job_code_lies_under_its_own_digest(s3: Any, url: str) -> None:
    answer = call(url, ResourceProperties={"Bucket": "artifacts-bucket"})
    assert answer["Status"] == "SUCCESS"
    assert (answer["StackId"], answer["RequestId"], answer["LogicalResourceId"]) == ("s", "r", "PublishedJobs")
    prefix = answer["Data"]["Prefix"]
    assert prefix == f"s3://artifacts-bucket/dropforge/{answer['Data']['Sha']}/"
    keys = {o["Key"] for o in s3.list_objects_v2(Bucket="artifacts-bucket")["Contents"]}
    assert f"dropforge/{answer['Data']['Sha']}/dropforge_jobs/prepare.py" in keys
    again = call(url, ResourceProperties={"Bucket": "artifacts-bucket"}, RequestType="Update")
    assert again["PhysicalResourceId"] == answer["PhysicalResourceId"]


def test_deleting_leaves_the_files(s3: Any, url: str) -> None:
    call(url, ResourceProperties={"Bucket": "artifacts-bucket"})
    answer = call(url, RequestType="Delete", PhysicalResourceId="p")
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "p")
    assert s3.list_objects_v2(Bucket="artifacts-bucket")["KeyCount"] > 0


def test_a_failure_is_told_at_once(s3: Any, url: str) -> None:
    answer = call(url, ResourceProperties={"Bucket": "no-such-bucket"})
    assert answer["Status"] == "FAILED"
    assert "NoSuchBucket" in answer["Reason"]
