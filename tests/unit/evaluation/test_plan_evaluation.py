from __future__ import annotations

import json
from typing import Any

from evaluation.plan_evaluation import handler

from tests.unit.botocore_check import assert_valid
from tests.unit.training.facts import BUILT_IN, PREPARATION, RUN, SCRIPT, code, config, trained_plan

MODEL = f"s3://artifacts-bucket/adult/runs/{RUN}/package/model.tar.gz"


def plan(text: str = BUILT_IN, found: Any = PREPARATION, **changes: Any) -> dict[str, Any]:
    context = trained_plan(text, found, **changes)["context"]
    event = {
        "project": "adult",
        "run": RUN,
        "attempt": 1,
        "config": config(text),
        "model_data_url": MODEL,
        "preparation": None if found is None else json.dumps(found),
        "training_metrics": [],
        "context": context,
    }
    return handler(event, None)


def test_the_handler_gives_an_exact_request() -> None:
    planned = plan()
    request = planned["request"]
    assert_valid("sagemaker", "CreateProcessingJob", request)
    inputs = {i["InputName"]: i["S3Input"]["S3Uri"] for i in request["ProcessingInputs"]}
    assert inputs["model"] == MODEL
    assert inputs["test"] == f"s3://artifacts-bucket/adult/runs/{RUN}/prepared/test/"
    assert request["RoleArn"].endswith("evaluation-job")
    assert planned["evaluation"]["key"] == f"adult/runs/{RUN}/evaluation/evaluation.json"
    assert planned["figures"]["key"] == f"adult/runs/{RUN}/evaluation/figures.json"
    assert json.loads(planned["settings"]["body"]) == {"script": None}


def test_what_grows_with_the_table_goes_through_s3() -> None:
    inputs = {i["InputName"]: i["S3Input"]["S3Uri"] for i in plan()["request"]["ProcessingInputs"]}
    assert inputs["preparation"] == f"s3://artifacts-bucket/adult/runs/{RUN}/prepared/preparation.json"


def test_a_script_is_measured_in_its_own_image_by_its_own_functions() -> None:
    planned = plan(SCRIPT + "target: income\nsplit: {test: 0.2}\n", code=code("train.py", "requirements.txt"))
    assert "scikit-learn" in planned["request"]["AppSpecification"]["ImageUri"]
    assert planned["request"]["NetworkConfig"]["EnableNetworkIsolation"] is False
    assert json.loads(planned["settings"]["body"])["script"] == "train.py"


def test_without_held_out_rows_nothing_runs() -> None:
    assert plan(SCRIPT, None, code=code("train.py"))["request"] is None
    rows = {"rows": {"train": 9, "validation": 0, "test": 0}}
    assert plan(found=PREPARATION | rows)["request"] is None
