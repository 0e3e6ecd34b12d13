"""JSONata as Step Functions evaluates it: `{% … %}` strings inside templates of JSON."""

from __future__ import annotations

import json
from typing import Any

import jsonata

from localcloud.glue import hooks
from localcloud.glue.stepfunctions.errors import StateError

_TIMEOUT_MS = 1000  # AWS's limit for one expression
_NULL = jsonata.utils.Utils.NULL_VALUE
# Beyond this a float has no exact integer, and JavaScript writes it with an exponent.
_INTEGER_LIMIT = 1e15


def is_expression(value: Any) -> bool:
    """Tell whether a template string is a JSONata expression."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def compact(value: Any) -> str:
    """Return JSON as Step Functions writes it: without blanks, not escaping what UTF-8 can carry."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def render(template: Any, states: dict[str, Any], variables: dict[str, Any], field: str) -> Any:
    """Replace every expression in a template by its value. Raises StateError(States.QueryEvaluationError).

    `states` is the reserved `$states` (input, context and, where they exist, result and errorOutput);
    `variables` are those that earlier states assigned.
    """
    if is_expression(template):
        return _evaluate(template[2:-2].strip(), states, variables, field)
    if isinstance(template, dict):
        return {key: render(item, states, variables, f"{field}/{key}") for key, item in template.items()}
    if isinstance(template, list):
        return [render(item, states, variables, f"{field}/{index}") for index, item in enumerate(template)]
    return template


def _evaluate(text: str, states: dict[str, Any], variables: dict[str, Any], field: str) -> Any:
    # jsonata-python takes a None binding for undefined; null has a sentinel of its own.
    bindings = {name: _NULL if value is None else value for name, value in variables.items()}
    bindings["states"] = states
    where = f"The JSONata expression '{text}' specified for the field '{field}'"
    try:
        value = plain(_compiled(text).evaluate(None, bindings))
        if value is None and not _compiled(f"$exists(({text}))").evaluate(None, bindings):
            raise StateError("States.QueryEvaluationError", f"{where} returned nothing (undefined).")
    except StateError:
        raise
    except Exception as error:  # the port raises JException and plain Python errors alike
        code = getattr(error, "error", None)
        reason = f"{code}: {error}" if isinstance(code, str) and code else str(error)
        raise StateError(
            "States.QueryEvaluationError", f"{where} threw an error during evaluation. {reason}"
        ) from error
    return value


def _compiled(text: str) -> Any:
    expression = jsonata.Jsonata.jsonata(text, timeout=_TIMEOUT_MS)
    # ministack has the six functions that Step Functions adds, and two that jsonata-python is too lenient in.
    hooks.target("services.stepfunctions", "_register_sfn_jsonata_functions")(expression)
    return expression


def plain(value: Any) -> Any:
    """Return JSON of Python's own types (the engine has lists with flags and a null of its own).

    Whole floats become integers, as JavaScript writes them. Raises TypeError for a function.
    """
    if value is None or value is _NULL:
        return None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < _INTEGER_LIMIT:
        return int(value)
    if isinstance(value, (str, bool, int, float)):
        return value
    raise TypeError("T1006: the expression returned a function, which JSON cannot represent")


def typed(value: Any, kinds: tuple[type, ...], field: str) -> Any:
    """Return the value if it has one of the types; a bool is no number. Raises StateError."""
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise StateError(
            "States.QueryEvaluationError",
            f"The JSONata expression specified for the field '{field}' returned an unexpected result type. "
            f"Expected '{expected}', but was '{type(value).__name__}' for value: {compact(value)}",
        )
    return value
