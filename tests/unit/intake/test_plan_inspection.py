from __future__ import annotations

import json
from typing import Any

import pytest
from intake.inspections import FUNCTION_BYTES, FUNCTION_OBJECTS
from intake.models_inspect import InspectDrop
from intake.plan_inspection import handler

from tests.unit.botocore_check import assert_valid

URI = "s3://artifacts-bucket/adult/drops/abcdefghij/objects.jsonl"
PREVIOUS = {"drop": "bbbbbbbbbb", "digest": "d" * 64, "uri": "s3://a/d/", "profile_uri": "s3://a/profile.json"}
CONFIG = '{"version": 1, "algorithm": "xgboost", "target": "income"}'


def plan(count: int = 2, size: int = 2000, **more: Any) -> dict[str, Any]:
    facts = {
        "project": "adult",
        "channel": "train",
        "folder": "x",
        "drop": "abcdefghij",
        "config": CONFIG,
        "listing": {"uri": URI, "count": count, "bytes": size, "force": False, "previous": PREVIOUS},
        "region": "us-east-1",
        "attempt": 1,
    }
    return handler(facts | more, None)


def test_a_function_inspects_what_it_can_read() -> None:
    planned = plan(FUNCTION_OBJECTS, FUNCTION_BYTES)
    assert (planned["job"], planned["request"], planned["place"], planned["result"]) == (False, None, None, None)
    assert planned["settings"] == {
        "project": "adult",
        "channel": "train",
        "folder": "x",
        "drop": "abcdefghij",
        "data_bucket": "data-bucket",
        "artifacts_bucket": "artifacts-bucket",
        "objects_uri": URI,
        "config": CONFIG,
        "previous": PREVIOUS,
    }


def test_the_settings_are_what_the_inspecting_function_takes() -> None:
    for config, listing in ((CONFIG, None), (None, {"uri": URI, "count": 1, "bytes": 1, "previous": None})):
        settings = plan(config=config, **({"listing": listing} if listing else {}))["settings"]
        assert InspectDrop.model_validate(settings).model_dump() == settings


@pytest.mark.parametrize(("count", "size"), [(FUNCTION_OBJECTS + 1, 1), (1, FUNCTION_BYTES + 1)])
def test_what_is_too_large_for_it_is_a_job(count: int, size: int) -> None:
    planned = plan(count, size)
    assert planned["job"] is True
    request = planned["request"]
    assert_valid("sagemaker", "CreateProcessingJob", request)
    assert request["ProcessingJobName"] == "df-abcdefghij-inspect-a1"
    assert request["RoleArn"].endswith(":role/dropforge-intake-job")
    assert request["AppSpecification"]["ContainerEntrypoint"] == ["python3", "-m", "dropforge_jobs.inspect"]
    assert (
        request["ProcessingOutputConfig"]["KmsKeyId"]
        == request["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"]
    )
    assert request["NetworkConfig"] == {"EnableNetworkIsolation": False}, "it reads object versions from S3"
    inputs = {i["InputName"]: i["S3Input"]["S3Uri"] for i in request["ProcessingInputs"]}
    assert inputs == {"code": "s3://artifacts-bucket/dropforge/0123456789abcdef/", "settings": planned["place"]["uri"]}
    assert {t["Key"]: t["Value"] for t in request["Tags"]}["dropforge:project"] == "adult"


def test_the_job_gets_the_same_settings_as_a_file_and_leaves_its_result_beside_it() -> None:
    planned = plan(1, FUNCTION_BYTES + 1)
    assert json.loads(planned["place"]["body"]) == planned["settings"]
    assert planned["place"]["key"] == "adult/drops/abcdefghij/inspect.json", "as the job looks for it"
    assert planned["result"]["key"] == "adult/drops/abcdefghij/inspection.json"


def test_each_inspection_has_a_job_name_of_its_own() -> None:
    names = {plan(1, FUNCTION_BYTES + 1, attempt=n)["request"]["ProcessingJobName"] for n in (1, 2, 12)}
    assert names == {f"df-abcdefghij-inspect-a{n}" for n in (1, 2, 12)}
