"""What is stored: scalable targets, policies, scheduled actions and activities, one record each."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from localcloud.sagemaker.errors import InvalidRequestError, NotHereError, ServiceError
from localcloud.sagemaker.store import Record, ResourceMissingError, Store

Json = dict[str, Any]
TARGET, POLICY, ACTION, ACTIVITY = "target", "policy", "action", "activity"
INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"
_RESOURCE = re.compile(r"endpoint/([A-Za-z0-9-]{1,63})/variant/([A-Za-z0-9-]{1,63})")
ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"


class MissingError(ServiceError):
    """ObjectNotFoundException."""

    def __init__(self, message: str) -> None:
        super().__init__("ObjectNotFoundException", message)


@dataclass(frozen=True)
class Key:
    """What one scalable target is known by."""

    namespace: str
    resource: str
    dimension: str

    @classmethod
    def of(cls, request: Json) -> Key:
        """The key that a request or a stored document names."""
        return cls(request["ServiceNamespace"], request["ResourceId"], request["ScalableDimension"])

    @property
    def text(self) -> str:
        """As a part of the name of what is stored."""
        return f"{self.namespace}|{self.resource}|{self.dimension}"

    @property
    def words(self) -> str:
        """As AWS's errors tell it."""
        return (
            f"service namespace: {self.namespace}, resource ID: {self.resource}, scalable dimension: {self.dimension}"
        )

    @property
    def members(self) -> Json:
        """The members that every answer about it has."""
        return {
            "ServiceNamespace": self.namespace,
            "ResourceId": self.resource,
            "ScalableDimension": self.dimension,
        }

    @property
    def id(self) -> str:
        """The last part of the ScalableTargetARN."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    def variant(self) -> tuple[str, str]:
        """(endpoint, variant). Raises InvalidRequestError for what is no variant, NotHereError for other services."""
        if self.namespace != "sagemaker" or self.dimension not in (INSTANCES, PROVISIONED):
            if self.dimension.split(":")[0] != self.namespace:
                raise InvalidRequestError(
                    f"Unsupported service namespace, resource type or scalable dimension: {self.words}"
                )
            raise NotHereError(f"scalable targets of dimension {self.dimension}")
        found = _RESOURCE.fullmatch(self.resource)
        if found is None:
            raise InvalidRequestError(
                f"Unsupported service namespace, resource type or scalable dimension: {self.words}. "
                "A variant is endpoint/<endpoint>/variant/<variant>."
            )
        return found[1], found[2]


def target(store: Store, key: Key) -> Record:
    """The scalable target. Raises MissingError."""
    try:
        return store.get(TARGET, key.text)
    except ResourceMissingError as error:
        raise MissingError(f"No scalable target found for {key.words}") from error


def named(store: Store, kind: str, key: Key, name: str) -> Record:
    """A policy or a scheduled action of a target. Raises MissingError."""
    try:
        return store.get(kind, f"{key.text}|{name}")
    except ResourceMissingError as error:
        what = "scaling policy" if kind == POLICY else "scheduled action"
        raise MissingError(f"No {what} found for {key.words}, {what} name: {name}") from error


def belonging(store: Store, kind: str, key: Key) -> list[Record]:
    """The policies, or the scheduled actions, of a target."""
    return store.select(kind, "AND substr(key, 1, ?) = ?", (len(key.text) + 1, f"{key.text}|".lower()))
