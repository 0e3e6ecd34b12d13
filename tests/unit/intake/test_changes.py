from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake.changes import (
    Change,
    EventUnreadableError,
    Ignored,
    Recorded,
    ignored_empty,
    is_newer,
    judged,
    newest,
    read_event,
)

SHARED = Path(__file__).resolve().parents[4] / "shared/aws/events/s3_object_created.json"
ANY = frozenset({"quiet", "success", "manifest"})


def s3_event(
    key: str, size: int = 5, sequencer: str = "61", kind: str = "Object Created", second: int = 0, **detail: Any
) -> dict[str, Any]:
    thing = {"key": key, "size": size, "etag": "e", "version-id": "v", "sequencer": sequencer}
    return {
        "detail-type": kind,
        "source": "aws.s3",
        "time": f"2026-11-23T05:00:{second:02}Z",
        "detail": {"version": "0", "bucket": {"name": "data-bucket"}, "object": thing, "reason": "PutObject", **detail},
    }


def found_event(key: str, version: str = "v", kind: str = "Object Found", second: int = 0) -> dict[str, Any]:
    thing = {"key": key, "size": 5, "etag": "e", "version-id": version}
    return {
        "detail-type": kind,
        "source": "dropforge.intake",
        "time": "2026-11-23T04:00:00+00:00",
        "detail": {
            "bucket": {"name": "data-bucket"},
            "listed_at": f"2026-11-23T05:00:{second:02}+00:00",
            "object": thing,
        },
    }


def change(event: dict[str, Any]) -> Change:
    read = read_event(event)
    assert isinstance(read, Change)
    return read


def recorded(of: Change, drop: str | None = "abcdefghij") -> Recorded:
    present = of.kind != "deleted"
    return Recorded(of.identity, of.sequencer, of.ordered_at, of.version_id, drop, present, of.via)


def test_a_key_is_project_channel_folder_and_name() -> None:
    read = change(s3_event("adult/train/2026/11/ein Name äöü.csv"))
    assert (read.project, read.channel, read.folder, read.kind) == ("adult", "train", "2026/11", "object")
    assert read.pk == "adult/train/2026/11"
    assert read.time == read.ordered_at == "2026-11-23T05:00:00.000+00:00"
    assert (read.via, read.etag, read.permanent) == ("event", "e", False)


def test_a_file_directly_in_the_channel_has_no_folder() -> None:
    assert change(s3_event("adult/validation/a.csv")).pk == "adult/validation/"


@pytest.mark.parametrize(
    ("name", "size", "kind"),
    [
        ("_SUCCESS", 0, "success"),
        ("_SUCCESS", 5, "success"),
        ("_MANIFEST", 5, "manifest"),
        ("_manifest.json", 5, "manifest"),
        ("manifest.json", 5, "manifest"),
        ("manifest.txt", 5, "manifest"),
        ("drop.manifest", 5, "manifest"),
        ("manifest.csv", 5, "object"),
        ("manifest.json", 0, "empty"),
        ("a.csv", 0, "empty"),
    ],
)
def test_what_an_object_is(name: str, size: int, kind: str) -> None:
    assert change(s3_event(f"adult/train/{name}", size)).kind == kind


def test_what_goes_may_be_empty() -> None:
    for key in ("adult/train/a.csv", "adult/train/_SUCCESS", "adult/train/manifest.json"):
        assert change(s3_event(key, size=0, kind="Object Deleted")).kind == "deleted"


def test_an_empty_object_is_told_as_ignored() -> None:
    ignored = ignored_empty(change(s3_event("adult/train/a.csv", 0)))
    assert "zero bytes" in ignored.reason
    assert (ignored.key, ignored.sequencer[:2]) == ("adult/train/a.csv", "61")


@pytest.mark.parametrize(
    ("key", "project", "reason"),
    [
        ("adult/train/.hidden.csv", "adult", "hidden"),
        ("adult/train/a.csv.tmp", "adult", "temporary"),
        ("adult/project.yaml", "adult", "machine of its own"),
        ("Adult/train/a.csv", "-", "no project's name"),
        ("a.csv", "-", "no project's name"),
    ],
)
def test_what_is_ignored_has_a_reason_under_its_project(key: str, project: str, reason: str) -> None:
    ignored = read_event(s3_event(key))
    assert isinstance(ignored, Ignored)
    assert reason in ignored.reason
    assert (ignored.project, ignored.time, ignored.size) == (project, "2026-11-23T05:00:00.000+00:00", 5)


