"""Batch's decisions: which model predicts a drop, and the exact requests for it."""

from __future__ import annotations

from typing import Any

from batch.models import BatchPlan, ChooseModel, ModelChoice, PlanBatch
from dropforge import names
from dropforge.errors import InputInvalidError
from dropforge.project import Deploy, Project
from dropforge.settings import Settings

#: Megabytes of rows in one request; SageMaker's own default, said so that it does not depend on the image.
PAYLOAD = 6
USUAL_INSTANCE = "ml.m5.large"  # where AWS has no transform jobs on what the endpoint runs on


class PlanBatchSettings(Settings):
    """The environment of `plan_batch`."""

    artifacts_bucket_name: str
    key_arn: str
    batch_model_role_arn: str


def choose_model(facts: ChooseModel) -> ModelChoice:
    """The version that the endpoint serves, if it is still approved; else the newest approved one."""
    approved = {int(p["ModelPackageVersion"]): str(p["ModelPackageArn"]) for p in facts.approved}
    live = names.configured_version((facts.endpoint or {}).get("EndpointConfigName"))
    version = live[1] if live else None
    if version in approved:
        return ModelChoice(
            model_package_arn=approved[version], version=version, reason=f"endpoint {facts.project} serves it"
        )
    if not approved:
        return ModelChoice(reason=f"no model of project {facts.project} is approved")
    newest = max(approved)
    return ModelChoice(model_package_arn=approved[newest], version=newest, reason="it is the newest approved version")


def run_of(project: str, package: dict[str, Any]) -> str:
    """The run that made a package.

    Raises:
        InputInvalidError: the package is not one of Dropforge's.
    """
    run = (package.get("CustomerMetadataProperties") or {}).get("dropforge:run")
    if not run:
        raise InputInvalidError(
            f"version {package.get('ModelPackageVersion')} of {project} was not made by Dropforge, which therefore "
            "does not know what rows it reads; approve one that was"
        )
    return str(run)


def plan_batch(facts: PlanBatch, settings: PlanBatchSettings) -> BatchPlan:
    """A model of batch's own from the package, and the job that sends it every row.

    A transform job reads and writes with its model's role, so the endpoint's model, which may do neither, is not used.
    """
    run, version = run_of(facts.project, facts.package), int(facts.package["ModelPackageVersion"])
    deploy = Project.model_validate_json(facts.config).deploy if facts.config else Deploy()
    model, tags = f"{names.model_name(run, version)}-batch", names.tags(facts.project, run)
    return BatchPlan(model=_model(facts.package, model, settings, tags), job=_job(facts, model, deploy, settings, tags))


def _model(
    package: dict[str, Any], name: str, settings: PlanBatchSettings, tags: list[dict[str, str]]
) -> dict[str, Any]:
    container = package["InferenceSpecification"]["Containers"][0]
    isolated = (package.get("CustomerMetadataProperties") or {}).get("dropforge:isolated") != "false"
    return {
        "ModelName": name,
        "PrimaryContainer": {k: container[k] for k in ("Image", "ModelDataUrl", "Environment") if k in container},
        "ExecutionRoleArn": settings.batch_model_role_arn,
        "EnableNetworkIsolation": isolated,
        "Tags": tags,
    }


def _job(
    facts: PlanBatch, model: str, deploy: Deploy, settings: PlanBatchSettings, tags: list[dict[str, str]]
) -> dict[str, Any]:
    folder = names.batch_folder(settings.artifacts_bucket_name, facts.project, facts.drop)
    kind = facts.staged["content_type"]
    instance = deploy.instance_type if names.transforms(deploy.instance_type) else USUAL_INSTANCE
    resources: dict[str, Any] = {
        "InstanceType": instance,
        "InstanceCount": max(1, min(deploy.initial_instance_count, len(facts.staged["files"]))),
    }
    if not names.has_local_storage(instance):
        resources["VolumeKmsKeyId"] = settings.key_arn
    return {
        "TransformJobName": names.job_name(facts.drop, "batch", names.job_attempt(facts.attempt)),
        "ModelName": model,
        "MaxPayloadInMB": PAYLOAD,
        "BatchStrategy": "MultiRecord",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": folder.below("input/").uri}},
            "ContentType": kind,
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": folder.below("output").uri,
            "Accept": kind,
            "AssembleWith": "Line",
            "KmsKeyId": settings.key_arn,
        },
        "TransformResources": resources,
        "Tags": tags,
    }
