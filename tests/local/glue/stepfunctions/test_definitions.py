"""What may become a machine: structure, integrations, YAML from templates."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.glue.stepfunctions.definition import DefinitionError, load
from localcloud.glue.stepfunctions.validation import problems

from .conftest import ROOT, Cloud, _trust, wait

END = {"Z": {"Type": "Succeed"}}
INVOKE = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "f"}, "End": True}


def _definition(states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields}


def _task(**fields: Any) -> dict[str, Any]:
    return _definition({"T": {**INVOKE, **fields}})


def _output(template: str) -> dict[str, Any]:
    return _definition({"A": {"Type": "Pass", "Output": template, "End": True}})


BAD = {
    "no such state": (_definition({"A": {"Type": "Pass", "Next": "B"}}), 'No state found named "B"'),
    "unreachable": (_definition({"A": {"Type": "Succeed"}, **END}), "No transition found to state State Machine.Z"),
    "unknown field": (_definition({"A": {"Type": "Pass", "End": True, "Colour": 1}}), 'Field "Colour" not allowed'),
    "JSONPath field": (_task(ResultPath="$.x"), 'Field "ResultPath" not allowed'),
    "JSONPath machine": (_definition({"A": {"Type": "Succeed"}}, QueryLanguage="JSONPath"), "must be JSONata"),
    "JSONPath state": (_definition({"A": {"Type": "Succeed", "QueryLanguage": "JSONPath"}}), "/States/A/QueryLanguage"),
    "no type": (_definition({"A": {"End": True}}), "Type"),
    "broken expression": (_output("{% 1 + %}"), "INVALID_JSONATA_EXPRESSION"),
    "blank after an expression": (_output("{% 1 %} "), "/States/A/Output"),
    "choice by text": (
        _definition({"A": {"Type": "Choice", "Choices": [{"Condition": "x", "Next": "Z"}]}, **END}),
        "/States/A/Choices/0/Condition must be a JSONata expression",
    ),
    "unknown service": (_task(Resource="arn:aws:states:::aws-sdk:nothing:doIt"), "know no service 'nothing'"),
    "unknown action": (_task(Resource="arn:aws:states:::aws-sdk:s3:getAnything"), "s3 has no action 'getAnything'"),
    "capital action": (_task(Resource="arn:aws:states:::aws-sdk:s3:GetObject"), "camelCase"),
    "not optimised": (
        _task(Resource="arn:aws:states:::sagemaker:describeEndpoint"),
        "use arn:aws:states:::aws-sdk:sagemaker:desc",
    ),
    "no such pattern": (_task(Resource="arn:aws:states:::sagemaker:createEndpoint.sync"), "has no .sync"),
    "sync of an SDK call": (_task(Resource="arn:aws:states:::aws-sdk:s3:getObject.sync"), "know no .sync"),
    "not implemented": (_task(Resource="arn:aws:states:::glue:startJobRun.sync"), "not implemented in the local"),
    "activity": (_task(Resource="arn:aws:states:us-east-1:000000000000:activity:a"), "neither a Lambda function nor"),
    "unknown argument": (_task(Arguments={"FunctionName": "f", "Color": 1}), "'Color' is not supported"),
    "deep argument": (
        _task(Resource="arn:aws:states:::events:putEvents", Arguments={"Entries": [{"detail": {}}]}),
        "'Entries[0].detail' is not supported",
    ),
    "missing argument": (_task(Arguments={"Payload": 1}), "'FunctionName' is required but was missing"),
    "token not passed": (
        _task(Resource="arn:aws:states:::lambda:invoke.waitForTaskToken"),
        "must pass $states.context.",
    ),
    "useless heartbeat": (_task(HeartbeatSeconds=5), "HeartbeatSeconds would do nothing"),
    "credentials": (_task(Credentials={"RoleArn": "r"}), "Credentials"),
    "distributed map": (
        _definition(
            {
                "M": {
                    "Type": "Map",
                    "End": True,
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                        **_definition(END),
                    },
                }
            }
        ),
        "distributed Map states are not implemented",
    ),
    "inside a map": (
        _definition(
            {
                "M": {
                    "Type": "Map",
                    "End": True,
                    "ItemProcessor": {"StartAt": "T", "States": {"T": {**INVOKE, "Resource": "arn:aws:states:::x:y"}}},
                }
            }
        ),
        "/States/M/ItemProcessor/States/T/Resource",
    ),
    "bad retry": (_task(Retry=[{"ErrorEquals": ["States.ALL"], "Interval": 1}]), 'Field "Interval" not allowed'),
    "catch to nowhere": (_task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "X"}]), 'No state found named "X"'),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_work_is_named(case: str) -> None:
    definition, expected = BAD[case]
    assert any(expected in text for text in problems(definition)), problems(definition)


def test_express_machines_cannot_wait() -> None:
    sync = _task(Resource="arn:aws:states:::states:startExecution.sync:2", Arguments={"StateMachineArn": "a"})
    assert problems(sync) == []
    assert "Express machines know no .sync:2" in problems(sync, "EXPRESS")[0]


def test_our_own_machines_are_good() -> None:
    files = sorted((ROOT / "statemachines").glob("*.asl.yaml"))
    assert {path.name: problems(load(path.read_text())) for path in files} == {path.name: [] for path in files}


def test_the_api_refuses_and_keeps_what_was(cloud: Cloud) -> None:
    client = cloud.client("stepfunctions")
    bad, _ = BAD["no such state"]
    with pytest.raises(client.exceptions.InvalidDefinition, match="No state found"):
        client.create_state_machine(name="bad", definition=json.dumps(bad), roleArn=cloud.role())
    machine = cloud.machine(END)
    with pytest.raises(client.exceptions.InvalidDefinition, match="No state found"):
        client.update_state_machine(stateMachineArn=machine, definition=json.dumps(bad))
    with pytest.raises(client.exceptions.InvalidDefinition, match="not a JSON object"):
        client.update_state_machine(stateMachineArn=machine, definition="StartAt: A")
    assert cloud.finished(cloud.start_execution(machine))["status"] == "SUCCEEDED"
    verdict = client.validate_state_machine_definition(definition=json.dumps(bad))
    assert verdict["result"] == "FAIL"
    assert 'No state found named "B"' in verdict["diagnostics"][0]["message"]
    assert client.validate_state_machine_definition(definition=json.dumps(_definition(END)))["result"] == "OK"
    with pytest.raises(ClientError, match="TestState is not implemented in the local cloud"):
        client.test_state(definition=json.dumps(END["Z"]), roleArn=cloud.role())


def test_yaml_is_read_as_cloudformation_reads_it() -> None:
    text = (
        "QueryLanguage: JSONata\nStartAt: W\nStates:\n  W: {Type: Wait, Timestamp: 2030-01-01T00:00:00Z, End: true}\n"
    )
    assert load(text)["States"]["W"]["Timestamp"] == "2030-01-01T00:00:00Z"
    with pytest.raises(DefinitionError, match=r"line 2: .* no YAML aliases"):
        load("a: &x 1\nb: *x\n")
    with pytest.raises(DefinitionError, match="neither JSON nor YAML"):
        load("a: [1\nb: 2")


# --- templates ---


def _stack(cloud: Cloud, text: str, substitutions: dict[str, str], name: str = "") -> str:
    bucket = cloud.bucket()
    cloud.client("s3").put_object(Bucket=bucket, Key="m.yaml", Body=text.encode())
    trust = json.loads(_trust("states.amazonaws.com"))
    properties = {
        "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
        "DefinitionS3Location": {"Bucket": bucket, "Key": "m.yaml"},
        "DefinitionSubstitutions": substitutions,
    }
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties},
    }
    template = {"Resources": resources}
    client = cloud.client("cloudformation")
    name = name or f"s-{uuid.uuid4().hex[:8]}"
    known = any(s["StackName"] == name for s in client.describe_stacks()["Stacks"])
    verb = client.update_stack if known else client.create_stack
    verb(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])

    def ended() -> str:
        status = str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        return "" if status.endswith("IN_PROGRESS") else status

    status = wait(ended, 20)
    if not status.endswith(("CREATE_COMPLETE", "UPDATE_COMPLETE")) or "ROLLBACK" in status:
        events = client.describe_stack_events(StackName=name)["StackEvents"]
        raise RuntimeError("; ".join(e.get("ResourceStatusReason", "") for e in events))
    return name


def _machine_of(cloud: Cloud, stack: str) -> str:
    found = cloud.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId="Machine")
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


YAML = """
Comment: a machine
QueryLanguage: JSONata
StartAt: Say
States:
  Say:
    Type: Pass
    Output: {word: "${Word}", twice: "{% '${Word}' & '${Word}' %}"}
    End: true
"""


def test_a_template_with_yaml_and_substitutions(cloud: Cloud) -> None:
    stack = _stack(cloud, YAML, {"Word": "a"})
    machine = _machine_of(cloud, stack)
    assert cloud.finished(cloud.start_execution(machine))["output"] == {"word": "a", "twice": "aa"}
    _stack(cloud, YAML.replace("twice:", "thrice:"), {"Word": "b"}, stack)
    assert _machine_of(cloud, stack) == machine
    assert cloud.finished(cloud.start_execution(machine))["output"] == {"word": "b", "thrice": "bb"}
    definition = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=machine)["definition"]
    assert json.loads(definition)["StartAt"] == "Say"


@pytest.mark.parametrize(
    ("text", "substitutions", "expected"),
    [
        (YAML, {"Wrod": "a"}, "DefinitionSubstitutions has no"),
        (YAML.replace("End: true", "Next: Nowhere"), {"Word": "a"}, "No state found named"),
    ],
)
def test_a_bad_template_fails_with_the_reason(
    cloud: Cloud, text: str, substitutions: dict[str, str], expected: str
) -> None:
    with pytest.raises(RuntimeError, match=expected):
        _stack(cloud, text, substitutions)