def test_what_is_ignored_and_was_found_is_told_apart_by_the_listing() -> None:
    ignored = read_event(found_event("adult/train/.hidden.csv", second=7))
    assert isinstance(ignored, Ignored)
    assert ignored.sequencer == "2026-11-23T05:00:07.000+00:00"


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {},
        {"detail": {}},
        s3_event("k") | {"time": "noon"},
        s3_event("k") | {"detail-type": "Object Tags Added"},
        s3_event("adult/train/\ud800.csv"),
        {k: v for k, v in found_event("adult/train/a.csv").items() if k != "time"},
        found_event("adult/train/a.csv") | {"detail": {"object": {"key": "adult/train/a.csv"}}},
    ],
)
def test_what_is_no_event_is_an_error(event: Any) -> None:
    with pytest.raises(EventUnreadableError):
        read_event(event)


@pytest.mark.skipif(not SHARED.exists(), reason="AWS's own sample is not here")
def test_reads_the_event_that_aws_documents() -> None:
    ignored = read_event(json.loads(SHARED.read_text()))
    assert isinstance(ignored, Ignored)
    assert ignored.key == "example-key"


def test_what_the_reconciler_found_counts_as_of_its_listing() -> None:
    found = change(found_event("adult/train/a.csv", second=9))
    assert (found.sequencer, found.via, found.version_id) == ("", "reconciler", "v")
    assert (found.time, found.ordered_at) == ("2026-11-23T04:00:00.000+00:00", "2026-11-23T05:00:09.000+00:00")
    assert change(found_event("adult/train/a.csv", kind="Object Gone")).kind == "deleted"


def test_a_version_is_the_same_change_however_it_was_heard_of() -> None:
    told, found = change(s3_event("adult/train/a.csv")), change(found_event("adult/train/a.csv"))
    assert told.identity == found.identity
    assert told.identity != change(s3_event("adult/train/a.csv", kind="Object Deleted")).identity


# ---------------------------------------------------------------- which of two changes is the newer
def test_the_first_change_of_a_key_is_new() -> None:
    assert is_newer(change(s3_event("adult/train/a.csv")), None)
    assert is_newer(change(s3_event("adult/train/a.csv", kind="Object Deleted")), None)


@pytest.mark.parametrize(("old", "new"), [("0A", "0a01"), ("0055AED6DCD90281E5", "0055aed6dcd90281e6")])
def test_sequencers_order_the_changes_of_a_key(old: str, new: str) -> None:
    first, second = (replace(change(s3_event("adult/train/a.csv", sequencer=s)), version_id=s) for s in (old, new))
    assert is_newer(second, first)
    assert not is_newer(first, second)
    assert is_newer(second, recorded(first))
    assert not is_newer(second, recorded(second)), "a duplicate"


def test_sequencers_decide_even_against_the_events_times() -> None:
    early = change(s3_event("adult/train/a.csv", sequencer="62", second=1))
    late = replace(change(s3_event("adult/train/a.csv", sequencer="61", second=9)), version_id="w")
    assert not is_newer(late, recorded(early))


def test_a_finding_of_a_version_that_an_event_told_changes_nothing() -> None:
    told = recorded(change(s3_event("adult/train/a.csv", second=1)))
    assert not is_newer(change(found_event("adult/train/a.csv", second=59)), told)


@pytest.mark.parametrize(("second", "newer"), [(4, False), (5, False), (6, True)])
def test_a_finding_is_newer_from_the_next_second_on(second: int, newer: bool) -> None:
    told = recorded(change(s3_event("adult/train/a.csv", second=5)))
    assert is_newer(change(found_event("adult/train/a.csv", "w", second=second)), told) is newer


def test_a_late_event_of_what_was_there_before_the_listing_changes_nothing() -> None:
    found = recorded(change(found_event("adult/train/a.csv", "w", second=5)))
    assert not is_newer(change(s3_event("adult/train/a.csv", second=5)), found)
    assert is_newer(change(s3_event("adult/train/a.csv", second=6)), found)


