"""Recorded decisions through today's deciding code: the same facts in, what would come out now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cli.history import Execution, Step
from cli.replay.code import Answer, CannotReplayError, Code
from cli.replay.difference import Difference, differences
from cli.service import Service
from cli.text import decoded

FILE_READER = "intake.read_project"
ECHO = frozenset({"config"})  # what a decision hands on of the project is what it was given


@dataclass(frozen=True)
class Replayed:
    """One decision. `today` is None if it was not replayed; `note` says why."""

    name: str
    step: Step
    recorded: Answer
    today: Answer | None = None
    differences: list[Difference] = field(default_factory=list)
    note: str = ""

    @property
    def status(self) -> str:
        """`same`, `differs` or `not replayed`."""
        if self.today is None:
            return "not replayed"
        return "differs" if self.differences else "same"

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "function": self.name,
            "time": self.step.ended,
            "recorded_in": self.step.place,
            "status": self.status,
            "note": self.note,
            "differences": [vars(d) for d in self.differences],
        }


class Replayer:
    """Asks today's code again. `config`: a project (JSON) in place of the recorded one; None: as it was."""

    def __init__(self, service: Service, code: Code, config: str | None = None) -> None:
        self._service = service
        self._code = code
        self._config = config

    def of(self, executions: Iterable[Execution]) -> Iterator[Replayed]:
        """Every decision of these executions that was answered."""
        for execution in executions:
            for step in execution.steps:
                name = self._service.functions.name(step)
                if name and step.answer is not None:
                    yield self._replayed(name, step)

    def _replayed(self, name: str, step: Step) -> Replayed:
        recorded = answer_of(step)
        if recorded is None:
            return Replayed(name, step, {}, note=f"Lambda itself failed then ({step.error}): nothing was decided")
        if self._config and name == FILE_READER:
            return Replayed(name, step, recorded, note="the given project.yaml was read in its place")
        given = with_config(step.given, self._config) if self._config else step.given
        try:
            today = self._code.decide(name, step, given)
        except CannotReplayError as error:
            return Replayed(name, step, recorded, note=str(error))
        left_out = ECHO if self._config else frozenset()
        return Replayed(
            name, step, recorded, today, differences(_compared(recorded), _compared(today), leave_out=left_out)
        )


def answer_of(step: Step) -> Answer | None:
    """The recorded answer in the form of `Code.decide`; None if the function was never reached."""
    if step.error is None:
        return {"output": step.gave}
    cause = decoded(step.cause)
    if not isinstance(cause, dict) or not {"errorMessage", "errorType"} <= cause.keys():
        return None
    return {"error": cause["errorType"], "message": cause["errorMessage"]}


def _compared(answer: Answer) -> Any:
    return answer.get("output", answer)


def with_config(given: Any, config: str, top: bool = True) -> Any:
    """The same facts with another project: every `config` in them, and a `null` one among the facts themselves."""
    if isinstance(given, list):
        return [with_config(inner, config, False) for inner in given]
    if not isinstance(given, dict):
        return given
    return {name: _substituted(name, value, config, top) for name, value in given.items()}


def _substituted(name: str, value: Any, config: str, top: bool) -> Any:
    if name == "config" and (_is_project(value) or (top and value is None)):
        return config
    return with_config(value, config, False)


def _is_project(value: Any) -> bool:
    said = decoded(value) if isinstance(value, str) else None
    return isinstance(said, dict) and "algorithm" in said
