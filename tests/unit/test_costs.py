"""docs/costs.md is up to date, and counts what the code, the machines and the stacks really do."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from types import ModuleType
from typing import Any

import boto3
import pytest
import yaml
from intake import items
from intake.changes import Change, read_event
from intake.drops_table import DropsTable
from moto import mock_aws

from tests.machines.harness import ROOT, states
from tests.unit.intake.test_changes import s3_event


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("costs", ROOT / "tools/costs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["costs"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


costs = _tool()
GIVEN = costs.Given.read()


class _Loader(yaml.SafeLoader):
    """CloudFormation's tags read as nothing."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: None)


def stack(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((ROOT / name).read_text(), _Loader)
    return found


def test_the_page_is_up_to_date() -> None:
    text = costs.PAGE.read_text(encoding="utf-8")
    assert costs.page(text, GIVEN) == text, "run python tools/costs.py"
    assert "**0" in text


@pytest.mark.parametrize("machine", sorted(GIVEN.paths))
def test_the_paths_are_ways_through_the_machines(machine: str) -> None:
    path = GIVEN.paths[machine]
    found = states(machine)
    for state, following in pairwise(path):
        ways = [found[state].get("Next"), found[state].get("Default")]
        assert following in [*ways, *(choice["Next"] for choice in found[state].get("Choices", []))], state
    assert found[path[-1]]["Type"] == "Succeed"
    called = {state for state in path if found[state].get("Resource", "").endswith("lambda:invoke")}
    assert called <= {*costs.LAMBDAS, "Find Missed", "Find Lost"}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """What `claim_drops` asks of DynamoDB."""
    calls: Counter[str] = Counter()

    def count(model: Any, params: dict[str, Any], **_: Any) -> None:
        calls[model.name] += 1
        requested = params.get("RequestItems", {})
        calls["keys"] += sum(len(table["Keys"]) for table in requested.values())

    with mock_aws():
        client = boto3.client("dynamodb")
        for name in ("drops", "projects"):
            client.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        client.meta.events.register("before-parameter-build.dynamodb", count)
        monkeypatch.setenv("DROPS_TABLE_NAME", "drops")
        monkeypatch.setenv("PROJECTS_TABLE_NAME", "projects")
        module = importlib.import_module("intake.claim_drops")
        monkeypatch.setattr(module, "dynamodb", client)
        monkeypatch.setattr(module, "table", DropsTable(client, "drops"))
        monkeypatch.setattr(module, "settings", module.ClaimDropsSettings.read())
        yield calls


def batch(number: int) -> list[dict[str, Any]]:
    bodies = [s3_event(f"adult/train/part-{number}-{i:05}.csv") for i in range(costs.BATCH)]
    return [{"messageId": f"m{i}", "body": json.dumps(body)} for i, body in enumerate(bodies)]


def test_a_batch_asks_what_is_counted(counted: Counter[str]) -> None:
    handler = importlib.import_module("intake.claim_drops").handler
    for number in range(3):
        counted.clear()
        assert handler({"Records": batch(number)}, None) == {"batchItemFailures": []}
    assert counted["keys"] == costs.BATCH
    assert counted["PutItem"] == costs.BATCH
    assert counted["GetItem"] == costs.READS_PER_BATCH
    assert counted["UpdateItem"] == 1  # the window's touch, of which WRITES_PER_BATCH are item and indexes
    assert set(counted) <= {"BatchGetItem", "keys", "PutItem", "GetItem", "UpdateItem"}


def test_duplicates_write_nothing(counted: Counter[str]) -> None:
    handler = importlib.import_module("intake.claim_drops").handler
    handler({"Records": batch(0)}, None)
    counted.clear()
    handler({"Records": batch(0)}, None)
    assert dict(counted) == {"BatchGetItem": 1, "keys": costs.BATCH, "GetItem": 1}


def test_an_object_is_one_write_unit() -> None:
    change = read_event(s3_event("customer-churn-europe/train/2026/11/27/part-00000-of-10000.snappy.parquet"))
    assert isinstance(change, Change)
    item = items.entry(change, "abcdefghij", present=True, at=datetime(2026, 11, 27, tzinfo=UTC), kept_days=90)
    pk, sk = items.object_place(change.pk, change.key)
    size = sum(len(name) + len(str(value).encode()) for name, value in (item | {"pk": pk, "sk": sk}).items())
    assert size <= GIVEN.assumed["object_bytes"] < 1024


def test_sizes_are_the_stacks() -> None:
    found = stack("stacks/intake.yaml")
    resources, every = found["Resources"], found["Globals"]["Function"]["MemorySize"]
    memory = {
        name: resources[f"Intake{name}Function"]["Properties"].get("MemorySize", every) / 1024
        for name in ("ClaimDrops", "CheckWindow", "PlanWindow", "ListDrop", "InspectDrop", "FindMissed")
    }
    assert memory["ClaimDrops"] == memory["CheckWindow"] == costs.CLAIM_GB
    assert (memory["PlanWindow"], memory["ListDrop"]) == (costs.DECIDE_GB, costs.LIST_GB)
    assert (memory["InspectDrop"], memory["FindMissed"]) == (costs.INSPECT_GB, costs.FIND_GB)
    assert resources["IntakeQueueMapping"]["Properties"]["BatchSize"] == costs.BATCH
    assert stack("template.yaml")["Parameters"]["ReconcileSchedule"]["Default"] == f"rate({costs.LOOK // 60} minutes)"
    assert items.SHARDS == costs.SHARDS


def test_an_older_page_is_said_to_be_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    old = tmp_path / "costs.md"
    old.write_text(costs.PAGE.read_text(encoding="utf-8").replace("USD", "EUR"), encoding="utf-8")
    monkeypatch.setattr(costs, "PAGE", old)
    assert costs.main(["--check"]) == 1
    assert costs.main([]) == 0
    assert costs.main(["--check"]) == 0
