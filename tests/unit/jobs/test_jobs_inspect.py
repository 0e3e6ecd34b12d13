"""The inspection of a drop: what is read, what is left out, what is frozen, and what is told."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dropforge_jobs import inspect as inspecting
from dropforge_jobs.dropped import content_of, digest_of
from dropforge_jobs.errors import JobError
from dropforge_jobs.job import run
from dropforge_jobs.store import ObjectChangedError
from moto import mock_aws

from tests.unit.jobs.inspect_cloud import CSV, Cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def checks(found: dict[str, Any]) -> list[str]:
    return [finding["check"] for finding in found["findings"]]


def test_a_drop_is_read_profiled_and_frozen(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    cloud.put("sub/b.csv", b"a,b,y\n7,7,x\n")
    found = cloud.inspect()
    parts = [("a.csv", sha(CSV)), ("sub/b.csv", sha(b"a,b,y\n7,7,x\n"))]
    assert found["digest"] == digest_of(parts)
    assert found["content"] == content_of(parts)
    assert found["uri"] == f"s3://artifacts-bucket/adult/datasets/{found['digest']}/"
    assert cloud.frozen(found) == ["a.csv", "sub/b.csv"]
    assert cloud.body(found["uri"] + "a.csv") == CSV
    assert (found["objects"], found["bytes"]) == (2, len(CSV) + 12)
    assert found["files"] == [
        {"name": "a.csv", "bytes": len(CSV), "sha256": sha(CSV)},
        {"name": "sub/b.csv", "bytes": 12, "sha256": sha(b"a,b,y\n7,7,x\n")},
    ]
    assert (found["quarantined"], found["quarantined_count"], found["findings"]) == ([], 0, [])
    assert found["head"] == {
        "columns": ["a", "b", "y"],
        "fields": 3,
        "header": True,
        "rows": [[str(n), str(n * 7 % 11), "xy"[n % 2]] for n in range(5)],
    }
    assert {k: found["table"][k] for k in ("format", "header", "rows", "columns_count")} == {
        "format": "csv",
        "header": True,
        "rows": 301,
        "columns_count": 3,
    }
    assert (found["target"]["name"], found["target"]["problem"]) == ("y", "binary")
    assert set(found["seconds"]) == {"read", "check", "profile", "freeze"}
    folder = "s3://artifacts-bucket/adult/drops/drop000001/"
    assert found["profile"] == {"uri": folder + "profile.json", "html_uri": folder + "profile.html"}
    assert json.loads(cloud.body(folder + "inspection.json")) == found
    assert json.loads(cloud.body(folder + "profile.json"))["version"]
    assert b"<html" in cloud.body(folder + "profile.html")


def test_names_do_not_enter_the_digest_of_the_content(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    first = cloud.inspect()
    cloud.objects.clear()
    cloud.put("another name.csv", CSV)
    second = cloud.inspect()
    assert first["content"] == second["content"]
    assert first["digest"] != second["digest"]


def test_the_version_that_was_dropped_is_read_and_copied(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    listed = list(cloud.objects)
    cloud.put("a.csv", CSV + b"9,9,x\n")
    cloud.s3.delete_object(Bucket="data-bucket", Key="adult/train/a.csv")
    cloud.objects = listed
    found = cloud.inspect()
    assert cloud.body(found["uri"] + "a.csv") == CSV


@pytest.mark.parametrize("versions", [True, False])
def test_an_object_that_is_no_longer_what_was_listed(cloud: Cloud, versions: bool) -> None:
    item = cloud.put("a.csv", CSV)
    if versions:
        cloud.s3.delete_object(Bucket="data-bucket", Key=item["key"], VersionId=item["version_id"])
    else:
        item["version_id"] = None
        cloud.s3.put_object(Bucket="data-bucket", Key=item["key"], Body=CSV + b"9,9,x\n")
    with pytest.raises(ObjectChangedError, match=r"adult/train/a\.csv was overwritten"):
        cloud.inspect()


def test_a_repeat_copies_nothing_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.put("a.csv", CSV)
    cloud.inspect()
    monkeypatch.setattr(inspecting.Store, "_copy", lambda *_: pytest.fail("copied again"))
    cloud.inspect()


def test_empty_objects_are_no_part_of_it(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    cloud.put("b.csv", b"")
    assert cloud.inspect()["objects"] == 1


def test_nothing_readable_is_no_data_set(cloud: Cloud) -> None:
    cloud.put("a.csv", b"%PDF-1.7")
    found = cloud.inspect()
    assert (found["objects"], found["uri"], found["table"], found["profile"]) == (0, None, None, None)
    assert checks(found) == ["unreadable_file"]


def test_documents_beside_a_table_are_frozen_and_not_read(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    cloud.put("paper.pdf", b"%PDF-1.7 anything")
    found = cloud.inspect()
    assert found["findings"] == []
    assert cloud.frozen(found) == ["a.csv", "paper.pdf"]


def test_a_script_gets_any_bytes_but_no_bomb(cloud: Cloud) -> None:
    cloud.put("a.png", b"\x89PNG\r\n\x1a\n")
    cloud.put("bomb.gz", gzip.compress(b"\0" * (40 << 20), 9))
    found = cloud.inspect(algorithm="sklearn", target=None)
    assert [item["key"] for item in found["quarantined"]] == ["adult/train/bomb.gz"]
    assert cloud.frozen(found) == ["a.png"]
    assert (found["table"], found["profile"], checks(found)) == (None, None, ["unreadable_file"])


def test_a_script_that_has_its_rows_divided_needs_a_table(cloud: Cloud) -> None:
    cloud.put("a.png", b"\x89PNG\r\n\x1a\n")
    found = cloud.inspect(algorithm="sklearn", target=None, split={})
    assert (found["table"], checks(found)) == (None, ["unreadable_file"])
    assert "no table" in found["findings"][0]["message"]


def test_without_a_project_nothing_is_wrong_and_a_table_is_shown(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    cloud.put("b.png", b"\x89PNG\r\n\x1a\nx")
    cloud.put("c.bin", b"\0\1\2")
    found = cloud.inspect({"config": None})
    assert (found["quarantined_count"], found["objects"]) == (0, 3)
    assert found["head"]["columns"] == ["a", "b", "y"]
    assert "unreadable_file" not in checks(found)
    assert "target: " in found["proposal"]["yaml"]
    assert found["proposal"]["notes"]


def test_nothing_is_proposed_for_what_is_no_table(cloud: Cloud) -> None:
    cloud.put("a.png", b"\x89PNG\r\n\x1a\nx")
    found = cloud.inspect({"config": None})
    assert (found["table"], found["objects"]) == (None, 1)
    assert found["proposal"]["yaml"] is None
    assert "no table" in found["proposal"]["notes"][0]
    assert "proposal" not in cloud.inspect()


def test_the_digest_of_a_data_set_is_forever() -> None:
    """Fingerprints of old runs hold it: were it computed otherwise, all data would be new data."""
    parts = [("b.csv", "2" * 64), ("ä.csv", "1" * 64)]
    assert (
        digest_of(parts)
        == digest_of(reversed(parts))
        == "a0bd7e860dca24fac31e8e4d053e037c3f7b6342ddb86e33d3b959db5dd6bb31"
    )
    assert (
        content_of(parts)
        == content_of([("a", "2" * 64), ("b", "1" * 64)])
        == "3239fc0ea365cf81a0cd068307de19a2672c6e282d75f0f19d3cfe729bf6d4d6"
    )


def test_rows_to_predict_have_no_target(cloud: Cloud) -> None:
    cloud.put("a.csv", b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 3 % 7) for n in range(40)))
    found = cloud.inspect({"channel": "batch"}, columns=["a", "b", "y"])
    assert found["findings"] == []
    assert found["table"]["columns_count"] == 2


def test_columns_that_do_not_fit_are_told(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    found = cloud.inspect(columns=["a", "y"])
    assert found["table"] is None
    assert "`columns` names 2 columns, a.csv has 3" in found["findings"][0]["message"]


def test_a_format_that_the_project_excludes(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    found = cloud.inspect(data={"format": "parquet"})
    assert "project.yaml says data.format: parquet, this is csv" in found["quarantined"][0]["reason"]


def test_the_last_profile_is_compared_with(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    first = cloud.inspect()
    cloud.objects.clear()
    cloud.put("a.csv", CSV.replace(b"a,b,y", b"a,c,y"))
    previous = {"digest": first["digest"], "uri": first["uri"], "profile_uri": first["profile"]["uri"]}
    assert "schema_changed" in checks(cloud.inspect({"previous": previous}))


def appended(cloud: Cloud, first: dict[str, Any], **changes: Any) -> dict[str, Any]:
    previous = {"digest": first["digest"], "uri": first["uri"], "profile_uri": first["profile"]["uri"]}
    return cloud.inspect({"previous": previous} | changes, data={"mode": "append"})


def test_appending_keeps_what_was_there_and_never_replaces(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    cloud.put("b.csv.gz", gzip.compress(CSV + b"1,1,x\n", mtime=0))
    first = cloud.inspect()
    cloud.objects.clear()
    other = gzip.compress(CSV + b"2,2,y\n", mtime=0)
    cloud.put("b.csv.gz", other)
    cloud.put("same as a.csv", CSV)
    cloud.put("c.csv", CSV + b"3,3,x\n")
    second = appended(cloud, first)
    assert cloud.frozen(second) == sorted(["a.csv", "b.csv.gz", f"b.{sha(other)[:8]}.csv.gz", "c.csv"])
    assert second["table"]["rows"] == 4 * 300 + 3
    assert appended(cloud, second)["digest"] == second["digest"], "the same drop once more adds nothing"
    assert cloud.inspect()["objects"] == 3, "a project that replaces has what was dropped alone"


def test_appending_to_nothing(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)
    assert cloud.frozen(cloud.inspect(data={"mode": "append"})) == ["a.csv"]


def test_a_drop_that_the_disk_cannot_hold(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV)["size"] = 1 << 60
    with pytest.raises(JobError, match="the disk has room for"):
        cloud.inspect()


def test_the_job_does_the_same(cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.put("a.csv", CSV)
    expected = cloud.inspect()
    folder = tmp_path / "processing" / "input" / "settings"
    folder.mkdir(parents=True)
    (folder / "inspect.json").write_text(json.dumps(cloud.settings(drop="drop000002")))
    assert run(inspecting.main, ["--base", str(tmp_path)]) == 0
    found = json.loads(cloud.body("s3://artifacts-bucket/adult/drops/drop000002/inspection.json"))
    own = ("seconds", "profile")
    assert {k: v for k, v in found.items() if k not in own} == {k: v for k, v in expected.items() if k not in own}
    assert f"data set {found['digest']}" in capsys.readouterr().out
