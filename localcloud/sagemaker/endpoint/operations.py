"""Create, Describe, Update, List and Delete Endpoint, UpdateEndpointWeightsAndCapacities."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import endpoint_config, inference_modes, listing, tags
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint import plan, rules, state, summaries
from localcloud.sagemaker.endpoint.alarms import Alarms
from localcloud.sagemaker.endpoint.deployment import Deployment
from localcloud.sagemaker.errors import InvalidRequestError
from localcloud.sagemaker.store import Record


def create(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Accept the endpoint and bring it up; the answer comes before it serves."""
    rules.check_deployment(request.get("DeploymentConfig"))
    config = endpoint_config.get(context, request["EndpointConfigName"])
    wanted = plan.make(context, config)
    request_tags = tags.check(request.get("Tags", []))
    record = context.new(state.KIND, request["EndpointName"], "Creating", {})
    record.document |= {
        "EndpointName": record.name,
        "EndpointArn": record.arn,
        "EndpointConfigName": config.name,
        "EndpointStatus": "Creating",
        **summaries.wanted(wanted),
        "CreationTime": record.created,
        "LastModifiedTime": record.created,
        "_plan": wanted,
    }
    if "DeploymentConfig" in request:
        record.document["LastDeploymentConfig"] = request["DeploymentConfig"]
    exists = InvalidRequestError(f'Cannot create already existing endpoint "{record.arn}".')
    context.insert(record, request_tags, exists)
    state.tell(context, record)
    context.endpoints.start(record.name, Deployment(context, record.name).create)
    return {"EndpointArn": record.arn}


