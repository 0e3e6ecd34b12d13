from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from intake.changes import Change, EventUnreadableError, Ignored, newest, read_event

SHARED = Path(__file__).resolve().parents[4] / "shared/aws/events/s3_object_created.json"


def s3_event(
    key: str, size: int = 5, sequencer: str = "61", kind: str = "Object Created", second: int = 0
) -> dict[str, Any]:
    thing = {"key": key, "size": size, "etag": "e", "version-id": "v", "sequencer": sequencer}
    return {
        "detail-type": kind,
        "source": "aws.s3",
        "time": f"2026-11-23T05:00:{second:02}Z",
        "detail": {"version": "0", "bucket": {"name": "data-bucket"}, "object": thing, "reason": "PutObject"},
    }


def test_a_key_is_project_channel_folder_and_name() -> None:
    change = read_event(s3_event("adult/train/2026/11/ein Name äöü.csv"))
    assert isinstance(change, Change)
    assert (change.project, change.channel, change.folder, change.kind) == ("adult", "train", "2026/11", "object")
    assert change.pk == "adult/train/2026/11"
    assert change.time == "2026-11-23T05:00:00.000+00:00"


def test_a_file_directly_in_the_channel_has_no_folder() -> None:
    change = read_event(s3_event("adult/validation/a.csv"))
    assert isinstance(change, Change)
    assert change.pk == "adult/validation/"


def test_success_has_no_content_and_still_counts() -> None:
    change = read_event(s3_event("adult/train/_SUCCESS", size=0))
    assert isinstance(change, Change)
    assert change.kind == "success"


def test_what_goes_may_be_empty() -> None:
    change = read_event(s3_event("adult/train/a.csv", size=0, kind="Object Deleted"))
    assert isinstance(change, Change)
    assert change.kind == "deleted"


@pytest.mark.parametrize(
    ("key", "size", "reason"),
    [
        ("adult/train/a.csv", 0, "zero bytes"),
        ("adult/train/.hidden.csv", 5, "hidden"),
        ("adult/train/_temporary/0/part-0.csv", 5, "hidden"),
        ("adult/train/a.csv.tmp", 5, "temporary"),
        ("adult/train/a.csv~", 5, "temporary"),
        ("adult/train/sub/", 0, "folder's own marker"),
        ("adult/train", 5, "beside it"),
        ("adult/trian/a.csv", 5, "'trian' is no channel"),
        ("adult/code/train.py", 5, "next run"),
        ("adult/project.yaml", 5, "machine of its own"),
        ("Adult/train/a.csv", 5, "no project's name"),
        ("a.csv", 5, "no project's name"),
    ],
)
def test_what_is_ignored_has_a_reason(key: str, size: int, reason: str) -> None:
    ignored = read_event(s3_event(key, size))
    assert isinstance(ignored, Ignored)
    assert reason in ignored.reason


@pytest.mark.parametrize("event", [None, [], {}, {"detail": {}}, s3_event("k") | {"time": "noon"}])
def test_what_is_no_s3_event_is_an_error(event: Any) -> None:
    with pytest.raises(EventUnreadableError):
        read_event(event)


@pytest.mark.skipif(not SHARED.exists(), reason="AWS's own sample is not here")
def test_reads_the_event_that_aws_documents() -> None:
    ignored = read_event(json.loads(SHARED.read_text()))
    assert isinstance(ignored, Ignored)
    assert ignored.key == "example-key"


def test_the_newest_change_of_a_key_wins_whatever_the_order() -> None:
    old, new = (read_event(s3_event("adult/train/a.csv", sequencer=s)) for s in ("0A", "0a01"))
    assert newest([new, old, new]) == newest([old, new]) == [new]  # type: ignore[list-item]
