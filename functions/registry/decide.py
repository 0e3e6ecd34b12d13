"""Registry's decision: how a candidate stands in the model registry."""

from __future__ import annotations

import re
from typing import Any

from dropforge import events
from dropforge.endpoint_cost import endpoint_cost
from dropforge.settings import Settings
from registry.models import PackagePlan, PlanPackage
from registry.plans import deployment_of

CONTENT_TYPES = ["text/csv", "application/json"]
VALUE_LIMIT = 256
DESCRIPTION_LIMIT = 1024
_NOT_ALLOWED = re.compile(r"[^\w .:/=+\-@]")  # in CustomerMetadataProperties; \w is narrower than AWS's \p{L}\p{N}_


class PlanPackageSettings(Settings):
    """`PRICES` may override the price list (JSON in the form of prices.json)."""

    prices: str = ""


def plan_package(facts: PlanPackage, settings: PlanPackageSettings) -> PackagePlan:
    """A model package that waits for approval, with its figures and where it came from.

    Versioned packages take no tags, so what tags would say is in CustomerMetadataProperties (at most 50, values to 256
    characters without commas or braces). The client token comes from the run alone: a repeat makes no second version.
    """
    gate = facts.evaluation
    deploy, deployment = deployment_of(facts.context["config"])
    package: dict[str, Any] = {
        "ModelPackageGroupName": facts.project,
        "ModelPackageDescription": _description(facts),
        "ModelApprovalStatus": "PendingManualApproval",
        "ClientToken": f"df-{facts.run}",
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": facts.context["image_uri"],
                    "ModelDataUrl": facts.model_data_url,
                    "Environment": facts.context["environment"],
                }
            ],
            "SupportedContentTypes": CONTENT_TYPES,
            "SupportedResponseMIMETypes": CONTENT_TYPES,
        },
        "MetadataProperties": {"GeneratedBy": facts.training_job_arn, "ProjectId": facts.project},
        "CustomerMetadataProperties": _properties(facts),
    }
    if gate.get("evaluation_uri"):
        statistics = {"ContentType": "application/json", "S3Uri": gate["evaluation_uri"]}
        package["ModelMetrics"] = {"ModelQuality": {"Statistics": statistics}}
    return PackagePlan(
        group={
            "ModelPackageGroupName": facts.project,
            "ModelPackageGroupDescription": f"Models of the Dropforge project {facts.project}",
            "Tags": [{"Key": "dropforge:project", "Value": facts.project}],
        },
        package=package,
        detail=events.detail(
            "Model Registered",
            facts.run,
            f"a{facts.attempt}",
            project=facts.project,
            run=facts.run,
            drop=facts.drop,
            cause=facts.cause,
            digest=facts.digest,
            fingerprint=facts.fingerprint,
            reasons=gate.get("reasons", []),
            gate={k: gate.get(k) for k in ("metric", "value", "threshold")},
            evaluation_uri=gate.get("evaluation_uri"),
            champion=gate.get("champion"),
            deployment=deployment,
            endpoint_cost=endpoint_cost(deploy, facts.context.get("region", ""), settings.prices),
        ),
    )


def _description(facts: PlanPackage) -> str:
    reasons = "; ".join(facts.evaluation.get("reasons", []))
    text = f"Dropforge run {facts.run} of drop {facts.drop}: {reasons}"
    return " ".join(text.split())[:DESCRIPTION_LIMIT]


def _properties(facts: PlanPackage) -> dict[str, str]:
    context, gate = facts.context, facts.evaluation
    rows = facts.summary.get("rows") or {}
    learnt = f"{context.get('prepared_uri')}learnt/" if facts.summary.get("learnt") else None
    said = {
        "project": facts.project,
        "run": facts.run,
        "drop": facts.drop,
        "dataset-digest": facts.digest,
        "dataset-uri": (context.get("dataset") or {}).get("uri"),
        "code-digest": (context.get("code") or {}).get("digest"),
        "fingerprint": facts.fingerprint,
        "problem": context.get("problem"),
        "isolated": str(context.get("isolated", True)).lower(),
        "metric": gate.get("metric"),
        "value": gate.get("value"),
        "threshold": gate.get("threshold"),
        **{f"rows-{part}": count for part, count in rows.items()},
        "learnt-uri": learnt,  # for the comparison with a later candidate
        **_champion(gate.get("champion"), gate.get("metric")),
    }
    return {f"dropforge:{k}": _allowed(v) for k, v in said.items() if v is not None}


def _champion(champion: dict[str, Any] | None, metric: str | None) -> dict[str, Any]:
    """The comparison in short: with which version, and both figures of the gate's metric on the same rows."""
    if not champion:
        return {}
    pair = (champion.get("metrics") or {}).get(metric) if champion.get("compared") else None
    told = f"{metric} {pair[0]:g} of the champion and {pair[1]:g} of this one" if pair else "not compared"
    return {"champion-version": champion.get("version"), "champion": told}


def _allowed(value: object) -> str:
    return _NOT_ALLOWED.sub("-", str(value))[:VALUE_LIMIT]
