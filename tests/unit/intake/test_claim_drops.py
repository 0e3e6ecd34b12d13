from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from intake.drops_table import DropsTable
from moto import mock_aws

from tests.unit.intake.test_changes import s3_event


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName="drops",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


def handle(client: Any, *bodies: Any) -> list[str]:
    module = importlib.import_module("intake.claim_drops")
    module.table = DropsTable(client, "drops")  # type: ignore[attr-defined]
    records = [{"messageId": f"m{i}", "body": b if isinstance(b, str) else json.dumps(b)} for i, b in enumerate(bodies)]
    failures = module.handler({"Records": records}, None)["batchItemFailures"]
    return [f["itemIdentifier"] for f in failures]


def items(client: Any, sk: str = "") -> list[dict[str, Any]]:
    found = [{k: next(iter(v.values())) for k, v in i.items()} for i in client.scan(TableName="drops")["Items"]]
    return [i for i in found if i["sk"].startswith(sk)]


def test_a_batch_becomes_one_window_and_its_objects(table: Any) -> None:
    assert handle(table, s3_event("adult/train/a b.csv"), s3_event("adult/train/ü.csv", sequencer="62")) == []
    (window,) = items(table, "window#")
    assert (window["state"], window["project"], window["channel"], window["folder"]) == ("OPEN", "adult", "train", "")
    assert window["touched_at"].endswith("Z")
    assert [i["drop"] for i in items(table, "current")] == [window["drop"]]
    objects = items(table, "object#")
    assert {o["key"] for o in objects} == {"adult/train/a b.csv", "adult/train/ü.csv"}
    assert all(o["present"] and o["drop"] == window["drop"] and o["version_id"] == "v" for o in objects)


def test_the_same_event_three_times_is_one_effect(table: Any) -> None:
    event = s3_event("adult/train/a.csv")
    assert handle(table, event, event) == []
    before = items(table)
    assert handle(table, event) == []
    assert items(table) == before


def test_success_completes_and_a_closed_window_is_followed_by_the_next(table: Any) -> None:
    handle(table, s3_event("adult/train/x/a.csv"))
    handle(table, s3_event("adult/train/x/_SUCCESS", size=0, second=9))
    (window,) = items(table, "window#")
    assert (window["state"], window["reason"]) == ("COMPLETE", "_SUCCESS")
    handle(table, s3_event("adult/train/x/late.csv", second=8))
    assert len(items(table, "window#")) == 1
    handle(table, s3_event("adult/train/x/next.csv", second=10))
    assert len(items(table, "window#")) == 2


def test_success_alone_opens_a_complete_window(table: Any) -> None:
    handle(table, s3_event("adult/train/_SUCCESS", size=0))
    assert [w["state"] for w in items(table, "window#")] == ["COMPLETE"]


def test_a_deletion_is_noted_and_keeps_its_drop(table: Any) -> None:
    handle(table, s3_event("adult/train/a.csv"))
    handle(table, s3_event("adult/train/a.csv", sequencer="62", kind="Object Deleted"))
    (gone,) = items(table, "object#")
    assert (gone["present"], gone["drop"]) == (False, items(table, "current")[0]["drop"])


def test_what_is_ignored_is_recorded_once_with_its_reason(table: Any) -> None:
    handle(table, *[s3_event("adult/train/a.csv", size=0)] * 3)
    (ignored,) = items(table)
    assert ignored["pk"] == "ignored"
    assert ignored["sk"].startswith("adult#adult/train/a.csv#61")
    assert "zero bytes" in ignored["reason"]


def test_only_the_messages_that_failed_come_back(table: Any) -> None:
    assert handle(table, "no json", s3_event("adult/train/a.csv"), {"detail": 1}) == ["m0", "m2"]
    assert len(items(table, "object#")) == 1


def test_a_table_that_fails_sends_the_folders_messages_back(table: Any) -> None:
    table.delete_table(TableName="drops")
    assert handle(table, s3_event("adult/train/a.csv"), s3_event("adult/train/b.csv", size=0)) == ["m0", "m1"]


def test_nobody_elses_pointer_is_overwritten(table: Any) -> None:
    handle(table, s3_event("adult/train/a.csv"))
    store = DropsTable(table, "drops")
    window = store.current("adult/train/")
    assert window is not None
    stale = type(window)(window.pk, "older00000", "CLOSED")
    from intake.changes import Change, read_event

    first = read_event(s3_event("adult/train/b.csv"))
    assert isinstance(first, Change)
    assert store.open(type(window)(window.pk, "newer00000", "OPEN"), first, stale) is False
    assert store.open(type(window)(window.pk, "newer00000", "OPEN"), first, None) is False
    assert len(items(table, "window#")) == 1
