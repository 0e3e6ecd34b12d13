"""What one execution carries from state to state."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from localcloud.glue.stepfunctions.clock import Clock, Scope
from localcloud.glue.stepfunctions.expressions import render
from localcloud.glue.stepfunctions.history import History
from localcloud.glue.stepfunctions.identity import Identity
from localcloud.glue.stepfunctions.notices import Notices
from localcloud.glue.stepfunctions.tokens import Tokens

_ABSENT: Any = object()


@dataclass(frozen=True)
class Engine:
    """What all executions share."""

    endpoint_url: str
    clock: Clock
    notices: Notices = field(default_factory=Notices)
    tokens: Tokens = field(default_factory=Tokens)


@dataclass(frozen=True)
class Run:
    """What the branches of one execution share."""

    engine: Engine
    identity: Identity
    history: History


@dataclass
class Frame:
    """One branch of an execution: its variables, its `$states.context`, its place in the history."""

    run: Run
    scope: Scope
    context: dict[str, Any]
    variables: dict[str, Any]
    previous: int = 1

    def fork(self, scope: Scope, **context: Any) -> Frame:
        """Return the frame of an inner branch: it sees the variables of this one and assigns its own."""
        merged = {**self.context, **context}
        return replace(self, scope=scope, context=merged, variables=dict(self.variables))

    def record(self, kind: str, **details: dict[str, Any]) -> None:
        """Add an event to the history after the branch's last one."""
        self.previous = self.run.history.add(kind, self.previous, **details)

    def evaluate(self, template: Any, value: Any, name: str, *, result: Any = _ABSENT, error: Any = _ABSENT) -> Any:
        """Evaluate the template of a field; `value` is $states.input. Raises StateError."""
        states = {"input": value, "context": self.context}
        if result is not _ABSENT:
            states["result"] = result
        if error is not _ABSENT:
            states["errorOutput"] = error
        return render(template, states, self.variables, name)

    def finish(
        self, fields: dict[str, Any], value: Any, default: Any, *, result: Any = _ABSENT, error: Any = _ABSENT
    ) -> Any:
        """Return a state's Output (or the default) and do its Assign; neither sees the other. Raises StateError.

        `fields` is the state, catcher or choice rule that may have Output and Assign.
        """
        extra = {"result": result, "error": error}
        output = self.evaluate(fields["Output"], value, "Output", **extra) if "Output" in fields else default
        assigned = self.evaluate(fields.get("Assign", {}), value, "Assign", **extra)
        self.variables.update(assigned)
        return output
