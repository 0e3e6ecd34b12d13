"""Evaluation's first decision: the evaluating jobs, of the candidate and of the champion."""

from __future__ import annotations

import json
from typing import Any

from dropforge import names
from dropforge.jobs import Job, JobSettings, processing_request
from dropforge.project import Project
from evaluation.models import EvaluationPlan, PlanEvaluation

MARK = "dropforge:"
OURS = "inference.py"  # the program of our own packages


class PlanEvaluationSettings(JobSettings):
    """The environment of `plan_evaluation`."""

    evaluation_job_role_arn: str


def plan_evaluation(facts: PlanEvaluation, settings: PlanEvaluationSettings) -> EvaluationPlan:
    """Measure the package on the test rows; nothing to do where no rows were kept. Its champion likewise."""
    found = json.loads(facts.preparation) if facts.preparation else None
    champion = _champion(facts)
    if not found or not found["rows"].get("test"):
        reason = "no rows were held out"
        told = champion and {**champion, "reason": f"{reason}, so there is nothing to compare it on"}
        return EvaluationPlan(reason=f"{reason}, so the gate reads the training job's metrics", champion=told)
    project = Project.model_validate_json(facts.config)
    program = facts.context["environment"]["SAGEMAKER_PROGRAM"]
    parts = _Parts(facts, settings, project.evaluate.instance_type, (champion or {}).get("learnt_uri"))
    candidate = parts.planned(
        "evaluate",
        "",
        {"image": facts.context["image_uri"], "model": facts.model_data_url, "isolated": facts.context["isolated"]},
        {"script": program if project.script else None},
    )
    return EvaluationPlan(
        **candidate, champion=_measured(champion, parts, facts), reason=f"{found['rows']['test']} rows were held out"
    )


class _Parts:
    """What the jobs of candidate and champion have in common."""

    def __init__(
        self, facts: PlanEvaluation, settings: PlanEvaluationSettings, instance_type: str, learnt_uri: str | None
    ) -> None:
        self.facts, self.settings, self.instance_type = facts, settings, instance_type
        prepared = facts.context.get("prepared_uri")
        self.inputs = {"test": f"{prepared}test/", "preparation": f"{prepared}preparation.json"}
        if learnt_uri:
            self.inputs["learnt"] = learnt_uri

    def planned(self, step: str, below: str, model: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        """The job `step` that measures a model (`image`, `model`, `isolated`), its settings and its results."""
        facts = self.facts
        folder = names.run_folder(self.settings.artifacts_bucket_name, facts.project, facts.run)
        given, written = folder.below(f"settings/{below}evaluate.json"), folder.below(f"evaluation/{below}")
        job = Job(
            name=names.job_name(facts.run, step, names.job_attempt(facts.attempt)),
            module="evaluate",
            image=model["image"],
            inputs={"model": model["model"], "settings": given.uri, **self.inputs},
            output_name="evaluation",
            output_uri=written.uri,
            instance_type=self.instance_type,
            role_arn=self.settings.evaluation_job_role_arn,
            isolated=model["isolated"],
        )
        return {
            "request": processing_request(job, self.settings, names.tags(facts.project, facts.run)),
            "settings": given.parts() | {"body": json.dumps(said)},
            "evaluation": written.below("evaluation.json").parts(),
            "figures": written.below("figures.json").parts(),
        }


def _champion(facts: PlanEvaluation) -> dict[str, Any] | None:
    """What the registry knows of the champion; None without one, or if it is this very run's."""
    chosen, package = facts.champion, facts.champion_package
    if chosen is None or chosen.package_arn is None:
        return {"version": None, "live": True, "reason": chosen.reason} if chosen and chosen.live else None
    told: dict[str, Any] = {"version": chosen.version, "live": chosen.live}
    said = {
        key.removeprefix(MARK): value
        for key, value in ((package or {}).get("CustomerMetadataProperties") or {}).items()
        if key.startswith(MARK)
    }
    if said.get("run") == facts.run:
        return None
    if not package or said.get("project") != facts.project:
        why = "it was not made by Dropforge" if package else "the registry does not give it"
        return {**told, "reason": f"{why}, so it was not measured"}
    return {**told, **{key: said.get(key) for key in ("run", "drop", "metric", "value")}} | {
        "digest": said.get("dataset-digest"),
        "learnt_uri": said.get("learnt-uri"),
        "isolated": said.get("isolated") != "false",
    }


def _measured(champion: dict[str, Any] | None, parts: _Parts, facts: PlanEvaluation) -> dict[str, Any] | None:
    """The champion with the job that measures it, in its own image."""
    if champion is None or "reason" in champion:
        return champion
    container = ((facts.champion_package or {}).get("InferenceSpecification") or {}).get("Containers", [{}])[0]
    if not container.get("Image") or not container.get("ModelDataUrl"):
        return {**champion, "reason": "its package names no image or no archive, so it was not measured"}
    program = (container.get("Environment") or {}).get("SAGEMAKER_PROGRAM", OURS)
    model = {"image": container["Image"], "model": container["ModelDataUrl"], "isolated": champion["isolated"]}
    said = {"script": None if program == OURS else program, "champion": True}
    return {**champion, **parts.planned("champion", "champion/", model, said)}
