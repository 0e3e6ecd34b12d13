"""Are the answers in a case such as AWS gives? Members, types, enums and what is never absent, from botocore's models.

Optimised integrations spell members as the API does, capitalised, and times in milliseconds; those of the AWS SDK as
its Java classes do, and times as ISO-8601.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from localcloud.glue.stepfunctions import models
from localcloud.glue.stepfunctions.resources import Resource, parse
from tests.contract.raised_errors import ours, raised_by

KINDS: dict[str, Any] = {"string": str, "integer": int, "long": int, "boolean": bool, "float": (int, float)}
KINDS |= {"double": (int, float), "blob": str}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def odd(state: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """What AWS would not have answered to this state; empty if it might have."""
    resource = parse(state["Resource"])
    if (kinds := answer.keys()) not in ({"return"}, {"throw"}, {"wake"}):
        return [f"an answer is return, throw or wake, not {sorted(kinds)}"]
    if "wake" in answer:
        return [] if resource.pattern == "waitForTaskToken" else ["only a task that waits for its token is woken"]
    if "throw" in answer:
        return list(_failure(resource, answer["throw"]))
    if resource.service == "lambda":
        return [] if answer["return"].keys() == {"Payload"} else ["a function's answer is {Payload: …}"]
    shape = models.service_model(resource.client).operation_model(_answered_by(resource)).output_shape
    return list(_misfits(shape, answer["return"], resource, "")) if shape is not None and shape.members else []


def _answered_by(resource: Resource) -> str:
    if not resource.pattern.startswith("sync"):
        return resource.operation
    return "DescribeExecution" if resource.service == "states" else resource.operation.replace("Create", "Describe")


def _failure(resource: Resource, thrown: dict[str, Any]) -> Iterator[str]:
    name, cause = thrown["Error"], thrown.get("Cause", "")
    integration = resource.arn.removeprefix("arn:aws:states:::")
    if name not in (raised_by(integration) | ours() if resource.service == "lambda" else raised_by(integration)):
        yield f"{name} is no error of {integration}"
    if name != "States.TaskFailed" or not resource.pattern.startswith("sync"):
        return
    if not isinstance(cause, dict):
        yield "the Cause of a failed job is its description"
        return
    shape = models.service_model(resource.client).operation_model(_answered_by(resource)).output_shape
    described = cause | {"Cause": ""} if "Cause" in cause else cause
    yield from _misfits(shape, described, resource, "Cause")


def _misfits(shape: Any, value: Any, resource: Resource, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        yield from _structure(shape, value, resource, path)
    elif kind == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _misfits(shape.member, item, resource, f"{path}[{index}]")
    elif kind == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from _misfits(shape.value, item, resource, f"{path}.{key}")
    elif kind == "timestamp":
        if not (isinstance(value, int) if resource.kind == "optimised" else ISO.fullmatch(str(value))):
            yield f"{path}: {value!r} is no time of this integration"
    elif kind not in KINDS or not isinstance(value, KINDS[kind]):
        yield f"{path}: {value!r} is no {kind}"
    elif (enum := shape.metadata.get("enum")) and value not in enum:
        yield f"{path}: {value!r} is none of {enum}"


def _structure(shape: Any, value: dict[str, Any], resource: Resource, path: str) -> Iterator[str]:
    spelt = {_spelling(shape, name, resource): name for name in shape.members}
    yield from (f"{path}.{key}: unknown" for key in value.keys() - spelt.keys())
    given = {spelt[key]: item for key, item in value.items() if key in spelt}
    yield from (f"{path}.{name}: missing" for name in set(shape.required_members) - given.keys())
    for name, item in given.items():
        if not (resource.pattern == "sync:2" and name in ("input", "output")):
            yield from _misfits(shape.members[name], item, resource, f"{path}.{name}")


def _spelling(shape: Any, name: str, resource: Resource) -> str:
    return name[:1].upper() + name[1:] if resource.kind == "optimised" else models.java_member(shape.name, name)
