"""What a state machine caught, in words for a person.

Sources: Step Functions developer guide, "Handling errors"; the Cause of a `.sync` job is the Describe output as JSON,
of a nested machine its DescribeExecution, of a Lambda function `{errorMessage, errorType, stackTrace}`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

_LOGS = {
    "TrainingJobName": "/aws/sagemaker/TrainingJobs",
    "ProcessingJobName": "/aws/sagemaker/ProcessingJobs",
    "TransformJobName": "/aws/sagemaker/TransformJobs",
}
_STATUSES = ("TrainingJobStatus", "ProcessingJobStatus", "TransformJobStatus")
_REQUEST_ID = re.compile(r"\s*\((?:Service|service): [^)]*\)")
# sagemaker-training's failure file, when it did not capture the script's standard error.
_NO_MESSAGE = 'ErrorMessage ""'
_RAISED = re.compile(r"^((?:\w+\.)*\w*(?:Error|Exception)\b.*)$", re.MULTILINE)
_DEPTH = 6
LONGEST_REASON = 900


@dataclass(frozen=True)
class Failure:
    """`kind` is what the caller can act on; `reason` is one readable sentence; `log` the job's last lines."""

    kind: str
    reason: str
    error: str
    job: str | None = None
    log_group: str | None = None
    problems: list[dict[str, Any]] | None = None
    log: str | None = None

    @property
    def log_command(self) -> str | None:
        """The command that shows the job's log."""
        return show_log(self.log_group, self.job) if self.log_group and self.job else None


def show_log(group: str, stream_prefix: str | None = None) -> str:
    """The command that shows a log, line by line. Version 1 of the AWS CLI has no `aws logs tail`."""
    streams = f" --log-stream-name-prefix {stream_prefix}" if stream_prefix else ""
    return f"aws logs filter-log-events --log-group-name {group}{streams} --query 'events[].[message]' --output text"


def understand(error: str | None, cause: str | None) -> Failure:
    """What happened, from an error name and a cause that may be JSON, JSON within JSON, or text."""
    return _understand(error or "", cause or "", _DEPTH)


def _understand(error: str, cause: str, depth: int) -> Failure:
    found = _parse(cause)
    if found is None or depth == 0:
        return _text(error, cause)
    nested = found.get("Cause") or found.get("cause")
    if isinstance(nested, str) and ("Error" in found or "error" in found):
        inner = _understand(str(found.get("Error") or found.get("error")), nested, depth - 1)
        return _with_log(inner, str(found["Log"])) if found.get("Log") else inner
    if "errorType" in found or "errorMessage" in found:
        return _function(str(found.get("errorType") or error), str(found.get("errorMessage") or ""))
    for key, group in _LOGS.items():
        if key in found:
            return _job(error, found, str(found[key]), group)
    status = found.get("Status") or found.get("status")
    if status and ("ExecutionArn" in found or "executionArn" in found):
        return _text(f"States.{status}" if status in ("TIMED_OUT", "ABORTED") else error, f"the machine ended {status}")
    return _text(error, cause)


def _with_log(failure: Failure, log: str) -> Failure:
    """The failure with its log; where the toolkit has lost the script's own words, they are found there."""
    raised = _RAISED.findall(log)
    if _NO_MESSAGE in failure.reason and raised:
        return replace(failure, log=log, reason=_short(f"the script raised {raised[-1].strip()}"))
    return replace(failure, log=log)


def _parse(cause: str) -> dict[str, Any] | None:
    try:
        found = json.loads(cause)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _job(error: str, found: dict[str, Any], name: str, group: str) -> Failure:
    said = str(found.get("ExitMessage") or "").strip()
    reason = str(found.get("FailureReason") or "").strip()
    status = next((str(found[key]) for key in _STATUSES if found.get(key)), "")
    secondary = str(found.get("SecondaryStatus") or "")
    if secondary == "MaxRuntimeExceeded" or (not reason and "Exceeded" in secondary):
        kind, text = "time", f"job {name} ran longer than it may; raise train.max_runtime or use a larger instance"
    elif status == "Stopped":
        kind, text = "stopped", f"job {name} was stopped"
    elif reason.startswith("CapacityError") or "InsufficientInstanceCapacity" in reason:
        kind, text = "capacity", f"AWS had no capacity for job {name}: {reason}"
    elif reason.startswith("InternalServerError"):
        kind, text = "internal", f"AWS failed job {name}: {reason}"
    else:
        kind, text = "job", said or reason or f"job {name} ended {status or 'without a reason'}"
    return Failure(kind, _short(text), error, job=name, log_group=group)


def _function(error: str, message: str) -> Failure:
    found = _parse(message)
    if error == "ProjectInvalidError" and found and isinstance(found.get("problems"), list):
        problems = found["problems"]
        said = "; ".join(f"{p.get('field') or 'project.yaml'}: {p.get('reason')}" for p in problems[:3])
        return Failure("project", _short(f"project.yaml does not fit the data: {said}"), error, problems=problems)
    return replace(_text(error, message), error=error)


def _text(error: str, cause: str) -> Failure:
    text = _REQUEST_ID.sub("", cause).strip()
    low = f"{error} {text}".lower()
    if error in ("States.Timeout", "States.TIMED_OUT", "States.HeartbeatTimeout") or "timed out" in low:
        return Failure("time", _short(f"it took longer than allowed ({text or error})"), error)
    if error == "States.ABORTED":
        return Failure("stopped", "it was stopped by hand", error)
    if "accessdenied" in low or "not authorized" in low or error == "States.Permissions":
        return Failure("permission", _short(f"a permission is missing: {text or error}"), error)
    if "resourcelimitexceeded" in low:
        return Failure("quota", _short(f"an AWS quota is used up: {text or error}"), error)
    return Failure("other", _short(text or error or "no reason was given"), error)


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= LONGEST_REASON else one_line[: LONGEST_REASON - 1] + "…"
