"""Training's second decision: from the plan and the prepared data to the training request."""

from __future__ import annotations

import json
from typing import Any

from dropforge.project import Project
from training import requests
from training.models import PlanTraining, TrainingPlan

SERVED_CODE = "/opt/ml/model/code"


def plan_training(facts: PlanTraining) -> TrainingPlan:
    """The training request, and what the package needs besides the trained archive.

    Raises:
        ProjectInvalidError: the project's hyperparameters do not fit what was found in the data.
    """
    context = facts.plan.context
    project = Project.model_validate_json(context["config"])
    found = json.loads(facts.preparation) if facts.preparation else None
    code = context["code"]
    if project.script:
        request = requests.script(project, context, found)
        program = "inference.py" if "inference.py" in code["files"] else project.script
        additions: dict[str, Any] = {"files": {}, "code": code["uri"]}
    else:
        request = requests.built_in(project, context, found or {})
        program = "inference.py"
        additions = {"files": {"preprocessor.json": f"{context['prepared_uri']}preprocessor.json"}, "code": None}
    environment = {
        "SAGEMAKER_PROGRAM": program,
        "SAGEMAKER_SUBMIT_DIRECTORY": SERVED_CODE,
        "SAGEMAKER_CONTAINER_LOG_LEVEL": requests.LOG_LEVEL,
        "SAGEMAKER_REGION": context["region"],
    }
    return TrainingPlan(
        method=facts.plan.method,
        request=request,
        package={"source": None, "additions": additions, "target": context["package_uri"]},
        image_uri=context["image_uri"],
        environment=environment,
        context={**context, "environment": environment, "problem": (found or {}).get("problem")},
    )
