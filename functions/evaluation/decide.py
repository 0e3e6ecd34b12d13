"""Evaluation's first decision: the evaluating job."""

from __future__ import annotations

import json

from dropforge import names
from dropforge.jobs import Job, JobSettings, processing_request
from dropforge.project import Project
from evaluation.models import EvaluationPlan, PlanEvaluation


class PlanEvaluationSettings(JobSettings):
    """The environment of `plan_evaluation`."""

    evaluation_job_role_arn: str


def plan_evaluation(facts: PlanEvaluation, settings: PlanEvaluationSettings) -> EvaluationPlan:
    """Measure the package on the test rows; nothing to do where no rows were kept."""
    found = json.loads(facts.preparation) if facts.preparation else None
    if not found or not found["rows"].get("test"):
        return EvaluationPlan(reason="no rows were held out, so the gate reads the training job's metrics")
    project = Project.model_validate_json(facts.config)
    folder = names.run_folder(settings.artifacts_bucket_name, facts.project, facts.run)
    given, output = folder.below("settings/evaluate.json"), folder.below("evaluation/")
    job = Job(
        name=names.job_name(facts.run, "evaluate", names.job_attempt(facts.attempt)),
        module="evaluate",
        image=facts.context["image_uri"],
        inputs={
            "model": facts.model_data_url,
            "test": f"{facts.context['prepared_uri']}test/",
            "settings": given.uri,
            "preparation": f"{facts.context['prepared_uri']}preparation.json",
        },
        output_name="evaluation",
        output_uri=output.uri,
        instance_type=project.evaluate.instance_type,
        role_arn=settings.evaluation_job_role_arn,
        isolated=facts.context["isolated"],
    )
    program = facts.context["environment"]["SAGEMAKER_PROGRAM"]
    body = json.dumps({"script": program if project.script else None})
    return EvaluationPlan(
        request=processing_request(job, settings, names.tags(facts.project, facts.run)),
        settings=given.parts() | {"body": body},
        evaluation=output.below("evaluation.json").parts(),
        figures=output.below("figures.json").parts(),
        reason=f"{found['rows']['test']} rows were held out",
    )
