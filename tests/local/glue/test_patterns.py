"""Event patterns: every operator, as EventBridge documents it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.glue.conftest import ACCOUNT, Cloud

EVENT = {
    "id": "1", "source": "aws.s3", "detail-type": "Object Created", "account": ACCOUNT, "region": "us-east-1",
    "time": "2026-01-01T00:00:00Z", "resources": [],
    "detail": {"bucket": {"name": "data"}, "object": {"key": "churn/train/a.csv", "size": 12}, "ip": "10.0.0.7",
               "state": "Failed", "empty": "", "none": None, "tags": ["x", "y"]},
}  # fmt: skip
KEY = ("detail", "object", "key")


@pytest.mark.parametrize(("path", "operator", "matches"), [
    (KEY, {"prefix": "churn/"}, True), (KEY, {"prefix": "train/"}, False),
    (KEY, {"prefix": {"equals-ignore-case": "CHURN/"}}, True),
    (KEY, {"suffix": ".csv"}, True), (KEY, {"suffix": {"equals-ignore-case": ".CSV"}}, True),
    (KEY, {"wildcard": "*/train/*"}, True), (KEY, {"wildcard": "*/test/*"}, False),
    (KEY, {"anything-but": "x"}, True), (KEY, {"anything-but": ["churn/train/a.csv", "x"]}, False),
    (KEY, {"anything-but": {"prefix": "churn/"}}, False), (KEY, {"anything-but": {"prefix": ["a", "b"]}}, True),
    (KEY, {"anything-but": {"suffix": ".csv"}}, False), (KEY, {"anything-but": {"wildcard": "*/project.yaml"}}, True),
    (("detail", "state"), {"anything-but": {"equals-ignore-case": "failed"}}, False),
    (("detail", "state"), {"equals-ignore-case": "FAILED"}, True),
    (("detail", "object", "size"), {"numeric": [">", 0, "<=", 12]}, True),
    (("detail", "object", "size"), {"numeric": ["<", 12]}, False),
    (("detail", "object", "size"), {"numeric": ["=", 12]}, True),
    (("detail", "ip"), {"cidr": "10.0.0.0/24"}, True), (("detail", "ip"), {"cidr": "10.0.1.0/24"}, False),
    (("detail", "missing"), {"exists": False}, True), (("detail", "state"), {"exists": False}, False),
    (("detail", "empty"), "", True), (("detail", "none"), None, True), (("detail", "tags"), "y", True),
    (("detail", "tags"), "z", False),
])  # fmt: skip
def test_pattern_operators_are_aws(cloud: Cloud, path: tuple[str, ...], operator: Any, matches: bool) -> None:
    pattern: Any = [operator]
    for name in reversed(path):
        pattern = {name: pattern}
    answer = cloud.client("events").test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(EVENT))
    assert answer["Result"] is matches


def test_or_combines_fields(cloud: Cloud) -> None:
    pattern = {"detail": {"$or": [{"state": ["Gone"]}, {"object": {"size": [{"numeric": [">", 5]}]}}]}}
    answer = cloud.client("events").test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(EVENT))
    assert answer["Result"] is True
