"""Arguments of every state that calls AWS fit botocore's model, as far as they can be known before it runs.

Names of members are checked at every depth, required members and types wherever no expression decides them. What a
deciding function makes whole (`"{% $plan.request %}"`) is checked by that function's unit tests.
"""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from tests.contract.application import ROOT, machines

BOTOCORE = {
    "states": "stepfunctions",
    "sfn": "stepfunctions",
    "cloudwatchlogs": "logs",
    "applicationautoscaling": "application-autoscaling",
}
# What Step Functions takes as JSON and turns into the text that the API wants ("connect-eventbridge", "connect-lambda",
# "connect-stepfunctions", "connect-sns").
JSON_MEMBERS = {("events", "Detail"), ("lambda", "Payload"), ("states", "Input"), ("sns", "Message")}
KINDS = {"string": str, "integer": int, "long": int, "boolean": bool, "float": (int, float), "double": (int, float)}

CALLS = [(name, state_name) for name, m in machines().items() for state_name, _, _ in m.tasks()]


def is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{%")


def input_shape(integration: str) -> tuple[str, StructureShape]:
    """(service, input shape) of `dynamodb:putItem` or `aws-sdk:s3:getObject`."""
    parts = integration.removeprefix("aws-sdk:").split(":")
    service, operation = parts[0], parts[1].split(".")[0]
    model = botocore.session.Session().get_service_model(BOTOCORE.get(service, service))
    name = next(n for n in model.operation_names if n.lower() == operation.lower())
    return service, model.operation_model(name).input_shape


def misfits(value: Any, shape: Shape, service: str, path: str) -> list[str]:
    """What is wrong with a constant value; an expression in it is taken on trust."""
    if is_expression(value):
        return unknown_keys(value, shape, path) if isinstance(shape, StructureShape) else []
    if isinstance(shape, StructureShape):
        return structure_misfits(value, shape, service, path)
    if isinstance(shape, ListShape | MapShape):
        kind, member = (list, shape.member) if isinstance(shape, ListShape) else (dict, shape.value)
        if not isinstance(value, kind):
            return [f"{path}: wants a {shape.type_name}"]
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [p for k, v in items for p in misfits(v, member, service, f"{path}.{k}")]
    return scalar_misfits(value, shape, path)


def scalar_misfits(value: Any, shape: Shape, path: str) -> list[str]:
    kind = KINDS.get(shape.type_name)
    if kind and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
        return [f"{path}: {value!r} is no {shape.type_name}"]
    enum = getattr(shape, "enum", None)
    return [f"{path}: {value!r} is none of {enum}"] if enum and value not in enum else []


def structure_misfits(value: Any, shape: StructureShape, service: str, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: wants a structure"]
    members = {name[0].upper() + name[1:]: member for name, member in shape.members.items()}  # PascalCase in a state
    required = {name[0].upper() + name[1:] for name in shape.required_members}
    found = [f"{path}.{name}: unknown" for name in value.keys() - members.keys()]
    found += [f"{path}.{name}: missing" for name in required - value.keys()]
    for name in value.keys() & members.keys():
        if (service, name) not in JSON_MEMBERS:
            found += misfits(value[name], members[name], service, f"{path}.{name}")
    return found


def unknown_keys(expression: str, shape: StructureShape, path: str) -> list[str]:
    """Keys that an expression's own objects spell out, and that the shape (at any depth) does not have."""
    spelt = set(re.findall(r"'([A-Z]\w+)'\s*:", expression))
    return [f"{path}: {key} is unknown" for key in spelt - names_below(shape, set())]


def names_below(shape: Shape, seen: set[str]) -> set[str]:
    if shape.name in seen:
        return set()
    seen.add(shape.name)
    if isinstance(shape, StructureShape):
        below = [names_below(m, seen) for m in shape.members.values()]
        return {n[0].upper() + n[1:] for n in shape.members}.union(*below)
    if isinstance(shape, ListShape):
        return names_below(shape.member, seen)
    return names_below(shape.value, seen) if isinstance(shape, MapShape) else set()


@pytest.mark.parametrize(("machine", "state"), CALLS)
def test_arguments_fit(machine: str, state: str) -> None:
    found = dict(machines()[machine].states())[state]
    integration = found["Resource"].removeprefix("arn:aws:states:::")
    if integration == "events:putEvents":  # one expression may make a whole Detail
        assert isinstance(found["Arguments"]["Entries"], list)
    service, shape = input_shape(integration)
    assert misfits(found.get("Arguments", {}), shape, service, "Arguments") == []


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"TableName": "t", "Key": {"pk": {"S": "a"}}}, []),
        ({"TableName": "t"}, ["Arguments.Key: missing"]),
        ({"TableName": "t", "Keys": {}, "Key": {"pk": {"S": "a"}}}, ["Arguments.Keys: unknown"]),
        ({"TableName": 1, "Key": {"pk": {"S": "a"}}}, ["Arguments.TableName: 1 is no string"]),
        ({"TableName": "t", "Key": {"pk": {"X": "a"}}}, ["Arguments.Key.pk.X: unknown"]),
        ("{% { 'TableNam': 't' } %}", ["Arguments: TableNam is unknown"]),
    ],
)
def test_the_check_sees_what_is_wrong(value: Any, wrong: list[str]) -> None:
    service, shape = input_shape("dynamodb:getItem")
    assert misfits(value, shape, service, "Arguments") == wrong


# A function makes their whole detail, and its own tests hold every one of them to the contract.
MADE_WHOLE = {("IntakeStateMachine", "Announce Outcome"): "tests/unit/intake/test_judge_drop.py"}


def test_every_event_of_ours_has_the_contract_s_fields() -> None:
    for machine in machines().values():
        for name, integration, state in machine.tasks():
            if integration != "events:putEvents":
                continue
            for entry in state["Arguments"]["Entries"]:
                detail = entry["Detail"]
                if (machine.logical_id, name) in MADE_WHOLE:
                    assert re.fullmatch(r"\{% \$\w+\.detail %\}", detail), "or say its fields here"
                    continue
                text = detail if isinstance(detail, str) else str(sorted(detail))
                for field in ("version", "id", "project", "cause"):
                    assert f"'{field}'" in text, f"{machine.logical_id}, {name}: Detail has no {field}"


def test_who_makes_a_whole_detail_is_held_to_the_contract_elsewhere() -> None:
    for (machine, state), path in MADE_WHOLE.items():
        assert state in dict(machines()[machine].states())
        assert "def test_every_event_has_the_contracts_fields" in (ROOT / path).read_text(encoding="utf-8")