def describe(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The endpoint as it is now."""
    document = state.get(context, request["EndpointName"]).document
    capture = document["_plan"].get("DataCaptureConfig")
    if capture:
        document["DataCaptureConfig"] = _capture_summary(capture)
    if plan.is_asynchronous(document["_plan"]):
        document["AsyncInferenceConfig"] = document["_plan"]["AsyncInferenceConfig"]
    return document


def update(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Move to another configuration, as DeploymentConfig says; all at once without one."""
    current = state.get(context, request["EndpointName"])
    name = current.name
    deployment = _deployment_config(request, current)
    pending = plan.make(context, endpoint_config.get(context, request["EndpointConfigName"]))
    excluded = request.get("ExcludeRetainedVariantProperties", [])
    if excluded and not request.get("RetainAllVariantProperties"):
        raise InvalidRequestError("ExcludeRetainedVariantProperties needs RetainAllVariantProperties to be true.")
    # Outside of the store's transaction: this asks CloudWatch.
    Alarms(context, plan.role(pending), deployment or {}).require()

    def change(record: Record) -> None:
        document = record.document
        if request.get("RetainAllVariantProperties"):
            plan.retain(pending, document["_plan"], excluded)
        _begin(context, record)
        rules.check_update(deployment, document["_plan"], pending)
        rules.check_scaled(context.scaled(name), document["_plan"], pending)
        document["_pending"] = pending
        document["PendingDeploymentSummary"] = summaries.pending(pending, record.modified)
        document.pop("LastDeploymentConfig", None)
        document["_deployment"] = deployment
        if deployment is not None:
            document["LastDeploymentConfig"] = deployment

    record = context.store.update(state.KIND, name, change)
    state.tell(context, record)
    context.endpoints.start(name, Deployment(context, name).update)
    return {"EndpointArn": record.arn}


def _deployment_config(request: dict[str, Any], current: Record) -> dict[str, Any] | None:
    given: dict[str, Any] | None = request.get("DeploymentConfig")
    if request.get("RetainDeploymentConfig"):
        if given is not None:
            raise InvalidRequestError("RetainDeploymentConfig cannot be true when DeploymentConfig is given.")
        given = current.document.get("LastDeploymentConfig")
    rules.check_deployment(given)
    return given


def update_weights(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Weights of many variants, or the capacity of one."""
    name = state.get(context, request["EndpointName"]).name
    wanted = request["DesiredWeightsAndCapacities"]
    weights = {item["VariantName"]: item["DesiredWeight"] for item in wanted if "DesiredWeight" in item}
    counts = {item["VariantName"]: item["DesiredInstanceCount"] for item in wanted if "DesiredInstanceCount" in item}

    def change(record: Record) -> None:
        _begin(context, record)
        _check_capacities(record, wanted, counts)
        serverless = _serverless(record, wanted)
        record.document["_rescale"] = {"weights": weights, "counts": counts, "serverless": serverless}
        for variant in record.document["ProductionVariants"]:
            variant["DesiredWeight"] = weights.get(variant["VariantName"], variant["DesiredWeight"])
            if variant["VariantName"] in counts:
                variant["DesiredInstanceCount"] = counts[variant["VariantName"]]
                _scaling(context, variant)
            if variant["VariantName"] in serverless:
                variant["DesiredServerlessConfig"] = serverless[variant["VariantName"]]

    record = context.store.update(state.KIND, name, change)
    state.tell(context, record)
    if counts:
        state.tell_deployment(context, record)
    context.endpoints.start(name, Deployment(context, name).rescale)
    return {"EndpointArn": record.arn}


def _serverless(record: Record, wanted: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The ServerlessConfig that each variant shall have."""
    current = {each["VariantName"]: each.get("serverless") for each in record.document["_plan"]["variants"]}
    found = {}
    for item in wanted:
        name, before = item["VariantName"], current[item["VariantName"]]
        if "DesiredInstanceCount" in item and before:
            raise InvalidRequestError(f"DesiredInstanceCount is not supported for serverless variant {name}.")
        if "ServerlessUpdateConfig" not in item:
            continue
        if not before:
            raise InvalidRequestError(f"ServerlessUpdateConfig is not supported for instance-based variant {name}.")
        found[name] = before | item["ServerlessUpdateConfig"]
        inference_modes.check_concurrency(name, found[name])
    return found


def _scaling(context: Context, variant: dict[str, Any]) -> None:
    count = variant["DesiredInstanceCount"]
    way = "out" if count >= variant.get("CurrentInstanceCount", 0) else "in"
    message = f"Scaling {way} desired instance count to {count}."
    variant["VariantStatus"] = [{"Status": "Updating", "StatusMessage": message, "StartTime": context.clock()}]


def list_(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListEndpoints."""
    return listing.page(context, _LISTING, request)


def delete(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Status Deleting; the endpoint is gone when its processes are."""
    name = state.get(context, request["EndpointName"]).name

    def change(record: Record) -> None:
        _refuse_busy(record)
        record.status = record.document["EndpointStatus"] = "Deleting"
        record.modified = record.document["LastModifiedTime"] = context.clock()

    state.tell(context, context.store.update(state.KIND, name, change))
    context.endpoints.start(name, Deployment(context, name).delete)
    return {}


def _begin(context: Context, record: Record) -> None:
    """Status Updating, if the endpoint may be updated now."""
    _refuse_busy(record)
    if record.status not in state.UPDATABLE:
        raise InvalidRequestError(
            f'Cannot update endpoint "{record.arn}" in status {record.status}: DeleteEndpoint is the only operation '
            "that can be performed on a failed endpoint."
        )
    record.status = record.document["EndpointStatus"] = "Updating"
    record.modified = record.document["LastModifiedTime"] = context.clock()


def _refuse_busy(record: Record) -> None:
    if record.status in state.BUSY:
        raise InvalidRequestError(f'Cannot update in-progress endpoint "{record.arn}".')


def _check_capacities(record: Record, wanted: list[dict[str, Any]], counts: dict[str, int]) -> None:
    known = {variant["VariantName"] for variant in record.document["ProductionVariants"]}
    unknown = [item["VariantName"] for item in wanted if item["VariantName"] not in known]
    if unknown:
        raise InvalidRequestError(f'The variant name(s) "{", ".join(unknown)}" is/are not present within endpoint '
                                  f'configuration "{record.document["EndpointConfigName"]}".')  # fmt: skip
    if len(counts) > 1:
        raise InvalidRequestError("The capacity of only one variant can be changed at a time.")
    least = 0 if plan.is_asynchronous(record.document["_plan"]) else 1
    if any(count < least for count in counts.values()):
        raise InvalidRequestError(f"DesiredInstanceCount must be at least {least}.")


def _capture_summary(config: dict[str, Any]) -> dict[str, Any]:
    enabled = config.get("EnableCapture", False)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


def _summary(record: Record) -> dict[str, Any]:
    return record.document


_LISTING = listing.Listing(state.KIND, "Endpoints", _summary, "Descending")

OPERATIONS = {
    "CreateEndpoint": create,
    "DescribeEndpoint": describe,
    "UpdateEndpoint": update,
    "UpdateEndpointWeightsAndCapacities": update_weights,
    "ListEndpoints": list_,
    "DeleteEndpoint": delete,
}
