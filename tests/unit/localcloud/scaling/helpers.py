"""A scaling service over variants and alarms that a test sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from localcloud.scaling.ports import BusyError, Capacity, NoSuchVariantError, RefusedError, Ringing
from localcloud.scaling.service import Scaling

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
VARIANT = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/churn/variant/AllTraffic",
           "ScalableDimension": INSTANCES}  # fmt: skip
Json = dict[str, Any]


class CallError(Exception):
    """An error answer."""

    def __init__(self, body: Json) -> None:
        super().__init__(f"{body['__type']}: {body['message']}")
        self.code = body["__type"]
        self.message = body["message"]


class FakeVariants:
    """Endpoints in a dictionary; a change is there at the next look, unless `hold` is set."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {("churn", "AllTraffic"): 1}
        self.empty: set[str] = set()
        self.hold = False
        self.busy = False
        self.refusal = ""
        self.wanted: list[int] = []

    def capacity(self, endpoint: str, variant: str, dimension: str) -> Capacity:
        if (endpoint, variant) not in self.counts:
            raise NoSuchVariantError(f"could not find endpoint {endpoint}")
        return Capacity(self.counts[endpoint, variant], not self.hold)

    def set_capacity(self, endpoint: str, variant: str, dimension: str, wanted: int) -> None:
        if self.busy:
            raise BusyError("in-progress")
        if self.refusal:
            raise RefusedError(self.refusal)
        self.wanted.append(wanted)
        self.counts[endpoint, variant] = wanted

    def may_be_empty(self, endpoint: str) -> bool:
        return endpoint in self.empty


class FakeMonitor:
    """Alarms that a test lets ring."""

    def __init__(self) -> None:
        self.put: dict[str, Json] = {}
        self.values: dict[str, list[float]] = {}
        self.zeros: list[str] = []

    def put_alarm(self, request: Json) -> str:
        self.put[request["AlarmName"]] = request
        return f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{request['AlarmName']}"

    def delete_alarms(self, names: list[str]) -> None:
        for name in names:
            self.put.pop(name, None)

    def ringing(self, policy_arn: str) -> list[Ringing]:
        return [
            Ringing(name, alarm["Threshold"], self.values[name])
            for name, alarm in self.put.items()
            if policy_arn in alarm["AlarmActions"] and name in self.values
        ]

    def alarms(self, policy_arn: str) -> list[Json]:
        return [{"AlarmName": name, "AlarmARN": "arn"} for name, alarm in self.put.items()
                if policy_arn in alarm["AlarmActions"]]  # fmt: skip

    def tell_zero(self, metric: str, endpoint: str, variant: str) -> None:
        self.zeros.append(metric)

    def ring(self, way: str, *values: float) -> None:
        """Let the AlarmHigh or the AlarmLow ring, and the others not."""
        self.values = {name: list(values) for name in self.put if f"-{way}-" in name}


class Cloud:
    """The service, its clocks and what it told."""

    def __init__(self, home: Path, time_scale: float = 1.0) -> None:
        self.home = home
        self.now = 1_000_000.0
        self.scheduled = 1_767_225_600.0  # 2026-01-01T00:00:00Z
        self.variants = FakeVariants()
        self.monitor = FakeMonitor()
        self.events: list[Json] = []
        self.time_scale = time_scale
        self.service = self.make()

    def make(self) -> Scaling:
        return Scaling(
            self.home, "us-east-1", "123456789012", self.variants, self.monitor, self.events.append, self.time_scale,
            lambda: self.now, lambda: self.scheduled,
        )  # fmt: skip

    def restart(self) -> None:
        self.service.close()
        self.service = self.make()

    def call(self, operation: str, **request: Any) -> Json:
        headers = {"X-Amz-Target": f"AnyScaleFrontendService.{operation}"}
        status, _, body = self.service.handle(headers, json.dumps(request).encode())
        answer: Json = json.loads(body)
        if status != 200:
            raise CallError(answer)
        return answer

    def look(self, seconds: float = 0.0, looks: int = 2) -> None:
        """Let time pass, then look: once to begin a change, once to see it done."""
        self.now += seconds
        for _ in range(looks):
            self.service.tick()

    @property
    def count(self) -> int:
        return self.variants.counts["churn", "AllTraffic"]

    def register(self, low: int = 1, high: int = 4, **more: Any) -> str:
        answer = self.call("RegisterScalableTarget", **VARIANT, MinCapacity=low, MaxCapacity=high, **more)
        return str(answer["ScalableTargetARN"])

    def track(self, target: float = 100.0, name: str = "track", **config: Any) -> Json:
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        return self.call(
            "PutScalingPolicy", **VARIANT, PolicyName=name, PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": target, "PredefinedMetricSpecification": metric,
                                                      **config},
        )  # fmt: skip

    def schedule(self, name: str, expression: str, **more: Any) -> None:
        self.call("PutScheduledAction", **VARIANT, ScheduledActionName=name, Schedule=expression, **more)

    def activities(self, **request: Any) -> list[Json]:
        answer = self.call("DescribeScalingActivities", ServiceNamespace="sagemaker", **request)
        found: list[Json] = answer["ScalingActivities"]
        return found
