from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from intake.folder import Listing

from tests.unit.intake.cloud import DATA, Cloud, ago, cloud, small_pages

PLENTY = 105  # more than a page of a listing


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with cloud() as made:
        monkeypatch.setattr(made.function("find_missed"), "RECENT_SECONDS", -5)  # whatever was put just now is old
        yield made


def look(here: Cloud, cursor: Any = None) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    found: dict[str, Any] = here.function("find_missed").handler({"cursor": cursor, "now": now}, None)
    return found


def missed(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(entry["MessageBody"]) for batch in found["entries"] for entry in batch]


def keys(found: dict[str, Any]) -> list[str]:
    return [event["detail"]["object"]["key"] for event in missed(found)]


# ---------------------------------------------------------------- objects
def test_a_bucket_that_agrees_with_the_tables(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    here.told("churn/train/x/b.csv")
    assert look(here) == {"entries": [], "projects": [], "restart": [], "verified": [], "cursor": None}


def test_what_no_event_told_is_found_in_every_project_and_folder(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    for key in ("adult/train/b.csv", "adult/train/deep/er/c.csv", "churn/batch/d.csv", "adult/train/.hidden"):
        here.put(key)
    found = look(here)
    assert keys(found) == ["adult/train/b.csv", "adult/train/deep/er/c.csv", "churn/batch/d.csv"]
    assert here.claim(*missed(found)) == []
    assert look(here)["entries"] == []
    assert len(here.items("object#")) == 4


def test_what_came_just_now_is_left_to_its_event(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here.function("find_missed"), "RECENT_SECONDS", 60)
    here.put("adult/train/a.csv")
    assert keys(look(here)) == []


def test_a_marker_is_missed_where_the_project_says_that_it_means_something(here: Cloud) -> None:
    here.project('{"data": {"complete_on": "quiet"}}', "churn")
    for project in ("adult", "churn"):
        here.put(f"{project}/train/_SUCCESS", b"")
    assert keys(look(here)) == ["adult/train/_SUCCESS"]


def test_what_expired_from_the_table_long_ago_is_no_news(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    here.put("adult/train/a.csv")
    listed = here.s3.list_object_versions

    def old(**arguments: Any) -> Any:
        page = listed(**arguments)
        for version in page.get("Versions", []):
            version["LastModified"] = datetime(2026, 1, 1, tzinfo=UTC)
        return page

    monkeypatch.setattr(here.s3, "list_object_versions", old)
    assert keys(look(here)) == []


def test_a_large_bucket_is_compared_in_several_looks(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(here.s3, 50)
    for number in range(PLENTY):
        here.put(f"adult/train/{number:04}.csv")
    monkeypatch.setattr(here.function("find_missed"), "PAGES", 1)
    cursor, found, looks = None, [], 0
    while cursor is not None or not looks:
        one = look(here, cursor)
        assert len(json.dumps(one).encode()) < 200_000, "it travels through a state"
        found += keys(one)
        cursor, looks = one["cursor"], looks + 1
        assert looks < 100
    assert found == [f"adult/train/{number:04}.csv" for number in range(PLENTY)], "each once, none left out"
    assert looks > 2


def test_a_cursor_goes_on_after_a_key(here: Cloud) -> None:
    for name in "abc":
        here.put(f"adult/train/{name}.csv")
    for cursor in ({"KeyMarker": "adult/train/a.csv"}, {"KeyMarker": "adult/train/a.csv", "VersionIdMarker": ""}):
        assert keys(look(here, cursor)) == ["adult/train/b.csv", "adult/train/c.csv"]


def test_windows_are_looked_at_once_in_a_reconciliation(here: Cloud) -> None:
    window(here, "aaaaaaaaaa", "WAITING", state="COMPLETE")
    assert len(look(here)["restart"]) == 1
    assert look(here, {"KeyMarker": "x"})["restart"] == []


# ---------------------------------------------------------------- the pages of a listing
def test_only_the_version_in_force_is_an_event(here: Cloud) -> None:
    here.put("adult/train/a.csv")
    latest = here.put("adult/train/a.csv")
    here.put("adult/train/b.csv")
    marker = here.s3.delete_object(Bucket=DATA, Key="adult/train/b.csv")["VersionId"]
    ((events, following),) = Listing(here.s3, DATA).pages("", deep=True)
    assert following is None
    told = {(e["detail-type"], e["detail"]["object"]["key"], e["detail"]["object"]["version-id"]) for e in events}
    assert told == {("Object Found", "adult/train/a.csv", latest), ("Object Gone", "adult/train/b.csv", marker)}


class Pages:
    """S3, page by page; `asked` are the markers that it was given."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = list(pages)
        self.asked: list[dict[str, Any]] = []

    def list_object_versions(self, **arguments: Any) -> dict[str, Any]:
        self.asked.append({k: v for k, v in arguments.items() if k.endswith("Marker")})
        return self.pages.pop(0)


def test_a_version_marker_never_outlives_its_key() -> None:
    """A page that ends at a folder (Delimiter) has none; S3 refuses an empty one."""
    s3 = Pages(
        {"IsTruncated": True, "NextKeyMarker": "a.csv", "NextVersionIdMarker": "v1"},
        {"IsTruncated": True, "NextKeyMarker": "sub/"},
        {"IsTruncated": False},
    )
    following = [after for _, after in Listing(s3, DATA).pages("", deep=False)]
    assert s3.asked == [{}, {"KeyMarker": "a.csv", "VersionIdMarker": "v1"}, {"KeyMarker": "sub/"}]
    assert following[-1] is None
    again = Pages({"IsTruncated": False})
    list(Listing(again, DATA).pages("", deep=True, start=following[1]))
    assert again.asked == [{"KeyMarker": "sub/"}]


# ---------------------------------------------------------------- project.yaml
def test_a_project_file_whose_upload_was_never_read(here: Cloud) -> None:
    version = here.put("adult/project.yaml")
    here.put("adult/code/project.yaml")
    here.put("Adult/project.yaml")
    (event,) = look(here)["projects"]
    thing = event["detail"]["object"]
    assert (thing["key"], thing["version-id"], thing["size"]) == ("adult/project.yaml", version, 4)
    assert event["detail"]["bucket"]["name"] == DATA
    here.store("projects", "adult", "upload", sequencer="61", version_id=version)
    assert look(here)["projects"] == []
    here.put("adult/project.yaml")
    assert len(look(here)["projects"]) == 1, "a newer one"


def test_a_deleted_project_file_stays_in_force(here: Cloud) -> None:
    here.store("projects", "adult", "upload", sequencer="61", version_id=here.put("adult/project.yaml"))
    here.s3.delete_object(Bucket=DATA, Key="adult/project.yaml")
    assert look(here)["projects"] == []


# ---------------------------------------------------------------- windows
def window(here: Cloud, drop: str, stage: str, touched: str | None = None, **more: Any) -> None:
    values = {"project": "adult", "channel": "train", "state": "SETTLED", "drop": drop, "opened_at": ago(days=2)}
    values |= {"stage": stage, "touched_at": touched or ago(days=1)} | more
    here.store("drops", f"adult/train/{drop}", f"window#{drop}", **values)


def test_windows_by_their_stage(here: Cloud) -> None:
    here.project('{"data": {"quiet_period": 5}}')
    window(here, "aaaaaaaaaa", "WAITING", state="OPEN")
    window(here, "bbbbbbbbbb", "WAITING", state="OPEN", touched=ago(seconds=30))
    window(here, "cccccccccc", "HELD", state="CLOSED", outcome="HELD")
    window(here, "dddddddddd", "RECORDED", outcome="REFUSED")
    window(here, "eeeeeeeeee", "ANNOUNCED", outcome="ACCEPTED")
    window(here, "ffffffffff", "ANNOUNCED", outcome="ACCEPTED")
    here.store("runs", "ffffffffff", "run", status="RUNNING")
    window(here, "gggggggggg", "ANNOUNCED", outcome="REFUSED")
    found = look(here)
    assert [w["drop"] for w in found["restart"]] == ["aaaaaaaaaa", "dddddddddd", "cccccccccc", "eeeeeeeeee"]
    assert [w["drop"] for w in found["verified"]] == ["ffffffffff", "gggggggggg"]
    first = found["restart"][0]
    assert first["input"][0]["eventName"] == "RESUME"
    assert first["input"][0]["dynamodb"]["Keys"] == {"pk": {"S": first["pk"]}, "sk": {"S": first["sk"]}}


def test_a_window_that_was_let_go_is_not_looked_at(here: Cloud) -> None:
    window(here, "aaaaaaaaaa", "ANNOUNCED", outcome="ACCEPTED")
    key = {"pk": {"S": "adult/train/aaaaaaaaaa"}, "sk": {"S": "window#aaaaaaaaaa"}}
    here.dynamodb.update_item(TableName="drops", Key=key, UpdateExpression="REMOVE stage")
    found = look(here)
    assert (found["restart"], found["verified"]) == ([], [])


def test_windows_that_are_left_as_they_are_hide_no_other(here: Cloud) -> None:
    """Drops that wait for a project.yaml which never comes are the oldest for ever."""
    for number in range(120):
        window(here, f"held{number:06}", "HELD", ago(days=30), state="CLOSED", outcome="HELD", project="never")
    here.project()
    window(here, "aaaaaaaaaa", "HELD", state="CLOSED", outcome="HELD")
    assert [w["drop"] for w in look(here)["restart"]] == ["aaaaaaaaaa"]


def test_of_very_many_windows_some_are_left_to_the_next_look(here: Cloud) -> None:
    for number in range(80):
        window(here, f"wait{number:06}", "WAITING", state="COMPLETE")
    found = look(here)
    assert len(found["restart"]) == 50
    assert len(json.dumps(found).encode()) < 100_000
