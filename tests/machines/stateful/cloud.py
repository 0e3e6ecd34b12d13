"""The machines of intake and training as deployed, with the real handlers, on tables and a bucket in memory."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import jsonata
import pytest
import yaml
from botocore import xform_name
from botocore.exceptions import ClientError

from localcloud.glue import hooks
from localcloud.glue.stepfunctions import calls, expressions, groups, history, machine, task
from localcloud.glue.stepfunctions.clock import Clock, Scope
from localcloud.glue.stepfunctions.errors import StateError
from localcloud.glue.stepfunctions.history import History
from localcloud.glue.stepfunctions.identity import Identity
from localcloud.glue.stepfunctions.run import Engine, Frame, Run
from tests.machines.stateful import functions, wiring
from tests.machines.stateful.dynamo import Dynamo
from tests.soak import actors
from tests.soak.actors import Actor, Function, Killed
from tests.soak.choices import Choices
from tests.soak.surroundings import Event, Surroundings

OURS = ("Intake", "IntakeProject", "IntakeRecover", "IntakeReconcile",
        "TrainingRun", "TrainingRecover", "TrainingReconcile")  # fmt: skip
TICK = timedelta(milliseconds=1)


class Trained(BaseException):
    """A run has its claims; what comes after them is not intake's."""


