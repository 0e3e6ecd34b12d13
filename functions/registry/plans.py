"""What an approval will do, as project.yaml says it: for the notice that asks for the approval. Pure."""

from __future__ import annotations

from typing import Any

from dropforge.project import Deploy, Project

ROLLOUT = ("size", "unit", "wait", "bake", "alarms", "max_errors", "max_latency")


def deployment_of(config: str) -> tuple[Deploy, dict[str, Any]]:
    """The project's `deploy`, and its facts for the event: mode, strategy, capacity, what takes a version back."""
    deploy = Project.model_validate_json(config).deploy
    told: dict[str, Any] = {
        "enabled": deploy.enabled,
        "mode": deploy.serving,
        "strategy": deploy.moving,
        "instance": {"type": deploy.instance_type, "count": deploy.initial_instance_count},
        "variants": len(deploy.variants or []),
        "capture": deploy.capture is not None and deploy.capture.enabled,
    }
    if deploy.moving in ("ab", "shadow"):
        told["comparison"] = _comparison(deploy)
    rollout = deploy.rollout.model_dump(mode="json") if deploy.rollout else _defaults()
    return deploy, {**told, "rollout": {key: rollout.get(key) for key in ROLLOUT}}


def _defaults() -> dict[str, Any]:
    from dropforge.project_deploy import Rollout

    return Rollout().model_dump(mode="json")


def _comparison(deploy: Deploy) -> dict[str, Any]:
    """The percent of the traffic that it gets first, and the shortest and longest time of it in seconds."""
    from dropforge.project_experiments import AB, Shadow

    if deploy.moving == "ab":
        ab = deploy.ab or AB()
        return {"percent": ab.weight, "bake": ab.bake, "longest": ab.longest}
    shadow = deploy.shadow or Shadow()
    return {"percent": shadow.sampling, "bake": shadow.bake, "longest": shadow.longest}
