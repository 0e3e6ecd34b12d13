from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from intake import items
from intake.changes import Change, read_event
from intake.claims import Window

from tests.unit.intake.cloud import Cloud, cloud
from tests.unit.intake.test_changes import found_event, s3_event

LONG = "adult/train/" + "f" * 250 + "/" + "g" * 250 + "/" + "h" * 250 + "/" + "n" * 130
assert 880 < len(LONG.encode()) <= 1024


def event(key: str, version: str = "v", **more: Any) -> dict[str, Any]:
    told = s3_event(key, **more)
    told["detail"]["object"]["version-id"] = version
    return told


@pytest.fixture
def here() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def objects(here: Cloud) -> dict[str, dict[str, Any]]:
    return {item["key"]: item for item in here.items("object#")}


def test_a_batch_becomes_one_window_and_its_objects(here: Cloud) -> None:
    assert here.claim(event("adult/train/a b.csv"), event("adult/train/ü.csv", sequencer="62")) == []
    window = here.window()
    assert (window["state"], window["project"], window["channel"], window["folder"]) == ("OPEN", "adult", "train", "")
    assert (window["stage"], window["opened_by"]) == ("WAITING", "adult/train/a b.csv")
    assert window["touched_at"].endswith("Z")
    assert [i["drop"] for i in here.items("current")] == [window["drop"]]
    found = objects(here)
    assert set(found) == {"adult/train/a b.csv", "adult/train/ü.csv"}
    for item in found.values():
        assert (item["present"], item["drop"], item["version_id"], item["via"]) == (True, window["drop"], "v", "event")
        assert (item["kind"], item["size"], item["etag"]) == ("object", "5", "e")


def test_the_same_event_three_times_is_one_effect(here: Cloud) -> None:
    told = event("adult/train/a.csv")
    assert here.claim(told, told) == []
    before = here.items()
    assert here.claim(told) == []
    assert here.items() == before


def test_objects_are_spread_over_the_shards_of_their_folder(here: Cloud) -> None:
    assert here.claim(*[event(f"adult/train/{n}.csv") for n in range(100)]) == []
    places = {item["pk"] for item in here.items("object#")}
    assert places <= set(items.shards("adult/train/"))
    assert len(places) == items.SHARDS
    assert len(here.items("window#")) == 1


def test_a_key_as_long_as_s3_allows(here: Cloud) -> None:
    assert here.claim(event(LONG)) == []
    (item,) = here.items("object#")
    assert item["key"] == LONG
    assert len(item["sk"].encode()) <= 1024
    here.store("drops", here.window()["pk"], here.window()["sk"], **{**_texts(here.window()), "state": "CLOSED"})
    assert here.claim(event(LONG, "w", sequencer="62")) == []
    assert {i["key"] for i in here.items("moved#")} == {LONG}
    assert here.claim(event("adult/train/" + "x" * 1012)) == []
    assert "bytes" in here.items("sha256:")[0]["reason"], "too long for a file's name, and recorded all the same"


def test_success_completes_and_a_closed_window_is_followed_by_the_next(here: Cloud) -> None:
    here.claim(event("adult/train/x/a.csv"))
    here.claim(event("adult/train/x/_SUCCESS", size=0, second=9))
    window = here.window()
    assert (window["state"], window["reason"], window["completed_at"][:19]) == (
        "COMPLETE",
        "_SUCCESS",
        "2026-11-23T05:00:09",
    )
    here.claim(event("adult/train/x/late.csv", second=8))
    assert len(here.items("window#")) == 1
    here.claim(event("adult/train/x/next.csv", second=10))
    assert len(here.items("window#")) == 2


def test_success_alone_opens_a_complete_window(here: Cloud) -> None:
    here.claim(event("adult/train/_SUCCESS", size=0))
    assert here.window()["state"] == "COMPLETE"


