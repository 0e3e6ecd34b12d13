"""What a machine's role must be allowed beyond the calls themselves, and how a refusal reads."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.stepfunctions import resources
from localcloud.glue.stepfunctions.errors import StateError
from localcloud.glue.stepfunctions.identity import assume, release

_EXECUTIONS_RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
# Rules that Step Functions manages to hear of the end of .sync tasks (connect-sagemaker, and CDK for processing).
# No name is known for labelling jobs, so nothing is asked for them.
_RULES = {
    "createTrainingJob": "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "createProcessingJob": "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "createTransformJob": "StepFunctionsGetEventsForSageMakerTransformJobsRule",
    "createHyperParameterTuningJob": "StepFunctionsGetEventsForSageMakerTuningJobsRule",
    "startExecution": _EXECUTIONS_RULE,
}
_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")


def states(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every state of a definition, those inside Map and Parallel included."""
    for state in definition.get("States", {}).values():
        yield state
        for inner in [*state.get("Branches", []), state.get("ItemProcessor") or {}]:
            yield from states(inner)


def managed_rules(definition: dict[str, Any]) -> set[str]:
    """Return the names of the rules that Step Functions manages for a definition's .sync tasks."""
    tasks = [resources.parse(state["Resource"]) for state in states(definition) if state["Type"] == "Task"]
    return {_RULES[task.action] for task in tasks if task.pattern.startswith("sync") and task.action in _RULES}


def check_managed_rules(definition: dict[str, Any], role_arn: str) -> None:
    """Refuse a role that Step Functions cannot assume or that may not manage the rules that .sync needs.

    Raises PermissionError, as AWS refuses CreateStateMachine and UpdateStateMachine.
    """
    account = hooks.target("core.responses", "get_account_id")()
    region = hooks.target("core.responses", "get_region")()
    machine_arn = f"arn:aws:states:{region}:{account}:stateMachine:*"
    try:
        session = f"arn:aws:sts::{account}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/check"
        keys = assume(role_arn, machine_arn, session, secrets.token_hex(32))
    except StateError as error:
        raise PermissionError(error.cause) from error
    enforce = hooks.target("core.iam_evaluator", "enforce")
    try:
        for rule in sorted(managed_rules(definition)):
            arn = f"arn:aws:events:{region}:{account}:rule/{rule}"
            for action in _ACTIONS:
                if enforce(keys["aws_access_key_id"], action, "events", region, resource_arn=arn):
                    raise PermissionError(
                        f"'{role_arn}' is not authorized to create managed-rule. It needs {action} on {arn}"
                    )
    finally:
        release(keys)


def naming_resource(old: Callable[..., Any]) -> Callable[..., Any]:
    """Return ministack's `access_denied_response` that names the resource, as AWS's refusals do."""

    def respond(service: str, action: str, principal_arn: str, request_id: str, **details: Any) -> Any:
        resource = details.get("resource_arn", "*")
        by_resource_policy = details.get("explicit_deny") and details.get("resource_policy_arn")
        if principal_arn and not details.get("message") and not details.get("error_code") and not by_resource_policy:
            word = hooks.target("core.iam_actions", "identity_denial_message")
            details["message"] = word(action, principal_arn, resource, bool(details.get("explicit_deny")))
        return old(service, action, principal_arn, request_id, **details)

    return respond
