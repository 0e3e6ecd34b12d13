"""What a Task's Resource names: which service, which action, which pattern, and whether it can work here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from localcloud.glue.stepfunctions import models

SYNC = {
    "createTrainingJob",
    "createProcessingJob",
    "createTransformJob",
    "createHyperParameterTuningJob",
    "createLabelingJob",
}
_SAGEMAKER = {"createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"} | SYNC
# Optimised integrations: service -> (botocore's name, actions, patterns).
_OPTIMISED: dict[str, tuple[str, set[str], set[str]]] = {
    "lambda": ("lambda", {"invoke"}, {"", "waitForTaskToken"}),
    "dynamodb": ("dynamodb", {"getItem", "putItem", "updateItem", "deleteItem"}, {""}),
    "sns": ("sns", {"publish"}, {"", "waitForTaskToken"}),
    "sqs": ("sqs", {"sendMessage"}, {"", "waitForTaskToken"}),
    "events": ("events", {"putEvents"}, {"", "waitForTaskToken"}),
    "states": ("stepfunctions", {"startExecution"}, {"", "sync", "sync:2", "waitForTaskToken"}),
    "sagemaker": ("sagemaker", _SAGEMAKER, {"", "sync"}),
}
_INTEGRATION = re.compile(
    r"arn:aws:states:::(aws-sdk:)?([a-z0-9]+):([A-Za-z0-9]+)(?:\.(sync|sync:2|waitForTaskToken))?"
)
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?")


class ResourceError(ValueError):
    """A Resource that AWS refuses, or that this local cloud cannot run; the message says which and why."""


@dataclass(frozen=True)
class Resource:
    """A Task's Resource, taken apart. `kind`: function | optimised | sdk; `pattern`: "" | sync | sync:2 | …"""

    arn: str
    kind: str
    service: str  # as the ARN has it: sagemaker, dynamodb, sfn
    client: str  # botocore's name for it
    action: str  # startExecution
    pattern: str

    @property
    def operation(self) -> str:
        """The API's name of the action: StartExecution."""
        return models.operation(self.client, self.action)

    @property
    def history(self) -> dict[str, Any]:
        """The members that identify the task in events of the history."""
        suffix = f".{self.pattern}" if self.pattern else ""
        prefix = "aws-sdk:" if self.kind == "sdk" else ""
        return {"resourceType": prefix + self.service, "resource": self.action + suffix}


def parse(arn: Any) -> Resource:
    """Take a Resource apart. Raises ResourceError for what cannot work."""
    if not isinstance(arn, str):
        raise ResourceError(f"Resource must be a string, not {arn!r}")
    if _FUNCTION.fullmatch(arn):
        return Resource(arn, "function", "lambda", "lambda", "invoke", "")
    match = _INTEGRATION.fullmatch(arn)
    if not match:
        raise ResourceError(f"{arn}: neither a Lambda function nor a service integration that exists here")
    sdk, service, action, pattern = match.group(1), match.group(2), match.group(3), match.group(4) or ""
    return _sdk(arn, service, action, pattern) if sdk else _optimised(arn, service, action, pattern)


def _sdk(arn: str, service: str, action: str, pattern: str) -> Resource:
    if pattern not in ("", "waitForTaskToken"):
        raise ResourceError(f"{arn}: AWS SDK integrations know no .{pattern}")
    client = models.client_name(service)
    if client is None:
        raise ResourceError(f"{arn}: AWS SDK integrations know no service {service!r}")
    if action[0].isupper() or not models.operation(client, action):
        raise ResourceError(f"{arn}: {service} has no action {action!r} (camelCase)")
    return Resource(arn, "sdk", service, client, action, pattern)


def _optimised(arn: str, service: str, action: str, pattern: str) -> Resource:
    if service not in _OPTIMISED:
        raise ResourceError(
            f"{arn}: the optimised integration of {service} is not implemented in the local cloud; "
            f"use arn:aws:states:::aws-sdk:{service}:{action}"
        )
    client, actions, patterns = _OPTIMISED[service]
    if action not in actions:
        raise ResourceError(
            f"{arn}: the optimised integration of {service} has {', '.join(sorted(actions))}; "
            f"for {action} use arn:aws:states:::aws-sdk:{'sfn' if service == 'states' else service}:{action}"
        )
    if pattern not in patterns or (service == "sagemaker" and pattern and action not in SYNC):
        raise ResourceError(f"{arn}: {service}:{action} has no .{pattern}")
    return Resource(arn, "optimised", service, client, action, pattern)
