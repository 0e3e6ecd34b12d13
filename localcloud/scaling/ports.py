"""What scaling needs of the cloud around it: variants whose capacity it reads and sets, and CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

Json = dict[str, Any]


class NoSuchVariantError(Exception):
    """The endpoint or its variant does not exist; the text says which."""


class BusyError(Exception):
    """The endpoint is being changed; try again."""


class RefusedError(Exception):
    """SageMaker refused a capacity; the text is its reason."""


@dataclass(frozen=True)
class Capacity:
    """What a variant has: `current` of what the dimension counts, and whether it could be changed now."""

    current: int
    settled: bool


@dataclass(frozen=True)
class Ringing:
    """An alarm in ALARM that names a policy in its actions; `values` of the metric, newest first."""

    name: str
    threshold: float
    values: list[float]


class Variants(Protocol):
    """The variants of endpoints."""

    def capacity(self, endpoint: str, variant: str, dimension: str) -> Capacity:
        """Raises NoSuchVariantError, also for a dimension that this kind of variant has not."""

    def set_capacity(self, endpoint: str, variant: str, dimension: str, wanted: int) -> None:
        """Begin to change it. Raises NoSuchVariantError, BusyError, RefusedError."""

    def may_be_empty(self, endpoint: str) -> bool:
        """Whether its variants may have no instance: asynchronous ones."""


class Monitor(Protocol):
    """CloudWatch."""

    def put_alarm(self, request: Json) -> str:
        """PutMetricAlarm; the alarm's ARN."""

    def delete_alarms(self, names: list[str]) -> None:
        """DeleteAlarms."""

    def ringing(self, policy_arn: str) -> list[Ringing]:
        """The alarms in ALARM that have the policy among their actions."""

    def alarms(self, policy_arn: str) -> list[Json]:
        """AlarmName and AlarmARN of every alarm that has the policy among its actions."""

    def tell_zero(self, metric: str, endpoint: str, variant: str) -> None:
        """Record a zero of a variant's metric in AWS/SageMaker, if nothing was recorded of late."""
