from __future__ import annotations

import json
from typing import Any

import pytest
from intake.changes import pad_sequencer
from intake.read_project import handler

GOOD = "algorithm: xgboost\ntarget: income\n"


def read(text: str | None = GOOD, key: str = "adult/project.yaml", **more: Any) -> dict[str, Any]:
    size = len((text or "").encode())
    return handler(
        {"key": key, "size": size, "sequencer": "0A1B", "version_id": "v", "text": text, "error": None} | more, None
    )


def test_a_valid_project_is_stored_as_it_was_written() -> None:
    reading = read()
    assert reading["valid"]
    assert reading["project"] == "adult"
    assert reading["problems"] == []
    stored = json.loads(reading["config"])
    assert stored == {"algorithm": "xgboost", "target": "income"}, "a default that changes holds for it too"


def test_the_sequencer_compares_as_a_string() -> None:
    assert read()["sequencer"] == pad_sequencer("0a1b")
    assert pad_sequencer("0A1B") < pad_sequencer("0a1b01") < pad_sequencer("0a1c")


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read("\ufeff" + GOOD)["valid"]


def test_an_invalid_project_has_problems_and_no_config() -> None:
    reading = read("algorithm: xgboost\ntarge: income\n")
    assert (reading["valid"], reading["config"]) == (False, None)
    assert [(p["line"], p["field"]) for p in reading["problems"]] == [(2, "targe")]


@pytest.mark.parametrize(("key", "said"), [("Adult/project.yaml", "cannot name"), ("a1/b/project.yaml", "belongs at")])
def test_a_name_that_sagemaker_would_refuse(key: str, said: str) -> None:
    reading = read(key=key)
    assert not reading["valid"]
    assert said in reading["name_problem"]
    assert reading["problems"][0]["field"] == "project"


def test_a_file_that_is_too_large_is_not_read() -> None:
    assert "more than 65,536" in read(size=70_000)["problems"][0]["reason"]


def test_a_file_that_is_no_text() -> None:
    reading = read(None, size=5, error="Runtime: the body is not UTF-8")
    assert "could not be read as text: Runtime" in reading["problems"][0]["reason"]


def test_an_empty_file_is_told_as_such() -> None:
    assert read(None, size=0, error="S3.InvalidRange")["problems"][0]["reason"] == "the file is empty"


@pytest.mark.parametrize(
    "key", ["adult/code/project.yaml", "adult/code/conf/project.yaml", "adult/train/eu/project.yaml"]
)
def test_code_and_data_may_hold_a_file_of_that_name(key: str) -> None:
    assert read("just: anything\n", key)["beside"] is True


@pytest.mark.parametrize("key", ["adult/project.yaml", "Adult/project.yaml", "adult/trian/project.yaml"])
def test_what_may_be_meant_as_a_project_is_judged(key: str) -> None:
    assert read(key=key)["beside"] is False


# ---------------------------------------------------------------- what was read last
LAST = {"sequencer": pad_sequencer("0a1a"), "version_id": "u"}


def test_what_was_read_is_an_item_of_its_project() -> None:
    assert read()["upload"] == {
        "pk": {"S": "adult"},
        "sk": {"S": "upload"},
        "sequencer": {"S": pad_sequencer("0a1b")},
        "version_id": {"S": "v"},
    }
    assert read("targe: x\n")["upload"] == read()["upload"], "an invalid one was read too"
    assert "version_id" not in read(version_id=None)["upload"]


@pytest.mark.parametrize(
    ("key", "pk"),
    [("adult/trian/project.yaml", "adult/trian"), ("/project.yaml", "-"), ("Adult/project.yaml", "Adult")],
)
def test_a_file_in_the_wrong_place_is_no_upload_of_the_project(key: str, pk: str) -> None:
    reading = read(key=key)
    assert reading["upload"]["pk"] == {"S": pk}
    assert reading["project"], "a name for the notice"


def test_an_event_has_its_own_order_whatever_was_read_before() -> None:
    assert read(upload=LAST)["sequencer"] == read()["sequencer"]


def test_what_the_reconciler_found_follows_what_was_read_and_precedes_what_s3_tells_next() -> None:
    found = read(sequencer="", version_id="w", upload=LAST)
    assert LAST["sequencer"] < found["sequencer"] < pad_sequencer("0a1b")
    later = read(sequencer="", version_id="x", upload={"sequencer": found["sequencer"], "version_id": "w"})
    assert found["sequencer"] < later["sequencer"] < pad_sequencer("0a1b")


def test_what_it_found_again_is_the_same_upload() -> None:
    assert read(sequencer="", version_id="u", upload=LAST)["sequencer"] == LAST["sequencer"]


def test_what_it_found_first_precedes_every_event() -> None:
    assert read(sequencer="", upload=None)["sequencer"] < pad_sequencer("01")


# ---------------------------------------------------------------- warnings
def test_what_does_nothing_in_this_version_is_a_warning() -> None:
    reading = read(GOOD + "train:\n  spot: true\n")
    assert reading["valid"]
    assert [(w["line"], w["field"]) for w in reading["warnings"]] == [(4, "train.spot")]
    assert set(reading["warnings"][0]) == {"line", "field", "reason", "fix"}


def test_an_invalid_project_has_no_warnings_beside_its_problems() -> None:
    reading = read("algorithm: xgboost\ntarge: income\ntrain:\n  spot: true\n")
    assert (reading["valid"], reading["warnings"], reading["lines"]) == (False, [], {})
    assert read()["warnings"] == []