@pytest.mark.parametrize("first", [True, False])
def test_a_manifest_lists_its_window_before_or_after_its_objects(here: Cloud, first: bool) -> None:
    told = [event("adult/train/manifest.json", "m"), event("adult/train/a.csv")]
    for one in told if first else reversed(told):
        here.claim(one)
    window = here.window()
    assert (window["state"], window["manifest"], window["manifest_version"]) == (
        "LISTED",
        "adult/train/manifest.json",
        "m",
    )
    assert objects(here)["adult/train/manifest.json"]["kind"] == "manifest"
    assert objects(here)["adult/train/a.csv"]["drop"] == window["drop"]


@pytest.mark.parametrize(
    ("rule", "key", "state"),
    [
        ("success", "adult/train/_SUCCESS", "COMPLETE"),
        ("success", "adult/train/manifest.json", None),
        ("success", "adult/train/x.manifest", "OPEN"),
        ("manifest", "adult/train/manifest.json", "LISTED"),
        ("manifest", "adult/train/_SUCCESS", None),
        ("quiet", "adult/train/_SUCCESS", None),
        ("any", "adult/train/_SUCCESS", "COMPLETE"),
    ],
)
def test_the_project_says_which_markers_mean_something(here: Cloud, rule: str, key: str, state: str | None) -> None:
    here.project(json.dumps({"data": {"complete_on": rule}}))
    assert here.claim(event(key)) == []
    assert [w["state"] for w in here.items("window#")] == ([state] if state else [])
    ignored = [i for i in here.items() if i["pk"].startswith("ignored#adult#")]
    assert [("data.complete_on" in i["reason"]) for i in ignored] == ([] if state else [True])


def test_another_projects_rule_is_another_projects(here: Cloud) -> None:
    here.project('{"data": {"complete_on": "quiet"}}')
    assert here.claim(event("adult/train/_SUCCESS", size=0), event("churn/train/_SUCCESS", size=0)) == []
    assert here.window()["project"] == "churn"


def test_a_deletion_takes_an_object_out_of_an_open_drop_and_keeps_the_note(here: Cloud) -> None:
    here.claim(event("adult/train/a.csv"))
    here.claim(event("adult/train/a.csv", "m", sequencer="62", kind="Object Deleted"))
    (gone,) = here.items("object#")
    assert (gone["present"], gone["drop"], gone["kind"]) == (False, here.window()["drop"], "deleted")
    assert here.table.items_in("adult/train/", here.window()["drop"]) == []


def test_the_permanent_deletion_of_an_old_version_takes_nothing_out(here: Cloud) -> None:
    here.claim(event("adult/train/a.csv", "v1"), event("adult/train/a.csv", "v2", sequencer="62"))
    gone = event("adult/train/a.csv", "v1", sequencer="63", kind="Object Deleted")
    gone["detail"]["deletion-type"] = "Permanently Deleted"
    assert here.claim(gone) == []
    assert objects(here)["adult/train/a.csv"]["version_id"] == "v2"
    assert objects(here)["adult/train/a.csv"]["present"]


def test_a_closed_drop_keeps_what_it_had_when_a_later_one_overwrites_it(here: Cloud) -> None:
    here.claim(event("adult/train/a.csv", "v1"), event("adult/train/b.csv", "v1"))
    first = here.window()
    here.store("drops", first["pk"], first["sk"], **{**_texts(first), "state": "CLOSED"})
    here.claim(event("adult/train/a.csv", "v2", sequencer="62"))
    here.claim(event("adult/train/b.csv", "m", sequencer="62", kind="Object Deleted"))
    second = next(w for w in here.items("window#") if w["drop"] != first["drop"])
    held = {w["drop"]: here.table.items_in("adult/train/", w["drop"]) for w in (first, second)}
    assert {(i["key"], i["version_id"]) for i in held[first["drop"]]} == {
        ("adult/train/a.csv", "v1"),
        ("adult/train/b.csv", "v1"),
    }
    assert {(i["key"], i["version_id"]) for i in held[second["drop"]]} == {("adult/train/a.csv", "v2")}


def test_what_the_reconciler_found_is_claimed_like_an_event(here: Cloud) -> None:
    assert here.claim(found_event("adult/train/a.csv")) == []
    (item,) = here.items("object#")
    assert (item["via"], item["sequencer"], item["version_id"]) == ("reconciler", "", "v")
    before = here.items()
    assert here.claim(event("adult/train/a.csv")) == []
    assert here.items() == before, "its own event comes late"