def test_the_deletion_of_an_old_version_takes_nothing_out() -> None:
    gone = change(s3_event("adult/train/a.csv", sequencer="70", kind="Object Deleted", **{
        "deletion-type": "Permanently Deleted"
    }))  # fmt: skip
    assert gone.permanent
    assert not is_newer(gone, None)
    now = recorded(replace(change(s3_event("adult/train/a.csv")), version_id="w"))
    assert not is_newer(gone, now), "w is in the drop, v was deleted"
    assert is_newer(gone, recorded(change(s3_event("adult/train/a.csv"))))


def test_a_deletion_without_versions_takes_out_what_is_there() -> None:
    event = s3_event("adult/train/a.csv", sequencer="70", kind="Object Deleted")
    event["detail"] |= {"deletion-type": "Permanently Deleted"}
    del event["detail"]["object"]["version-id"]
    assert is_newer(change(event), recorded(change(s3_event("adult/train/a.csv"))))


SEQUENCERS, SECONDS = st.sampled_from(["61", "62", "6201", "63"]), st.integers(0, 3)


def versioned(event: dict[str, Any], version: str) -> Change:
    """Each change of a key has a version of its own, a deletion too (its marker's)."""
    event["detail"]["object"]["version-id"] = version
    return change(event)


TOLD = st.builds(
    lambda sequencer, second, gone: versioned(
        s3_event("adult/train/a.csv", 5, sequencer, "Object Deleted" if gone else "Object Created", second), sequencer
    ),
    SEQUENCERS,
    SECONDS,
    st.booleans(),
)
FOUND = st.builds(
    lambda version, second, gone: change(
        found_event("adult/train/a.csv", version, "Object Gone" if gone else "Object Found", second)
    ),
    SEQUENCERS,
    SECONDS,
    st.booleans(),
)
CHANGES = TOLD | FOUND


@given(CHANGES, CHANGES)
def test_two_changes_are_never_each_newer_than_the_other(one: Change, two: Change) -> None:
    assert not (is_newer(one, two) and is_newer(two, one))
    assert not is_newer(one, one)
    assert is_newer(one, two) == is_newer(one, recorded(two))


# ---------------------------------------------------------------- of a batch
def test_the_newest_change_of_a_key_wins_whatever_the_order() -> None:
    old, new = (replace(change(s3_event("adult/train/a.csv", sequencer=s)), version_id=s) for s in ("0A", "0a01"))
    assert newest([new, old, new]) == newest([old, new]) == [new]


def test_the_deletion_of_an_old_version_hides_no_other_change() -> None:
    put = change(s3_event("adult/train/a.csv", sequencer="61"))
    gone = replace(
        change(s3_event("adult/train/a.csv", sequencer="70", kind="Object Deleted")), version_id="w", permanent=True
    )
    assert newest([gone, put]) == [put, gone]


@given(st.lists(TOLD, min_size=1, max_size=6).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told * 2))))
def test_the_order_in_which_events_come_makes_no_difference(told: tuple[list[Change], list[Change]]) -> None:
    changes, shuffled = told
    last = max(change.sequencer for change in changes)
    (kept,), (again,) = newest(changes), newest(shuffled)
    assert kept.sequencer == again.sequencer == last


# ---------------------------------------------------------------- what completes a drop
def test_a_project_may_complete_its_drops_otherwise() -> None:
    success, manifest = (change(s3_event(f"adult/train/{n}")) for n in ("_SUCCESS", "manifest.json"))
    augmented = change(s3_event("adult/train/output.manifest"))
    assert judged(success, ANY) == success
    assert judged(manifest, ANY) == manifest
    for marker, rule in ((success, {"manifest"}), (manifest, {"success"}), (manifest, {"quiet"})):
        ignored = judged(marker, frozenset(rule))
        assert isinstance(ignored, Ignored)
        assert "data.complete_on" in ignored.reason
        assert (ignored.project, ignored.key, ignored.sequencer) == (marker.project, marker.key, marker.sequencer)
    data = judged(augmented, frozenset({"success"}))
    assert isinstance(data, Change)
    assert data == replace(augmented, kind="object"), "an augmented manifest is data where none completes a drop"


@pytest.mark.parametrize("key", ["adult/train/a.csv", "adult/train/manifest.json"])
def test_data_and_deletions_are_what_they_are_under_every_rule(key: str) -> None:
    for event in (s3_event("adult/train/a.csv"), s3_event(key, kind="Object Deleted")):
        assert judged(change(event), frozenset()) == change(event)
