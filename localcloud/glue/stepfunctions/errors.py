"""The errors inside an execution, and which ErrorEquals names catch them (Amazon States Language, "Errors")."""

from __future__ import annotations

# AWS: "States.ALL … can't catch the States.DataLimitExceeded terminal error or Runtime error types".
_TERMINAL = {"States.DataLimitExceeded", "States.Runtime"}
PAYLOAD_LIMIT = 256 * 1024


class StateError(Exception):
    """A state failed with an ASL error name and a cause; Retry and Catch may handle it."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause


class CancelledError(Exception):
    """This branch is to end at once: the execution was stopped, or a sibling branch failed."""


class ExecutionTimedOutError(Exception):
    """The machine's own TimeoutSeconds have passed."""


def matches(error_equals: list[str], name: str) -> bool:
    """Tell whether a retrier's or catcher's ErrorEquals covers this error name.

    States.TaskFailed stands for every error but States.Timeout; States.Runtime is never handled, and
    States.DataLimitExceeded only by its own name.
    """
    if name == "States.Runtime":
        return False
    if name in error_equals:
        return True
    if name in _TERMINAL:
        return False
    return "States.ALL" in error_equals or ("States.TaskFailed" in error_equals and name != "States.Timeout")
