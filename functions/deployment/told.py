"""What a deployment's end tells of: alarms, log lines, variants as they really are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from deployment.kinds import COMPARED_VARIANTS, variants_of
from dropforge import names

if TYPE_CHECKING:
    from deployment.models import CheckDeployment, DeploymentPlan

LINES = 20
FAULT = re.compile(r"error|exception|traceback|ended with exit code", re.IGNORECASE)
LINE = 300
UNITS = {"ModelLatency": "microseconds"}


def beside(facts: CheckDeployment) -> tuple[bool, int | None]:
    """Whether a version is beside the live one to be compared with it, and which, as far as anybody knows."""
    endpoint, plan = facts.endpoint or {}, facts.plan
    if not any(v.get("VariantName") in COMPARED_VARIANTS for v in variants_of(endpoint)):
        return False, None
    known = [*(plan.endpoint_configs if plan else []), *([facts.live_config] if facts.live_config else [])]
    config = next((c for c in known if c.get("EndpointConfigName") == endpoint.get("EndpointConfigName")), {})
    models = [v["ModelName"] for v in variants_of(config) if v["VariantName"] in COMPARED_VARIANTS]
    return True, names.modelled_version(models[0]) if models else None


def in_words(alarm: dict[str, Any]) -> str:
    """An alarm in words."""
    unit = f" {UNITS[alarm['MetricName']]}" if alarm.get("MetricName") in UNITS else ""
    figure = f"{alarm.get('MetricName')} over {alarm.get('Threshold')}{unit}" if alarm.get("MetricName") else None
    return f"alarm {alarm.get('AlarmName')} rang ({figure or alarm.get('StateReason') or 'a composite alarm'})"


def rung(facts: CheckDeployment) -> list[dict[str, Any]]:
    """The alarms that took it back: ringing still, or named by SageMaker, for without traffic they soon fall silent."""
    said = str((facts.endpoint or {}).get("FailureReason") or "")
    return [a for a in facts.alarms if a.get("StateValue") == "ALARM" or f"{a.get('AlarmName')}" in said]


def of_alarm(alarm: dict[str, Any]) -> dict[str, Any]:
    """What a person wants to know of an alarm."""
    return {
        "name": alarm.get("AlarmName"),
        "metric": alarm.get("MetricName"),
        "threshold": alarm.get("Threshold"),
        "unit": UNITS.get(str(alarm.get("MetricName"))),
        "reason": alarm.get("StateReason"),
        "description": alarm.get("AlarmDescription"),
    }


def last_lines(streams: list[dict[str, Any]]) -> str | None:
    """The last lines of the container that tells of a fault, or else of the newest one."""
    texts = [[str(line.get("Message", "")).rstrip()[:LINE] for line in s.get("events") or []] for s in streams]
    faulty = [lines for lines in texts if any(FAULT.search(line) for line in lines)]
    shown = next(iter(faulty or [lines for lines in texts if lines]), [])
    return "\n".join(shown[-LINES:]) or None


def _asked(plan: DeploymentPlan | None) -> list[dict[str, Any]]:
    configs = {c["EndpointConfigName"]: c for c in plan.endpoint_configs} if plan else {}
    found = configs.get(plan.config or "") if plan else None
    return list(found["ProductionVariants"]) if found else []


def variants(plan: DeploymentPlan | None, live: dict[str, Any]) -> list[dict[str, Any]]:
    """Each variant as it was asked for, with the weight and count that it really has."""
    real = {v.get("VariantName"): v for v in live.get("ProductionVariants") or []}
    found = []
    for variant in _asked(plan):
        now = real.get(variant["VariantName"], {})
        count = now.get("CurrentInstanceCount") or variant.get("InitialInstanceCount")
        found.append(
            {
                "name": variant["VariantName"],
                "model_version": names.modelled_version(variant["ModelName"]),
                "weight": now.get("CurrentWeight", variant["InitialVariantWeight"]),
                "instance": {"type": variant["InstanceType"], "count": count} if "InstanceType" in variant else None,
                "serverless": variant.get("ServerlessConfig"),
            }
        )
    return found


def instance(plan: DeploymentPlan | None, live: dict[str, Any]) -> dict[str, Any] | None:
    """The first variant's; the count is the live one, which an update keeps if somebody scaled the endpoint."""
    found = variants(plan, live)
    return found[0]["instance"] if found else None
