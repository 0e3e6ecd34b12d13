from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake.plan_close import handler
from intake.windows import MAX_LOOKS, ClaimsStuckError

TOUCHED, NOW = "2026-11-23T05:00:00.250Z", "2026-11-23T06:00:00.000Z"
WINDOW = {"touched_at": TOUCHED, "state": "OPEN", "drop": "abcdefghij"}
MISSING = {"count": 3, "missing": ["b.csv"], "missing_count": 1}
UPLOAD = {"key": "adult/train/big.csv", "initiated": "2026-11-23T05:59:00+00:00"}


def plan(reason: str = "quiet period", **more: Any) -> dict[str, Any]:
    seen = {name: more.pop(name) for name in ("unclaimed", "uploads", "manifest") if name in more}
    facts = {"window": WINDOW, "reason": reason, "config": None, "seen": seen, "now": NOW} | more
    return handler(facts, None)


@pytest.mark.parametrize("reason", ["quiet period", "_SUCCESS"])
def test_a_window_of_which_s3_says_the_same_closes_as_it_was_seen(reason: str) -> None:
    assert plan(reason) == {
        "action": "close", "until": None, "touched_at": TOUCHED, "reason": reason, "final": False,
    }  # fmt: skip


# ---------------------------------------------------------------- objects that are not recorded
@pytest.mark.parametrize("reason", ["quiet period", "_SUCCESS", "manifest"])
def test_events_may_be_on_their_way(reason: str) -> None:
    planned = plan(reason, unclaimed=2)
    assert (planned["action"], planned["until"]) == ("wait", "2026-11-23T06:00:30.000Z")
    assert "2 objects" in planned["reason"]
    assert not planned["final"]


def test_while_they_become_fewer_they_are_coming() -> None:
    assert plan(unclaimed=1, unclaimed_before=2, looks=2)["action"] == "wait"


@pytest.mark.parametrize("before", [1, 2])
def test_what_does_not_come_is_claimed_without_its_event(before: int) -> None:
    planned = plan(unclaimed=2, unclaimed_before=before, looks=2)
    assert (planned["action"], planned["until"]) == ("claim", "2026-11-23T06:00:10.000Z")


def test_not_without_end() -> None:
    assert plan(unclaimed=2, unclaimed_before=2, looks=MAX_LOOKS - 1)["action"] == "claim"
    with pytest.raises(ClaimsStuckError, match="2 objects in S3 are not recorded after"):
        plan(unclaimed=2, unclaimed_before=2, looks=MAX_LOOKS)
    assert plan(looks=MAX_LOOKS)["action"] == "close", "only what is stuck"


# ---------------------------------------------------------------- uploads in progress
def test_an_upload_in_progress_holds_a_quiet_window_open() -> None:
    planned = plan(uploads=[UPLOAD], config='{"data": {"quiet_period": 20}}')
    assert (planned["action"], planned["until"]) == ("wait", "2026-11-23T06:00:20.000Z")
    assert "adult/train/big.csv" in planned["reason"]
    assert plan(uploads=[UPLOAD])["until"] == "2026-11-23T06:05:00.000Z"


def test_who_said_success_does_not_wait_for_uploads() -> None:
    assert plan("_SUCCESS", uploads=[UPLOAD])["action"] == "close"


@pytest.mark.parametrize(
    ("initiated", "action"), [("2026-11-22T05:59:59+00:00", "close"), ("2026-11-22T06:00:01+00:00", "wait")]
)
def test_an_upload_of_yesterday_was_given_up(initiated: str, action: str) -> None:
    assert plan(uploads=[UPLOAD | {"initiated": initiated}])["action"] == action


# ---------------------------------------------------------------- manifests
def test_what_the_manifest_names_is_there() -> None:
    planned = plan("manifest", manifest={"count": 3}, uploads=[UPLOAD])
    assert (planned["action"], planned["reason"]) == ("close", "manifest")


def test_what_the_manifest_names_has_a_day_to_come() -> None:
    planned = plan("manifest", manifest=MISSING)
    assert (planned["action"], planned["until"], planned["final"]) == ("wait", "2026-11-24T05:00:00.250Z", True)
    assert planned["reason"] == "the manifest names 1 of 3 objects that are not there: b.csv"
    assert plan("manifest", manifest=MISSING, config='{"data": {"manifest_wait": 7200}}')["until"] == (
        "2026-11-23T07:00:00.250Z"
    )


@pytest.mark.parametrize("late", [{"waited": True}, {"config": '{"data": {"manifest_wait": 3599}}'}])
def test_then_the_drop_is_refused_with_what_is_missing(late: dict[str, Any]) -> None:
    planned = plan("manifest", manifest=MISSING, **late)
    assert (planned["action"], planned["touched_at"]) == ("refuse", TOUCHED)
    assert planned["reason"] == "the manifest names 1 of 3 objects that are not there: b.csv"


def test_only_a_few_of_many_are_named() -> None:
    missing = {"count": 900, "missing": [f"{n}.csv" for n in range(20)], "missing_count": 800}
    assert plan("manifest", manifest=missing)["reason"].endswith("there: 0.csv, 1.csv, 2.csv, 3.csv, 4.csv, …")


@pytest.mark.parametrize(("manifest", "said"), [({"problem": "it was deleted"}, "it was deleted"), (None, "gone")])
def test_a_manifest_that_cannot_be_read_is_refused_at_once(manifest: Any, said: str) -> None:
    planned = plan("manifest", manifest=manifest)
    assert planned["action"] == "refuse"
    assert said in planned["reason"]


SEEN = {
    "unclaimed": st.integers(0, 3),
    "unclaimed_before": st.none() | st.integers(0, 3),
    "uploads": st.lists(st.just(UPLOAD), max_size=1),
    "manifest": st.sampled_from([None, MISSING, {"count": 3}, {"problem": "odd"}]),
    "waited": st.booleans(),
    "looks": st.integers(1, MAX_LOOKS - 1),
}


@given(st.sampled_from(["quiet period", "_SUCCESS", "manifest"]), st.fixed_dictionaries(SEEN))
def test_nothing_closes_while_s3_knows_more(reason: str, seen: dict[str, Any]) -> None:
    planned = plan(reason, **seen)
    assert (planned["until"] is not None) == (planned["action"] in ("wait", "claim"))
    assert planned["touched_at"] == TOUCHED
    if planned["action"] == "close":
        assert seen["unclaimed"] == 0
        assert reason != "manifest" or seen["manifest"] == {"count": 3}
        assert reason != "quiet period" or not seen["uploads"]
    if planned["action"] == "claim":
        assert seen["unclaimed"]
