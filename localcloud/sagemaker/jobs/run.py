"""The frame of every job's life: whatever happens, it ends in a terminal status."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import JobFailedError, JobOverError, JobStoppedError
from localcloud.sagemaker.jobs.running import JobControl
from localcloud.sagemaker.jobs.workspace import Workspace
from localcloud.sagemaker.store import Record, ResourceMissingError

_log = logging.getLogger(__name__)
_INTERNAL = "InternalServerError: We encountered an internal error. Please try again."


class JobRun(ABC):
    """One job; `run` is its thread. `job` is the job's document as it was created."""

    def __init__(self, context: Context, record: Record, control: JobControl) -> None:
        self.context = context
        self.record = record
        self.control = control
        self.name = record.name
        self.job: dict[str, Any] = record.document
        self.space: Workspace | None = None

    def run(self) -> None:
        """The whole life of the job."""
        try:
            self._run()
        except (JobOverError, ResourceMissingError) as error:
            _log.warning("%s had ended already: %s", self.record.arn, error)
        finally:
            if self.space:
                self.space.discard()

    def _run(self) -> None:
        try:
            self.begin()
            with self.context.jobs.slots.one(self.control):
                self.work()
        except (JobStoppedError, JobFailedError, JobOverError, ResourceMissingError) as error:
            self._leave(error)
        except Exception as error:
            _log.exception("%s", self.record.arn)
            self._leave(JobFailedError(_INTERNAL) if self.control.reason != "closing" else error)

    def _leave(self, error: Exception) -> None:
        if self.control.reason == "closing":
            # The local cloud ends: the job stays in progress, and `recover` fails it at the next start, when
            # somebody hears the event.
            return
        if isinstance(error, JobStoppedError):
            self.stopped()
        elif isinstance(error, JobFailedError):
            self.failed(str(error)[:1024])
        else:
            raise error

    @abstractmethod
    def begin(self) -> None:
        """Tell that the job has come; it may have to wait then. Raises JobStoppedError."""

    @abstractmethod
    def work(self) -> None:
        """Run the job to Completed; raises JobFailedError, JobStoppedError."""

    @abstractmethod
    def stopped(self) -> None:
        """Enter Stopped."""

    @abstractmethod
    def failed(self, reason: str) -> None:
        """Enter Failed."""
