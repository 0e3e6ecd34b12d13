"""Strict request validation against botocore's service model, in the words that AWS uses.

Types are refused while parsing (SerializationException); everything else is collected and told at once:
`ValidationException: 2 validation errors detected: Value 'x' at 'trainingJobName' failed to satisfy ...; ...`.
Unknown members are ignored, as AWS does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from localcloud.sagemaker import patterns
from localcloud.sagemaker.errors import InvalidRequestError, SerializationError

_NUMBERS = {"integer", "long", "float", "double"}
_JSON_NAMES: dict[type, str] = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}
_JAVA_NAMES = {
    "string": "String",
    "integer": "Integer",
    "long": "Long",
    "float": "Float",
    "double": "Double",
    "boolean": "Boolean",
    "timestamp": "Date",
}


def parse(shape: Any, value: Any) -> Any:
    """The request reduced to the members that the shape knows, with nulls dropped and types checked."""
    if value is None:
        return None
    kind = shape.type_name
    if kind == "structure":
        return _parse_structure(shape, value)
    if kind == "list":
        _expect(isinstance(value, list), "Unexpected field type" if _scalar(value) else _START_OF_MAP)
        return [parse(shape.member, item) for item in value]
    if kind == "map":
        _expect(isinstance(value, dict), "Unexpected field type" if _scalar(value) else _START_OF_LIST)
        return {key: parse(shape.value, item) for key, item in value.items()}
    return _parse_scalar(kind, value)


def validate(shape: Any, request: dict[str, Any]) -> None:
    """Raise InvalidRequestError naming every member of `request` that breaks a constraint of `shape`."""
    problems = list(_problems(shape, request, ""))
    if not problems:
        return
    many = "s" if len(problems) > 1 else ""
    raise InvalidRequestError(f"{len(problems)} validation error{many} detected: {'; '.join(problems)}")


_START_OF_MAP = "Start of structure or map found where not expected."
_START_OF_LIST = "Start of list found where not expected"


def _parse_structure(shape: Any, value: Any) -> dict[str, Any]:
    _expect(isinstance(value, dict), "Unexpected field type" if _scalar(value) else _START_OF_LIST)
    parsed = {name: parse(member, value.get(name)) for name, member in shape.members.items()}
    return {name: item for name, item in parsed.items() if item is not None}


def _parse_scalar(kind: str, value: Any) -> Any:
    if isinstance(value, list | dict):
        raise SerializationError(_START_OF_LIST if isinstance(value, list) else _START_OF_MAP)
    if isinstance(value, bool):
        _expect(kind == "boolean", f"{str(value).upper()}_VALUE can not be converted to {_article(kind)}")
        return value
    fits = (kind == "string" and isinstance(value, str)) or (
        kind in _NUMBERS | {"timestamp"} and isinstance(value, int | float)
    )
    if fits and kind in ("integer", "long") and isinstance(value, float):
        fits = value.is_integer()
    _expect(fits, f"{_JSON_NAMES[type(value)]} can not be converted to {_article(kind)}")
    return int(value) if kind in ("integer", "long") else value


def _article(kind: str) -> str:
    name = _JAVA_NAMES.get(kind, kind)
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _scalar(value: Any) -> bool:
    return not isinstance(value, list | dict)


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise SerializationError(message)


def _problems(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        yield from _structure_problems(shape, value, path)
    elif kind == "list":
        yield from _told(value, path, _constraints(shape, value))
        yield from _list_problems(shape, value, path)
    elif kind == "map":
        yield from _told(value, path, _constraints(shape, value))
        yield from _map_problems(shape, value, path)
    else:
        yield from _told(value, path, _constraints(shape, value))


def _structure_problems(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        inner = f"{path}{'.' if path else ''}{name[0].lower()}{name[1:]}"
        if name in value:
            yield from _problems(member, value[name], inner)
        elif name in shape.required_members:
            yield f"Value null at '{inner}' failed to satisfy constraint: Member must not be null"


def _list_problems(shape: Any, value: list[Any], path: str) -> Iterator[str]:
    if shape.member.type_name in ("structure", "list", "map"):
        for number, item in enumerate(value, 1):
            yield from _problems(shape.member, item, f"{path}.{number}.member")
    elif any(True for item in value for _ in _constraints(shape.member, item)):
        yield from _told(value, path, [f"Member must satisfy constraint: [{_all_constraints(shape.member)}]"])


def _map_problems(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for label, part, items in (
        ("Map keys", shape.key, list(value)),
        ("Map value", shape.value, list(value.values())),
    ):
        if part.type_name in ("structure", "list", "map"):
            for key, item in value.items():
                yield from _problems(part, item, f"{path}.{key}.member")
        elif any(True for item in items for _ in _constraints(part, item)):
            yield from _told(value, path, [f"{label} must satisfy constraint: [{_all_constraints(part)}]"])


def _told(value: Any, path: str, constraints: Iterator[str] | list[str]) -> Iterator[str]:
    for constraint in constraints:
        yield f"Value '{_printed(value)}' at '{path}' failed to satisfy constraint: {constraint}"


def _printed(value: Any) -> str:
    """As Java prints it: lists in brackets, maps as {key=value}."""
    if isinstance(value, list):
        return f"[{', '.join(_printed(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_printed(item)}" for key, item in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _constraints(shape: Any, value: Any) -> Iterator[str]:
    """The constraints of the shape itself (not of its members) that the value breaks."""
    for broken, words in _rules(shape):
        if broken(value):
            yield words


def _all_constraints(shape: Any) -> str:
    return ", ".join(words for _, words in _rules(shape))


def _rules(shape: Any) -> Iterator[tuple[Callable[[Any], bool], str]]:
    metadata = shape.metadata
    enum = getattr(shape, "enum", None)
    if enum:
        yield (lambda value: value not in enum), f"Member must satisfy enum value set: [{', '.join(enum)}]"
        return
    sized = shape.type_name not in _NUMBERS
    what, measure = ("length", len) if sized else ("value", lambda value: value)
    low, high, pattern = metadata.get("min"), metadata.get("max"), metadata.get("pattern")
    if high is not None:
        yield (lambda value: measure(value) > high), f"Member must have {what} less than or equal to {high}"
    if low is not None:
        yield (lambda value: measure(value) < low), f"Member must have {what} greater than or equal to {low}"
    if pattern is not None and shape.type_name == "string":
        yield (
            (lambda value: not patterns.matches(pattern, value)),
            f"Member must satisfy regular expression pattern: {pattern}",
        )
