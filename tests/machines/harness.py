"""Run a machine of `statemachines/` in the local interpreter.

The deciding functions are the real ones; AWS's answers are a case's. So a case shows that what a machine hands to a
function fits it, and that what a function decides fits the call that the machine makes with it.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from localcloud.glue.stepfunctions import groups, machine, task
from localcloud.glue.stepfunctions.clock import Clock, Scope
from localcloud.glue.stepfunctions.errors import StateError
from localcloud.glue.stepfunctions.history import History
from localcloud.glue.stepfunctions.identity import Identity
from localcloud.glue.stepfunctions.resources import Resource
from localcloud.glue.stepfunctions.run import Engine, Frame, Run

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT, REGION = "111122223333", "eu-west-1"
ENVIRONMENT = {
    "ALLOWED_IMAGES": "",
    "ARTIFACTS_BUCKET_NAME": "dropforge-artifacts",
    "DATA_BUCKET_NAME": "dropforge-data",
    "JOBS_PREFIX": "s3://dropforge-artifacts/dropforge/0123abcd/",
    "KEEP_CONFIGURATIONS": "1",
    "KEY_ARN": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
    "TRAINING_JOB_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/dropforge-training-job",
    "INTAKE_JOB_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/dropforge-intake-job",
    "EVALUATION_JOB_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/dropforge-evaluation-job",
    "MODEL_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/dropforge-model",
    "BATCH_MODEL_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/dropforge-batch-model",
    "NOTICES_TOPIC_ARN": f"arn:aws:sns:us-east-1:{ACCOUNT}:notices",
    "POWERTOOLS_METRICS_NAMESPACE": "Dropforge",
}
# So fast that no wait takes time, but a token's answer is in time.
CLOCK = Clock(scale=1e9, timeout_floor=10.0)
Answers = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Call:
    """One call of a task."""

    state: str
    resource: Resource
    arguments: Any


@dataclass
class Outcome:
    """How an execution went: the states entered, the calls made, the answers taken, and its end."""

    path: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    output: Any = None
    error: str | None = None
    cause: str | None = None

    def arguments(self, state: str) -> list[Any]:
        """The Arguments of every call that a state made."""
        return [call.arguments for call in self.calls if call.state == state]


@cache
def machines() -> dict[str, dict[str, Any]]:
    """Every definition by its file's name, with every `${…}` replaced by something of the right form."""
    found = {}
    for path in sorted((ROOT / "statemachines").glob("*.asl.yaml")):
        text = re.sub(r"\$\{(\w+)\}", lambda name: _substitute(name[1]), path.read_text())
        found[path.name.removesuffix(".asl.yaml")] = yaml.safe_load(text)
    return found


def states(name: str) -> dict[str, dict[str, Any]]:
    """Every state of a machine, those inside a Map too."""
    found = dict(machines()[name]["States"])
    for state in list(found.values()):
        found |= state.get("ItemProcessor", {}).get("States", {})
    return found


#: What a name's end says that it is; `{}` is the rest of it.
FORMS = {
    "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "MethodStateMachineArnPrefix": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:dropforge-method-",
    "StateMachineArn": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{{}}",
    "NoticesTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:dropforge-notices",
    "QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/dropforge-{{}}",
    "DataBucketName": ENVIRONMENT["DATA_BUCKET_NAME"],
}


def _substitute(name: str) -> str:
    for end, form in FORMS.items():
        if name.endswith(end):
            return form.format(name.removesuffix(end))
    return f"dropforge-{name.removesuffix('Name').lower()}"


