"""The service as its records show it: tables, histories, functions, behind clients that only read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cli.functions import Functions
from cli.history import Execution, Histories
from cli.readonly import read_only
from cli.records import Item, Records
from cli.stack import Stack

FIRST_ATTEMPT = 1


class NotRecordedError(Exception):
    """Nothing of that name was recorded; the message lists what there is."""


@dataclass(frozen=True)
class Service:
    """What `why` and `replay` look at."""

    stack: Stack
    records: Records
    histories: Histories
    functions: Functions

    def intake_executions(self, window: Item | None) -> list[Execution]:
        """Those that closed and settled a window: usually one, two if it was stopped in between."""
        said = window or {}
        arns = dict.fromkeys(said.get(name) for name in ("closed_by", "settled_by"))
        return [found for arn in arns if (found := self.histories.of(arn))]

    def run_executions(self, run: Item | None) -> list[Execution]:
        """A run's attempts, oldest first, each with the executions that it started."""
        arn = str((run or {}).get("execution_arn") or "")
        attempts = [self.histories.of(earlier) for earlier in _earlier(arn, run or {})]
        found = [*(a for a in attempts if a), *([last] if (last := self.histories.of(arn)) else [])]
        return [execution for attempt in found for execution in (attempt, *self.histories.nested(attempt))]

    def gone(self, *arns: Any) -> list[str]:
        """Those of these executions whose history AWS keeps no longer."""
        return [str(arn) for arn in arns if arn in self.histories.gone]


def look_at(stack: Stack) -> Service:
    """The service behind a stack, for commands that only read."""
    reading = read_only(stack)
    return Service(reading, Records(reading), Histories(reading), Functions(reading))


def _earlier(arn: str, run: Item) -> list[str]:
    """The ARNs of the attempts before the last one, as far as they follow from the run's name.

    The second and later ones are called `<run>-a<attempt>`; EventBridge named the first.
    """
    attempt = int(run.get("attempt") or FIRST_ATTEMPT)
    machine = arn.rpartition(":")[0]
    return [f"{machine}:{run['pk']}-a{number}" for number in range(2, attempt)] if arn else []
