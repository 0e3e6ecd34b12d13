"""The jobs that run now: one thread each, stoppable at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Literal

from localcloud.sagemaker.errors import JobStoppedError
from localcloud.sagemaker.jobs.slots import Slots, from_environment
from localcloud.sagemaker.runtime import Process

# SIGTERM, and this long for the algorithm to save its model (StopTrainingJob's documentation).
GRACE_SECONDS = 120.0

Reason = Literal["asked", "runtime", "wait", "closing"]


class JobControl:
    """Stops one job: its process if it has one, or the step before it."""

    def __init__(self) -> None:
        self.reason: Reason | None = None
        self._process: Process | None = None
        self._turn: threading.Event | None = None
        self._lock = threading.Lock()

    def attach(self, process: Process) -> None:
        """The job's container has started; a stop that came before stops it now."""
        with self._lock:
            self._process = process
            stopped = self.reason is not None
        if stopped:
            self._end(process)

    def stop(self, reason: Reason) -> None:
        """Ask the job to stop; returns at once, the first reason stays."""
        with self._lock:
            if self.reason is not None:
                return
            self.reason = reason
            process = self._process
            if self._turn is not None:
                self._turn.set()
        if process is not None:
            self._end(process)

    def wait(self, turn: threading.Event) -> None:
        """Wait for an event, or for the stop, which sets it too."""
        with self._lock:
            self._turn = turn
            if self.reason is not None:
                turn.set()
        turn.wait()

    def check(self) -> None:
        """Raise JobStoppedError if the job was asked to stop."""
        if self.reason is not None:
            raise JobStoppedError(self.reason)

    def run(self, process: Process, seconds: float) -> int:
        """Wait for the container's exit code, stopping it once it has run `seconds`."""
        self.attach(process)
        timer = threading.Timer(seconds, self.stop, args=("runtime",))
        timer.daemon = True
        timer.start()
        try:
            code = process.wait()
        finally:
            timer.cancel()
        return 0 if code is None else code

    def _end(self, process: Process) -> None:
        grace = 1.0 if self.reason == "closing" else GRACE_SECONDS
        threading.Thread(target=process.stop, args=(grace,), daemon=True).start()


class RunningJobs:
    """Starts and finds the jobs' threads; `most` of them work at a time (`slots`)."""

    def __init__(self, most: int | None = None) -> None:
        self.slots = Slots(most or from_environment())
        self._jobs: dict[str, tuple[JobControl, threading.Thread]] = {}
        self._lock = threading.Lock()

    def start(self, arn: str, work: Callable[[JobControl], None]) -> None:
        """Run `work` in a thread of its own."""
        control = JobControl()

        def run() -> None:
            try:
                work(control)
            finally:
                with self._lock:
                    self._jobs.pop(arn, None)

        thread = threading.Thread(target=run, name=arn.rsplit(":", 1)[-1], daemon=True)
        with self._lock:
            self._jobs[arn] = (control, thread)
        thread.start()

    def stop(self, arn: str) -> None:
        """Ask a job to stop; a job that has just ended is no error."""
        with self._lock:
            entry = self._jobs.get(arn)
        if entry:
            entry[0].stop("asked")

    def join(self, arn: str, timeout: float) -> None:
        """Wait for a job to end, at most `timeout` seconds."""
        with self._lock:
            entry = self._jobs.get(arn)
        if entry:
            entry[1].join(timeout)

    def close(self) -> None:
        """Stop all jobs and wait for their threads."""
        with self._lock:
            entries = list(self._jobs.values())
        for control, _ in entries:
            control.stop("closing")
        for _, thread in entries:
            thread.join(15)
