"""A whole drop of hostile objects, from S3 to the frozen data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.jobs.inspect_cloud import CSV, Cloud

HOSTILE_NAMES = [
    "../../../../tmp/evil.csv",
    "a/../../evil.csv",
    "/etc/evil.csv",
    "a//b.csv",
    "./c.csv",
    "line\nend.csv",
    "nul\0.csv",
    "\u202evsc.exe",
    "back\\slash.csv",
    "n" * 300 + ".csv",
    "d/" * 480 + "e.csv",
]
ODD_NAMES = ["-rf", "--help.csv", "a b .csv", "'\"`$(id).csv", "📈.csv", "%2e%2e", "trailing. ", "*?[a].csv"]


def test_hostile_names_never_reach_the_data_set_and_odd_ones_do(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "sentinel").write_text("untouched")
    for number, name in enumerate([*HOSTILE_NAMES, *ODD_NAMES]):
        cloud.put(name, CSV + f"9{number},9,x\n".encode())
    found = cloud.inspect()
    assert {item["key"] for item in found["quarantined"]} == {f"adult/train/{name}" for name in HOSTILE_NAMES}
    assert all(item["reason"].isprintable() for item in found["quarantined"])
    assert cloud.frozen(found) == sorted(ODD_NAMES)
    assert [path.name for path in tmp_path.iterdir()] == ["sentinel"], (
        "the work folder is gone, and nothing else is there"
    )


def test_a_file_that_is_another_files_folder_is_left_out(cloud: Cloud) -> None:
    cloud.put("part", CSV)
    cloud.put("part/a.csv", CSV + b"9,9,x\n")
    found = cloud.inspect()
    assert [(item["key"], "no disk" in item["reason"]) for item in found["quarantined"]] == [("adult/train/part", True)]
    assert cloud.frozen(found) == ["part/a.csv"]


@pytest.mark.parametrize("policy", ["refuse", "skip"])
def test_what_is_readable_is_a_table_without_the_rest(cloud: Cloud, policy: str) -> None:
    cloud.put("good.csv", CSV)
    cloud.put("evil.csv", b"\x80\x04\x95evil")
    cloud.put("torn.csv", b'a,b,y\n1,2,"x\n')
    cloud.put("other.csv", b"p,q\n1,2\n3,4\n")
    found = cloud.inspect(data={"checks": {"unreadable_file": policy}})
    reasons = {item["key"].rpartition("/")[2]: item["reason"] for item in found["quarantined"]}
    assert set(reasons) == {"evil.csv", "torn.csv", "other.csv"}
    assert "pickle" in reasons["evil.csv"]
    assert "line 2: broken quoting" in reasons["torn.csv"]
    assert "are not those of good.csv" in reasons["other.csv"]
    assert cloud.frozen(found) == ["good.csv"]
    assert found["table"]["rows"] == 300
    (finding,) = [f for f in found["findings"] if f["check"] == "unreadable_file"]
    assert (finding["count"], len(finding["rows"])) == (3, 3)


def test_an_inspection_fits_into_a_state_machine_whatever_was_dropped(cloud: Cloud) -> None:
    names = ",".join(f"{'ü' * 120}{n}" for n in range(3000))
    cloud.put("wide.csv", (names + "\n" + ("1," * 2999 + "2\n") * 3).encode())
    for number in range(60):
        cloud.put("ü" * 110 + f"{number}/" + "ü" * 110 + ".csv", b"%PDF-1.7 " + b"\xff" * 100)
    found = cloud.inspect(target="ü" * 120 + "7")
    assert found["quarantined_count"] == 60
    assert found["table"]["columns_count"] == 3000
    assert len(json.dumps(found, ensure_ascii=False).encode()) < 100_000


def test_what_is_shown_has_no_hidden_characters(cloud: Cloud) -> None:
    cloud.put("a.csv", CSV + b"1,2\x1b[2J\x07\n" + "9,9,9,\u202ex\n".encode())
    found = cloud.inspect()
    texts = [row["text"] for finding in found["findings"] for row in finding["rows"]]
    assert "1,2\\x1b[2J\\x07" in texts
    assert all(text.isprintable() for text in texts)


def test_the_child_has_no_credentials(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from dropforge_jobs import sandbox

    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    seen: list[dict[str, Any]] = []
    original = sandbox.subprocess.Popen

    def popen(*arguments: Any, **options: Any) -> Any:
        seen.append(options["env"])
        return original(*arguments, **options)

    monkeypatch.setattr(sandbox.subprocess, "Popen", popen)
    cloud.put("a.csv", CSV)
    cloud.inspect()
    assert len(seen) == 2
    assert not [name for environment in seen for name in environment if "AWS" in name or "TOKEN" in name]
