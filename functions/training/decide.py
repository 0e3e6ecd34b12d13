"""Training's first decision: from a frozen drop to the plan of its run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dropforge import names, prices
from dropforge.errors import ProjectInvalidError
from dropforge.images import image_uri
from dropforge.images_allowed import allowed
from dropforge.jobs import MAX_RUNTIME, Job, JobSettings, processing_request
from dropforge.plan import RunPlan
from dropforge.problems import Problem
from dropforge.project import Project
from training.checks import misfits
from training.models import PlanRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.plan import Code

METHOD = "train"


class PlanRunSettings(JobSettings):
    """The environment of `plan_run`; `PRICES` may override the price list (JSON), `ALLOWED_IMAGES` as in intake."""

    training_job_role_arn: str
    data_bucket_name: str
    allowed_images: str = ""
    prices: str = ""


def plan_run(facts: PlanRun, settings: PlanRunSettings) -> RunPlan:
    """The preparing job's request and settings (none for a script without `split`), and the context of all later steps.

    Raises:
        ProjectInvalidError: project.yaml does not fit the drop, the code, the allowed images or the budget.
    """
    project = Project.model_validate_json(facts.config)
    code = facts.code or facts.dataset.code
    place = f"s3://{settings.data_bucket_name}/{facts.project}"
    wrong = [*misfits(project, facts.dataset.head, code, place), *_limits(project, facts.region, settings)]
    if wrong:
        raise ProjectInvalidError([p.as_dict() for p in wrong])
    context = _context(facts, project, code, settings)
    plan: dict[str, Any] = {
        "method": METHOD,
        "project": facts.project,
        "run": facts.run,
        "attempt": facts.attempt,
        "drop": facts.drop,
        "context": context,
    }
    if project.script and not project.split:
        return RunPlan(**plan)
    folder = names.run_folder(settings.artifacts_bucket_name, facts.project, facts.run)
    prepared, place_of_settings = folder.below("prepared/"), folder.below("settings/prepare.json")
    inputs = {"dataset": facts.dataset.uri, "settings": place_of_settings.uri}
    if facts.dataset.validation:
        inputs["validation"] = facts.dataset.validation.uri
    job = Job(
        name=names.job_name(facts.run, "prepare", names.job_attempt(facts.attempt)),
        module="prepare",
        image=context["processing_image"],
        inputs=inputs,
        output_name="prepared",
        output_uri=prepared.uri,
        instance_type=project.evaluate.instance_type,
        role_arn=settings.training_job_role_arn,
    )
    context["prepared_uri"] = prepared.uri
    return RunPlan(
        **plan,
        prepare=processing_request(job, settings, names.tags(facts.project, facts.run)),
        settings=place_of_settings.parts() | {"body": _prepare_settings(project)},
        preparation=prepared.below("summary.json").parts(),
    )


def _context(facts: PlanRun, project: Project, code: Code | None, settings: PlanRunSettings) -> dict[str, Any]:
    folder = names.run_folder(settings.artifacts_bucket_name, facts.project, facts.run)
    processing = image_uri("xgboost", facts.region)
    brings_packages = bool(project.script and code and "requirements.txt" in code.files)
    isolated = project.train.network_isolation
    return {
        "project": facts.project,
        "run": facts.run,
        "attempt": facts.attempt,
        "drop": facts.drop,
        "region": facts.region,
        "config": facts.config,
        "dataset": facts.dataset.model_dump(include={"digest", "uri", "validation", "objects", "bytes"}),
        "code": code.model_dump() if code and project.script else None,
        "image_uri": project.train.image or (image_uri(project.algorithm, facts.region)),
        "processing_image": processing,
        "isolated": isolated if isolated is not None else not brings_packages,
        "key_arn": settings.key_arn,
        "training_job_role_arn": settings.training_job_role_arn,
        "training_uri": folder.below("training").uri,
        "package_uri": folder.below("package/model.tar.gz").uri,
        "prepared_uri": None,
    }


def _prepare_settings(project: Project) -> str:
    split = project.parts().model_dump(exclude_none=True) | {"by": _by(project)}
    split.setdefault("stratify", split["by"] is None and project.problem != "regression")
    said = {
        "target": project.target,
        "columns": project.columns,
        "problem": project.problem,
        "algorithm": project.algorithm,
        "split": split,
        "data": {"on_ragged": "refuse" if project.data.checks.ragged_rows == "refuse" else "skip"},
        "passthrough": project.script is not None,
    }
    return json.dumps(said, ensure_ascii=False)


def _by(project: Project) -> dict[str, str] | None:
    by = project.parts().by
    return by.model_dump(exclude_none=True) if by else None


def _limits(project: Project, region: str, settings: PlanRunSettings) -> Iterator[Problem]:
    image = project.train.image
    if image and not allowed(image, settings.allowed_images):
        yield Problem(("train", "image"), "the stack's owner does not allow this image any more", "remove it")
    limit = project.budget.run_usd
    if limit is None:
        return
    train, work = project.train, project.evaluate.instance_type
    hours = train.max_runtime * train.instance_count / prices.HOUR
    parts = (
        prices.cost(hours, train.instance_type, "training", region, settings.prices),
        prices.cost(2 * MAX_RUNTIME / prices.HOUR, work, "processing", region, settings.prices),
    )
    if None in parts:
        reason = f"the price of {train.instance_type} or {work} in {region} is unknown, so no limit can be kept"
        yield Problem(("budget", "run_usd"), reason, "remove it, or have the owner of the stack add the price")
    elif (most := sum(p for p in parts if p is not None)) > limit:
        reason = f"a run could cost up to ${most:.2f}: every job may use its whole time"
        yield Problem(("budget", "run_usd"), reason, "raise it, or lower train.max_runtime or the instance types")
