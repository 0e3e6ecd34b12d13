"""The approval message: beside the champion, what approving does, what the endpoint costs."""

from __future__ import annotations

from typing import Any

import pytest
from notification.compose_notice import handler

CHAMPION = {
    "compared": True,
    "version": 2,
    "live": True,
    "on": "all",
    "rows": 6000,
    "overlap": {"checked": True, "seen": 0, "rows": 6000},
    "metrics": {"accuracy": [0.85, 0.87123], "auc": [0.9, 0.92]},
}
ROLLOUT = {
    "size": 10,
    "unit": "percent",
    "wait": 300,
    "bake": 600,
    "alarms": [],
    "max_errors": 5.0,
    "max_latency": 1000,
}
FIRST = {"percent": 10, "bake": 3600, "longest": 86_400}
PLAN = {"enabled": True, "mode": "real_time", "strategy": "canary", "variants": 0, "rollout": ROLLOUT}
COST = {
    "usd": {"min": 83.95, "max": 167.9},
    "parts": ["1 to 2 × ml.m5.large at $0.115 an hour"],
    "basis": "list prices",
}


def letter(**detail: Any) -> str:
    given = {"id": "x", "project": "adult", "run": "abcdefghij", "model_version": 3, "deployment": PLAN, **detail}
    text: str = handler({"id": "e", "detail-type": "Model Registered", "detail": given}, None)["message"]["email"]
    return text


def test_both_stand_side_by_side() -> None:
    text = letter(champion=CHAMPION)
    assert (
        "Beside the champion (version 2, live at that time), on the same 6,000 held-out rows:\n"
        "  metric    champion  this one\n"
        "  accuracy  0.85      0.87123\n"
        "  auc       0.9       0.92\n"
        "The champion had learnt from none of them."
    ) in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"on": "unseen", "overlap": {"checked": True, "seen": 40, "rows": 200}},
            "40 of the 200 rows are left out",
        ),
        (
            {"overlap": {"checked": True, "seen": 190, "rows": 200}},
            "190 of the 200 rows, which flatters it",
        ),
        ({"overlap": {"checked": False, "reason": "they were not kept"}}, "was not checked (they were not kept)"),
        (
            {"compared": False, "reason": "it lacks a column", "metric": "auc", "value": "0.91"},
            "champion (version 2, live at that time): it lacks a column. When it was new it had auc 0.91",
        ),
    ],
)
def test_what_flatters_or_fails_is_said(change: dict[str, Any], said: str) -> None:
    assert said in letter(champion=CHAMPION | change)


def test_a_first_model_has_nothing_beside_it() -> None:
    text = letter(champion=None)
    assert "There is no model before it to compare it with." in text
    assert "If there is no endpoint yet it is made" in text
    assert "There is no model before it" not in letter()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "a canary of 10 % of it for 5 minutes, then all of the traffic, watched for 10 minutes more."),
        ({"strategy": "linear"}, "in steps of 10 % of it, 5 minutes apart"),
        ({"strategy": "rolling", "rollout": ROLLOUT | {"unit": "instances", "size": 1}}, "batches of 1 instances"),
        ({"strategy": "all_at_once"}, "all traffic at once, watched for 10 minutes."),
        (
            {"strategy": "ab", "comparison": FIRST},
            "beside version 2 first: it answers 10 % of the traffic.\nAfter 1 hour",
        ),
        (
            {"strategy": "shadow", "comparison": FIRST},
            "gets a copy of 10 % of the traffic, and nobody gets its answers",
        ),
        ({}, "taken back by itself if more than 5 % of its calls fail (5XX) or nine of ten answers take longer"),
        ({"rollout": ROLLOUT | {"alarms": ["mine"]}}, "or alarm mine rings meanwhile"),
        ({"variants": 2}, "watches no alarm"),
        ({"enabled": False}, "only marks it in the registry"),
        ({"mode": "batch"}, "makes no endpoint"),
    ],
)
def test_what_approving_does_is_told_in_words(change: dict[str, Any], said: str) -> None:
    assert said in letter(champion=CHAMPION, deployment=PLAN | change)


def test_the_endpoint_has_a_price() -> None:
    text = letter(champion=CHAMPION, endpoint_cost=COST)
    assert (
        "The endpoint costs about $83.95 to $167.90 a month (1 to 2 × ml.m5.large at $0.115 an hour; list prices)."
        in text
    )
    assert "old and new instances are billed together" in text
    unknown = COST | {"usd": "unknown", "parts": ["1 × ml.x9.large: its price in eu-west-1 is unknown"]}
    assert "What the endpoint costs a month is not known (1 × ml.x9.large" in letter(endpoint_cost=unknown)
    assert "a month" not in letter(endpoint_cost=COST, deployment=PLAN | {"enabled": False})


@pytest.mark.parametrize(
    ("champion", "said"),
    [
        (None, "`deploy.mode: batch`. It predicts what is dropped below `batch/` from then on."),
        (
            CHAMPION,
            "The endpoint of before stays, and version 2 predicts dropped files while it is approved.",
        ),
    ],
)
def test_a_batch_project_gets_no_endpoint(champion: dict[str, Any] | None, said: str) -> None:
    assert said in letter(champion=champion, deployment=PLAN | {"mode": "batch"})


DATA = {
    "drop": "aaaaaaaaaa",
    "rows": [1000, 1200],
    "columns": [4, 5],
    "counts": {"missing": 0, "new": 12, "renamed": 0, "kinds": 1, "moved": 11},
    "missing": [],
    "new": ["c1", "c2"],
    "renamed": [],
    "kinds": [{"name": "size", "before": "number", "now": "category"}],
    "moved": [
        {"name": "income", "target": True, "text": "'rich' 20.0 % → 60.0 %"},
        {"name": "age", "target": False, "text": "median 38 → 51"},
    ],
}


def test_what_changed_in_the_data() -> None:
    text = letter(champion=CHAMPION | {"data": DATA})
    assert (
        "What changed in the data since version 2 (1,000 rows then, 1,200 now; 4 columns then, 5 now):\n"
        "  - new: c1, c2 and 10 more\n"
        "  - of another kind: size was number, is category\n"
        "  - the target income: 'rich' 20.0 % → 60.0 %\n"
        "  - age: median 38 → 51\n"
        "  - and 9 more columns that moved\n"
    ) in text


def test_data_that_did_not_change_and_data_that_nobody_knows() -> None:
    same = DATA | {"columns": [4, 4], "new": [], "kinds": [], "moved": []}
    text = letter(champion=CHAMPION | {"data": same})
    assert "The data are like those of version 2: 1,000 rows then, 1,200 now; the same columns, none moved far." in text
    text = letter(champion=CHAMPION | {"data": {"reason": "there is no profile of drop aaaaaaaaaa"}})
    assert "What changed in the data since version 2 is not known: there is no profile of drop aaaaaaaaaa." in text
    assert "in the data since" not in letter(champion=CHAMPION)
    assert "in the data since" not in letter(champion=None)
