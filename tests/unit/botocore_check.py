"""Check a request as AWS would: required, unknown and types as botocore does, and what it leaves out
(patterns, enums, lengths, ranges), from botocore's own service model."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

# Java's character classes, in Python's words (the parts that AWS's patterns use).
_JAVA = {
    r"\p{L}": r"^\W\d_",
    r"\p{M}": "\u0300-\u036f",
    r"\p{Z}": r" \u00a0",
    r"\p{S}": r"$+<=>^`|~",
    r"\p{N}": r"0-9",
    r"\p{P}": r"!-#%-*,-/:;?@\[-\]_{}…",
}


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model(name)


def complaints(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    """What is wrong with the request, in words; empty if nothing is."""
    shape = _service(service).operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    found = [report.generate_report()] if report.has_errors() else []
    return found + list(_walk(shape, request, operation))


def assert_valid(service: str, operation: str, request: dict[str, Any]) -> None:
    """Fail with every complaint."""
    found = complaints(service, operation, request)
    assert not found, "\n".join(found)


def _walk(shape: Any, value: Any, path: str) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, inner in value.items():
            if name in shape.members:
                yield from _walk(shape.members[name], inner, f"{path}.{name}")
        return
    yield from _size(shape, value, path)
    if shape.type_name == "list" and isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _walk(shape.member, inner, f"{path}[{i}]")
    if shape.type_name == "map" and isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(shape.key, key, f"{path} key {key!r}")
            yield from _walk(shape.value, inner, f"{path}.{key}")
    if shape.type_name == "string" and isinstance(value, str):
        yield from _text(shape, value, path)


def _size(shape: Any, value: Any, path: str) -> Any:
    size = len(value) if isinstance(value, str | list | dict) else value
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(size, bool) or not isinstance(size, int | float):
        return
    if low is not None and size < low:
        yield f"{path}: {size} is less than {low}"
    if high is not None and size > high:
        yield f"{path}: {size} is more than {high}"


def _text(shape: Any, value: str, path: str) -> Any:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"{path}: {value!r} is none of the {len(allowed)} allowed values"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield f"{path}: {value!r} does not match {pattern}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # CustomerMetadataMap: "(…)*${1,128}" is not a pattern anywhere; the lengths are checked apart.
    cleaned = re.sub(r"\$\{1,\d+\}$", "", pattern)
    cleaned = cleaned.replace(r"\p{Alnum}", "A-Za-z0-9").replace(r"\p{Print}", "[ -~]")
    # Java's pairs of surrogates are one character each.
    cleaned = cleaned.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    cleaned = re.sub(r"\[([^\]]*\\p\{L\}[^\]]*)\]", _letters, cleaned)
    return re.compile(cleaned)


def _letters(match: re.Match[str]) -> str:
    inner = match[1].replace(r"\p{L}", "")
    for java, python in _JAVA.items():
        inner = inner.replace(java, python)
    return rf"(?:[^\W\d_]|[{inner}])"
