"""The words of batch's notices: where the predictions are, why there are none, what a drop waits for."""

from __future__ import annotations

import shlex

from notification import passages
from notification.words import UNKNOWN, Detail, Text, count, lines, number, word


def batch_completed(d: Detail) -> Text:
    """A drop was predicted."""
    project, drop, uri = word(d, "project"), word(d, "drop"), word(d, "output_uri", "", 2_000)
    rows, refused = _rows(d, "rows_out"), number(d.get("rows_refused")) or 0
    files = number(d.get("files"))
    headline = f"Version {word(d, 'model_version')} of project {project} predicted {rows}"
    headline += f" in {count(int(files), 'file')}." if files is not None else "."
    left = ""
    if refused:
        left = (
            f"{count(int(refused), 'row')} could not be predicted. Rows of the wrong width were left out; the others "
            "are in the output, with the reason in their last column."
        )
    return Text(
        subject=f"{project}: {rows} predicted" + (f", {refused:,.0f} not" if refused else ""),
        headline=headline,
        severity="warning" if refused else "info",
        sms=f"Dropforge {project}: drop {drop}: {rows} predicted, {refused:,.0f} not",
        paragraphs=[
            f"The predictions lie beside the rows of drop {drop}, file by file:\n  {uri}" if uri else "",
            f"Why this version: {word(d, 'chosen', '')}." if word(d, "chosen", "") else "",
            left,
            passages.bullets("The first of them:", lines(d, "refused")),
            passages.cost(d),
        ],
        commands=[f"aws s3 cp --recursive {shlex.quote(uri)} predictions/"] if uri.startswith("s3://") else [],
    )


def batch_failed(d: Detail) -> Text:
    """A drop was not predicted."""
    project, drop, reason = word(d, "project"), word(d, "drop"), word(d, "reason", "no reason was given")
    log, version = word(d, "log_command", "", 2_000), word(d, "model_version", "")
    return Text(
        subject=f"{project}: a drop was not predicted",
        headline=f"Drop {drop} of project {project} was not predicted{f' (by version {version})' if version else ''}.",
        severity="error",
        sms=f"Dropforge {project}: drop {drop} not predicted: {reason}",
        paragraphs=[
            f"Why: {reason}",
            passages.log(d),
            "After mending the cause, drop the rows again. Nothing else changed.",
        ],
        commands=[log] if log else [],
    )


def batch_held(d: Detail) -> Text:
    """A drop waits for a model."""
    project, drop = word(d, "project"), word(d, "drop")
    return Text(
        subject=f"{project}: a drop waits for a model",
        headline=f"Drop {drop} of project {project} is not predicted yet: {word(d, 'reason')}.",
        severity="warning",
        sms=f"Dropforge {project}: drop {drop} waits for an approved model",
        paragraphs=[WAITS],
        commands=[
            f"aws sagemaker list-model-packages --model-package-group-name {project}",
            "aws sagemaker update-model-package --model-package-arn <ARN> --model-approval-status Approved",
        ],
    )


def batch_ignored(d: Detail) -> Text:
    """A drop holds what another drop held."""
    project, drop, uri = word(d, "project"), word(d, "drop"), word(d, "output_uri", "", 2_000)
    return Text(
        subject=f"{project}: a drop was ignored",
        headline=f"Drop {drop} of project {project} was not predicted again: {word(d, 'reason')}.",
        severity="info",
        sms=f"Dropforge {project}: drop {drop} ignored: {word(d, 'reason')}",
        paragraphs=[f"The predictions are here:\n  {uri}" if uri else "", AGAIN],
        commands=[f"aws s3 cp --recursive {shlex.quote(uri)} predictions/"] if uri.startswith("s3://") else [],
    )


AGAIN = (
    "To predict the same rows again, name their files in a manifest that begins with the line `# force: true`; they "
    "need not be uploaded again."
)
WAITS = "It is predicted as soon as a model is approved; nothing has to be dropped again."


def _rows(d: Detail, key: str) -> str:
    found = number(d.get(key))
    return f"{UNKNOWN} rows" if found is None else count(int(found), "row")
