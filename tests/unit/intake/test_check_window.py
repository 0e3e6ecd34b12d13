from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from intake.folder import SENT_AT_ONCE

from tests.unit.intake.cloud import DATA, Cloud, cloud, place, small_pages
from tests.unit.intake.test_changes import s3_event

MANY = 600  # more than fit into a state


@pytest.fixture
def here() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def look(here: Cloud, reason: str = "quiet period", config: str | None = None, **more: Any) -> dict[str, Any]:
    window = here.items("window#")[0]
    found: dict[str, Any] = here.function("check_window").handler(
        place(window, reason=reason, config=config, **more), None
    )
    return found


def sent(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that would be sent to the queue."""
    return [json.loads(entry["MessageBody"]) for batch in found["entries"] for entry in batch]


def test_a_folder_whose_objects_are_all_recorded(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    here.told("adult/train/b.csv")
    here.told("adult/train/b.csv", sequencer="62", kind="Object Deleted")
    assert look(here) == {"unclaimed": 0, "entries": [], "uploads": [], "manifest": None}


def test_what_no_event_told_is_found_and_can_be_claimed(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    version = here.put("adult/train/ü b.csv")
    found = look(here)
    assert (found["unclaimed"], [[e["Id"] for e in batch] for batch in found["entries"]]) == (1, [["0"]])
    (event,) = sent(found)
    assert event["detail"]["object"] == {
        "key": "adult/train/ü b.csv", "size": 4, "etag": event["detail"]["object"]["etag"], "version-id": version,
    }  # fmt: skip
    assert here.claim(event) == []
    assert look(here)["unclaimed"] == 0
    assert {i["key"] for i in here.table.items_in("adult/train/", here.window()["drop"])} == {
        "adult/train/a.csv",
        "adult/train/ü b.csv",
    }


def test_an_overwrite_that_no_event_told_replaces_the_object(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    item = here.items("object#")[0]
    here.dynamodb.update_item(  # as if the event had come a while ago: in the same second the listing would lose
        TableName="drops",
        Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
        UpdateExpression="SET ordered_at = :then",
        ExpressionAttributeValues={":then": {"S": "2026-01-01T00:00:00.000+00:00"}},
    )
    version = here.put("adult/train/a.csv", b"3,4\n")
    assert here.claim(*sent(look(here))) == []
    assert here.items("object#")[0]["version_id"] == version


def test_a_deletion_that_no_event_told_takes_the_object_out(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    here.told("adult/train/b.csv")
    for item in here.items("object#"):
        here.dynamodb.update_item(
            TableName="drops",
            Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
            UpdateExpression="SET ordered_at = :then",
            ExpressionAttributeValues={":then": {"S": "2026-01-01T00:00:00.000+00:00"}},
        )
    here.s3.delete_object(Bucket=DATA, Key="adult/train/b.csv")
    assert here.claim(*sent(look(here))) == []
    assert [i["key"] for i in here.table.items_in("adult/train/", here.window()["drop"])] == ["adult/train/a.csv"]


def test_other_folders_and_what_is_no_data_are_not_looked_for(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    for key in ("adult/train/sub/b.csv", "adult/train/.hidden", "adult/train/b.tmp", "adult/trainer/c.csv"):
        here.put(key)
    here.s3.delete_object(Bucket=DATA, Key="adult/train/never-there.csv")
    assert look(here)["unclaimed"] == 0


def test_an_empty_object_is_missed_once(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    here.put("adult/train/empty.csv", b"")
    found = look(here)
    assert here.claim(*sent(found)) == []
    assert look(here)["unclaimed"] == 0
    assert [i["key"] for i in here.table.items_in("adult/train/", here.window()["drop"])] == ["adult/train/a.csv"]


@pytest.mark.parametrize(("rule", "unclaimed"), [("quiet", 0), ("any", 1)])
def test_a_marker_that_means_nothing_is_not_missed(here: Cloud, rule: str, unclaimed: int) -> None:
    here.told("adult/train/a.csv")
    here.put("adult/train/_SUCCESS", b"x")
    assert look(here, config=json.dumps({"data": {"complete_on": rule}}))["unclaimed"] == unclaimed


def test_many_are_counted_and_sent_in_batches_that_fit_into_a_state(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    small_pages(here.s3, 100)
    for number in range(MANY):
        here.put(f"adult/train/{number:04}.csv")
    found = look(here)
    assert found["unclaimed"] == MANY
    assert all(len(batch) <= SENT_AT_ONCE for batch in found["entries"])
    assert all(len({e["Id"] for e in batch}) == len(batch) for batch in found["entries"])
    assert 100 < len(sent(found)) < MANY
    assert len(json.dumps(found).encode()) < 150_000


def test_uploads_in_progress_of_this_folder_are_seen(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    for key in ("adult/train/big.csv", "adult/train/sub/big.csv", "adult/train/.part", "adult/trainer/big.csv"):
        here.s3.create_multipart_upload(Bucket=DATA, Key=key)
    assert [u["key"] for u in look(here)["uploads"]] == ["adult/train/big.csv"]


def test_the_youngest_uploads_are_shown_first(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    here.told("adult/train/a.csv")
    old = [{"Key": f"adult/train/{n:02}.csv", "Initiated": datetime(2026, 1, 1, tzinfo=UTC)} for n in range(30)]
    young = {"Key": "adult/train/zz.csv", "Initiated": datetime(2026, 11, 23, 5, tzinfo=UTC)}
    asked: list[dict[str, Any]] = []

    def uploads(**arguments: Any) -> dict[str, Any]:
        asked.append(arguments)
        return {"Uploads": [*old, young]}

    monkeypatch.setattr(here.s3, "list_multipart_uploads", uploads)
    found = look(here)["uploads"]
    assert found[0] == {"key": "adult/train/zz.csv", "initiated": "2026-11-23T05:00:00+00:00"}
    assert len(found) == 20
    assert asked == [{"Bucket": DATA, "Prefix": "adult/train/", "Delimiter": "/"}]


# ---------------------------------------------------------------- manifests
def listed(here: Cloud, text: str, key: str = "adult/train/manifest.txt") -> dict[str, Any]:
    here.told(key, body=text.encode())
    manifest: dict[str, Any] = look(here, "manifest")["manifest"]
    return manifest


def test_what_a_manifest_names_and_is_not_there(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    assert listed(here, "a.csv\nb.csv\nc.csv\n") == {"count": 3, "missing": ["b.csv", "c.csv"], "missing_count": 2}
    here.told("adult/train/b.csv")
    here.told("adult/train/c.csv")
    assert look(here, "manifest")["manifest"]["missing_count"] == 0


def test_what_was_deleted_again_is_not_there(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    here.told("adult/train/a.csv", sequencer="62", kind="Object Deleted")
    assert listed(here, "a.csv\n")["missing"] == ["a.csv"]


def test_of_many_missing_objects_the_first_are_named(here: Cloud) -> None:
    found = listed(here, "\n".join(f"{n:03}.csv" for n in range(250)))
    assert (found["count"], found["missing_count"], len(found["missing"])) == (250, 250, 20)


def test_a_manifest_that_names_what_is_elsewhere_is_a_problem(here: Cloud) -> None:
    assert "no data of its own folder" in listed(here, "../secret.csv\n")["problem"]


def test_the_version_that_completed_the_window_is_read(here: Cloud) -> None:
    listed(here, "a.csv\n")
    here.put("adult/train/manifest.txt", b"other.csv\n")
    assert look(here, "manifest")["manifest"]["missing"] == ["a.csv"]


def test_a_manifest_that_is_gone_is_a_problem(here: Cloud) -> None:
    listed(here, "a.csv\n")
    window = here.window()
    here.s3.delete_object(Bucket=DATA, Key=window["manifest"], VersionId=window["manifest_version"])
    assert look(here, "manifest")["manifest"] == {"problem": "it was deleted"}


def test_a_manifest_without_a_version(here: Cloud) -> None:
    listed(here, "a.csv\n")
    assert look(here, "manifest", manifest_version=None)["manifest"]["count"] == 1
    assert look(here, "manifest", manifest=None)["manifest"] == {"problem": "the window has none"}


def test_an_error_of_s3_is_no_problem_of_the_manifest(here: Cloud) -> None:
    here.claim(s3_event("adult/train/manifest.txt"))
    here.s3.delete_bucket(Bucket=DATA)
    with pytest.raises(Exception, match="NoSuchBucket"):
        look(here, "manifest")
