from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from dropforge_jobs.dropped import Dropped

from tests.unit.intake.cloud import ARTIFACTS, DATA, Cloud, cloud, place
from tests.unit.intake.test_claim_drops import LONG


@pytest.fixture
def here() -> Iterator[Cloud]:
    with cloud() as made:
        yield made


def listing(here: Cloud, reason: str = "quiet period", window: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = here.function("list_drop").handler(place(window or here.window(), reason=reason), None)
    return found


def lines(here: Cloud, listed: dict[str, Any]) -> list[dict[str, Any]]:
    bucket, key = listed["uri"].removeprefix("s3://").split("/", 1)
    assert bucket == ARTIFACTS
    body = here.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    return [json.loads(line) for line in body.splitlines()]


def test_the_list_has_each_object_with_the_version_that_was_dropped(here: Cloud) -> None:
    versions = {name: here.told(f"adult/train/x/{name}") for name in ("b.csv", "a ü.csv")}
    listed = listing(here)
    drop = here.window()["drop"]
    assert listed == {
        "uri": f"s3://{ARTIFACTS}/adult/drops/{drop}/objects.jsonl",
        "count": 2, "bytes": 8, "force": False, "left_out": 0, "previous": None,
    }  # fmt: skip
    found = lines(here, listed)
    assert [o["name"] for o in found] == ["a ü.csv", "b.csv"]
    assert {o["name"]: o["version_id"] for o in found} == versions
    assert {"key", "size", "etag", "sequencer", "time"} <= found[0].keys()
    assert found[1]["key"] == "adult/train/x/b.csv"


def test_the_inspection_reads_its_lines(here: Cloud) -> None:
    version = here.told("adult/train/a.csv")
    (read,) = [Dropped.read(line) for line in lines(here, listing(here))]
    assert (read.name, read.key, read.size, read.version_id) == ("a.csv", "adult/train/a.csv", 4, version)
    assert read.etag


def test_only_what_is_there_and_is_data_is_listed(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    here.told("adult/train/gone.csv")
    here.told("adult/train/gone.csv", sequencer="62", kind="Object Deleted")
    here.told("adult/train/_SUCCESS", body=b"x", sequencer="63")
    here.told("adult/train/y/other.csv")
    window = next(w for w in here.items("window#") if w["folder"] == "")
    assert [o["name"] for o in lines(here, listing(here, "_SUCCESS", window))] == ["a.csv"]


def test_a_drop_of_which_nothing_is_left(here: Cloud) -> None:
    here.told("adult/train/_SUCCESS", body=b"x")
    listed = listing(here, "_SUCCESS")
    assert (listed["count"], listed["bytes"], lines(here, listed)) == (0, 0, [])


def test_a_drop_keeps_the_version_that_a_later_drop_replaced(here: Cloud) -> None:
    first = here.told("adult/train/a.csv")
    window = here.window()
    here.dynamodb.update_item(
        TableName="drops",
        Key={"pk": {"S": window["pk"]}, "sk": {"S": window["sk"]}},
        UpdateExpression="SET #state = :closed",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":closed": {"S": "CLOSED"}},
    )
    second = here.told("adult/train/a.csv", sequencer="62")
    later = next(w for w in here.items("window#") if w["drop"] != window["drop"])
    assert [o["version_id"] for o in lines(here, listing(here, window=window))] == [first]
    assert [o["version_id"] for o in lines(here, listing(here, window=later))] == [second]


def test_keys_of_every_length_and_more_than_a_page(here: Cloud) -> None:
    here.told(LONG)
    (line,) = lines(here, listing(here))
    assert line["key"] == LONG
    assert line["name"] == LONG.rsplit("/", 1)[1]


def test_a_manifest_names_what_is_listed_wherever_it_was_dropped(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    here.told("adult/train/not-named.csv")
    here.told("adult/train/manifest.json", body=b'{"objects": ["a.csv", "manifest.json"], "force": true}')
    listed = listing(here, "manifest")
    assert (listed["count"], listed["force"]) == (1, True)
    assert [o["name"] for o in lines(here, listed)] == ["a.csv"], "a manifest is no data, even if it names itself"


def test_a_manifest_beside_a_success_marker_still_says_force(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    here.told("adult/train/b.csv")
    here.told("adult/train/manifest.txt", body=b"# force: true\na.csv\n")
    here.told("adult/train/_SUCCESS", body=b"x", sequencer="62")
    listed = listing(here, "_SUCCESS")
    assert (listed["count"], listed["force"]) == (2, True)


def test_the_channels_last_accepted_data_set_goes_along(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    common = {"project": "adult", "outcome": "ACCEPTED", "uri": "s3://a/d/"}
    for drop, channel, opened, more in (
        ("older00000", "train", "2026-01-01T00:00:00.000Z", common),
        ("newer00000", "train", "2026-01-02T00:00:00.000Z", common | {"profile_uri": "s3://a/profile.json"}),
        ("refused000", "train", "2026-01-03T00:00:00.000Z", common | {"outcome": "REFUSED"}),
        ("validation", "validation", "2026-01-04T00:00:00.000Z", common),
        ("another000", "train", "2026-01-05T00:00:00.000Z", common | {"project": "churn"}),
    ):
        values = {**more, "drop": drop, "channel": channel, "opened_at": opened, "digest": drop}
        here.store("drops", f"{values['project']}/{channel}/old", f"window#{drop}", **values)
    window = next(w for w in here.items("window#") if w.get("state") == "OPEN")
    assert listing(here, window=window)["previous"] == {
        "drop": "newer00000", "digest": "newer00000", "uri": "s3://a/d/", "profile_uri": "s3://a/profile.json",
    }  # fmt: skip


def test_the_list_stays_as_it_was_written_first(here: Cloud) -> None:
    """Whatever has happened since: who goes on with a drop goes on with the same drop."""
    here.told("adult/train/a.csv")
    here.told("adult/train/manifest.txt", body=b"# force: true\na.csv\n")
    first = listing(here)
    before = lines(here, first)
    here.told("adult/train/b.csv")
    window = here.window()
    here.s3.delete_object(Bucket=DATA, Key=window["manifest"], VersionId=window["manifest_version"])
    assert listing(here) == first
    assert lines(here, first) == before


def test_what_a_manifest_does_not_name_is_counted(here: Cloud) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        here.told(f"adult/train/{name}")
    here.told("adult/train/manifest.txt", body=b"b.csv\n")
    assert {k: listing(here, "manifest")[k] for k in ("count", "left_out")} == {"count": 1, "left_out": 2}


def test_a_manifest_may_name_what_an_earlier_drop_brought(here: Cloud) -> None:
    here.told("adult/train/a.csv")
    window = here.window()
    here.dynamodb.update_item(
        TableName="drops",
        Key={"pk": {"S": window["pk"]}, "sk": {"S": window["sk"]}},
        UpdateExpression="SET #state = :closed",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":closed": {"S": "CLOSED"}},
    )
    here.told("adult/train/b.csv")
    here.told("adult/train/manifest.txt", body=b"a.csv\nb.csv\n")
    later = next(w for w in here.items("window#") if w["drop"] != window["drop"])
    assert [o["name"] for o in lines(here, listing(here, "manifest", later))] == ["a.csv", "b.csv"]
