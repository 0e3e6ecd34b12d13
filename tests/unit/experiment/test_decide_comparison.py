from __future__ import annotations

from typing import Any

import pytest
from dropforge.errors import InputInvalidError
from experiment.decide_comparison import handler
from hypothesis import given, settings
from hypothesis import strategies as st

AB = {"bake": 600, "longest": 7200, "requests": 100, "max_errors": 5, "max_latency_ratio": 1.5}
SHADOW = {"bake": 600, "longest": 7200, "requests": 100, "agreement": 0.9}


def metrics(**figures: tuple[float, float, float]) -> list[dict[str, Any]]:
    """Side → (calls, errors, latency in ms), as CloudWatch tells."""
    return [
        {"Id": f"{side}_{name}", "Timestamps": ["2026-11-23T08:00:00Z"], "Values": [value]}
        for side, (calls, errors, latency) in figures.items()
        for name, value in {"calls": calls, "errors": errors, "latency": latency * 1000}.items()
    ]


def decide(
    kind: str = "ab",
    champion: tuple[float, float, float] = (900, 0, 10),
    challenger: tuple[float, float, float] = (100, 0, 12),
    **more: Any,
) -> dict[str, Any]:
    event = {
        "kind": kind,
        "settings": AB if kind == "ab" else SHADOW,
        "champion": {"variant": "AllTraffic", "version": 3, "run": "aaaaaaaaaa"},
        "challenger": {"variant": "Challenger", "version": 4, "run": "k3j9x0a1b2"},
        "metrics": metrics(champion=champion, challenger=challenger),
        "waited": 600,
    }
    return handler(event | more, None)


def test_it_did_no_worse() -> None:
    decided = decide()
    assert decided["decision"] == "promote"
    assert decided["reason"] == (
        "the new version did no worse in 100 calls: 0 % errors (live: 0 %), 12 ms (live: 10 ms)"
    )
    assert decided["figures"]["challenger"] == {
        "variant": "Challenger",
        "version": 4,
        "run": "k3j9x0a1b2",
        "calls": 100,
        "errors": 0,
        "errors_percent": 0.0,
        "latency_ms": 12.0,
    }


def test_errors_remove_it_before_the_time_is_over() -> None:
    decided = decide(challenger=(20, 2, 12), waited=0)
    assert decided["decision"] == "remove"
    assert decided["reason"] == "the new version answered 10 % of 20 calls with an error; 5 % are allowed"
    assert decide(challenger=(19, 19, 12))["decision"] == "wait"
    assert decide(challenger=(100, 5, 12))["decision"] == "promote"


def test_it_must_not_be_much_slower() -> None:
    assert decide(challenger=(100, 0, 15))["decision"] == "promote"
    decided = decide(challenger=(100, 0, 15.5))
    assert decided["decision"] == "remove"
    assert decided["reason"].startswith("nine of ten answers of the new version take 15.5 ms and of the live one 10 ms")


def test_it_is_watched_for_bake_and_looked_at_all_the_while() -> None:
    """Errors or a rejection must not go on for an hour, only since nobody looks before `bake` is over."""
    assert [(d["decision"], d["seconds"]) for d in (decide(waited=0), decide(waited=570))] == [
        ("wait", 60),
        ("wait", 30),
    ]
    assert decide(settings=AB | {"bake": 3600, "longest": 86_400}, waited=0)["seconds"] == 432


@pytest.mark.parametrize("kind", ["ab", "shadow"])
@pytest.mark.parametrize("approval", ["Rejected", "PendingManualApproval"])
def test_a_rejection_ends_it(kind: str, approval: str) -> None:
    decided = decide(kind, approval=approval, waited=60)
    assert (decided["decision"], decided["reason"]) == ("remove", "version 4 was rejected meanwhile")


@pytest.mark.parametrize(("waited", "seconds"), [(600, 60), (7000, 60), (7199, 1)])
def test_it_is_watched_longer_for_want_of_calls(waited: int, seconds: int) -> None:
    decided = decide(challenger=(99, 0, 12), waited=waited)
    assert (decided["decision"], decided["seconds"]) == ("wait", seconds)
    assert decided["reason"] == "900 and 99 calls so far; 100 are needed"


def test_what_was_not_shown_is_removed() -> None:
    decided = decide(challenger=(99, 0, 12), waited=7200)
    assert decided["decision"] == "remove"
    assert decided["reason"] == ("only 900 and 99 calls in 7200 s, and 100 are needed to tell the versions apart")


def test_a_shadow_that_answers_alike() -> None:
    decided = decide("shadow", answers={"pairs": 100, "rows": 200, "alike": 190})
    assert decided["decision"] == "promote"
    assert decided["reason"] == "the new version answered 95 % of 100 calls like the live one"
    assert decided["figures"]["agreement"] == 0.95


def test_a_shadow_that_answers_otherwise() -> None:
    decided = decide("shadow", answers={"pairs": 100, "rows": 200, "alike": 170})
    assert decided["decision"] == "remove"
    assert decided["reason"] == "the new version answered 85 % of 100 calls like the live one; 90 % are needed"


def test_a_shadow_s_errors_count_as_other_answers() -> None:
    decided = decide("shadow", challenger=(200, 100, 5), answers={"pairs": 100, "rows": 100, "alike": 100})
    assert (decided["decision"], decided["figures"]["agreement"]) == ("remove", 0.5)


def test_a_shadow_waits_for_pairs() -> None:
    assert decide("shadow", answers={"pairs": 99, "rows": 99, "alike": 99})["decision"] == "wait"
    assert decide("shadow", waited=7200)["decision"] == "remove"


def test_a_comparison_of_another_kind_is_none() -> None:
    with pytest.raises(InputInvalidError):
        decide("verify")


def test_defaults_are_project_yaml_s() -> None:
    assert decide(settings={}, waited=0)["seconds"] == 86_400 // 200


COUNTS = st.integers(0, 300)


@settings(deadline=None)
@given(COUNTS, COUNTS, st.integers(0, 2_592_000), st.integers(1, 2_592_000), st.sampled_from(["ab", "shadow"]))
def test_it_ends(champion: int, challenger: int, bake: int, longest: int, kind: str) -> None:
    said = {"bake": max(1, bake), "longest": longest, "requests": 100}
    waited = looks = 0
    while True:
        decided = decide(
            kind,
            (champion, 0, 10),
            (challenger, 0, 10),
            settings=said,
            waited=waited,
            answers={"pairs": challenger},
        )
        looks += 1
        if decided["decision"] != "wait":
            break
        assert decided["seconds"] > 0
        waited += decided["seconds"]
    assert waited <= max(said["bake"], longest)
    assert looks <= 210
