"""The words of each notice: what happened, why, the figures, and what to do next. More of them: `texts_<row>.py`."""

from __future__ import annotations

from collections.abc import Callable

from notification import approval, changes, passages, texts_batch, texts_deployment, texts_intake, texts_scaling
from notification.words import Detail, Text, lines, word


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
            approval.compared(d),
            changes.data_changes(d),
            passages.figures(d),
            passages.bullets("Worth knowing about the data:", lines(d, "warnings")),
            passages.cost(d),
            approval.consequence(d),
            approval.monthly(d),
            "Until then nothing changes for those who use the endpoint.",
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
            approval.compared(d),
            changes.data_changes(d),
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
    "Model Deployed": texts_deployment.model_deployed,
    "Deployment Failed": texts_deployment.deployment_failed,
    "Experiment Started": texts_deployment.experiment_started,
    "Model Rolled Back": texts_deployment.model_rolled_back,
    "Rollback Impossible": texts_deployment.rollback_impossible,
    "Endpoint Retired": texts_deployment.endpoint_retired,
    "Endpoint Idle": texts_scaling.endpoint_idle,
    "Batch Completed": texts_batch.batch_completed,
    "Batch Failed": texts_batch.batch_failed,
    "Batch Held": texts_batch.batch_held,
    "Batch Ignored": texts_batch.batch_ignored,
}
