"""Which function of ours a Lambda task invoked, by the name that its file has: `training.plan_run`."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.history import Step
from cli.stack import Stack

_LOGICAL_ID = re.compile(r"(?:[A-Z][a-z]+){2,}")  # the names of stacks before it are one word, or lower case
_WORD = re.compile(r"[A-Z][a-z]+")
SUFFIX = "Function"


class Functions:
    """The deployed functions, each asked about once, and only if its name does not say enough."""

    def __init__(self, stack: Stack) -> None:
        self._client = stack.client("lambda")
        self._known: dict[str, dict[str, Any]] = {}

    def configuration(self, function: str) -> dict[str, Any]:
        """GetFunctionConfiguration; empty if the function is gone, `{"Error": …}` if it may not be read."""
        if function not in self._known:
            try:
                self._known[function] = self._client.get_function_configuration(FunctionName=function)
            except self._client.exceptions.ResourceNotFoundException:
                self._known[function] = {}
            except (ClientError, BotoCoreError) as error:
                self._known[function] = {"Error": str(error)}
        return self._known[function]

    def name(self, step: Step) -> str | None:
        """`training.plan_run`; None for a task that invokes no function of ours.

        Logical ids are mechanical (CONTRIBUTING.md). CloudFormation cuts long ones: then the deployed handler says it,
        and if the function is gone, the row with the state's name, which is that of the function.
        """
        if not step.function:
            return None
        words = logical_id(step.function)
        if words and words[-1] == SUFFIX:
            return dotted(words[:-1])
        handler = str(self.configuration(step.function).get("Handler", ""))
        if handler:
            return handler.removesuffix(".handler")
        return dotted([words[0], *step.state.split()]) if words else None


def logical_id(function: str) -> list[str]:
    """The words of the logical id in a function's generated name or ARN, e.g. `[Training, Plan, Run, Function]`."""
    match = _LOGICAL_ID.search(function.rsplit(":function:", maxsplit=1)[-1])
    return _WORD.findall(match[0]) if match else []


def dotted(words: list[str]) -> str:
    """`[Training, Plan, Run]` as `training.plan_run`."""
    row, *rest = (word.lower() for word in words)
    return f"{row}.{'_'.join(rest)}"
