"""Lines for what executions decided and did: each Lambda task, and the acts that a reader asks about."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from itertools import groupby

from cli.history import Execution, Step
from cli.service import Service
from cli.text import plural
from cli.why.sentences import refusal, sentence, short
from cli.why.story import Fact, Line

SHOWN_LOOKS = 3  # of a row of decisions by the same function: a busy window is looked at again and again


def decision_lines(service: Service, execution: Execution, *, leave_out: Collection[str] = ()) -> list[Line]:
    """One line for each decision of an execution; long rows of the same keep their first and their last."""
    steps = [(name, step) for step in execution.steps if (name := service.functions.name(step))]
    lines: list[Line] = []
    for name in dict.fromkeys(n for n, _ in steps if n not in leave_out):
        for _, row in groupby((step for n, step in steps if n == name), key=_action):
            lines += _shortened(name, list(row))
    return sorted(lines, key=lambda line: line.time or datetime.max.replace(tzinfo=UTC))


def _action(step: Step) -> str:
    gave = step.gave if isinstance(step.gave, dict) else {}
    return str(step.error or gave.get("action"))


def _shortened(name: str, looks: list[Step]) -> list[Line]:
    if len(looks) <= SHOWN_LOOKS:
        return [decision_line(name, step) for step in looks]
    first, last = (decision_line(name, step) for step in (looks[0], looks[-1]))
    between = f"… the same answer {plural(len(looks) - 2, 'time')} more, until"
    return [first, Line(between, first.who, looks[1].ended or looks[1].began), last]


def decision_line(name: str, step: Step) -> Line:
    """One decision with its inputs and outputs."""
    outputs = step.gave if step.error is None else {"Error": step.error, "Cause": step.cause}
    who = name.partition(".")[2]
    return Line(sentence(name, step), who, step.ended or step.began, Fact(step.place, step.given, outputs))


def failed_acts(execution: Execution) -> list[Line]:
    """What an execution asked of AWS in vain, unless the machine knew how to go on."""
    lines = []
    if execution.status not in ("RUNNING", "SUCCEEDED"):
        failure = f"{execution.error or ''}: {execution.cause or ''}".strip(": ")
        what = f"execution of {execution.machine} {execution.status}" + (f": {short(failure)}" if failure else "")
        lines.append(Line(what, "Step Functions", execution.ended, Fact(execution.arn)))
    return lines


def act(step: Step, what: str, who: str = "Step Functions") -> Line:
    """A task that acted, in given words."""
    told = what if step.error is None else f"{what}: {refusal(step)}"
    outputs = step.output if step.error is None else {"Error": step.error, "Cause": step.cause}
    return Line(told, who, step.ended or step.began, Fact(step.place, step.parameters, outputs))
