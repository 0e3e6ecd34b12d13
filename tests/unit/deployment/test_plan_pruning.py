from __future__ import annotations

import json
from typing import Any

import pytest
from deployment import prune
from deployment.plan_pruning import handler

from tests.unit.deployment import facts
from tests.unit.deployment.test_plan_deployment import plan


def name(version: int, digest: str = "0123456789") -> str:
    return f"df-run000000{version}-v{version}-{digest}"


def model(version: int) -> str:
    return f"df-run000000{version}-v{version}"


def noted(config: str, *models: str, shadow: str | None = None) -> dict[str, Any]:
    variants = [{"VariantName": f"V{n}", "ModelName": m} for n, m in enumerate(models)]
    request: dict[str, Any] = {"EndpointConfigName": config, "ProductionVariants": variants}
    if shadow:
        request["ShadowProductionVariants"] = [{"VariantName": "Shadow", "ModelName": shadow}]
    return {"pk": {"S": "project#adult"}, "sk": {"S": f"config#{config}"}, "request": {"S": json.dumps(request)}}


def served(*configs: str) -> list[dict[str, Any]]:
    """The history, the latest first."""
    times = (f"deployed#2026-11-{28 - n:02}T08:00:00.000Z" for n in range(len(configs)))
    return [{"sk": {"S": t}, "endpoint_config": {"S": c}} for t, c in zip(times, configs, strict=True)]


def uses(*configs: str, models: list[str] | None = None) -> dict[str, Any]:
    return {"configs": list(configs), "models": models or []}


def decide(configs: list[Any], history: list[Any], used: list[Any] | None = None) -> dict[str, Any]:
    return handler({"configs": configs, "history": history, "used": used}, None)


def names_of(found: dict[str, Any]) -> list[str]:
    return [config["name"] for config in found["endpoint_configs"]]


SEVEN = [noted(name(v), model(v)) for v in range(1, 8)]
HISTORY = served(*(name(v) for v in range(7, 0, -1)))


def test_nothing_is_asked_while_all_was_served_of_late() -> None:
    assert decide(SEVEN[2:], HISTORY)["action"] == "none"
    assert decide([], [])["action"] == "none"


def test_endpoints_are_looked_at_before_anything_goes() -> None:
    found = decide(SEVEN, HISTORY)
    assert (found["action"], found["endpoint_configs"], found["models"]) == ("look", [], [])


def test_what_is_beyond_the_last_five_goes_with_its_model_and_its_alarms() -> None:
    found = decide(SEVEN, HISTORY, [uses(name(7), models=[model(7)])])
    assert found["action"] == "prune"
    assert names_of(found) == [name(1), name(2)]
    assert found["models"] == [model(1), model(2)]
    assert found["endpoint_configs"][0]["alarms"] == [f"{name(1)}-V0-5xx", f"{name(1)}-V0-latency"]


def test_a_configuration_that_was_served_again_counts_once_and_by_its_last_time() -> None:
    history = served(name(1), name(7), name(1), name(6), name(7), name(5), name(4), name(3))
    assert names_of(decide(SEVEN, history, [])) == [name(2), name(3)]


@pytest.mark.parametrize("endpoint", [uses(name(7), name(1)), uses(name(1))])
def test_what_any_endpoint_has_or_is_getting_stays(endpoint: dict[str, Any]) -> None:
    found = decide(SEVEN, HISTORY, [uses(name(7)), endpoint])
    assert (names_of(found), found["models"]) == ([name(2)], [model(2)])
    assert decide(SEVEN[1:], HISTORY, [uses(name(2))])["action"] == "none"


def test_those_of_failed_deployments_go_at_once_and_their_models_only_if_no_other_has_them() -> None:
    failed = [noted(name(3, "ffffffffff"), model(3)), noted(name(8), model(8))]
    both = noted(name(7, "eeeeeeeeee"), model(6), shadow=model(7))
    found = decide([*SEVEN[2:], *failed, both], HISTORY, [uses(name(7))])
    assert names_of(found) == [name(3, "ffffffffff"), name(8), name(7, "eeeeeeeeee")]
    assert found["models"] == [model(8)]
    assert f"{name(7, 'eeeeeeeeee')}-Shadow-5xx" in found["endpoint_configs"][2]["alarms"]


def test_a_model_that_somebody_else_serves_stays() -> None:
    found = decide(SEVEN, HISTORY, [uses("mine", models=[model(1)])])
    assert (names_of(found), found["models"]) == ([name(1), name(2)], [model(2)])


def test_an_endpoint_whose_configuration_was_deleted_keeps_its_version_s_models() -> None:
    found = decide(SEVEN, HISTORY, [uses(name(1, "9999999999"))])
    assert found["models"] == [model(2)]
    serverless = noted(name(1), f"{model(1)}-s")
    assert decide([serverless, *SEVEN[2:]], HISTORY, [uses(name(1, "9999999999"))])["models"] == []


def test_what_a_rejection_goes_back_to_is_made_again() -> None:
    """The plan names models and configuration in full, whatever is still there: the machine makes what is missing."""
    back = plan(packages=[facts.package(1)], endpoint=facts.endpoint(name(7)), after="rejection")
    assert [m["ModelName"] for m in back["models"]] == [model(1)]
    assert [c["EndpointConfigName"] for c in back["endpoint_configs"]] == [back["config"]]
    assert back["phases"][-1]["config"] == back["config"]


def test_so_many_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "MOST", 1)
    assert names_of(decide(SEVEN, HISTORY, [])) == [name(1)]
