from __future__ import annotations

import importlib
import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws

BUCKET, KEY = "artifacts-bucket", "churn/runs/k3j9x0a1b2/evaluation/sample.json"
SAMPLE = {
    "version": 1,
    "content_type": "text/csv",
    "accept": "application/json",
    "body": "23,blue\n31,red\n",
    "answers": ["yes", "no"],
    "problem": "binary",
}
EVENT = {"project": "churn", "run": "k3j9x0a1b2", "endpoint": "churn"}
ASKED = {
    "EndpointName": "churn",
    "ContentType": "text/csv",
    "Accept": "application/json",
    "Body": b"23,blue\n31,red\n",
}


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The function in a cloud with a bucket; `answers` is what the endpoint will be asked and answer."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("ARTIFACTS_BUCKET_NAME", BUCKET)
    with mock_aws():
        module = importlib.import_module("experiment.verify_endpoint")
        monkeypatch.setattr(module, "settings", type(module.settings).read())
        monkeypatch.setattr(module, "s3", boto3.client("s3"))
        monkeypatch.setattr(module, "runtime", boto3.client("sagemaker-runtime"))
        module.s3.create_bucket(Bucket=BUCKET)
        with Stubber(module.runtime) as endpoint:
            module.endpoint = endpoint
            yield module
            endpoint.assert_no_pending_responses()


def put(verify: Any, sample: Any = SAMPLE) -> None:
    verify.s3.put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps(sample))


def answers(verify: Any, text: str, asked: dict[str, Any] = ASKED) -> None:
    body = StreamingBody(io.BytesIO(text.encode()), len(text.encode()))
    verify.endpoint.add_response("invoke_endpoint", {"Body": body, "ContentType": "application/json"}, asked)


def test_the_very_rows_are_sent_and_the_answers_are_equal(verify: Any) -> None:
    put(verify)
    answers(verify, '["yes", "no"]')
    found = verify.handler(EVENT, None)
    assert found["milliseconds"] >= 0
    assert found | {"milliseconds": 0} == {
        "sampled": True,
        "rows": 2,
        "answered": 2,
        "different": 0,
        "milliseconds": 0,
        "error": None,
        "examples": [],
    }


def test_what_differs_is_shown(verify: Any) -> None:
    put(verify)
    answers(verify, '["yes", "yes"]')
    found = verify.handler(EVENT, None)
    assert found["different"] == 1
    assert found["examples"] == [{"row": 2, "sent": "31,red", "evaluated": '"no"', "answered": '"yes"'}]


def test_at_most_five_examples_of_bounded_length(verify: Any) -> None:
    rows = 50
    put(verify, SAMPLE | {"body": ("x" * 4000 + "\n") * rows, "answers": ["a" * 3000] * rows})
    answers(verify, json.dumps(["b" * 3000] * rows), ASKED | {"Body": ("x" * 4000 + "\n").encode() * rows})
    found = verify.handler(EVENT, None)
    assert (found["different"], len(found["examples"])) == (rows, 5)
    assert len(json.dumps(found)) < 10_000


def test_an_answer_of_another_length(verify: Any) -> None:
    put(verify)
    answers(verify, '["yes"]')
    found = verify.handler(EVENT, None)
    assert (found["rows"], found["answered"], found["different"]) == (2, 1, 0)


def test_one_variant_of_several_is_asked(verify: Any) -> None:
    put(verify)
    answers(verify, '["yes", "no"]', ASKED | {"TargetVariant": "Challenger"})
    assert verify.handler(EVENT | {"variant": "Challenger"}, None)["different"] == 0


def test_csv_is_compared_as_csv(verify: Any) -> None:
    put(verify, SAMPLE | {"accept": "text/csv", "answers": ["0.25", "0.75"]})
    answers(verify, "0.25\n0.7500000001\n", ASKED | {"Accept": "text/csv"})
    assert verify.handler(EVENT, None)["different"] == 0


def test_a_run_that_kept_no_rows_is_not_asked(verify: Any) -> None:
    assert verify.handler(EVENT, None)["sampled"] is False


def test_an_error_is_the_endpoint_s_answer(verify: Any) -> None:
    put(verify)
    verify.endpoint.add_client_error("invoke_endpoint", "ModelError", "Received server error (500) from primary")
    found = verify.handler(EVENT, None)
    assert found["error"] == {"code": "ModelError", "message": "Received server error (500) from primary"}
    assert (found["sampled"], found["rows"], found["answered"]) == (True, 2, 0)


def test_what_we_may_not_do_says_nothing_of_the_model(verify: Any) -> None:
    put(verify)
    verify.endpoint.add_client_error("invoke_endpoint", "AccessDeniedException", "not authorized")
    with pytest.raises(ClientError):
        verify.handler(EVENT, None)


def test_a_bucket_that_we_may_not_read_says_nothing_of_the_model(verify: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stubber(verify.s3) as s3:
        s3.add_client_error("get_object", "AccessDenied", "Access Denied", 403)
        with pytest.raises(ClientError):
            verify.handler(EVENT, None)
