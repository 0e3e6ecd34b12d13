"""Whether an execution that stopped without telling its end starts again."""

from __future__ import annotations

from typing import Any, Literal

from dropforge import names
from dropforge.failures import understand
from dropforge.handler import Decision

MAX_ATTEMPTS = 3


class RecoveryDecision(Decision):
    """`restart` as `attempt` under `name`, `give up` and tell, or `nothing`."""

    action: Literal["restart", "give up", "nothing"]
    attempt: int
    name: str | None = None
    reason: str


def again_or_not(thing: str, event: dict[str, Any], attempt: int, name: str) -> RecoveryDecision:
    """The next attempt of what stopped, unless a person stopped it or it has had its attempts.

    Args:
        thing: what a person calls it: `run`, `deployment`.
        event: the detail of the execution's status event.
        attempt: the one that stopped, from 1.
        name: the base of the next execution's name, the same for two events of one stop.
    """
    if event.get("status") == "ABORTED":
        return RecoveryDecision(action="give up", attempt=attempt, reason=f"the {thing} was stopped by hand")
    said = understand(event.get("error"), event.get("cause"))
    if attempt >= MAX_ATTEMPTS:
        reason = f"the {thing} stopped {attempt} times; last: {said.reason}"
        return RecoveryDecision(action="give up", attempt=attempt, reason=reason)
    again = attempt + 1
    reason = f"attempt {attempt} stopped: {said.reason}"
    return RecoveryDecision(action="restart", attempt=again, name=names.next_execution(name, again), reason=reason)
