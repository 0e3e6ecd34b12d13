"""Application Auto Scaling (JSON 1.1, `AnyScaleFrontendService`), over a store of its own."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.model import OperationNotFoundError

from localcloud.sagemaker import validation, wire
from localcloud.sagemaker.errors import NotHereError, SerializationError, ServiceError
from localcloud.sagemaker.store import Store
from localcloud.scaling import actions, activities, model, policies, targets
from localcloud.scaling.model import Key
from localcloud.scaling.ports import Monitor, Variants
from localcloud.scaling.scaler import Scaler

_log = logging.getLogger("dropforge.scaling")
Json = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
SERVICE = "application-autoscaling"
_KIND = "application/x-amz-json-1.1"

OPERATIONS: dict[str, Callable[[Scaling, Json], Json]] = {
    "RegisterScalableTarget": targets.register,
    "DeregisterScalableTarget": targets.deregister,
    "DescribeScalableTargets": targets.describe,
    "TagResource": targets.tag,
    "UntagResource": targets.untag,
    "ListTagsForResource": targets.list_tags,
    "PutScalingPolicy": policies.put,
    "DeleteScalingPolicy": policies.delete,
    "DescribeScalingPolicies": policies.describe,
    "PutScheduledAction": actions.put,
    "DeleteScheduledAction": actions.delete,
    "DescribeScheduledActions": actions.describe,
    "DescribeScalingActivities": activities.describe,
}


@dataclass
class Scaling:
    """Thread-safe. `clock` gives epoch seconds, `schedule_clock` those of scaled time, by which schedules go.

    Cool-downs pass `time_scale` times faster than on AWS. `emit` is given complete EventBridge events.
    """

    home: Path
    region: str
    account: str
    variants: Variants
    monitor: Monitor
    emit: Callable[[Json], None]
    time_scale: float = 1.0
    clock: Callable[[], float] = field(default=time.time)
    schedule_clock: Callable[[], float] = field(default=time.time)

    def __post_init__(self) -> None:
        self.store = Store(self.home / "scaling.sqlite")
        self._scaler = Scaler(self)

    def start(self) -> None:
        """Act from now on. The endpoint must answer by now."""
        self._scaler.start()

    def tick(self) -> None:
        """Look at every target once, as the loop does."""
        self._scaler.tick()

    def scaled(self, endpoint: str) -> set[str]:
        """The variants of an endpoint that are scalable targets."""
        keys = [Key.of(record.document) for record in self.store.select(model.TARGET)]
        return {variant for name, variant in (key.variant() for key in keys) if name.lower() == endpoint.lower()}

    def close(self) -> None:
        """Stop acting; what is stored stays."""
        self._scaler.close()
        self.store.close()

    def reset(self) -> None:
        """Forget everything."""
        self.store.clear()

    def handle(self, headers: dict[str, str], body: bytes) -> Answer:
        """Answer one HTTP request: (status, headers, body)."""
        lower = {name.lower(): value for name, value in headers.items()}
        name = lower.get("x-amz-target", "").rpartition(".")[2]
        try:
            return _answer(200, self.call(name, _parse(body)), name)
        except ServiceError as error:
            return _error(error)
        except Exception:
            _log.exception("%s", name)
            return _error(ServiceError("InternalServiceException", "The local Application Auto Scaling failed.", 500))

    def call(self, name: str, request: Any) -> Json:
        """Do one operation. Raises ServiceError."""
        try:
            operation = wire.operation_model(SERVICE, name)
        except OperationNotFoundError as error:
            raise ServiceError("UnknownOperationException", f"Unknown operation '{name}'") from error
        if name not in OPERATIONS:
            raise NotHereError(name)
        parsed = validation.parse(operation.input_shape, request)
        validation.validate(operation.input_shape, parsed)
        return OPERATIONS[name](self, parsed)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError as error:
        raise SerializationError(f"The request body is no JSON: {error}") from error


def _answer(status: int, result: Json, name: str) -> Answer:
    shape = wire.operation_model(SERVICE, name).output_shape
    body = wire.serialise(shape, result) if shape else {}
    return status, {"Content-Type": _KIND, "x-amzn-RequestId": str(uuid.uuid4())}, json.dumps(body).encode()


def _error(error: ServiceError) -> Answer:
    body = {"__type": error.code, "Message": error.message, "message": error.message, **error.fields}
    headers = {"Content-Type": _KIND, "x-amzn-ErrorType": error.code, "x-amzn-RequestId": str(uuid.uuid4())}
    return error.status, headers, json.dumps(body).encode()
