"""Task tokens: who waits for SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.stepfunctions.clock import Deadline, Scope
from localcloud.glue.stepfunctions.errors import StateError

_PREFIX = "dropforge-task:"
Response = tuple[int, dict[str, str], bytes]


@dataclass
class Task:
    """A task that waits for its token to come back."""

    token: str
    event: threading.Event = field(default_factory=threading.Event)
    beat: float = field(default_factory=time.monotonic)
    answered: bool = False
    output: Any = None
    error: StateError | None = None


class Tokens:
    """The open tokens of this process. A token outlives neither its task nor the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, Task] = {}

    def issue(self, execution_arn: str) -> Task:
        """Return a new waiting task."""
        text = f"{_PREFIX}{execution_arn}:{secrets.token_hex(16)}"
        task = Task(base64.b64encode(text.encode()).decode())
        with self._lock:
            self._open[task.token] = task
        return task

    def close(self, task: Task) -> None:
        """The task is over: its token is worth nothing any more."""
        with self._lock:
            self._open.pop(task.token, None)

    def await_answer(self, task: Task, scope: Scope, deadline: Deadline, heartbeat: float | None) -> Any:
        """Wait for the answer and return its output.

        Raises the StateError that SendTaskFailure gave, States.Timeout or States.HeartbeatTimeout.
        """
        while not task.answered:
            beat = None if heartbeat is None else max(0.0, task.beat + heartbeat - time.monotonic())
            if beat == 0.0:
                raise StateError("States.HeartbeatTimeout", "The task sent no heartbeat in time")
            if deadline.passed:
                raise StateError("States.Timeout", "The task's token did not come back in time")
            limits = [limit for limit in (beat, deadline.remaining()) if limit is not None]
            scope.wait(task.event, min(limits) if limits else None)
        if task.error:
            raise task.error
        return task.output

    def _take(self, token: Any, *, keep: bool = False) -> Task | Response:
        with self._lock:
            task = self._open.get(token) if keep else self._open.pop(token, None)
        if task:
            return task
        if _is_ours(token):  # also one of before a restart: its execution is over
            return _refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return _refuse("InvalidToken", "Invalid Token: 'Invalid token'")

    def send_success(self, data: dict[str, Any]) -> Response:
        """SendTaskSuccess."""
        try:
            output = json.loads(data.get("output", ""))
        except (TypeError, ValueError) as error:
            return _refuse("InvalidOutput", f"Invalid Output: 'Invalid JSON: {error}'")
        return self._answer(data, output, None)

    def send_failure(self, data: dict[str, Any]) -> Response:
        """SendTaskFailure."""
        return self._answer(data, None, StateError(data.get("error") or "States.TaskFailed", data.get("cause") or ""))

    def _answer(self, data: dict[str, Any], output: Any, error: StateError | None) -> Response:
        task = self._take(data.get("taskToken"))
        if not isinstance(task, Task):
            return task
        task.output, task.error, task.answered = output, error, True
        task.event.set()
        return _accept()

    def send_heartbeat(self, data: dict[str, Any]) -> Response:
        """SendTaskHeartbeat."""
        task = self._take(data.get("taskToken"), keep=True)
        if not isinstance(task, Task):
            return task
        task.beat = time.monotonic()
        return _accept()

    def install(self) -> None:
        """Answer the three calls from here."""
        handlers: dict[str, Callable[[dict[str, Any]], Response]] = {
            "_send_task_success": self.send_success,
            "_send_task_failure": self.send_failure,
            "_send_task_heartbeat": self.send_heartbeat,
        }
        for name, handler in handlers.items():
            hooks.replace("services.stepfunctions", name, handler)


def _is_ours(token: Any) -> bool:
    try:
        return base64.b64decode(str(token), validate=True).startswith(_PREFIX.encode())
    except (binascii.Error, ValueError):
        return False


def _accept() -> Response:
    answer: Response = hooks.target("core.responses", "json_response")({})
    return answer


def _refuse(code: str, message: str) -> Response:
    answer: Response = hooks.target("core.responses", "error_response_json")(code, message, 400)
    return answer
