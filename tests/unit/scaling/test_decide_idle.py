"""Who is told of an idle endpoint, and when it may go."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scaling.decide_idle import handler

MADE = datetime(2026, 11, 1, tzinfo=UTC)
OLD, NEW = "df-k3j9x0a1b2-v1-0123456789", "df-k3j9x0a1b2-v2-0123456789"
Json = dict[str, Any]


def config(budget: Json | None = None, **deploy: Any) -> str:
    return json.dumps({"version": 1, "algorithm": "xgboost", "target": 0, "deploy": deploy, "budget": budget or {}})


DELETE = {"idle_hours": 12, "on_idle": "delete"}


def look(
    hours: float, spell: Json | None = None, budget: Json | None = None, asked: float = 0, **endpoint: Any
) -> Json:
    variants = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}]
    described = {"EndpointName": "churn", "EndpointStatus": "InService", "EndpointConfigName": OLD,
                 "CreationTime": MADE.isoformat(), "ProductionVariants": variants} | endpoint  # fmt: skip
    text = endpoint.pop("config", config(budget))
    return handler({"project": "churn", "now": (MADE + timedelta(hours=hours)).isoformat(), "region": "us-east-1",
                    "config": text, "endpoint": described, "invocations": asked, "spell": spell}, None)  # fmt: skip


@pytest.mark.parametrize(("hours", "action"), [(71, "none"), (72, "warn"), (500, "warn")])
def test_without_idle_hours_three_days_are_told(hours: float, action: str) -> None:
    assert look(hours)["action"] == action


def test_the_warning_says_what_it_costs_and_when_it_goes() -> None:
    told = look(12, budget=DELETE)["detail"]
    assert told["usd_per_month"]["max"] > 0
    assert told["delete_after"] == (MADE + timedelta(hours=36)).isoformat()
    assert look(100)["detail"]["delete_after"] is None


@pytest.mark.parametrize(
    "endpoint",
    [
        {"EndpointStatus": "Updating"},
        {"EndpointConfigName": "theirs"},
        {"ProductionVariants": [{"VariantName": "A", "CurrentServerlessConfig": {"MaxConcurrency": 5}}]},
        {"ProductionVariants": [{"VariantName": "A", "DesiredInstanceCount": 0}]},
        {"AsyncInferenceConfig": {}, "config": config(scaling={"min": 0, "max": 2})},
        {"CreationTime": (MADE + timedelta(hours=99)).timestamp() * 1000},
    ],
)
def test_what_is_left_alone(endpoint: Json) -> None:
    assert look(100, **endpoint)["action"] == "none"


def test_a_day_after_the_warning_it_may_go_and_is_asked_for_once_a_day() -> None:
    warned = look(12, budget=DELETE)["spell"]
    assert look(35, warned, DELETE)["action"] == "none"
    found = look(36, warned, DELETE)
    assert (found["action"], found["detail"]["action"]) == ("delete", "delete")
    assert look(37, found["spell"], DELETE)["action"] == "none"
    assert look(60, found["spell"], DELETE)["action"] == "delete"


def test_a_warning_without_deletion_allows_none() -> None:
    warned = look(12, budget={"idle_hours": 12})["spell"]
    assert look(400, warned, {"idle_hours": 12})["action"] == "none"
    assert look(400, warned, DELETE)["action"] == "warn"


def test_every_warning_is_told_and_a_repeat_of_one_is_not() -> None:
    first = look(12, budget={"idle_hours": 12})
    second = look(13, first["spell"], DELETE)
    assert (first["action"], second["action"]) == ("warn", "warn")
    assert first["detail"]["id"] != second["detail"]["id"], "else nobody hears that it will be deleted"
    assert first["detail"]["id"] == look(12, budget={"idle_hours": 12})["detail"]["id"]


def test_an_endpoint_that_was_made_anew_is_warned_of_anew() -> None:
    """Its predecessor, of the same version, was deleted after a rejection; the warning of that one is still known."""
    warned = look(12, budget=DELETE)["spell"]
    anew = {"CreationTime": (MADE + timedelta(hours=24)).isoformat()}
    found = look(60, warned, DELETE, **anew)
    assert (found["action"], found["detail"]["delete_after"]) == ("warn", (MADE + timedelta(hours=84)).isoformat())


def test_another_version_is_another_spell() -> None:
    warned = look(12, budget=DELETE)["spell"]
    assert look(100, warned, DELETE, EndpointConfigName=NEW)["action"] == "warn"


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), max_size=20), st.booleans())
def test_nothing_goes_unless_it_was_warned_of_a_day_before_and_not_asked_since(
    looks: list[tuple[int, bool]], deletes: bool
) -> None:
    budget = DELETE if deletes else {"idle_hours": 12}
    hours, spell, warned, asked = 0, None, None, 0
    for pause, used in looks:
        hours += pause
        asked = hours if used else asked
        found = look(hours, spell, budget, asked=1 if hours - asked < 12 and asked else 0)
        if found["action"] == "delete":
            assert deletes
            assert warned is not None
            assert hours - warned >= 24
            assert asked <= warned
        warned = hours if found["action"] == "warn" else None if found["action"] == "clear" else warned
        spell = None if found["action"] == "clear" else found["spell"] or spell
