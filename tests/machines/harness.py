"""Run a machine of `statemachines/` in the local interpreter.

The deciding functions are the real ones; AWS's answers are a case's. So a case shows that what a machine hands to a
function fits it, and that what a function decides fits the call that the machine makes with it.
"""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from localcloud.glue.stepfunctions import machine, task
from localcloud.glue.stepfunctions.clock import Clock, Scope
from localcloud.glue.stepfunctions.errors import StateError
from localcloud.glue.stepfunctions.history import History
from localcloud.glue.stepfunctions.identity import Identity
from localcloud.glue.stepfunctions.run import Engine, Frame, Run

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).parent / "cases"
ACCOUNT, REGION = "111122223333", "eu-west-1"
ENVIRONMENT = {
    "ARTIFACTS_BUCKET_NAME": "dropforge-artifacts",
    "DATA_BUCKET_NAME": "dropforge-data",
    "DROPS_TABLE_NAME": "dropforge-drops",
    "JOBS_PREFIX": "s3://dropforge-artifacts/dropforge/0123abcd/",
    "KEY_ARN": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
    "TRAINING_JOB_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/dropforge-training-job",
    "EVALUATION_JOB_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/dropforge-evaluation-job",
    "MODEL_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/dropforge-model",
    "POWERTOOLS_METRICS_NAMESPACE": "Dropforge",
    "AWS_DEFAULT_REGION": REGION,
}


@dataclass
class Outcome:
    """How an execution went: the states entered, the calls made, and its end."""

    path: list[str] = field(default_factory=list)
    calls: dict[str, list[Any]] = field(default_factory=dict)
    output: Any = None
    error: str | None = None
    cause: str | None = None


def definition(name: str) -> dict[str, Any]:
    """The machine's definition with every `${…}` replaced by something of the right form."""
    text = (ROOT / "statemachines" / f"{name}.asl.yaml").read_text()
    return dict(yaml.safe_load(re.sub(r"\$\{(\w+)\}", lambda found: _substitute(found.group(1)), text)))


def _substitute(name: str) -> str:
    if name.endswith("FunctionArn"):
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name.removesuffix('FunctionArn')}"
    if name == "MethodStateMachineArnPrefix":
        return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:dropforge-method-"
    if name.endswith("StateMachineArn"):
        return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name.removesuffix('StateMachineArn')}"
    if name == "NoticesTopicArn":
        return f"arn:aws:sns:{REGION}:{ACCOUNT}:dropforge-notices"
    return f"dropforge-{name.removesuffix('Name').lower()}"


class World:
    """Answers the tasks of one execution: deciding functions for real, everything else from the case."""

    def __init__(self, answers: dict[str, list[dict[str, Any]]], outcome: Outcome) -> None:
        self._answers = {state: list(given) for state, given in answers.items()}
        self._outcome = outcome

    def perform(self, frame: Frame, resource: Any, arguments: Any, *_: Any) -> Any:
        """Stands in for `integrations.perform` and `integrations.request`."""
        state = frame.context["State"]["Name"]
        self._outcome.calls.setdefault(state, []).append(arguments)
        given = self._answers.get(state)
        if given:
            answer = given.pop(0) if len(given) > 1 else given[0]
            if "throw" in answer:
                raise StateError(answer["throw"]["Error"], answer["throw"].get("Cause", ""))
            return answer["return"]
        if resource.service == "lambda":
            return {"Payload": invoke(arguments["FunctionName"].rsplit(":", 1)[-1], arguments["Payload"])}
        raise AssertionError(f"the case has no answer for the state {state!r}: {json.dumps(arguments, default=str)}")


def invoke(name: str, payload: Any) -> Any:
    """Call the real handler of a function, as Lambda would: JSON in, JSON out, errors by class name."""
    row, *words = re.findall(r"[A-Z][a-z0-9]*", name)
    handler = importlib.import_module(f"{row.lower()}.{'_'.join(word.lower() for word in words)}").handler
    try:
        return json.loads(json.dumps(handler(json.loads(json.dumps(payload)), None)))
    except Exception as error:
        told = {"errorMessage": str(error), "errorType": type(error).__name__}
        raise StateError(type(error).__name__, json.dumps(told)) from error


def run(name: str, given: Any, answers: dict[str, list[dict[str, Any]]], monkeypatch: Any) -> Outcome:
    """Run machine `name` on an input to its end; waits take no time."""
    outcome = Outcome()
    world = World(answers, outcome)
    monkeypatch.setattr(task, "perform", world.perform)
    monkeypatch.setattr(task, "request", world.perform)
    machine_arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:dropforge-{name}"
    execution = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:dropforge-{name}:case"
    events: list[dict[str, Any]] = []
    identity = Identity.__new__(Identity)
    identity.region, identity.account = REGION, ACCOUNT
    engine = Engine("http://127.0.0.1:9", Clock(1e9, 0.0))
    context = {
        "Execution": {"Id": execution, "Name": "case", "Input": given, "StartTime": "2026-11-23T08:00:00.000Z"},
        "StateMachine": {"Id": machine_arn, "Name": f"dropforge-{name}"},
    }
    frame = Frame(Run(engine, identity, History(events)), Scope(), context, {})
    try:
        outcome.output = machine.walk(frame, definition(name), given)
    except StateError as error:
        outcome.error, outcome.cause = error.name, error.cause
    entered = [event for event in events if "stateEnteredEventDetails" in event]
    outcome.path = [event["stateEnteredEventDetails"]["name"] for event in entered]
    return outcome


def cases() -> list[Path]:
    """All case files: cases/<machine>/<case>.yaml."""
    return sorted(CASES.glob("*/*.yaml"))
