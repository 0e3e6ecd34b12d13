"""Mount the local SageMaker beside ministack's services: routing, authorization, threads, events."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import json
import os
import re
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from localcloud import ports
from localcloud.glue import auth, callers, hooks
from localcloud.settings import Settings

if TYPE_CHECKING:
    from localcloud.sagemaker.service import SageMaker

SERVICES = ("sagemaker", "sagemaker-runtime")
_RUNTIME = re.compile(r"^/endpoints/[^/]+/(invocations|async-invocations|invocations-response-stream)$")
# An invocation blocks until the model answers (60 s at most) and a model may itself call this cloud, so there
# must be more threads than concurrent invocations. Idle threads cost nothing.
_THREADS = 128


def emitter(settings: Settings) -> Callable[[dict[str, Any]], None]:
    """Return the function that puts an `aws.sagemaker` event, as it is (id, time, …), on the default bus.

    The event is AWS's envelope: id, detail-type, source, account, time, region, resources, detail.
    """
    eventbridge = hooks.module("services.eventbridge")
    scope = hooks.target("core.responses", "request_scope")
    dispatch, archive = (hooks.target("services.eventbridge", n) for n in ("_dispatch_event", "_archive_event"))
    hooks.target("services.eventbridge", "_events_log_list")

    def emit(event: dict[str, Any]) -> None:
        record = {
            "EventId": event["id"],
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "EventBusName": "default",
            "Time": event["time"],
            "Resources": event.get("resources", []),
            "Account": event.get("account", settings.account),
            "Region": event.get("region", settings.region),
        }
        with scope(settings.account, settings.region):
            # The same three steps as ministack's _put_events, which would make up an id and a time.
            eventbridge._events_log_list().append(record)
            dispatch(record)
            archive(record)

    return emit


def _handler(service: SageMaker, pool: ThreadPoolExecutor) -> Callable[..., Any]:
    region_of = hooks.target("core.router", "extract_region")
    account_of = hooks.target("core.responses", "get_account_id")
    refuse = hooks.target("core.iam_actions", "access_denied_response")

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        name = "sagemaker-runtime" if _RUNTIME.match(path) else "sagemaker"
        operation = str(headers.get("x-amz-target", "")).rpartition(".")[2]
        region = region_of(headers)
        # The first requirement, the action itself, was checked by ministack's dispatcher.
        dependent = auth.requirements(operation, auth.parse(name, path, body), region, account_of())[1:]
        for requirement in dependent if operation else ():
            if verdict := auth.denial(requirement, headers, query, region):
                return refuse(name, requirement.action, verdict.principal_arn, "", headers=headers,
                              resource_arn=requirement.resource, explicit_deny=verdict.decision == "Deny")  # fmt: skip
        call = functools.partial(service.handle, name, method, path, headers, body)  # type: ignore[arg-type]
        return await asyncio.get_running_loop().run_in_executor(pool, contextvars.copy_context().run, call)

    return handle


def _detect(old: Callable[..., str]) -> Callable[..., str]:
    def detect(method: str, path: str, headers: dict[str, str], query: Any) -> str:
        found = old(method, path, headers, query)
        # Both services sign as "sagemaker"; only the path tells them apart.
        return "sagemaker-runtime" if found == "sagemaker" and _RUNTIME.match(path) else found

    return detect


def _assume_role(role_arn: str, session: str) -> dict[str, str]:
    from localcloud.sagemaker.errors import AssumeRoleError

    try:
        return callers.assume_role(role_arn, "sagemaker.amazonaws.com", session)
    except callers.NotAllowedError as error:
        raise AssumeRoleError(str(error)) from error


def install(settings: Settings) -> SageMaker:
    """Make the service and register it for both endpoints; `start()` is the caller's. Raises HookError."""
    from localcloud.sagemaker.router import Router, RouterSettings
    from localcloud.sagemaker.service import SageMaker

    home = settings.data / "sagemaker"
    router = RouterSettings(settings.region, settings.account, home / "capture", settings.endpoint_url)
    router.port = ports.choose_runtime_port(settings)
    os.environ.update(settings.client_environment)
    service = SageMaker(
        home=home,
        endpoint_url=settings.endpoint_url,
        emit=emitter(settings),
        region=settings.region,
        account=settings.account,
        assume_role=_assume_role,
        router=Router(router),
        time_scale=settings.time_scale,
    )
    service.context.aws.runtime_url = settings.runtime_url
    service.context.router.start()
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sagemaker")
    handle = _handler(service, pool)
    module = types.SimpleNamespace(
        handle_request=handle,
        reset=service.reset,
        get_state=lambda: None,  # it keeps its own database
        load_persisted_state=lambda data: None,
    )
    patterns = hooks.target("core.router", "SERVICE_PATTERNS")
    patterns["sagemaker"] = {
        "target_prefixes": ["SageMaker"],
        "host_patterns": [r"api\.sagemaker\."],
        "credential_scope": "sagemaker",
    }
    patterns["sagemaker-runtime"] = {"host_patterns": [r"runtime\.sagemaker\."]}
    for name in SERVICES:
        hooks.target("app", "SERVICE_REGISTRY")[name] = {"module": name}
        hooks.target("app", "SERVICE_HANDLERS")[name] = handle
        hooks.target("app", "_loaded_modules")[name] = module
    hooks.wrap("app", "detect_service", _detect)
    return service
