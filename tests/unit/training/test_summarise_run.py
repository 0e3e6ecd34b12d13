from __future__ import annotations

import json
from typing import Any

import pytest
from training import outcome
from training.models import SummariseRun
from training.summarise_run import handler

from tests.unit.training.facts import PREPARATION, dataset

JOB = {
    "ProcessingStartTime": 1763870400000,
    "ProcessingEndTime": 1763870436000,
    "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}},
}
EVENT: dict[str, Any] = {
    "project": "adult",
    "run": "abcdefghij",
    "attempt": 1,
    "dataset": dataset(),
    "preparation": json.dumps(PREPARATION),
    "prepare_job": JOB,
    "trained": {"billable_seconds": 72, "training_seconds": 90, "instance_type": "ml.m5.large", "instance_count": 1},
    "evaluation": {"metrics": {"accuracy": 0.9}, "metric": "accuracy", "value": 0.9, "threshold": 0.7, "job": JOB},
    "context": {"region": "us-east-1"},
}


def test_durations_and_cost() -> None:
    summary = handler(EVENT, None)
    assert summary["seconds"] == {"prepare": 36.0, "train": 72, "evaluate": 36.0}
    assert summary["cost"]["usd"] == round((36 + 72 + 36) / 3600 * 0.115, 4)
    assert "to be checked" in summary["cost"]["basis"]
    assert summary["rows"] == PREPARATION["rows"]
    assert summary["gate"] == {"metric": "accuracy", "value": 0.9, "threshold": 0.7}


@pytest.mark.parametrize(
    "change",
    [
        {"context": {"region": "eu-central-1"}},
        {"trained": EVENT["trained"] | {"instance_type": "ml.x9.large"}},
        {"trained": {"instance_type": "ml.m5.large"}},
    ],
)
def test_what_is_not_known_is_unknown_and_never_guessed(change: dict[str, Any]) -> None:
    assert handler(EVENT | change, None)["cost"]["usd"] == "unknown"


def test_the_owners_prices_replace_ours() -> None:
    prices = {
        "source": "our contract",
        "date": "2026-12-01",
        "verified": True,
        "regions": {"us-east-1": {"training": {"ml.m5.large": 1}, "processing": {"ml.m5.large": 10}}},
    }
    summary = outcome.summarise_run(SummariseRun.model_validate(EVENT), json.dumps(prices))
    assert summary["cost"]["usd"] == round(72 / 3600 * 10 + 72 / 3600, 4)
    assert summary["cost"]["basis"] == "list prices of 2026-12-01 for us-east-1 (our contract); instance time only"


def test_a_script_without_jobs_of_ours() -> None:
    summary = handler(
        EVENT | {"preparation": None, "prepare_job": None, "evaluation": {"metrics": {}, "job": None}}, None
    )
    assert summary["seconds"] == {"train": 72}
    assert summary["problem"] is None


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (1763870400, 1763870436.5),
        ("2026-11-23T05:00:00.000Z", "2026-11-23T05:00:36.500Z"),
        ("1763870400000", "1763870436500"),
    ],
)
def test_times_in_every_form_that_integrations_give(start: Any, end: Any) -> None:
    job = JOB | {"ProcessingStartTime": start, "ProcessingEndTime": end}
    assert handler(EVENT | {"prepare_job": job}, None)["seconds"]["prepare"] == 36.5


def test_what_intake_warned_of_comes_before_what_the_preparing_job_found() -> None:
    found = json.dumps(PREPARATION | {"warnings": ["3 rows without a target were left out"]})
    event = EVENT | {"preparation": found, "data_warnings": ["7 rows repeat", "'plan' gives the target away"]}
    assert handler(event, None)["warnings"] == [
        "7 rows repeat",
        "'plan' gives the target away",
        "3 rows without a target were left out",
    ]
    assert handler(EVENT, None)["warnings"] == []


def test_neither_kind_of_warning_crowds_out_the_other() -> None:
    found = json.dumps(PREPARATION | {"warnings": [f"job {n}" for n in range(20)]})
    warnings = handler(EVENT | {"preparation": found, "data_warnings": [f"data {n}" for n in range(20)]}, None)[
        "warnings"
    ]
    assert warnings == [f"data {n}" for n in range(5)] + [f"job {n}" for n in range(5)]