class Cloud(Surroundings):
    """`executions`: their records by ARN; `trained`: (run, content, force) of every run that got its claims."""

    def __init__(self, choices: Choices, patch: pytest.MonkeyPatch) -> None:
        super().__init__(choices, (wiring.BUCKETS["DataBucket"], wiring.BUCKETS["ArtifactsBucket"]))
        self.dynamo = Dynamo(wiring.TABLES, actors.pause)
        self.executions: dict[str, Event] = {}
        self.trained: list[tuple[str, str, bool]] = []
        self._read, self._writes, self._ticks = 0, 0, 0
        self._kinds = {wiring.arn(f"{name}StateMachine"): name for name in OURS}
        self._patch(patch)
        self.functions = functions.load(self.s3, self.dynamo, self.time, patch)

    # ------------------------------------------------------------------ the interpreter, under our clock and our order
    def _patch(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(task, "perform", self.perform)
        patch.setattr(groups, "together", lambda scope, jobs, limit: [job(scope) for job in jobs])
        patch.setattr(expressions, "_compiled", _compiled)
        patch.setitem(machine._STATES, "Wait", _wait)
        for module in (machine, history):
            patch.setattr(module, "now", self.stamp)

    def stamp(self) -> str:
        """The time; no two are the same."""
        return self.time().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def time(self) -> datetime:
        self._ticks += 1
        return self.now + self._ticks * TICK

    def machine(self, kind: str, name: str, given: Any) -> Actor:
        """An execution of the machine with this ARN."""
        arn = f"{kind.replace(':stateMachine:', ':execution:')}:{name}"
        record = {"executionArn": arn, "stateMachineArn": kind, "name": name, "input": json.dumps(given)}
        self.executions[arn] = record | {"status": "RUNNING", "startDate": self.stamp()}
        return Function(arn, lambda: self._walk(self.executions[arn], given))

    def _walk(self, record: Event, given: Any) -> None:
        identity = Identity.__new__(Identity)
        identity.region, identity.account = wiring.REGION, wiring.ACCOUNT
        context = {
            "Execution": {"Id": record["executionArn"], "Name": record["name"], "Input": given,
                          "StartTime": record["startDate"]},
            "StateMachine": {"Id": record["stateMachineArn"], "Name": record["stateMachineArn"].rsplit(":", 1)[-1]},
        }  # fmt: skip
        frame = Frame(Run(Engine("http://127.0.0.1:9", Clock(1e9)), identity, History([])), Scope(), context, {})
        machine.walk(frame, wiring.machines()[record["stateMachineArn"]].definition, given)

    def ended(self, actor: Actor) -> None:
        """What the execution's record, and the rules, hear of it."""
        record, error = self.executions[actor.name], actor.failed
        if error is None or isinstance(error, Trained):
            record["status"] = "SUCCEEDED"
            return
        record |= {"status": "FAILED", "error": type(error).__name__, "cause": str(error)}
        if not isinstance(error, Killed):
            self.wrong.append(f"{actor.name} failed: {error}")
        detail = record | {"startDate": 1_795_000_000_000}
        self.put({"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail})

    # ------------------------------------------------------------------ who hears of what
    def put(self, event: Event) -> None:
        """An event on a bus, for those of its rules that are of intake or training."""
        for arn in wiring.targets_of(event):
            if arn in self._kinds:
                self.starts += [(arn, event)] * self.copies()

    def tell(self, event: Event, copies: int) -> None:
        for arn in wiring.targets_of(event):
            if arn == wiring.queue_arn():
                self.messages += [{"body": event, "receives": 0} for _ in range(copies)]
            elif arn in self._kinds:
                self.starts += [(arn, event)] * copies

    def pump(self) -> None:
        """The pipe reads what is new in the stream."""
        records = self.dynamo.records(wiring.DROPS, self._read)
        self._read += len(records)
        for record in filter(wiring.pipe_takes, records):
            self.starts += [(wiring.arn("IntakeStateMachine"), [record])] * self.copies()

    def step(self, actor: Actor) -> None:
        super().step(actor)
        self.pump()

    def reconcile(self) -> None:
        for name in ("IntakeReconcileStateMachine", "TrainingReconcileStateMachine"):
            self.execute(wiring.arn(name), {})

    def configure(self, project: str, data: dict[str, Any]) -> None:
        text = yaml.safe_dump({"algorithm": "xgboost", "target": 0, "problem": "binary", "data": data})
        self.s3.put(f"{project}/project.yaml", text.encode())

    def claim(self, batch: list[Event], function: Function) -> list[Event]:
        """The claim function takes a batch as its event source mapping gives it."""
        records = [{"messageId": str(i), "body": json.dumps(m["body"])} for i, m in enumerate(batch)]
        answer = self.functions["IntakeClaimDrops"]({"Records": records}, None)
        return [batch[int(failure["itemIdentifier"])] for failure in answer["batchItemFailures"]]

    def progress(self) -> object:
        worked = [r for r in self.executions.values() if not r["stateMachineArn"].endswith("reconcile")]
        return self._writes, len(worked)

    # ------------------------------------------------------------------ what tasks do
    def perform(self, frame: Frame, resource: Any, arguments: Any, *_: Any) -> Any:
        """Stands in for `integrations.perform`: a stop, the call, a stop."""
        actors.pause(frame.context["State"]["Name"])
        if frame.context["State"]["Name"] == "Plan Run":
            self._train(frame)
        result = getattr(self, f"_{resource.client}")(resource, arguments)
        actors.pause(f"after {frame.context['State']['Name']}")
        return json.loads(json.dumps(result, default=str))

    def _train(self, frame: Frame) -> None:
        known = frame.variables
        self.trained.append((known["run"], f"{known['project']} {known['fingerprint']}", known["force"]))
        self.dynamo.update_item(
            TableName=wiring.RUNS,
            Key={"pk": {"S": known["run"]}, "sk": {"S": "run"}},
            UpdateExpression="SET #status = :done",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":done": {"S": "SUCCEEDED"}},
        )
        raise Trained

    def _lambda(self, resource: Any, arguments: Any) -> Any:
        name = arguments["FunctionName"].rsplit(":", 1)[-1].removeprefix("dropforge-").removesuffix("Function")
        try:
            return {"Payload": self.functions[name](json.loads(json.dumps(arguments["Payload"])), None)}
        except Exception as error:
            told = {"errorMessage": str(error), "errorType": type(error).__name__}
            raise StateError(type(error).__name__, json.dumps(told)) from error

    def _dynamodb(self, resource: Any, arguments: Any) -> Any:
        self._writes += resource.action in ("putItem", "updateItem", "deleteItem")
        return self._called(resource, self.dynamo, arguments)

    def _s3(self, resource: Any, arguments: Any) -> Any:
        found = self._called(resource, self.s3, arguments)
        return {**found, "Body": found["Body"].read().decode()}

    @staticmethod
    def _called(resource: Any, client: Any, arguments: Any) -> Any:
        try:
            return getattr(client, xform_name(resource.operation))(**arguments)
        except ClientError as error:
            error.response.setdefault("ResponseMetadata", {"HTTPStatusCode": 400})
            raise calls.failure(resource, resource.operation, error) from error

    def _sqs(self, resource: Any, arguments: Any) -> Any:
        bodies = [json.loads(entry["MessageBody"]) for entry in arguments["Entries"]]
        self.messages += [{"body": body, "receives": 0} for body in bodies]
        return {"Successful": [], "Failed": []}

    def _events(self, resource: Any, arguments: Any) -> Any:
        for entry in arguments["Entries"]:
            self.note(entry["DetailType"], entry["Detail"].get("drop"))
            self.put({"source": entry["Source"], "detail-type": entry["DetailType"], "detail": entry["Detail"]})
        return {"Entries": [], "FailedEntryCount": 0}

    def _stepfunctions(self, resource: Any, arguments: Any) -> Any:
        if resource.action == "describeExecution":
            record = self.executions[arguments["ExecutionArn"]]
            return {k[0].upper() + k[1:]: v for k, v in record.items()}
        kind, name, given = arguments["StateMachineArn"], arguments.get("Name"), arguments["Input"]
        arn = f"{kind.replace(':stateMachine:', ':execution:')}:{name}"
        same = self.executions.get(arn, {})
        if not self.execute(kind, given, name) and (same["status"], same["input"]) != ("RUNNING", json.dumps(given)):
            raise StateError("StepFunctions.ExecutionAlreadyExistsException", arn)
        return {"ExecutionArn": arn, "StartDate": self.stamp()}


@cache
def _compiled(text: str) -> Any:
    """As the interpreter's own, but kept, and without a time limit, which would count from the first use."""
    expression = jsonata.Jsonata.jsonata(text)
    hooks.target("services.stepfunctions", "_register_sfn_jsonata_functions")(expression)
    return expression


def _wait(frame: Frame, state: dict[str, Any], value: Any) -> Any:
    moment = datetime.fromisoformat(frame.evaluate(state["Timestamp"], value, "Timestamp"))
    function = actors.acting()
    function.until = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    function.stop()
    return frame.finish(state, value, value), state["Next"]
