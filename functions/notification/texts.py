"""The words of each notice: what happened, why, the figures, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from notification import passages
from notification.passages import SHOWN, Detail

CALL = "--content-type text/csv --body fileb://rows.csv /dev/stdout"


@dataclass(frozen=True)
class Text:
    """A notice before it is formatted; `commands` can be pasted as they are."""

    subject: str
    headline: str
    severity: str
    sms: str
    paragraphs: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)


def model_registered(d: Detail) -> Text:
    """A candidate waits for approval."""
    project, version, arn = d.get("project"), d.get("model_version"), d.get("model_package_arn")
    approve = f"aws sagemaker update-model-package --model-package-arn {arn} --model-approval-status"
    best = passages.gate(d)
    return Text(
        subject=f"{project}: model version {version} waits for your approval",
        headline=f"A new model of project {project} (version {version}, run {d.get('run')}) waits for your approval.",
        severity="info",
        sms=f"Dropforge {project}: model v{version} waits for approval. {best}",
        paragraphs=[
            passages.bullets("Why it passed its gate:", d.get("reasons")),
            passages.figures(d),
            passages.bullets("Worth knowing about the data:", d.get("warnings")),
            passages.cost(d),
            "Approving deploys it; until then nothing changes for those who use the endpoint.",
        ],
        commands=[f"{approve} Approved", f'{approve} Rejected --approval-description "why"'],
    )


def candidate_rejected(d: Detail) -> Text:
    """A candidate failed its gate."""
    project, reasons = d.get("project"), d.get("reasons") or []
    first = str(reasons[0]) if reasons else "it did not pass its gate"
    return Text(
        subject=f"{project}: the new model was not good enough",
        headline=f"The model of run {d.get('run')} of project {project} was rejected by its gate; nothing changed.",
        severity="warning",
        sms=f"Dropforge {project}: new model rejected: {first}",
        paragraphs=[
            passages.bullets("Why:", reasons),
            passages.figures(d),
            passages.bullets("Worth knowing about the data:", d.get("warnings")),
            passages.cost(d),
            "Drop better data, or change `evaluate:` in project.yaml if the gate asks too much.",
        ],
    )


def run_failed(d: Detail) -> Text:
    """A run failed."""
    project, reason = d.get("project"), d.get("reason") or "no reason was given"
    log = d.get("log_command")
    return Text(
        subject=f"{project}: the run failed",
        headline=f"Run {d.get('run')} of project {project} failed; what is deployed did not change.",
        severity="error",
        sms=f"Dropforge {project}: run {d.get('run')} failed: {reason}",
        paragraphs=[
            f"Why: {reason}",
            passages.log(d),
            "After mending the cause, drop the data again: a data set whose run failed may be tried again.",
        ],
        commands=[str(log)] if log else [],
    )


def project_invalid(d: Detail) -> Text:
    """A project.yaml was refused."""
    project, problems = d.get("project"), d.get("problems") or []
    place = d.get("file") or f"{project}/project.yaml"
    lines = [passages.problem(p) for p in problems[:SHOWN]]
    more = [f"… and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    first = problems[0] if problems else {}
    headline = f"The project.yaml of {project} cannot be used. The last valid version stays in force."
    if d.get("run"):  # valid by itself, but refused by a run
        headline = f"Run {d['run']} of project {project} ended: its project.yaml does not fit what was dropped."
        more.append("\nUpload the mended project.yaml, then drop the data again.")
    misplaced = any(p.get("field") == "project" for p in problems)
    return Text(
        subject=f"{project}: project.yaml has {passages.count(problems, 'problem')}",
        headline=headline,
        severity="error",
        sms=f"Dropforge {project}: project.yaml: {first.get('field') or ''} {first.get('reason') or ''}",
        paragraphs=["\n".join([f"In {place}:", *lines, *more])],
        commands=[f"aws s3 cp project.yaml {place}"] if str(place).startswith("s3://") and not misplaced else [],
    )


def project_missing(d: Detail) -> Text:
    """Data came for a project that has no valid project.yaml."""
    project, bucket = d.get("project"), d.get("bucket") or "<data bucket>"
    place = f"s3://{bucket}/{project}/project.yaml"
    example = (
        "  algorithm: xgboost\n  target: -1        # the column to predict: its name, or its index (-1 is the last)"
    )
    where = "/".join(p for p in (project, d.get("channel"), d.get("folder")) if p)
    return Text(
        subject=f"{project}: your data waits for a project.yaml",
        headline=f"Data arrived under {where}/, but project {project} has no valid project.yaml yet.",
        severity="warning",
        sms=f"Dropforge {project}: data arrived, but there is no valid project.yaml yet",
        paragraphs=[
            f"The data is kept; it is used as soon as one arrives. Two lines are enough:\n\n{example}",
            f"Save them as project.yaml and upload it to {place}.",
        ],
        commands=[f"aws s3 cp project.yaml {place}"],
    )


def drop_ignored(d: Detail) -> Text:
    """A drop started no run."""
    project, earlier = d.get("project"), d.get("earlier_run")
    reason = d.get("reason") or f"run {earlier} already has the same data, code and settings"
    return Text(
        subject=f"{project}: the drop was ignored",
        headline=f"Drop {d.get('drop')} of project {project} started no run: {reason}.",
        severity="info",
        sms=f"Dropforge {project}: drop ignored: {reason}",
        paragraphs=["Change the data, the code or project.yaml for a new run."],
    )


def model_deployed(d: Detail) -> Text:
    """An endpoint serves a new version."""
    project, version, instance = d.get("project"), d.get("model_version"), d.get("instance") or {}
    where = f"{instance.get('count')} × {instance.get('type')}" if instance else "its instances"
    return Text(
        subject=f"{project}: model version {version} is live",
        headline=f"Endpoint {d.get('endpoint')} serves version {version} (run {d.get('run')}) on {where}.",
        severity="info",
        sms=f"Dropforge {project}: model v{version} is live",
        paragraphs=[
            "It answers CSV rows as they were dropped (without header and target).",
            "A model that Dropforge made of a table also takes JSON records by column name.",
            "An endpoint is billed until it is deleted.",
        ],
        commands=[
            f"aws sagemaker-runtime invoke-endpoint --endpoint-name {d.get('endpoint')} {CALL}",
            f"aws sagemaker delete-endpoint --endpoint-name {d.get('endpoint')}",
        ],
    )


def deployment_failed(d: Detail) -> Text:
    """An approved version is not what the endpoint serves."""
    project, reason = d.get("project"), d.get("reason") or "no reason was given"
    arn, log = d.get("model_package_arn"), d.get("log_command")
    failed = d.get("endpoint_status") == "Failed"
    delete = [f"aws sagemaker delete-endpoint --endpoint-name {d.get('endpoint')}"] if failed else []
    again = f"aws sagemaker update-model-package --model-package-arn {arn} --model-approval-status"
    return Text(
        subject=f"{project}: the deployment failed",
        headline=f"The approved model of project {project} (version {d.get('model_version')}) was not deployed.",
        severity="error",
        sms=f"Dropforge {project}: deployment failed: {reason}",
        paragraphs=[
            f"Why: {reason}",
            passages.live(d),
            "To try again after mending the cause, reject the version and approve it once more.",
        ],
        commands=[*([str(log)] if log else []), *delete, *([f"{again} Rejected", f"{again} Approved"] if arn else [])],
    )


TEXTS: dict[str, Callable[[Detail], Text]] = {
    "Model Registered": model_registered,
    "Candidate Rejected": candidate_rejected,
    "Run Failed": run_failed,
    "Project Invalid": project_invalid,
    "Project Missing": project_missing,
    "Drop Ignored": drop_ignored,
    "Model Deployed": model_deployed,
    "Deployment Failed": deployment_failed,
}
