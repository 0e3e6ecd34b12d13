"""What every operation and runner is given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localcloud.sagemaker.errors import AssumeRoleError, InvalidRequestError
from localcloud.sagemaker.store import Record, ResourceExistsError, ResourceMissingError, Store

if TYPE_CHECKING:
    from localcloud.sagemaker.aws import Aws
    from localcloud.sagemaker.endpoint.live import LiveEndpoints
    from localcloud.sagemaker.events import Events
    from localcloud.sagemaker.jobs.running import RunningJobs
    from localcloud.sagemaker.logs import LogWriter
    from localcloud.sagemaker.metrics import MetricWriter
    from localcloud.sagemaker.router import Router
    from localcloud.sagemaker.runtime import Runtime


@dataclass
class Context:
    """One service's collaborators; `clock` gives epoch seconds.

    `time_scale` is how much faster waiting passes than on AWS; work takes the time that it takes.
    """

    home: Path
    region: str
    account: str
    store: Store
    events: Events
    aws: Aws
    runtime: Runtime
    logs: LogWriter
    metrics: MetricWriter
    jobs: RunningJobs
    endpoints: LiveEndpoints
    router: Router
    time_scale: float = 1.0
    # An endpoint's variants that are scalable targets (localcloud/scaling).
    scaled: Callable[[str], set[str]] = field(default=lambda endpoint: set())
    clock: Callable[[], float] = field(default=time.time)

    def arn(self, resource: str, name: str) -> str:
        """SageMaker's ARNs hold the name in lower case (`endpoint/myendpoint` for `MyEndpoint`)."""
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{resource}/{name.lower()}"

    def new(self, kind: str, name: str, status: str, document: dict[str, Any]) -> Record:
        """A record that is not stored yet, made now."""
        now = self.clock()
        return Record(kind, name, self.arn(kind, name), status, now, now, document)

    def insert(self, record: Record, tags: list[dict[str, str]], exists: Exception) -> None:
        """Store a new resource with its tags; raises `exists` if the name is taken."""
        try:
            self.store.insert(record, tags)
        except ResourceExistsError as error:
            raise exists from error

    def get(self, kind: str, name: str, missing: str) -> Record:
        """The resource, or InvalidRequestError with the words that AWS uses for this kind."""
        try:
            return self.store.get(kind, name)
        except ResourceMissingError as error:
            raise InvalidRequestError(missing) from error

    def check_role(self, role_arn: str) -> None:
        """Refuse a role that SageMaker cannot assume, as the Create operations do."""
        try:
            self.aws.assume_role(role_arn)
        except AssumeRoleError as error:
            raise InvalidRequestError(
                f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
                "'sagemaker.amazonaws.com' to assume the role."
            ) from error
