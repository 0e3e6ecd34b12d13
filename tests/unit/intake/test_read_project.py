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


def test_a_valid_project_is_stored_with_its_defaults() -> None:
    reading = read()
    assert reading["valid"]
    assert reading["project"] == "adult"
    assert reading["problems"] == []
    stored = json.loads(reading["config"])
    assert (stored["target"], stored["data"]["quiet_period"]) == ("income", 300)


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