def test_an_empty_object_is_no_data_and_takes_out_what_it_overwrites(here: Cloud) -> None:
    assert here.claim(*[event("adult/train/a.csv", size=0)] * 3) == []
    ignored = [i for i in here.items() if i["pk"].startswith("ignored#adult#")]
    assert len(ignored) == 1
    assert "zero bytes" in ignored[0]["reason"]
    assert here.items("window#") == []
    here.claim(event("adult/train/b.csv", "v1"))
    here.claim(event("adult/train/b.csv", "v2", sequencer="62", size=0))
    assert here.table.items_in("adult/train/", here.window()["drop"]) == []


def test_what_is_ignored_is_recorded_once_with_its_reason(here: Cloud) -> None:
    assert here.claim(*[event("adult/train/a.csv.tmp")] * 3, event("Adult/train/a.csv")) == []
    found = {i["pk"].rsplit("#", 1)[0]: i for i in here.items()}
    assert set(found) == {"ignored#adult", "ignored#-"}
    ours = found["ignored#adult"]
    assert ours["sk"].startswith("adult/train/a.csv.tmp#61")
    assert (ours["key"], "temporary" in ours["reason"], ours["size"]) == ("adult/train/a.csv.tmp", True, "5")
    assert int(ours["ttl"]) > 1_800_000_000


def test_only_the_messages_that_failed_come_back(here: Cloud) -> None:
    assert here.claim("no json", event("adult/train/a.csv"), {"detail": 1}) == ["m0", "m2"]
    assert len(here.items("object#")) == 1


@pytest.mark.parametrize("table", ["drops", "projects"])
def test_a_table_that_fails_sends_the_folders_messages_back(here: Cloud, table: str) -> None:
    here.dynamodb.delete_table(TableName=table)
    assert here.claim(event("adult/train/a.csv"), event("churn/train/b.csv")) == ["m0", "m1"]


def test_a_folder_that_fails_holds_up_no_other(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    module = here.function("claim_drops")
    claim = module.claim

    def sometimes(changes: Any, store: Any) -> None:
        if changes[0].project == "churn":
            raise ConnectionError("the table is away")
        claim(changes, store)

    monkeypatch.setattr(module, "claim", sometimes)
    assert here.claim(event("churn/train/a.csv"), event("adult/train/a.csv"), event("churn/train/b.csv")) == [
        "m0",
        "m2",
    ]
    assert here.window()["project"] == "adult"


def test_what_cannot_be_recorded_as_ignored_comes_back(here: Cloud) -> None:
    here.dynamodb.delete_table(TableName="drops")
    assert here.claim(event("adult/train/a.csv.tmp")) == ["m0"]


def test_nobody_elses_pointer_is_overwritten(here: Cloud) -> None:
    here.claim(event("adult/train/a.csv"))
    stale = Window("adult/train/", "older00000", "CLOSED")
    first = read_event(event("adult/train/b.csv"))
    assert isinstance(first, Change)
    new = Window("adult/train/", "newer00000", "OPEN")
    assert here.table.open(new, first, stale) is False
    assert here.table.open(new, first, None) is False
    assert len(here.items("window#")) == 1


def test_only_a_window_that_accepts_can_be_completed_or_touched(here: Cloud) -> None:
    here.claim(event("adult/train/a.csv"))
    window = here.table.current("adult/train/")
    marker = read_event(event("adult/train/_SUCCESS", size=0))
    assert window is not None
    assert isinstance(marker, Change)
    assert here.table.touch(window) is True
    item = here.window()
    here.store("drops", item["pk"], item["sk"], **{**_texts(item), "state": "CLOSED"})
    assert here.table.touch(window) is False
    assert here.table.complete(window, marker) is False
    assert here.table.list_by(window, marker) is False
    assert here.window()["state"] == "CLOSED"


def _texts(item: dict[str, Any]) -> dict[str, str]:
    return {k: v for k, v in item.items() if k not in ("pk", "sk") and isinstance(v, str)}
