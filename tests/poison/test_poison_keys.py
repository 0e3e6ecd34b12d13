"""Hostile keys: what is no plain path below a channel is ignored with its reason, and no other object with it."""

from __future__ import annotations

from typing import Any

import pytest
from dropforge_jobs.dropped import unsafe
from intake.changes import Change, Ignored, read_event

DEEP = "a/" * 300 + "b.csv"

IGNORED = {
    "parent": "adult/train/../../etc/passwd",
    "parent_at_the_end": "adult/train/..",
    "parent_in_the_middle": "adult/train/a/../b.csv",
    "parent_of_the_project": "../adult/train/a.csv",
    "here": "adult/train/./a.csv",
    "percent_encoded_parent": "adult/train/%2e%2e/a.csv",
    "percent_encoded_twice": "adult/train/%252e%252e/a.csv",
    "percent_encoded_slash": "adult/train/..%2fa.csv",
    "half_encoded": "adult/train/.%2E/a.csv",
    "backslash_parent": "adult/train/..\\a.csv",
    "backslash": "adult/train/a\\b.csv",
    "double_slash": "adult/train//a.csv",
    "double_slash_first": "adult//train/a.csv",
    "leading_slash": "/adult/train/a.csv",
    "only_slashes": "////",
    "line_end": "adult/train/a\nb.csv",
    "carriage_return": "adult/train/a\rb.csv",
    "tab": "adult/train/a\tb.csv",
    "nul": "adult/train/a\0.csv",
    "escape": "adult/train/\x1b[2Ja.csv",
    "delete": "adult/train/a\x7f.csv",
    "c1_control": "adult/train/a\x85b.csv",
    "right_to_left_override": "adult/train/a\u202evsc.exe",
    "isolate": "adult/train/\u2066a.csv",
    "zero_width_space": "adult/train/a\u200b.csv",
    "line_separator": "adult/train/a\u2028b.csv",
    "byte_order_mark": "adult/train/\ufeffa.csv",
    "key_of_1024_bytes": "adult/train/" + "k" * 1008 + ".csv",
    "name_of_256_bytes": "adult/train/" + "ä" * 126 + ".csv",
    "path_of_1024_bytes": "adult/train/" + "d/" * 504 + ".csv"[:4],
    "channel_in_capitals": "adult/TRAIN/a.csv",
    "channel_that_looks_alike": "adult/tr\u0430in/a.csv",
    "project_that_looks_alike": "\u0430dult/train/a.csv",
    "project_in_capitals": "Adult/train/a.csv",
    "project_with_a_dot": "adult.evil/train/a.csv",
    "project_of_one_letter": "a/train/a.csv",
    "hidden_file": "adult/train/.env",
    "hidden_folder": "adult/train/.git/config",
    "temporary": "adult/train/a.csv.tmp",
    "spark_temporary": "adult/train/_temporary/0/a.csv",
    "empty": "",
    "no_channel": "adult/a.csv",
    "channel_alone": "adult/train",
    "folder_marker": "adult/train/folder/",
}
DATA = {
    "quotes": "adult/train/a'b\"c.csv",
    "spaces": "adult/train/a b .csv",
    "trailing_space": "adult/train/a.csv ",
    "trailing_dot": "adult/train/a.csv.",
    "leading_dash": "adult/train/-rf",
    "leading_dashes": "adult/train/--help.csv",
    "emoji": "adult/train/📈.csv",
    "look_alike": "adult/train/\u0430.csv",
    "decomposed": "adult/train/e\u0301.csv",
    "plus_and_percent": "adult/train/a+b%20c%.csv",
    "shell": "adult/train/$(id)`id`;|&.csv",
    "glob": "adult/train/*?[a].csv",
    "formula": "adult/train/=CMD().csv",
    "markup": "adult/train/<script>.csv",
    "device_name": "adult/train/CON",
    "dots": "adult/train/a...b/c..csv",
    "colon": "adult/train/C:a.csv",
    "json": 'adult/train/{"a":1}.csv',
    "deep": "adult/train/" + DEEP[-800:].lstrip("/"),
}


def event(key: str) -> dict[str, Any]:
    thing = {"key": key, "size": 10, "sequencer": "0055AED6DCD90281E5", "etag": "x", "version-id": "v"}
    return {"detail-type": "Object Created", "time": "2026-01-01T00:00:00Z", "detail": {"object": thing}}


@pytest.mark.parametrize("key", IGNORED.values(), ids=IGNORED.keys())
def test_is_ignored(key: str) -> None:
    found = read_event(event(key))
    assert isinstance(found, Ignored)
    assert found.key == key
    assert found.reason.isprintable()
    assert len(found.reason) < 300


@pytest.mark.parametrize("key", DATA.values(), ids=DATA.keys())
def test_is_data_and_a_safe_name(key: str) -> None:
    found = read_event(event(key))
    assert isinstance(found, Change), found
    assert (found.project, found.channel, found.key) == ("adult", "train", key)
    assert unsafe(key.removeprefix("adult/train/")) is None


@pytest.mark.parametrize(
    "name", [key.removeprefix("adult/train/") for key in IGNORED.values() if "adult/train/" in key]
)
def test_what_intake_lets_through_is_looked_at_again(name: str) -> None:
    """Where a name could leave a folder or deceive a reader, the inspection refuses it on its own account too."""
    harmless = {
        "..%2fa.csv",
        "%2e%2e/a.csv",
        "%252e%252e/a.csv",
        ".%2E/a.csv",
    }  # S3 keys are not decoded by anybody here
    hidden = {".env", ".git/config", "a.csv.tmp", "_temporary/0/a.csv"}
    if name in harmless | hidden:
        assert unsafe(name) is None
    else:
        assert unsafe(name) is not None
