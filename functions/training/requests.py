"""The CreateTrainingJob request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dropforge import names
from training import xgboost

if TYPE_CHECKING:
    from dropforge.project import Project

CODE_CHANNEL = "code"
LOG_LEVEL = "20"


def channel(name: str, uri: str, content_type: str | None = None) -> dict[str, Any]:
    """One File-mode channel: everything below the S3 prefix."""
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    made: dict[str, Any] = {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": "File"}
    return made | ({"ContentType": content_type} if content_type else {})


def training_request(
    project: Project,
    context: dict[str, Any],
    hyperparameters: dict[str, str],
    channels: list[dict[str, Any]],
) -> dict[str, Any]:
    """The exact request; `context` is the run plan's."""
    train = project.train
    algorithm: dict[str, Any] = {"TrainingImage": context["image_uri"], "TrainingInputMode": "File"}
    if train.metrics:
        algorithm["MetricDefinitions"] = [{"Name": m.name, "Regex": m.regex} for m in train.metrics]
    resources: dict[str, Any] = {
        "InstanceType": train.instance_type,
        "InstanceCount": train.instance_count,
        "VolumeSizeInGB": train.volume_size,
    }
    if not names.has_local_storage(train.instance_type):
        resources["VolumeKmsKeyId"] = context["key_arn"]
    return {
        "TrainingJobName": names.job_name(context["run"], "train", names.job_attempt(context["attempt"])),
        "RoleArn": context["training_job_role_arn"],
        "AlgorithmSpecification": algorithm,
        "HyperParameters": hyperparameters,
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": context["training_uri"], "KmsKeyId": context["key_arn"]},
        "ResourceConfig": resources,
        "StoppingCondition": {"MaxRuntimeInSeconds": train.max_runtime},
        "EnableNetworkIsolation": context["isolated"],
        "EnableInterContainerTrafficEncryption": train.instance_count > 1,
        "Environment": {
            "DROPFORGE_PROJECT": context["project"],
            "DROPFORGE_RUN": context["run"],
            # where a script may write beside its model; nothing else in a container names the bucket
            "DROPFORGE_RUN_URI": context["training_uri"].removesuffix("training"),
        },
        "Tags": names.tags(context["project"], context["run"]),
    }


def script_hyperparameters(project: Project, region: str) -> dict[str, str]:
    """The user's, and those by which the framework images find the script.

    JSON-encoded as the SageMaker SDK does. The code comes as a channel, since an isolated job cannot download it.
    """
    ours = {
        "sagemaker_program": project.script,
        "sagemaker_submit_directory": f"/opt/ml/input/data/{CODE_CHANNEL}/sourcedir.tar.gz",
        "sagemaker_container_log_level": int(LOG_LEVEL),
        "sagemaker_region": region,
    }
    return {name: json.dumps(value) for name, value in {**project.train.hyperparameters, **ours}.items()}


def built_in(project: Project, context: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """The request for the built-in algorithm, on prepared rows (text/csv, label first, no header)."""
    prepared = context["prepared_uri"]
    channels = [channel("train", f"{prepared}train/", "text/csv")]
    if found["rows"].get("validation"):
        channels.append(channel("validation", f"{prepared}validation/", "text/csv"))
    chosen = xgboost.hyperparameters(project.train.hyperparameters, found)
    return training_request(project, context, chosen, channels)


def script(project: Project, context: dict[str, Any], found: dict[str, Any] | None) -> dict[str, Any]:
    """The request for a user's script, on the dropped bytes or, with `split`, on its parts."""
    places = {"train": context["dataset"]["uri"]}
    validation = context["dataset"].get("validation")
    if found is not None:
        places["train"] = f"{context['prepared_uri']}train/"
    if validation:
        places["validation"] = validation["uri"]
    elif found is not None and found["rows"].get("validation"):
        places["validation"] = f"{context['prepared_uri']}validation/"
    renamed: dict[Any, str] = dict(project.train.channels)
    channels = [channel(renamed.get(name, name), uri) for name, uri in places.items()]
    channels.append(channel(CODE_CHANNEL, context["code"]["uri"]))
    return training_request(project, context, script_hyperparameters(project, context["region"]), channels)
