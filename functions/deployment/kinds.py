"""What kind of endpoint is live, and what a project.yaml that wants another kind leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropforge.errors import DropforgeError

if TYPE_CHECKING:
    from deployment.models import PlanDeployment
    from dropforge.project import Deploy

#: The one change that AWS makes (developer guide, "serverless-endpoints-update"); there is no way back from it. That
#: AsyncInferenceConfig cannot be taken from an endpoint is quoted in aws/sagemaker-python-sdk#3124.
POSSIBLE = ("serverless", "real_time")
#: The variants of a new version beside the live one.
CHALLENGER, SHADOW = COMPARED_VARIANTS = ("Challenger", "Shadow")
KINDS = {
    "serverless": "is serverless",
    "asynchronous": "answers asynchronously",
    "real_time": "answers in real time, on instances",
}


class EndpointUnusableError(DropforgeError):
    """The endpoint is in a state, or of a kind, that no update leaves; a person has to delete it."""


def variants_of(described: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The variants of an endpoint or a configuration, those that get copies of the calls as well."""
    kinds = ("ProductionVariants", "ShadowProductionVariants")
    return [variant for kind in kinds for variant in (described or {}).get(kind) or []]


def kind_of(config: dict[str, Any] | None) -> str | None:
    """The kind of an endpoint configuration; null where nobody knows it."""
    variants = (config or {}).get("ProductionVariants") or []
    if not variants:
        return None
    if any(v.get("ServerlessConfig") for v in variants):
        return "serverless"
    return "asynchronous" if (config or {}).get("AsyncInferenceConfig") else "real_time"


def fit(facts: PlanDeployment, deploy: Deploy) -> tuple[Deploy, list[str]]:
    """The `deploy` that the live endpoint can become, and what to say of it.

    A version that comes back after a rejection is served as the endpoint is: it is not to wait for a person.

    Raises:
        EndpointUnusableError: an approved version wants a kind of endpoint that this one cannot become.
    """
    live, wanted = kind_of(facts.live_config) if facts.endpoint else None, deploy.serving
    approved = facts.after == "approval"
    if live in (None, wanted) or (wanted == "batch" and approved) or (live, wanted) == POSSIBLE:
        return deploy, []
    name = str((facts.endpoint or {}).get("EndpointName"))
    said = f"endpoint {name} {KINDS[str(live)]}, project.yaml has mode {wanted}, and AWS does not change that"
    if approved:
        raise EndpointUnusableError(
            f"{said}. Write `mode: {live}` under `deploy`; or delete it with `aws sagemaker delete-endpoint "
            f"--endpoint-name {name}`, after which it answers nobody until the package is approved again."
        )
    return _as_it_is(facts, deploy, str(live)), [f"{said}: so it is served as the endpoint was"]


def _as_it_is(facts: PlanDeployment, deploy: Deploy, live: str) -> Deploy:
    """The kind and the instances of what is live; what scales another kind does not scale this one."""
    variant = (facts.live_config or {})["ProductionVariants"][0]
    kept: dict[str, Any] = {"mode": live, "serverless": None, "asynchronous": None, "scaling": None, "variants": None}
    for ours, theirs in (("instance_type", "InstanceType"), ("initial_instance_count", "InitialInstanceCount")):
        if theirs in variant:
            kept[ours] = variant[theirs]
    if "ServerlessConfig" in variant:
        return deploy.model_copy(update={**kept, "serverless": _serverless(variant["ServerlessConfig"])})
    return deploy.model_copy(update=kept)


def _serverless(config: dict[str, Any]) -> Any:
    from dropforge.project_deploy import Serverless

    return Serverless(
        memory=config["MemorySizeInMB"],
        max_concurrency=config["MaxConcurrency"],
        provisioned=config.get("ProvisionedConcurrency"),
    )
