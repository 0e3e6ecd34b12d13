from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from experiment.captured import alike, compare, records
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

BUCKET = "artifacts-bucket"
SINCE = "2026-11-23T08:10:00.000Z"


def line(answer: str, sent: str | None = "23,blue\n", **metadata: str) -> str:
    """A captured call, as SageMaker writes it."""
    captured: dict[str, Any] = {"endpointOutput": {"mode": "OUTPUT", "data": answer, "encoding": "JSON"}}
    if sent is not None:
        captured["endpointInput"] = {"mode": "INPUT", "data": sent, "encoding": "CSV"}
    about = {"eventId": "e1", "inferenceTime": "2026-11-23T08:10:00Z"} | metadata
    return json.dumps({"captureData": captured, "eventMetadata": about, "eventVersion": "0"})


def compared(champions: list[str], shadows: list[str], problem: str | None = None) -> tuple[int, int, int]:
    found = compare(records(champions, SINCE), records(shadows, SINCE), problem)
    return found.pairs, found.rows, found.alike


def test_answers_to_the_same_call() -> None:
    assert compared([line('["yes", "no"]')], [line('["yes", "yes"]')]) == (1, 2, 1)


def test_a_call_is_known_by_its_id_or_the_caller_s_or_what_was_sent() -> None:
    champions = [line('["a"]', "1\n"), line('["b"]', "2\n", eventId="e2", inferenceId="i2")]
    assert compared(champions, [line('["b"]', None, eventId="x", inferenceId="i2")]) == (1, 1, 1)
    assert compared(champions, [line('["b"]', "2\n", eventId="y")]) == (1, 1, 1)
    assert compared(champions, [line('["b"]', "3\n", eventId="z")]) == (0, 0, 0)


def test_what_was_before_and_what_is_no_record_is_left_out() -> None:
    early = line('["a"]', inferenceTime="2026-11-23T08:09:59Z")
    assert compared([early, "{", "[]", json.dumps({"eventMetadata": {}})], [line('["a"]')]) == (0, 0, 0)


def test_bytes_are_text_too() -> None:
    record = json.loads(line(""))
    record["captureData"]["endpointOutput"] |= {"data": base64.b64encode(b"yes\n").decode(), "encoding": "BASE64"}
    assert compared([json.dumps(record)], [line("yes\n")]) == (1, 1, 1)


def test_fewer_answers_are_other_answers() -> None:
    assert compared([line('["a", "b"]')], [line('["a"]')]) == (1, 2, 0)
    assert compared([line('["a", "b"]')], [line("[]")]) == (1, 2, 0)


def test_what_differs_is_shown() -> None:
    found = compare(records([line('["a", "b"]')], SINCE), records([line('["a", "c"]')], SINCE), None)
    assert found.examples == [{"row": 2, "sent": "23,blue\n", "champion": '"b"', "challenger": '"c"'}]


@pytest.mark.parametrize(
    ("old", "new", "problem", "expected"),
    [
        ({"label": "yes", "probability": 0.9}, {"label": "yes", "probability": 0.6}, "binary", True),
        ({"label": "yes", "probability": 0.9}, {"label": "no", "probability": 0.9}, "binary", False),
        ({"value": 100.0}, {"value": 109.0}, "regression", True),
        ({"value": 100.0}, {"value": 120.0}, "regression", False),
        (["1", "0.93"], ["1", "0.6"], "multiclass", True),
        (["1", "0.93"], ["2", "0.93"], "multiclass", False),
        (["yes", "0.93"], ["no", "0.93"], "binary", False),
        ([0.7, 0.2, 0.1], [0.5, 0.4, 0.1], "multiclass", True),
        ([0.7, 0.2, 0.1], [0.3, 0.6, 0.1], "multiclass", False),
        ([[1.0, 2.0]], [[1.05, 2.0]], "regression", True),
        ([1.0, 9.0], [1.0, 5.0], "regression", False),
        (0.9, 0.6, "binary", True),
        ("0.4", "0.6", "binary", False),
        (3, 4, "multiclass", False),
        (10, 10.5, None, True),
        ("a", "b", None, False),
        (True, False, None, False),
        (None, None, None, True),
        (None, 0, None, False),
        ({"a": 1}, {"b": 1}, None, False),
        ([1], [1, 2], None, False),
    ],
)
def test_alike(old: Any, new: Any, problem: str | None, expected: bool) -> None:
    assert alike(old, new, problem) is expected


SCALARS = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=3))


@given(VALUES, VALUES, st.sampled_from([None, "binary", "multiclass", "regression"]))
def test_it_does_not_matter_whose_answer_is_whose(old: Any, new: Any, problem: str | None) -> None:
    assert alike(old, new, problem) == alike(new, old, problem)


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("ARTIFACTS_BUCKET_NAME", BUCKET)
    with mock_aws():
        module = importlib.import_module("experiment.compare_answers")
        monkeypatch.setattr(module, "settings", type(module.settings).read())
        monkeypatch.setattr(module, "s3", boto3.client("s3"))
        module.s3.create_bucket(Bucket=BUCKET)
        yield module


def put(function: Any, variant: str, hour: str, *lines: str) -> None:
    key = f"churn/capture/churn/{variant}/2026/11/23/{hour}/10-00-000-{len(lines)}.jsonl"
    function.s3.put_object(Bucket=BUCKET, Key=key, Body="".join(f"{text}\n" for text in lines))


def test_the_hours_since_it_began_are_read(function: Any) -> None:
    event = {
        "project": "churn",
        "endpoint": "churn",
        "champion": {"variant": "AllTraffic", "run": "aaaaaaaaaa"},
        "challenger": {"variant": "Shadow", "run": "k3j9x0a1b2"},
        "since": SINCE,
        "capture_uri": f"s3://{BUCKET}/churn/capture",
    }
    assert function.handler(event, None) == {"pairs": 0, "rows": 0, "alike": 0, "examples": []}
    sample = json.dumps({"problem": "binary"})
    function.s3.put_object(Bucket=BUCKET, Key="churn/runs/k3j9x0a1b2/evaluation/sample.json", Body=sample)
    put(function, "AllTraffic", "07", "no JSON: nobody reads this")
    put(function, "AllTraffic", "08", line("0.9"), line("0.2", eventId="e2"))
    put(function, "AllTraffic", "09", line("0.1", eventId="e3", inferenceTime="2026-11-23T09:00:00Z"))
    put(function, "Shadow", "08", line("0.7"), line("0.8", eventId="e2"))
    put(function, "Shadow", "09", line("0.3", eventId="e3", inferenceTime="2026-11-23T09:00:00Z"))
    found = function.handler(event, None)
    assert (found["pairs"], found["rows"], found["alike"]) == (3, 3, 2)


def test_so_many_calls_are_enough(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function, "MOST_CALLS", 2)
    for hour in ("08", "09", "10"):
        moment = f"2026-11-23T{hour}:30:00Z"
        for variant in ("AllTraffic", "Shadow"):
            put(function, variant, hour, line('["a"]', eventId=hour, inferenceTime=moment))
    event = {"project": "churn", "endpoint": "churn", "champion": {"variant": "AllTraffic"}, "since": SINCE}
    event |= {"challenger": {"variant": "Shadow"}, "capture_uri": f"s3://{BUCKET}/churn/capture/"}
    assert function.handler(event, None)["pairs"] == 2
