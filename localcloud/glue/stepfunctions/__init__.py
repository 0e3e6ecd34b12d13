"""Step Functions as AWS runs it, on ministack's API and records.

ministack keeps the API (machines, versions, aliases, executions, tags); what executes a definition is ours.
Where we hook in (every name and signature is checked at start, see `HOOKED`):

| name in ministack                              | what ours does instead or around it                          |
|------------------------------------------------|--------------------------------------------------------------|
| stepfunctions._run_execution                   | runs the definition (JSONata, IAM, retries, time, history)   |
| stepfunctions._start_execution                 | … after checking name and input; idempotent, as AWS's        |
| stepfunctions._stop_execution                  | … and ends what the execution is doing                       |
| stepfunctions._send_task_{success,failure,heartbeat} | our tokens                                             |
| stepfunctions._emit_execution_status_event     | AWS's event, for every status                                |
| stepfunctions._restore_state                   | … and ends the history of interrupted executions             |
| stepfunctions._create_/_update_state_machine   | … after checking the definition and the role                 |
| stepfunctions._validate_state_machine_definition | real diagnostics                                           |
| stepfunctions._test_state                      | refuses: it would run ministack's interpreter, without IAM   |
| cloudformation.provisioners._sfn_definition    | … YAML, substitutions, the same checks                       |
| eventbridge._dispatch_event                    | … and wakes the .sync tasks that wait for its resources      |
| iam_actions.access_denied_response             | … naming the resource, as AWS does                           |
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.stepfunctions import definition, permissions, status
from localcloud.glue.stepfunctions.clock import Clock
from localcloud.glue.stepfunctions.executions import Executions
from localcloud.glue.stepfunctions.run import Engine
from localcloud.glue.stepfunctions.status import announce_interrupted
from localcloud.settings import Settings

__all__ = ["HOOKED", "announce_interrupted", "check_hooks", "install"]

_SFN, _EVENTS, _STS = "services.stepfunctions", "services.eventbridge", "services.sts"
_EVALUATOR, _ACTIONS, _RESPONSES = "core.iam_evaluator", "core.iam_actions", "core.responses"
# (module, name) -> the signature that we call or stand in for; None: no function.
HOOKED: dict[tuple[str, str], str | None] = {
    (_SFN, "_run_execution"): "(exec_arn)",
    (_SFN, "_start_execution"): "(data)",
    (_SFN, "_stop_execution"): "(data)",
    (_SFN, "_test_state"): "(data)",
    (_SFN, "_send_task_success"): "(data)",
    (_SFN, "_send_task_failure"): "(data)",
    (_SFN, "_send_task_heartbeat"): "(data)",
    (_SFN, "_emit_execution_status_event"): "(execution) -> None",
    (_SFN, "_restore_state"): "(data)",
    (_SFN, "_create_state_machine"): "(data)",
    (_SFN, "_update_state_machine"): "(data)",
    (_SFN, "_validate_state_machine_definition"): "(data)",
    (_SFN, "_register_sfn_jsonata_functions"): "(expr)",
    (_SFN, "_executions"): None,
    (_SFN, "_state_machines"): None,
    ("services.cloudformation.provisioners", "_sfn_definition"): "(props)",
    (_EVENTS, "_dispatch_event"): "(event, view=None)",
    (_EVENTS, "_put_events"): "(data, allow_aws_source=False)",
    ("services.iam", "_roles"): None,
    (_STS, "register_session"): "(access_key: str, session: dict) -> None",
    (_STS, "_sessions"): None,
    (_EVALUATOR, "EvalContext"): None,
    (_EVALUATOR, "evaluate_trust_policy"): (
        "(trust_doc: str | dict, caller_arn: str, ctx: ministack.core.iam_evaluator.EvalContext | None = None) -> bool"
    ),
    (_EVALUATOR, "enforce"): (
        "(access_key_id: str, iam_action: str, service: str, region: str, resource_arn: str = '*', "
        "service_context: dict[str, typing.Any] | None = None) -> ministack.core.iam_evaluator.EvalResult | "
        "ministack.core.iam_evaluator.AuthError | None"
    ),
    (_ACTIONS, "access_denied_response"): (
        "(service: str, action: str, principal_arn: str, request_id: str, *, error_code: str = '', message: str = '', "
        "headers: dict | None = None, resource_arn: str = '*', explicit_deny: bool = False, "
        "resource_policy_arn: str = '') -> tuple"
    ),
    (_ACTIONS, "identity_denial_message"): (
        "(action: str, principal_arn: str, resource: str, explicit_deny: bool) -> str"
    ),
    (_RESPONSES, "json_response"): None,
    (_RESPONSES, "error_response_json"): None,
    (_RESPONSES, "get_account_id"): None,
    (_RESPONSES, "get_region"): None,
    (_RESPONSES, "request_scope"): None,
}


def check_hooks() -> None:
    """Check that everything that we use of ministack is there, with the signature we know. Raises HookError."""
    hooks.check_version()
    for (module, name), signature in HOOKED.items():
        found = hooks.target(module, name)
        # What another part of glue has wrapped already was checked by that part; the test checks the bare ministack.
        if signature is None or not found.__module__.startswith("ministack."):
            continue
        if str(inspect.signature(found)) != signature:
            raise hooks.HookError(
                f"ministack {hooks.EXPECTED_VERSION}: ministack.{module}.{name}{inspect.signature(found)} should be "
                f"{name}{signature}; see localcloud/glue/stepfunctions"
            )


def install(settings: Settings, timeout_floor: float = 10.0, behind: Callable[[], float] = lambda: 0.0) -> Engine:
    """Put our interpreter into ministack, before it serves. Raises HookError.

    Tasks call `settings.endpoint_url` as the machine's role. `settings.time_scale` divides Wait, retry intervals,
    timeouts and heartbeats; timeouts and heartbeats never become shorter than `timeout_floor` seconds; `behind` as
    in Clock. Install
    before the SageMaker service is mounted, so that its events wake the tasks that wait for a job (without them
    a task looks now and then).
    When all services are up, call `announce_interrupted()`.
    """
    check_hooks()
    engine = Engine(settings.endpoint_url, Clock(settings.time_scale, timeout_floor, behind))
    executions = Executions(engine)
    hooks.replace(_SFN, "_run_execution", executions.run)
    hooks.wrap(_SFN, "_start_execution", executions.starting)
    hooks.wrap(_SFN, "_stop_execution", executions.stopping)
    hooks.replace(_SFN, "_test_state", definition.refuse_test_state)
    engine.tokens.install()
    hooks.replace(_SFN, "_emit_execution_status_event", status.emit)
    hooks.wrap(_SFN, "_restore_state", status.restoring)
    hooks.wrap(_SFN, "_create_state_machine", definition.guarding)
    hooks.wrap(_SFN, "_update_state_machine", definition.guarding)
    hooks.replace(_SFN, "_validate_state_machine_definition", definition.validate_api)
    hooks.wrap("services.cloudformation.provisioners", "_sfn_definition", definition.from_template)
    hooks.wrap(_EVENTS, "_dispatch_event", lambda old: _noticing(old, engine))
    hooks.wrap(_ACTIONS, "access_denied_response", permissions.naming_resource)
    return engine


def _noticing(old: Callable[..., Any], engine: Engine) -> Callable[..., Any]:
    def dispatch(event: dict[str, Any], view: Any = None) -> Any:
        if event.get("Source") == "aws.sagemaker":
            for arn in event.get("Resources") or []:
                engine.notices.post(str(arn))
        return old(event, view)

    return dispatch
