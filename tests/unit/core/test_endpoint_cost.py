from __future__ import annotations

import json

import pytest
from dropforge.endpoint_cost import endpoint_cost
from dropforge.project_read import read_project

LIST = json.dumps({"date": "d", "source": "s", "regions": {"xx-east-1": {"hosting": {"ml.m5.large": 0.1}}}})


def cost(deploy: str, region: str = "xx-east-1") -> dict[str, object]:
    text = f"algorithm: xgboost\ntarget: y\ndeploy: {deploy}\n"
    return endpoint_cost(read_project(text).deploy, region, LIST)


@pytest.mark.parametrize(
    ("deploy", "usd"),
    [
        ("{}", {"min": 73.0, "max": 73.0}),
        ("{initial_instance_count: 2}", {"min": 146.0, "max": 146.0}),
        ("{scaling: {min: 1, max: 4}}", {"min": 73.0, "max": 292.0}),
        ("{instance_type: ml.c5.large}", "unknown"),
        ("{mode: serverless}", "unknown"),
        ("{mode: batch}", {"min": 0.0, "max": 0.0}),
        ("{variants: [{name: a}, {name: b, model: latest, initial_instance_count: 3}]}", {"min": 292.0, "max": 292.0}),
        ("{variants: [{name: a}, {name: b, model: latest, instance_type: ml.c5.large}]}", "unknown"),
    ],
)
def test_what_is_deployed_is_what_is_counted(deploy: str, usd: object) -> None:
    assert cost(deploy)["usd"] == usd


def test_what_is_not_on_the_list_is_named() -> None:
    found = cost("{}", "yy-west-9")
    assert found["usd"] == "unknown"
    assert found["parts"] == ["1 × ml.m5.large: its price in yy-west-9 is unknown"]
