"""Mount Application Auto Scaling: routing, authorization, the endpoints that it scales and the alarms it reads."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import time
import types
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from localcloud.glue import auth, auth_scaling, hooks, mount_sagemaker
from localcloud.glue.persistence.tracked import only_reading
from localcloud.scaling import ports
from localcloud.scaling.ports import Capacity, NoSuchVariantError, Ringing
from localcloud.scaling.service import SERVICE, Scaling
from localcloud.settings import Settings

if TYPE_CHECKING:
    from localcloud.glue.cloudwatch.alarms import Alarms
    from localcloud.sagemaker.service import SageMaker

Json = dict[str, Any]
_NAMESPACE = "AWS/SageMaker"
_SILENCE = 4.0  # real seconds without data after which the first zero is told
_THREADS = 8


class Endpoints:
    """The local SageMaker's variants, changed by UpdateEndpointWeightsAndCapacities itself."""

    def __init__(self, sagemaker: SageMaker) -> None:
        self._context = sagemaker.context

    def capacity(self, endpoint: str, variant: str, dimension: str) -> Capacity:
        """See `ports.Variants`."""
        document = self._describe(endpoint)
        found = [v for v in document["ProductionVariants"] if v["VariantName"] == variant]
        if not found:
            raise NoSuchVariantError(f"endpoint {endpoint} has no variant {variant}")
        current = _current(found[0], dimension)
        if current is None:
            raise NoSuchVariantError(f"variant {variant} of endpoint {endpoint} has no {dimension.rpartition(':')[2]}")
        return Capacity(current, document["EndpointStatus"] == "InService")

    def set_capacity(self, endpoint: str, variant: str, dimension: str, wanted: int) -> None:
        """See `ports.Variants`."""
        from localcloud.sagemaker.errors import ServiceError
        from localcloud.sagemaker.service import OPERATIONS

        change: Json = {"DesiredInstanceCount": wanted}
        if dimension.endswith("DesiredProvisionedConcurrency"):
            change = {"ServerlessUpdateConfig": {"ProvisionedConcurrency": wanted}}
        request = {"EndpointName": endpoint, "DesiredWeightsAndCapacities": [{"VariantName": variant, **change}]}
        try:
            OPERATIONS["UpdateEndpointWeightsAndCapacities"](self._context, request)
        except ServiceError as error:
            if "in-progress" in error.message:
                raise ports.BusyError(error.message) from error
            raise ports.RefusedError(error.message) from error

    def may_be_empty(self, endpoint: str) -> bool:
        """See `ports.Variants`."""
        plan = self._describe(endpoint).get("_plan") or {}
        return bool(plan.get("AsyncInferenceConfig"))

    def _describe(self, endpoint: str) -> Json:
        from localcloud.sagemaker.store import ResourceMissingError

        try:
            return self._context.store.get("endpoint", endpoint).document
        except ResourceMissingError as error:
            raise NoSuchVariantError(f"could not find endpoint {endpoint}") from error


def _current(variant: Json, dimension: str) -> int | None:
    if dimension.endswith("DesiredInstanceCount"):
        count = variant.get("CurrentInstanceCount", variant.get("DesiredInstanceCount"))
    else:
        config = variant.get("CurrentServerlessConfig") or variant.get("DesiredServerlessConfig")
        count = None if config is None else config.get("ProvisionedConcurrency", 0)
    return None if count is None else int(count)