class World:
    """Answers the tasks of one execution: deciding functions for real, everything else from the case.

    An answer is `{return: result}`, `{throw: {Error, Cause}}` or, where a task waits for its token, `{wake: output}`.
    The last answer of a state holds for all its further calls. `otherwise` answers states that have none.
    """

    def __init__(self, answers: Answers, otherwise: Callable[[Call], Any], patch: Any) -> None:
        self.outcome = Outcome()
        self._answers, self._otherwise, self._patch = answers, otherwise, patch

    def perform(self, frame: Frame, resource: Resource, arguments: Any, *_: Any) -> Any:
        """Stands in for `integrations.perform` and `integrations.request`."""
        call = Call(frame.context["State"]["Name"], resource, arguments)
        self.outcome.calls.append(call)
        given = self._answers.get(call.state)
        if not given:
            return self._invoke(arguments) if resource.service == "lambda" else self._otherwise(call)
        number = self.outcome.taken.get(call.state, 0)
        self.outcome.taken[call.state] = number + 1
        answer = given[min(number, len(given) - 1)]
        if "throw" in answer:
            raise StateError(answer["throw"]["Error"], cause_text(answer["throw"].get("Cause", "")))
        if "wake" in answer:
            token = {"taskToken": frame.context["Task"]["Token"], "output": json.dumps(answer["wake"])}
            frame.run.engine.tokens.send_success(token)
            return {}
        return answer["return"]

    def _invoke(self, arguments: Any) -> Any:
        return {"Payload": invoke(arguments["FunctionName"].rsplit(":", 1)[-1], arguments["Payload"], self._patch)}


def cause_text(cause: Any) -> str:
    """A Cause as Step Functions gives it: text, or JSON in which an inner Cause is text again."""
    if isinstance(cause, str):
        return cause
    inner = {"Cause": cause_text(cause["Cause"])} if "Cause" in cause else {}
    return json.dumps({**cause, **inner})


def invoke(name: str, payload: Any, patch: Any) -> Any:
    """Call the real handler of a function, as Lambda would: JSON in, JSON out, errors by class name."""
    row, *words = re.findall(r"[A-Z][a-z0-9]*", name)
    module = importlib.import_module(f"{row.lower()}.{'_'.join(word.lower() for word in words)}")
    if hasattr(module, "settings"):  # other tests may have imported it in another environment
        patch.setattr(module, "settings", type(module.settings).read())
    try:
        return json.loads(json.dumps(module.handler(json.loads(json.dumps(payload)), None)))
    except Exception as error:
        told = {"errorMessage": str(error), "errorType": type(error).__name__}
        raise StateError(type(error).__name__, json.dumps(told)) from error


def unanswered(call: Call) -> Any:
    """Refuse a call for which a case has no answer."""
    raise AssertionError(f"the case has no answer for {call.state!r}: {json.dumps(call.arguments, default=str)}")


def run(
    name: str, given: Any, answers: Answers, monkeypatch: Any, otherwise: Callable[[Call], Any] = unanswered
) -> Outcome:
    """Run machine `name` on an input to its end; waits take no time, and a Map takes its items one by one."""
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    world = World(answers, otherwise, monkeypatch)
    outcome = world.outcome
    monkeypatch.setattr(task, "perform", world.perform)
    monkeypatch.setattr(task, "request", world.perform)
    monkeypatch.setattr(groups, "_INLINE_CONCURRENCY", 1)
    events: list[dict[str, Any]] = []
    identity = Identity.__new__(Identity)
    identity.region, identity.account = REGION, ACCOUNT
    engine = Engine("http://127.0.0.1:9", CLOCK)
    frame = Frame(Run(engine, identity, History(events)), Scope(), _context(name, given), {})
    try:
        outcome.output = machine.walk(frame, machines()[name], given)
    except StateError as error:
        outcome.error, outcome.cause = error.name, error.cause
    entered = [event["stateEnteredEventDetails"] for event in events if "stateEnteredEventDetails" in event]
    outcome.path = [details["name"] for details in entered]
    return outcome


def _context(name: str, given: Any) -> dict[str, Any]:
    machine_name = f"dropforge-{name.replace('_', '-')}"
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}"
    start = "2026-11-23T08:00:00.000Z"
    return {
        "Execution": {"Id": f"{arn}:execution:{machine_name}:case", "Name": "case", "Input": given, "StartTime": start},
        "StateMachine": {"Id": f"{arn}:stateMachine:{machine_name}", "Name": machine_name},
    }
