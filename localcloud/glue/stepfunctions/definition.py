"""State machine definitions on their way in: YAML and substitutions from templates, checks at every door."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import yaml

from localcloud.glue import hooks
from localcloud.glue.stepfunctions.permissions import check_managed_rules
from localcloud.glue.stepfunctions.validation import problems

_PLACEHOLDER = re.compile(r"\$\{[A-Za-z0-9_.:]+\}")
Response = tuple[int, dict[str, str], bytes]


class DefinitionError(ValueError):
    """A definition that cannot be used; the message names what is wrong and where."""


def load(text: str) -> dict[str, Any]:
    """Read a definition from JSON or YAML. Raises DefinitionError."""
    try:
        loaded = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except (ValueError, yaml.YAMLError) as error:
        raise DefinitionError(f"Invalid State Machine Definition: neither JSON nor YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise DefinitionError("Invalid State Machine Definition: it must be an object with StartAt and States")
    return loaded


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads definitions: a timestamp is a string."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _yaml(text: str) -> Any:
    for token in yaml.scan(text):
        if isinstance(token, yaml.AliasToken):
            raise DefinitionError(
                f"Invalid State Machine Definition: line {token.start_mark.line + 1}: CloudFormation knows no YAML "
                f"aliases in definitions and would read *{token.value} as the text '{token.value}'; write it out"
            )
    return yaml.load(text, Loader=_Loader)  # noqa: S506  # nosec B506 - a SafeLoader


def check(definition: dict[str, Any], machine_type: str) -> None:
    """Refuse what AWS refuses and what could not work here. Raises DefinitionError with every problem."""
    found = problems(definition, machine_type)
    if found:
        raise DefinitionError("Invalid State Machine Definition: " + "; ".join(found))


def from_template(old: Callable[[dict[str, Any]], str]) -> Callable[[dict[str, Any]], str]:
    """Return ministack's `_sfn_definition(props)` for YAML, with every substitution made and checked."""

    def resolve(props: dict[str, Any]) -> str:
        text = old(props)
        name = props.get("StateMachineName") or "state machine"
        try:
            definition = load(text)
            missing = sorted(set(_PLACEHOLDER.findall(json.dumps(definition))))
            if missing:
                raise DefinitionError(f"DefinitionSubstitutions has no {', '.join(missing)}")
            check(definition, props.get("StateMachineType", "STANDARD"))
            check_managed_rules(definition, str(props.get("RoleArn", "")))
        except (DefinitionError, PermissionError) as error:
            raise DefinitionError(f"{name}: {error}") from error
        return json.dumps(definition)

    return resolve


def guarding(old: Callable[[dict[str, Any]], Response]) -> Callable[[dict[str, Any]], Response]:
    """Return CreateStateMachine or UpdateStateMachine that checks the definition first."""

    def guard(data: dict[str, Any]) -> Response:
        stored = hooks.target("services.stepfunctions", "_state_machines").get(data.get("stateMachineArn"))
        if stored is None and "stateMachineArn" in data:
            return old(data)  # which says that there is no such machine
        stored = stored or {}
        text = data.get("definition", stored.get("definition"))
        try:
            definition = _json(text)
            check(definition, data.get("type") or stored.get("type") or "STANDARD")
        except DefinitionError as error:
            return _refuse("InvalidDefinition", str(error))
        try:
            check_managed_rules(definition, str(data.get("roleArn") or stored.get("roleArn", "")))
        except PermissionError as error:
            return _refuse("AccessDeniedException", str(error))
        return old(data)

    return guard


def _refuse(code: str, message: str) -> Response:
    answer: Response = hooks.target("core.responses", "error_response_json")(code, message, 400)
    return answer


def _json(text: Any) -> dict[str, Any]:
    # The API takes JSON only; YAML is CloudFormation's.
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        raise DefinitionError("Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: not a JSON object'")
    return load(text)


def validate_api(data: dict[str, Any]) -> Response:
    """ValidateStateMachineDefinition."""
    try:
        found = problems(_json(data.get("definition")), data.get("type") or "STANDARD")
    except DefinitionError as error:
        found = [str(error)]
    diagnostics = [{"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": text} for text in found]
    body = {"result": "FAIL" if found else "OK", "diagnostics": diagnostics, "truncated": False}
    answer: Response = hooks.target("core.responses", "json_response")(body)
    return answer


def refuse_test_state(data: dict[str, Any]) -> Response:
    """TestState, which would run ministack's own interpreter: other results, and no permissions asked."""
    return _refuse("ValidationException", "TestState is not implemented in the local cloud: run an execution")