class CloudWatch:
    """This cloud's alarms and metrics."""

    def __init__(self, settings: Settings, alarms: Alarms, client: Any) -> None:
        self._settings = settings
        self._alarms = alarms
        self._client = client  # makes one for a service: what is put through the port is kept like any request's
        hooks.target("services.cloudwatch", "_metric_bucket")

    def put_alarm(self, request: Json) -> str:
        """See `ports.Monitor`."""
        self._client("cloudwatch").put_metric_alarm(**request)
        settings = self._settings
        return f"arn:aws:cloudwatch:{settings.region}:{settings.account}:alarm:{request['AlarmName']}"

    def delete_alarms(self, names: list[str]) -> None:
        """See `ports.Monitor`."""
        if names:
            self._client("cloudwatch").delete_alarms(AlarmNames=names)

    def ringing(self, policy_arn: str) -> list[Ringing]:
        """See `ports.Monitor`."""
        with self._reading():
            return [
                Ringing(alarm["AlarmName"], float(alarm.get("Threshold") or 0), self._alarms.values(alarm))
                for alarm in self._of(policy_arn)
                if alarm["StateValue"] == "ALARM" and alarm.get("ActionsEnabled", True) and alarm.get("MetricName")
            ]

    def alarms(self, policy_arn: str) -> list[Json]:
        """See `ports.Monitor`."""
        with self._reading():
            return [{name: alarm[name.replace("ARN", "Arn")] for name in ("AlarmName", "AlarmARN")}
                    for alarm in self._of(policy_arn)]  # fmt: skip

    def tell_zero(self, metric: str, endpoint: str, variant: str) -> None:
        """See `ports.Monitor`."""
        cloudwatch = hooks.module("services.cloudwatch")
        dimensions = {"EndpointName": endpoint, "VariantName": variant}
        with self._reading():
            points = cloudwatch._metrics.get((_NAMESPACE, metric, cloudwatch._dims_key(dimensions))) or []
            # Twice a (scaled) minute, so that none has no data point.
            pause = 30 / self._settings.time_scale if points and not points[-1]["Value"] else _SILENCE
            if not points or time.time() - points[-1]["Timestamp"] > pause:
                cloudwatch.record_metric(_NAMESPACE, metric, 0.0, "None", dimensions)

    @staticmethod
    def _of(policy_arn: str) -> list[Json]:
        alarms = hooks.module("services.cloudwatch")._alarms
        return [alarm for alarm in alarms.values() if policy_arn in (alarm.get("AlarmActions") or [])]

    def _reading(self) -> Any:
        return _Scope(self._settings)


class _Scope:
    """This account and region, only looked at."""

    def __init__(self, settings: Settings) -> None:
        self._scope = hooks.target("core.responses", "request_scope")(settings.account, settings.region)
        self._quiet = only_reading()

    def __enter__(self) -> None:
        self._scope.__enter__()
        self._quiet.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._quiet.__exit__(*error)
        self._scope.__exit__(*error)


def install(settings: Settings, sagemaker: SageMaker, alarms: Alarms, schedule_clock: Any) -> Scaling:
    """Make the service and register it; `start()` is the caller's. Raises HookError."""
    own = sagemaker.context.aws.own
    scaling = Scaling(
        home=settings.data,
        region=settings.region,
        account=settings.account,
        variants=Endpoints(sagemaker),
        monitor=CloudWatch(settings, alarms, own),
        emit=mount_sagemaker.emitter(settings),
        time_scale=settings.time_scale,
        schedule_clock=schedule_clock,
    )
    sagemaker.context.scaled = scaling.scaled
    handle = _handler(scaling)
    module = types.SimpleNamespace(
        handle_request=handle,
        reset=scaling.reset,
        get_state=lambda: None,  # it keeps its own database
        load_persisted_state=lambda data: None,
    )
    hooks.target("core.router", "SERVICE_PATTERNS")[SERVICE] = {
        "target_prefixes": ["AnyScaleFrontendService"],
        "host_patterns": [r"application-autoscaling\."],
        "credential_scope": SERVICE,
    }
    hooks.target("app", "SERVICE_REGISTRY")[SERVICE] = {"module": SERVICE}
    hooks.target("app", "SERVICE_HANDLERS")[SERVICE] = handle
    hooks.target("app", "_loaded_modules")[SERVICE] = module
    return scaling


def _handler(scaling: Scaling) -> Any:
    region_of = hooks.target("core.router", "extract_region")
    account_of = hooks.target("core.responses", "get_account_id")
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="scaling")

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        # The action itself was checked by ministack's dispatcher.
        operation, region = str(headers.get("x-amz-target", "")).rpartition(".")[2], region_of(headers)
        for needed in auth_scaling.dependent(operation, auth_scaling.parse(body), region, account_of()):
            requirement = auth.Requirement(*needed)
            if verdict := auth.denial(requirement, headers, query, region):
                return _refused(requirement, verdict, headers)
        call = functools.partial(scaling.handle, headers, body)
        return await asyncio.get_running_loop().run_in_executor(pool, contextvars.copy_context().run, call)

    return handle


def _refused(requirement: auth.Requirement, verdict: Any, headers: dict[str, str]) -> Any:
    respond = hooks.target("core.iam_actions", "access_denied_response")
    return respond(SERVICE, requirement.action, verdict.principal_arn, "", headers=headers,
                   resource_arn=requirement.resource, explicit_deny=verdict.decision == "Deny")  # fmt: skip
