"""Recorded objects through today's code: what was recorded is read as it was, whatever the key; drops form again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from dropforge import names
from hypothesis import given, settings
from hypothesis import strategies as st
from intake import items
from intake.changes import Change, Ignored, read_event

from cli.history import Execution, Step, Wait
from cli.replay.events import Folder, pace_of, reclassified
from cli.replay.folder import play
from cli.replay.grouping import regrouped

BEGAN = datetime(2026, 11, 27, 10, tzinfo=UTC)
QUIET = '{"algorithm":"xgboost","data":{"quiet_period":%d}}'
CHANNELS = st.sampled_from([*names.CHANNELS, "code", "trian", ""])
NAMES = st.sampled_from(
    ["a.csv", "_SUCCESS", ".x", "b.tmp", "", "manifest.json", "../a", "%2e%2e", "x\u202ey", "ünï.csv"]
)
KEYS = st.builds("/".join, st.tuples(st.sampled_from(["churn", "Churn", "a--b", ""]), CHANNELS, NAMES)) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30
)


def _event(key: str, kind: str, size: int, second: int) -> dict[str, Any]:
    time = (BEGAN + timedelta(seconds=second)).isoformat()
    thing: dict[str, Any] = {"key": key, "size": size, "etag": "e", "version-id": f"v{second}"}
    if kind.startswith(("Object C", "Object D")):
        thing["sequencer"] = f"{second:016X}"
    return {"detail-type": kind, "time": time, "detail": {"object": thing, "listed_at": time}}


def _recorded(read: Change | Ignored) -> dict[str, Any]:
    """The item that claim_drops would write, read back."""
    if isinstance(read, Ignored):
        return items.ignored(read, BEGAN, 90)
    pk, sk = items.object_place(read.pk, read.key)
    return items.entry(read, "d", present=read.kind != "deleted", at=BEGAN, kept_days=90) | {"pk": pk, "sk": sk}


@settings(max_examples=150, deadline=None)
@given(KEYS, st.sampled_from(["Object Created", "Object Deleted", "Object Found", "Object Gone"]), st.integers(0, 2))
def test_what_was_recorded_is_read_again_as_it_was(key: str, kind: str, size: int) -> None:
    item = _recorded(read_event(_event(key, kind, size, 1)))
    assert reclassified([item], "data-bucket", None) == []


def test_what_today_takes_for_something_else_is_told() -> None:
    item = _recorded(read_event(_event("churn/train/a.csv", "Object Created", 3, 1)))
    (one,) = reclassified([item | {"key": "churn/trian/a.csv"}], "data-bucket", None)
    assert (one.recorded, one.today) == (
        "object of churn/train/",
        "ignored: 'trian' is no channel; did you mean train?",
    )
    (other,) = reclassified([item | {"reason": "the moon was full"}], "data-bucket", None)
    assert (other.recorded, other.today) == ("ignored: the moon was full", "object of churn/train/")


def test_a_rule_of_another_project_file_counts() -> None:
    item = _recorded(read_event(_event("churn/train/_SUCCESS", "Object Created", 0, 1)))
    by_quiet = '{"algorithm":"xgboost","data":{"complete_on":"quiet"}}'
    assert reclassified([item], "data-bucket", None) == []
    (one,) = reclassified([item], "data-bucket", by_quiet)
    assert "means nothing" in one.today


def _folder(seconds: list[int], quiet: int) -> Folder:
    """A folder as the service records it: objects that came at these seconds, windows closed by a quiet period."""

    def closes(window: Any, now: datetime) -> bool:
        return bool(window.touched + timedelta(seconds=quiet) < now)

    arrivals = []
    for number, second in enumerate(seconds):
        change = read_event(_event(f"churn/train/{number}.csv", "Object Created", 1, second))
        assert isinstance(change, Change)
        arrivals.append((BEGAN + timedelta(seconds=second), items.object_place(change.pk, change.key)[1], change))
    placed = play("churn/train/", arrivals, closes)
    folder = Folder("churn/train/", QUIET % quiet, 1.0)
    last: dict[str, datetime] = {}
    for time, sk, change in arrivals:
        item = _recorded(change) | {"drop": placed[sk], "recorded_at": items.stamp(time)}
        folder.items.append(item)
        last[placed[sk]] = time
    for drop, time in last.items():
        closed = items.stamp(time + timedelta(seconds=quiet))
        folder.windows.append({"drop": drop, "closed_at": closed, "opened_by": "churn/train/0.csv"})
    return folder


SECONDS = st.lists(st.integers(0, 400), min_size=1, max_size=12, unique=True).map(sorted)


@settings(max_examples=60, deadline=None)
@given(SECONDS, st.integers(1, 90), st.integers(1, 90))
def test_drops_form_again_as_they_were_and_otherwise_only_for_another_quiet_period(
    seconds: list[int], quiet: int, other: int
) -> None:
    folder = _folder(seconds, quiet)
    assert regrouped(folder, "data-bucket", None) == []
    assert regrouped(folder, "data-bucket", QUIET % quiet) == []
    gaps = [b - a for a, b in pairwise(seconds)]
    same = all((gap > quiet) == (gap > other) for gap in gaps)
    assert (regrouped(folder, "data-bucket", QUIET % other) == []) == same


def test_says_which_drops_would_be_split_or_joined() -> None:
    folder = _folder([0, 10, 20, 200], 60)
    (split,) = regrouped(folder, "data-bucket", QUIET % 5)
    assert split.count("1 object in the drop opened 2026-11-27 10:00:") == 3
    (joined,) = regrouped(folder, "data-bucket", QUIET % 300)
    assert joined.endswith("would be one: the drop opened 2026-11-27 10:00:00 by churn/train/0.csv")


def test_compressed_time_is_known_from_a_recorded_wait() -> None:
    def execution(left: int) -> Execution:
        gave = {"action": "wait", "until": items.stamp(BEGAN + timedelta(seconds=300))}
        step = Step("arn", 1, "Plan Window", "lambda:invoke", {}, BEGAN, BEGAN, 2, {"Payload": gave})
        return Execution("arn", steps=[step], waits=[Wait(BEGAN, BEGAN + timedelta(seconds=left), 3)])

    assert pace_of([execution(5)]) == pytest.approx(1 / 60)
    assert pace_of([execution(301)]) == 1.0
    assert pace_of([]) == 1.0
