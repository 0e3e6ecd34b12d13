"""Errors that leave the service, with the codes and words that AWS uses."""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """An error response: `code` as in `__type`, HTTP `status`, and further members in `fields`."""

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


class InvalidRequestError(ServiceError):
    """SageMaker's ValidationException, which it also uses for most resources that do not exist."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class ResourceInUseError(ServiceError):
    """A name that is taken, or a resource that is busy."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceInUse", message)


class ConflictError(ServiceError):
    """A change that the resource's state forbids."""

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message)


class SerializationError(ServiceError):
    """A body that is no JSON or holds another type than the model says."""

    def __init__(self, message: str) -> None:
        super().__init__("SerializationException", message)


class NotHereError(ServiceError):
    """Something that AWS has and this local cloud has not; `what` reads "CreateX" or "CreateX with Y"."""

    def __init__(self, what: str) -> None:
        message = f"sagemaker:{what} is not implemented here (Dropforge local cloud)"
        # 501 is the one 5xx that botocore does not repeat.
        super().__init__("NotImplementedError", message, status=501)


class JobFailedError(Exception):
    """A job cannot go on; the text is its FailureReason."""


class JobStoppedError(Exception):
    """A job was asked to stop while it was between two steps."""


class JobOverError(Exception):
    """A job has ended and changes no more; the text is its status."""


class DeploymentFailedError(Exception):
    """A fleet could not be brought into service; the text is the endpoint's FailureReason."""


class AssumeRoleError(Exception):
    """The role does not exist or does not trust sagemaker.amazonaws.com."""
