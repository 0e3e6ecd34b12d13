"""Scheduled rules and schedules of a stack, which start machines in compressed time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.glue.conftest import Cloud
from tests.local.glue.stacks import Stack

_PASS = json.dumps({"QueryLanguage": "JSONata", "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})


def _role(service: str, action: str = "", resource: Any = "*") -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    if action:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        properties["Policies"] = [{"PolicyName": "p", "PolicyDocument": document}]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _template(kind: str, properties: dict[str, Any], service: str) -> dict[str, Any]:
    return {
        "Parameters": {"Every": {"Type": "String"}},
        "Resources": {
            "MachineRole": _role("states.amazonaws.com"),
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
                "DefinitionString": _PASS, "RoleArn": {"Fn::GetAtt": ["MachineRole", "Arn"]}}},
            "StartRole": _role(service, "states:StartExecution", {"Ref": "Machine"}),
            "Timer": {"Type": kind, "Properties": {"ScheduleExpression": {"Ref": "Every"}, **properties}},
        },
        "Outputs": {"Machine": {"Value": {"Ref": "Machine"}}},
    }  # fmt: skip


_TARGET = {"Arn": {"Ref": "Machine"}, "RoleArn": {"Fn::GetAtt": ["StartRole", "Arn"]}, "Input": '{"why": "time"}'}


@pytest.mark.parametrize(
    ("kind", "properties", "service"),
    [
        ("AWS::Events::Rule", {"State": "ENABLED", "Targets": [{"Id": "Start", **_TARGET}]}, "events.amazonaws.com"),
        (
            "AWS::Scheduler::Schedule",
            {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": _TARGET},
            "scheduler.amazonaws.com",
        ),
    ],
)
def test_a_rate_of_a_stack_starts_its_machine(cloud: Cloud, kind: str, properties: Any, service: str) -> None:
    stack = Stack(cloud)
    template = _template(kind, properties, service)
    assert stack.deploy(template, Every="rate(1 minute)") == "CREATE_COMPLETE", stack.reason()
    machine, states = stack.outputs()["Machine"], cloud.client("stepfunctions")

    def started() -> Any:
        found = states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
        return found if len(found) > 1 else None

    executions = cloud.until(started, 20)
    described = states.describe_execution(executionArn=executions[0]["executionArn"])
    assert json.loads(described["input"]) == {"why": "time"}
    assert stack.deploy(template, "UPDATE", Every="rate(10 minutes)") == "UPDATE_COMPLETE"
    assert stack.delete() == "DELETE_COMPLETE"
