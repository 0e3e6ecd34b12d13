"""The words of each notice: what happened, why, the figures, and what to do next. Those of intake: texts_intake.py."""

from __future__ import annotations

from collections.abc import Callable

from notification import passages, texts_intake
from notification.words import Detail, Text, lines, number, part, word

CALL = "--content-type text/csv --body fileb://rows.csv /dev/stdout"


def model_registered(d: Detail) -> Text:
    """A candidate waits for approval."""
    project, version, arn = word(d, "project"), word(d, "model_version"), word(d, "model_package_arn")
    approve = f"aws sagemaker update-model-package --model-package-arn {arn} --model-approval-status"
    best = passages.gate(d)
    return Text(
        subject=f"{project}: model version {version} waits for your approval",
        headline=f"A new model of project {project} (version {version}, run {word(d, 'run')}) waits for your approval.",
        severity="info",
        sms=f"Dropforge {project}: model v{version} waits for approval. {best}",
        paragraphs=[
            passages.bullets("Why it passed its gate:", lines(d, "reasons")),
            passages.figures(d),
            passages.bullets("Worth knowing about the data:", lines(d, "warnings")),
            passages.cost(d),
            "Approving deploys it; until then nothing changes for those who use the endpoint.",
        ],
        commands=[f"{approve} Approved", f'{approve} Rejected --approval-description "why"'],
    )


def candidate_rejected(d: Detail) -> Text:
    """A candidate failed its gate."""
    project, reasons = word(d, "project"), lines(d, "reasons")
    first = reasons[0] if reasons else "it did not pass its gate"
    return Text(
        subject=f"{project}: the new model was not good enough",
        headline=f"The model of run {word(d, 'run')} of project {project} was rejected by its gate; nothing changed.",
        severity="warning",
        sms=f"Dropforge {project}: new model rejected: {first}",
        paragraphs=[
            passages.bullets("Why:", reasons),
            passages.figures(d),
            passages.bullets("Worth knowing about the data:", lines(d, "warnings")),
            passages.cost(d),
            "Drop better data, or change `evaluate:` in project.yaml if the gate asks too much.",
        ],
    )


def run_failed(d: Detail) -> Text:
    """A run failed."""
    project, run, reason = word(d, "project"), word(d, "run"), word(d, "reason", "no reason was given")
    log = word(d, "log_command", "")
    return Text(
        subject=f"{project}: the run failed",
        headline=f"Run {run} of project {project} failed; what is deployed did not change.",
        severity="error",
        sms=f"Dropforge {project}: run {run} failed: {reason}",
        paragraphs=[
            f"Why: {reason}",
            passages.log(d),
            "After mending the cause, drop the data again: a data set whose run failed may be tried again.",
        ],
        commands=[log] if log else [],
    )


def model_deployed(d: Detail) -> Text:
    """An endpoint serves a new version."""
    project, version, endpoint, instance = (
        *(word(d, k) for k in ("project", "model_version", "endpoint")),
        part(d, "instance"),
    )
    count = number(instance.get("count"))
    where = f"{count:.0f} × {word(instance, 'type')}" if count else "its instances"
    return Text(
        subject=f"{project}: model version {version} is live",
        headline=f"Endpoint {endpoint} serves version {version} (run {word(d, 'run')}) on {where}.",
        severity="info",
        sms=f"Dropforge {project}: model v{version} is live",
        paragraphs=[
            "It answers CSV rows as they were dropped (without header and target).",
            "A model that Dropforge made of a table also takes JSON records by column name.",
            "An endpoint is billed until it is deleted.",
        ],
        commands=[
            f"aws sagemaker-runtime invoke-endpoint --endpoint-name {endpoint} {CALL}",
            f"aws sagemaker delete-endpoint --endpoint-name {endpoint}",
        ],
    )


def deployment_failed(d: Detail) -> Text:
    """An approved version is not what the endpoint serves."""
    project, reason = word(d, "project"), word(d, "reason", "no reason was given")
    arn, log = word(d, "model_package_arn", ""), word(d, "log_command", "")
    failed = d.get("endpoint_status") == "Failed"
    delete = [f"aws sagemaker delete-endpoint --endpoint-name {word(d, 'endpoint')}"] if failed else []
    again = f"aws sagemaker update-model-package --model-package-arn {arn} --model-approval-status"
    return Text(
        subject=f"{project}: the deployment failed",
        headline=f"The approved model of project {project} (version {word(d, 'model_version')}) was not deployed.",
        severity="error",
        sms=f"Dropforge {project}: deployment failed: {reason}",
        paragraphs=[
            f"Why: {reason}",
            passages.live(d),
            "To try again after mending the cause, reject the version and approve it once more.",
        ],
        commands=[*([log] if log else []), *delete, *([f"{again} Rejected", f"{again} Approved"] if arn else [])],
    )


#: By detail-type; None where the event is nobody's news.
TEXTS: dict[str, Callable[[Detail], Text | None]] = {
    "Model Registered": model_registered,
    "Candidate Rejected": candidate_rejected,
    "Run Failed": run_failed,
    "Project Changed": texts_intake.project_changed,
    "Project Invalid": texts_intake.project_invalid,
    "Project Missing": texts_intake.project_missing,
    "Drop Refused": texts_intake.drop_refused,
    "Drop Ignored": texts_intake.drop_ignored,
    "Model Deployed": model_deployed,
    "Deployment Failed": deployment_failed,
}
