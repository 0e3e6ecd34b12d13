"""What is wrong with a definition: structure (statelint), and what AWS or this local cloud cannot run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonata
from statelint.linter import Linter  # type: ignore[import-untyped]

from localcloud.glue.stepfunctions import models, resources
from localcloud.glue.stepfunctions.expressions import is_expression

# statelint knows no JSONata in numbers and timestamps (checked at run time), and no whole BackoffRate.
_FALSE_ALARM = re.compile(r' is "\{%.*%\}" but should be |BackoffRate is \d+ but should be a Float', re.DOTALL)
_DISTRIBUTED = {
    *("ItemReader", "ItemBatcher", "ResultWriter", "Label"),
    *("ToleratedFailurePercentage", "ToleratedFailureCount"),
}
_NAME_LIMIT = 80
_SIZE_LIMIT = 1024 * 1024


def problems(definition: dict[str, Any], machine_type: str = "STANDARD") -> list[str]:
    """Return everything that is wrong with a definition, each with its place; [] if it can run."""
    found = [text for text in Linter.validate(definition) if not _FALSE_ALARM.search(text)]
    if definition.get("QueryLanguage") != "JSONata":
        found.append("/QueryLanguage must be JSONata: the local cloud runs JSONata machines only")
    if len(str(definition)) > _SIZE_LIMIT:
        found.append("the definition is larger than 1 MB")
    found += _expressions(definition, "")
    found += _machine(definition, "", machine_type)
    return list(dict.fromkeys(found))


def _machine(definition: dict[str, Any], path: str, machine_type: str) -> Iterator[str]:
    named = definition.get("States")
    for name, state in named.items() if isinstance(named, dict) else ():
        place = f"{path}/States/{name}"
        if isinstance(state, dict):
            yield from _state(name, state, place, machine_type)


def _state(name: str, state: dict[str, Any], place: str, machine_type: str) -> Iterator[str]:
    if len(name) > _NAME_LIMIT:
        yield f"{place}: a state's name has {_NAME_LIMIT} characters at most"
    if state.get("QueryLanguage", "JSONata") != "JSONata":
        yield f"{place}/QueryLanguage must be JSONata: the local cloud runs JSONata states only"
    if state.get("Type") == "Task":
        yield from _task(state, place, machine_type)
    if state.get("Type") == "Map":
        yield from _map(state, place)
    if state.get("Type") == "Choice":
        yield from _choice(state, place)
    for index, branch in enumerate(state.get("Branches") or []):
        yield from _machine(branch, f"{place}/Branches/{index}", machine_type)
    yield from _machine(state.get("ItemProcessor") or {}, f"{place}/ItemProcessor", machine_type)


def _choice(state: dict[str, Any], place: str) -> Iterator[str]:
    for index, rule in enumerate(state.get("Choices") or []):
        condition = rule.get("Condition") if isinstance(rule, dict) else None
        if condition is not None and not (isinstance(condition, bool) or is_expression(condition)):
            yield f"{place}/Choices/{index}/Condition must be a JSONata expression, {{% … %}}"


def _map(state: dict[str, Any], place: str) -> Iterator[str]:
    mode = ((state.get("ItemProcessor") or {}).get("ProcessorConfig") or {}).get("Mode", "INLINE")
    fields = sorted(_DISTRIBUTED & state.keys())
    if mode != "INLINE" or fields:
        what = f"/{fields[0]}" if fields else "/ItemProcessor/ProcessorConfig/Mode"
        yield f"{place}{what}: distributed Map states are not implemented in the local cloud"


def _task(state: dict[str, Any], place: str, machine_type: str) -> Iterator[str]:
    if "Credentials" in state:
        yield f"{place}/Credentials: not implemented in the local cloud"
    try:
        resource = resources.parse(state.get("Resource"))
    except resources.ResourceError as error:
        yield f"{place}/Resource: {error}"
        return
    if machine_type == "EXPRESS" and resource.pattern:
        yield f"{place}/Resource: Express machines know no .{resource.pattern}"
    if "HeartbeatSeconds" in state and resource.pattern != "waitForTaskToken":
        yield f"{place}/HeartbeatSeconds would do nothing: only .waitForTaskToken tasks send heartbeats"
    if resource.kind != "function":
        yield from _arguments(resource, state.get("Arguments", {}), place)


def _arguments(resource: resources.Resource, arguments: Any, place: str) -> Iterator[str]:
    if is_expression(arguments):
        return
    if not isinstance(arguments, dict):
        yield f"{place}/Arguments must be an object or an expression"
        return
    model = models.service_model(resource.client).operation_model(resource.operation)
    try:
        parameters = models.request(model, arguments)
    except KeyError as error:
        yield f"{place}/Arguments: The field {error.args[0]!r} is not supported by Step Functions"
        return
    required = set(model.input_shape.required_members) if model.input_shape else set()
    for field in sorted(required - set(parameters) - set(model.idempotent_members)):
        yield f"{place}/Arguments: The field {field[:1].upper() + field[1:]!r} is required but was missing"
    if resource.pattern == "waitForTaskToken" and "$states.context.Task.Token" not in str(arguments):
        yield f"{place}/Arguments must pass $states.context.Task.Token on, or nobody could end the task"


def _expressions(node: Any, place: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, item in node.items():
            yield from _expressions(item, f"{place}/{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _expressions(item, f"{place}/{index}")
    elif isinstance(node, str) and not place.endswith("/Comment"):
        yield from _expression(node, place)


def _expression(text: str, place: str) -> Iterator[str]:
    if is_expression(text):
        try:
            jsonata.Jsonata.jsonata(text[2:-2].strip())
        except Exception as error:  # the parser raises JException and plain Python errors alike
            yield f"INVALID_JSONATA_EXPRESSION: {error} at {place}"
    elif text.startswith("{%") or text.endswith("%}"):
        yield f"{place}: an expression must begin with {{% and end with %}}, without blanks around: {text!r}"
