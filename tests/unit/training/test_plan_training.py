from __future__ import annotations

import json

import pytest
from dropforge.errors import ProjectInvalidError
from training.plan_training import handler

from tests.unit.botocore_check import assert_valid
from tests.unit.training.facts import BUILT_IN, PREPARATION, RUN, SCRIPT, code, dataset, planned, trained_plan


def channels(request: dict) -> dict[str, str]:  # type: ignore[type-arg]
    return {c["ChannelName"]: c["DataSource"]["S3DataSource"]["S3Uri"] for c in request["InputDataConfig"]}


def test_the_handler_gives_an_exact_request() -> None:
    given = handler({"plan": planned(), "preparation": json.dumps(PREPARATION)}, None)
    request = given["request"]
    assert_valid("sagemaker", "CreateTrainingJob", request)
    assert request["TrainingJobName"] == f"df-{RUN}-train-a1"
    assert request["EnableNetworkIsolation"] is True
    assert "MetricDefinitions" not in request["AlgorithmSpecification"]
    assert request["OutputDataConfig"]["KmsKeyId"] == request["ResourceConfig"]["VolumeKmsKeyId"]
    assert channels(request) == {
        "train": f"s3://artifacts-bucket/adult/runs/{RUN}/prepared/train/",
        "validation": f"s3://artifacts-bucket/adult/runs/{RUN}/prepared/validation/",
    }
    assert given["environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    assert given["package"]["target"].endswith("/package/model.tar.gz")
    assert list(given["package"]["additions"]["files"]) == ["preprocessor.json"]
    assert given["context"]["problem"] == "binary"


@pytest.mark.parametrize(
    ("problem", "objective", "metric"),
    [
        ("binary", "binary:logistic", "logloss"),
        ("multiclass", "multi:softprob", "mlogloss"),
        ("regression", "reg:squarederror", "rmse"),
    ],
)
def test_hyperparameters_follow_the_problem(problem: str, objective: str, metric: str) -> None:
    chosen = trained_plan(found=PREPARATION | {"problem": problem, "classes": 3})["request"]["HyperParameters"]
    assert chosen["objective"] == objective
    assert chosen["eval_metric"].endswith(metric)
    assert chosen.get("num_class") == ("3" if problem == "multiclass" else None)
    assert all(isinstance(v, str) for v in chosen.values())


def test_early_stopping_needs_validation_rows() -> None:
    request = trained_plan(found=PREPARATION | {"rows": {"train": 9, "validation": 0, "test": 3}})["request"]
    assert "early_stopping_rounds" not in request["HyperParameters"]
    assert list(channels(request)) == ["train"]


def test_the_projects_hyperparameters_win_and_an_alias_replaces_its_name() -> None:
    text = BUILT_IN + "train: {hyperparameters: {learning_rate: 0.3, num_round: 5}}\n"
    chosen = trained_plan(text)["request"]["HyperParameters"]
    assert (chosen["eta"], chosen["num_round"], "learning_rate" in chosen) == ("0.3", "5", False)


def test_an_objective_that_does_not_fit_the_data_is_refused() -> None:
    text = BUILT_IN + "train: {hyperparameters: {objective: 'reg:squarederror'}}\n"
    with pytest.raises(ProjectInvalidError, match="binary:logistic"):
        trained_plan(text)


def test_a_script_finds_its_code_in_a_channel_and_its_arguments_as_json() -> None:
    text = (
        "algorithm: sklearn\ntrain:\n  hyperparameters: {n-estimators: 10, criterion: gini, warm: true}\n"
        "  metrics: [{name: 'validation:f1', regex: 'f1=([0-9.]+)'}]\n"
    )
    given = trained_plan(text, found=None, code=code("train.py", "inference.py"))
    request = given["request"]
    assert_valid("sagemaker", "CreateTrainingJob", request)
    said = {k: json.loads(v) for k, v in request["HyperParameters"].items()}
    assert said["sagemaker_program"] == "train.py"
    assert said["sagemaker_submit_directory"] == "/opt/ml/input/data/code/sourcedir.tar.gz"
    assert (said["n-estimators"], said["criterion"], said["warm"]) == (10, "gini", True)
    assert channels(request)["train"] == dataset()["uri"]
    assert channels(request)["code"].endswith("/sourcedir.tar.gz")
    assert request["AlgorithmSpecification"]["MetricDefinitions"][0]["Regex"] == "f1=([0-9.]+)"
    assert given["environment"]["SAGEMAKER_PROGRAM"] == "inference.py"
    assert given["package"]["additions"]["code"] == code()["uri"]


def test_a_scripts_channels_can_be_renamed() -> None:
    held_out = {"digest": "e" * 64, "uri": "s3://artifacts-bucket/adult/datasets/e/"}
    text = SCRIPT + "train: {channels: {validation: test}}\n"
    given = trained_plan(text, found=None, code=code("train.py"), dataset=dataset(validation=held_out))
    assert channels(given["request"])["test"] == held_out["uri"]


def test_a_script_with_split_trains_on_its_part() -> None:
    text = SCRIPT + "target: income\nsplit: {test: 0.2}\n"
    request = trained_plan(text, code=code("train.py"))["request"]
    assert channels(request)["train"].endswith("/prepared/train/")
    assert channels(request)["validation"].endswith("/prepared/validation/")


def test_an_instance_with_its_own_disks_takes_no_volume_key() -> None:
    request = trained_plan(BUILT_IN + "train: {instance_type: ml.g4dn.xlarge}\n")["request"]
    assert "VolumeKmsKeyId" not in request["ResourceConfig"]
    assert_valid("sagemaker", "CreateTrainingJob", request)


def test_several_hosts_encrypt_what_they_say_to_each_other() -> None:
    request = trained_plan(BUILT_IN + "train: {instance_count: 2}\n")["request"]
    assert request["EnableInterContainerTrafficEncryption"] is True
