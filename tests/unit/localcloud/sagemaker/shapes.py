"""Requests made from the service model: the least that passes, and one broken constraint at a time."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from localcloud.sagemaker import patterns

# Values that fit the patterns that no plain word fits.
_KNOWN = (
    "a",
    "aaa",
    "arn:aws:iam::000000000000:role/abc",
    "s3://bucket/key",
    "arn:aws:sagemaker:us-east-1:000000000000:model-package/group/1",
    "arn:aws:sagemaker:us-east-1:000000000000:training-plan/abc",
    "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/group",
    "arn:aws:sagemaker:us-east-1:000000000000:mlflow-app/x",
    "arn:aws:sagemaker:us-east-1:000000000000:hub-content/hub/Model/model",
    "arn:aws:sns:us-east-1:000000000000:topic",
    "arn:aws:lambda:us-east-1:000000000000:function:f",
    "sha256:" + "a" * 64,
    "1.0",
    "4K",
    "text/csv",
    "/metrics",
    "fs-0123456789abcdef0",
    "arn:aws:sagemaker:us-east-1:000000000000:hub-content/hub/DataSet/set",
    "arn:aws:s3:us-east-1:000000000000:accesspoint/x",
)


def sample(shape: Any, *, full: bool, depth: int = 0) -> Any:
    """A valid value: with `full`, of every member (to a depth), else of the required ones."""
    kind = shape.type_name
    if kind == "structure":
        return {
            name: sample(member, full=full, depth=depth + 1)
            for name, member in shape.members.items()
            if name in shape.required_members or (full and depth < 4)
        }
    if kind == "list":
        return [sample(shape.member, full=full, depth=depth + 1) for _ in range(max(1, shape.metadata.get("min", 1)))]
    if kind == "map":
        return {_text(shape.key): sample(shape.value, full=full, depth=depth + 1)}
    if kind == "string":
        return _text(shape)
    if kind == "boolean":
        return True
    return max(1, shape.metadata.get("min", 1))


def violations(shape: Any, request: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """(broken request, the member's path as AWS writes it, AWS's words) for every constraint of every member."""
    for steps, member, path in _members(shape, request, (), ""):
        for value, words in _broken(member):
            broken = copy.deepcopy(request)
            place: Any = broken
            for step in steps[:-1]:
                place = place[step]
            if value is None:
                del place[steps[-1]]
            else:
                place[steps[-1]] = value
            yield broken, path, words


def required(shape: Any, request: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """(request without one required member, its path)."""
    for steps, _, path in _members(shape, request, (), "", only_required=True):
        broken = copy.deepcopy(request)
        place: Any = broken
        for step in steps[:-1]:
            place = place[step]
        del place[steps[-1]]
        yield broken, path


def _members(
    shape: Any, value: Any, steps: tuple[Any, ...], path: str, *, only_required: bool = False
) -> Iterator[tuple[tuple[Any, ...], Any, str]]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                inner = f"{path}{'.' if path else ''}{name[0].lower()}{name[1:]}"
                if not only_required or name in shape.required_members:
                    yield (*steps, name), member, inner
                yield from _members(member, value[name], (*steps, name), inner, only_required=only_required)
    elif shape.type_name == "list" and shape.member.type_name == "structure" and value:
        yield from _members(shape.member, value[0], (*steps, 0), f"{path}.1.member", only_required=only_required)


def _broken(shape: Any) -> Iterator[tuple[Any, str]]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "string":
        if shape.enum:
            yield "no-such-value", f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
            return
        if high is not None:
            yield "a" * (high + 1), f"Member must have length less than or equal to {high}"
        if low:
            yield "", f"Member must have length greater than or equal to {low}"
        pattern = shape.metadata.get("pattern")
        if pattern and not patterns.matches(pattern, "\n\x00"):
            yield "\n\x00", f"Member must satisfy regular expression pattern: {pattern}"
    elif shape.type_name in ("integer", "long", "float", "double"):
        if high is not None:
            yield high + 1, f"Member must have value less than or equal to {high}"
        if low is not None:
            yield low - 1, f"Member must have value greater than or equal to {low}"
    elif shape.type_name == "list" and low:
        yield [], f"Member must have length greater than or equal to {low}"


def _text(shape: Any) -> str:
    if getattr(shape, "enum", None):
        first: str = shape.enum[0]
        return first
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 10**9)
    pattern = shape.metadata.get("pattern", ".*")
    for known in _KNOWN:
        if low <= len(known) <= high and patterns.matches(pattern, known):
            return known
    raise AssertionError(f"no sample for {shape.name}: {pattern} ({low}..{high})")
