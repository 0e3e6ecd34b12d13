"""The local SageMaker: `sagemaker` (JSON 1.1) and `sagemaker-runtime` (REST) over one store."""

from __future__ import annotations

import json
import logging
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from botocore.model import OperationNotFoundError

from localcloud.sagemaker import (
    endpoint,
    endpoint_config,
    endpoint_metrics,
    invoke,
    model,
    model_package,
    processing_job,
    tags,
    training_job,
    transform_job,
    validation,
    wire,
)
from localcloud.sagemaker.asynchronous.dispatcher import Dispatcher
from localcloud.sagemaker.aws import AssumeRole, Aws
from localcloud.sagemaker.captures import CaptureWriter
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint import deployment
from localcloud.sagemaker.endpoint.idle import IdleSweep
from localcloud.sagemaker.endpoint.live import LiveEndpoints
from localcloud.sagemaker.errors import NotHereError, SerializationError, ServiceError
from localcloud.sagemaker.events import Emit, Events
from localcloud.sagemaker.jobs import recovery
from localcloud.sagemaker.jobs.running import RunningJobs
from localcloud.sagemaker.logs import LogWriter
from localcloud.sagemaker.metrics import MetricWriter
from localcloud.sagemaker.router import Router, RouterSettings
from localcloud.sagemaker.runtime import LocalRuntime, Runtime
from localcloud.sagemaker.store import Store

_log = logging.getLogger(__name__)
Answer = tuple[int, dict[str, str], bytes]
Operation = Callable[[Context, dict[str, Any]], dict[str, Any]]

OPERATIONS: dict[str, Operation] = {
    **training_job.OPERATIONS,
    **processing_job.OPERATIONS,
    **transform_job.OPERATIONS,
    **model.OPERATIONS,
    **endpoint_config.OPERATIONS,
    **endpoint.OPERATIONS,
    **model_package.OPERATIONS,
    **tags.OPERATIONS,
}


class SageMaker:
    """Thread-safe. `emit` is given complete EventBridge events; `assume_role` see `aws.AssumeRole`."""

    def __init__(
        self,
        home: Path,
        endpoint_url: str,
        emit: Emit,
        region: str,
        account: str,
        *,
        assume_role: AssumeRole | None = None,
        runtime: Runtime | None = None,
        router: Router | None = None,
        time_scale: float = 1.0,
    ) -> None:
        self._home = home
        self._spool = home / "capture"
        aws = Aws(endpoint_url, region, assume_role)
        router = router or Router(RouterSettings(region, account, self._spool))
        store = Store(home / "sagemaker.sqlite")
        self.context = Context(
            home=home,
            region=region,
            account=account,
            store=store,
            events=Events(emit, store, region, account),
            aws=aws,
            runtime=runtime or LocalRuntime(),
            logs=LogWriter(),
            metrics=MetricWriter(),
            jobs=RunningJobs(),
            endpoints=LiveEndpoints(router),
            router=router,
            time_scale=time_scale,
        )
        self._captures = CaptureWriter(aws)
        self._asynchronous = Dispatcher(self.context)
        self._forwarder = invoke.Forwarder(self._asynchronous.invoke)
        self._idle = IdleSweep(self.context)
        router.on_figures(lambda told: endpoint_metrics.write(self.context, told))
        router.on_captured(self._captures.add)

    def start(self) -> None:
        """Take up the state of before a restart: jobs that ran are Failed, endpoints serve again.

        The endpoint_url must answer by now: models are downloaded and events are emitted.
        """
        self._clear_files()
        recovery.recover(self.context)
        deployment.recover(self.context)
        self._idle.start()
        self._asynchronous.start()

    def close(self) -> None:
        """Stop all processes and threads; what is stored stays."""
        self._idle.close()
        self._asynchronous.close()
        self._stop()
        self.context.router.close()
        self._captures.close()
        self.context.logs.close()
        self.context.metrics.close()
        self.context.store.close()

    def reset(self) -> None:
        """Stop all processes and forget everything."""
        self._stop()
        self.context.router.clear()
        self._asynchronous.clear()
        self.context.store.clear()
        self._clear_files()
        self.context.jobs = RunningJobs()
        self.context.endpoints = LiveEndpoints(self.context.router)

    def handle(
        self,
        service: Literal["sagemaker", "sagemaker-runtime"],
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
    ) -> Answer:
        """Answer one HTTP request: (status, headers, body). Blocks; an invocation up to two minutes."""
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            if service == "sagemaker-runtime":
                return self._forwarder.forward(self.context, path, lower, body)
            return self._control(lower, body)
        except ServiceError as error:
            return _error(service, error)
        except Exception:
            _log.exception("%s %s %s", service, method, path)
            failure = ServiceError("InternalFailure", "The local SageMaker failed; its log has the reason.", 500)
            return _error(service, failure)

    def _control(self, headers: dict[str, str], body: bytes) -> Answer:
        name = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            operation = wire.operation_model("sagemaker", name)
        except OperationNotFoundError as error:
            raise ServiceError("UnknownOperationException", f"Unknown operation '{name}'") from error
        if name not in OPERATIONS:
            raise NotHereError(name)
        request = _request(operation.input_shape, body)
        result = OPERATIONS[name](self.context, request)
        answer = wire.serialise(operation.output_shape, result) if operation.output_shape else None
        text = b"" if answer is None else json.dumps(answer).encode()
        return _with_id((200, {"Content-Type": "application/x-amz-json-1.1"}, text))

    def _stop(self) -> None:
        self.context.jobs.close()
        self.context.endpoints.close()

    def _clear_files(self) -> None:
        for name in ("jobs", "endpoints"):
            shutil.rmtree(self._home / name, ignore_errors=True)


def _request(shape: Any, body: bytes) -> dict[str, Any]:
    if shape is None:
        return {}
    try:
        parsed = json.loads(body or b"{}")
    except ValueError as error:
        raise SerializationError(f"The request body is no JSON: {error}") from error
    request = validation.parse(shape, parsed)
    if not isinstance(request, dict):
        raise SerializationError("Unexpected field type")
    validation.validate(shape, request)
    return request


def _error(service: str, error: ServiceError) -> Answer:
    body = {"__type": error.code, "Message": error.message, "message": error.message, **error.fields}
    kind = "application/x-amz-json-1.1" if service == "sagemaker" else "application/json"
    headers = {"Content-Type": kind, "x-amzn-ErrorType": error.code}
    return _with_id((error.status, headers, json.dumps(body).encode()))


def _with_id(answer: Answer) -> Answer:
    status, headers, body = answer
    return status, headers | {"x-amzn-RequestId": str(uuid.uuid4())}, body
