"""Every action that a machine takes is in its policy, and none other; deciding functions have no policy at all."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.contract.application import Machine, functions, machines, root, rows, rules
from tests.contract.implied_actions import INTEGRATIONS, KMS, LOGGING

# Why a function may act: the ADRs 0002 (claim), 0003 (bytes: hash, copy, pack, publish) and 0009 (what S3 holds), 0017
# (bytes: what an endpoint is sent and answers), 0018 (looks at all that may have been lost, and changes nothing),
# 0020 (reads two profiles).
ACTING = {
    "IntakeClaimDropsFunction",
    "IntakeCheckWindowFunction",
    "IntakeListDropFunction",
    "IntakeInspectDropFunction",
    "IntakeFindMissedFunction",
    "DeploymentFindLostFunction",
    "TrainingGatherInputsFunction",
    "TrainingPackageModelFunction",
    "EvaluationCompareDataFunction",
    "ExperimentVerifyEndpointFunction",
    "ExperimentCompareAnswersFunction",
    "BatchStageRowsFunction",
    "BatchAssembleRowsFunction",
    "DeployPublishJobsFunction",
}
# AWS offers no resource for these (Service Authorization Reference), so "*" is the only thing to write.
# DescribeAlarms tells of composite alarms only those whose permission is scoped to "*" (CloudWatch API reference).
NO_RESOURCE = LOGGING | {
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "sagemaker:ListEndpoints",
    "states:SendTaskSuccess",
}

Need = tuple[str, str | None]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [s for policy in properties.get("Policies", []) if isinstance(policy, dict) for s in policy["Statement"]]


def needs(machine: Machine) -> set[Need]:
    """(action, resource ARN, or None if computed at run time) of everything that the machine does."""
    found: set[Need] = set()
    for _, integration, state in machine.tasks():
        implied = INTEGRATIONS[integration]
        found |= {(action, _resource(implied.resource, state)) for action in implied.actions}
        if implied.managed_rule:
            found |= {(a, implied.managed_rule) for a in ("events:PutTargets", "events:PutRule", "events:DescribeRule")}
        if implied.key_service:
            found |= {(action, root()._arn("Key")) for action in KMS}
        if integration == "aws-sdk:s3:getObject" and "VersionId" in json.dumps(state["Arguments"]):
            found.add(("s3:GetObjectVersion", None))
    return found


def _resource(argument: str | None, state: dict[str, Any]) -> str | None:
    arguments = state.get("Arguments")
    value = arguments.get(argument) if argument and isinstance(arguments, dict) else None
    if not isinstance(value, str) or value.startswith("{%"):
        return None
    is_table = argument == "TableName"
    return f"arn:aws:dynamodb:us-east-1:111122223333:table/{value}" if is_table else value


def grants(machine: Machine) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for s in statements(machine.properties)
        for action in listed(s["Action"])
        for resource in listed(s["Resource"])
    }


@pytest.mark.parametrize("name", machines())
def test_machine_may_do_what_it_does(name: str) -> None:
    granted = grants(machines()[name])
    missing = [
        (action, resource)
        for action, resource in needs(machines()[name])
        if not any(a == action and (resource is None or fnmatchcase(resource, r)) for a, r in granted)
    ]
    assert not missing, f"add to the Policies of {name}"


@pytest.mark.parametrize("name", machines())
def test_machine_may_do_nothing_else(name: str) -> None:
    needed = needs(machines()[name])
    idle = [
        (action, resource)
        for action, resource in grants(machines()[name])
        if not any(a == action and (r is None or fnmatchcase(r, resource)) for a, r in needed)
    ]
    assert not idle, f"remove from the Policies of {name}"


@pytest.mark.parametrize("name", machines())
def test_key_is_used_through_the_services_that_the_machine_calls(name: str) -> None:
    machine = machines()[name]
    used = {INTEGRATIONS[i].key_service for _, i, _ in machine.tasks()} - {None}
    given = {
        service.split(".")[0]
        for s in statements(machine.properties)
        if "kms:Decrypt" in listed(s["Action"])
        for service in listed(s["Condition"]["StringEquals"]["kms:ViaService"])
    }
    assert given == used


@pytest.mark.parametrize("name", machines())
def test_machine_logs_and_traces(name: str) -> None:
    properties = machines()[name].properties
    assert properties["Tracing"] == {"Enabled": True}
    assert properties["Logging"]["Level"] == "ERROR"
    assert properties["Logging"]["IncludeExecutionData"] is False  # data stays out of the logs
    assert root()._arn("MachineLogsPolicy") in properties["Policies"]


def test_log_delivery_is_what_step_functions_asks_for() -> None:
    policy = root().of("AWS::IAM::ManagedPolicy")["MachineLogsPolicy"]["Properties"]["PolicyDocument"]
    assert set(policy["Statement"][0]["Action"]) == LOGGING


def test_a_row_speaks_in_its_own_name() -> None:
    for machine in machines().values():
        for _, integration, state in machine.tasks():
            if integration == "events:putEvents":
                assert {e["Source"] for e in state["Arguments"]["Entries"]} == {f"dropforge.{machine.row}"}
        for s in statements(machine.properties):
            if s["Action"] == "events:PutEvents":
                assert s["Condition"] == {"StringEquals": {"events:source": f"dropforge.{machine.row}"}}


def test_only_the_named_machines_start_training_or_touch_endpoints() -> None:
    may: dict[str, set[str]] = {}
    for name, machine in machines().items():
        for action, _ in grants(machine):
            may.setdefault(action, set()).add(name)
    assert may["sagemaker:CreateTrainingJob"] == {"TrainingMethodTrainStateMachine"}
    # Application Auto Scaling changes the counts, in the name of whoever registered.
    assert may.pop("sagemaker:UpdateEndpointWeightsAndCapacities") == {"DeploymentStateMachine", "ScalingStateMachine"}
    # Gone is what on_idle wants; it may not change one.
    assert may.pop("sagemaker:DeleteEndpoint") == {"DeploymentStateMachine", "DeploymentRetireStateMachine"}
    assert may.pop("sagemaker:DeleteEndpointConfig") == may["sagemaker:DeleteModel"] == {"DeploymentPruneStateMachine"}
    endpoint = {a for a in may if "Endpoint" in a and not a.startswith(("sagemaker:Describe", "sagemaker:List"))}
    assert {n for a in endpoint for n in may[a]} == {"DeploymentStateMachine"}
    assert may["sagemaker:UpdateModelPackage"] == {"DeploymentStateMachine"}
    (mark,) = [
        s
        for s in statements(machines()["DeploymentStateMachine"].properties)
        if "sagemaker:UpdateModelPackage" in listed(s["Action"])
    ]
    assert mark["Condition"] == {"Null": {"sagemaker:ModelApprovalStatus": "true"}}  # a person approves


@pytest.mark.parametrize("name", functions())
def test_functions_act_only_by_exception(name: str) -> None:
    properties = functions()[name]
    assert "Role" not in properties
    assert ("Policies" in properties) == (name in ACTING)


def policies() -> list[tuple[str, dict[str, Any]]]:
    """(where, statement) of every identity policy of the application."""
    found = [(n, s) for n, m in machines().items() for s in statements(m.properties)]
    found += [(n, s) for n, p in functions().items() for s in statements(p)]
    for stack in [root(), *rows().values()]:
        for name, role in stack.of("AWS::IAM::Role").items():
            for policy in role["Properties"].get("Policies", []):
                found += [(name, s) for s in policy["PolicyDocument"]["Statement"]]
        for name, policy in stack.of("AWS::IAM::ManagedPolicy").items():
            found += [(name, s) for s in policy["Properties"]["PolicyDocument"]["Statement"]]
    return found


def test_no_star_where_aws_has_a_resource() -> None:
    for where, statement in policies():
        for action in listed(statement["Action"]):
            assert "*" not in action, f"{where}: {action}"
            for resource in listed(statement["Resource"]):
                named = resource.split(":", 5)[-1]  # arn:partition:service:region:account:<this>
                assert named != "*" or action in NO_RESOURCE, f"{where}: {action} on {resource}"


def test_roles_are_passed_by_name_to_one_service() -> None:
    for where, statement in policies():
        if "iam:PassRole" in listed(statement["Action"]):
            assert "*" not in str(statement["Resource"]), where
            assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}, where


@pytest.mark.parametrize("action", ["sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob"])
def test_jobs_have_guardrails(action: str) -> None:
    found = [s for _, s in policies() if action in listed(s["Action"])]
    assert found
    for statement in found:
        condition = statement["Condition"]
        assert condition["ForAllValues:StringLike"]["sagemaker:InstanceTypes"] == root().parameter(
            "AllowedInstanceTypes"
        )
        assert condition["Null"] == {"sagemaker:InstanceTypes": "false"}  # ForAllValues is true of an absent key
        assert condition["NumericLessThanEquals"] == {
            "sagemaker:MaxRuntimeInSeconds": root().parameter("MaxJobSeconds")
        }
        assert condition["ArnEquals"] == {"sagemaker:OutputKmsKeyArn": root()._arn("Key")}


def test_rules_start_their_targets_and_nothing_else() -> None:
    for row, stack in rows().items():
        targets = {t["Arn"] for r, p in rules().values() if r == row for t in p["Targets"] if ":states:" in t["Arn"]}
        for role in (r for n, r in stack.of("AWS::IAM::Role").items() if n == "StartRole"):
            statement = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"][0]
            assert (statement["Action"], set(listed(statement["Resource"]))) == ("states:StartExecution", targets)
