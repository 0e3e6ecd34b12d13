"""Properties: what a model allows is written and read back equal; garbage is told as problems, never as a crash."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, get_args, get_origin

from dropforge.errors import ProjectInvalidError
from dropforge.project import Project
from dropforge.project_base import Part, Section
from dropforge.project_read import field_lines, project_warnings, read_project
from dropforge.project_shape import keys
from hypothesis import given, settings
from hypothesis import strategies as st

LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of")
# The words that pydantic checks by a pattern; one that fits each.
FITTING = {
    "instance_type": "ml.m5.large",
    "fallback": "ml.c5.xlarge",
    "script": "train.py",
    "name": "live",
    "parents": "df-abcdefghij-tune-a1",
    "email": "ada@example.com",
    "sms": "+441632960001",
    "queue": "arn:aws:sqs:eu-west-1:111122223333:notices",
    "workteam": "arn:aws:sagemaker:eu-west-1:111122223333:workteam/private-crowd/x",
    "group": "customers",
    "keywords": "cats and dogs",
    "alarms": "churn-5xx",
    "from": "22:00",
    "until": "06:00",
    "timezone": "Europe/Berlin",
}


def values(annotation: Any, metadata: list[Any], name: str) -> st.SearchStrategy[Any]:
    """Anything that a field may hold, as plain JSON."""
    part = next((m for m in metadata if isinstance(m, Part)), None)
    if part:
        return blocks(part.model())
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return values(inner, [*metadata, *(m for item in more for m in getattr(item, "metadata", [item]))], name)
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    limits = {k: getattr(m, k) for m in metadata for k in LIMITS if getattr(m, k, None) is not None}
    if get_args(annotation):
        return nested(annotation, metadata, limits, name)
    return plain(annotation, limits, name)


def nested(annotation: Any, metadata: list[Any], limits: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
    if get_origin(annotation) is list:
        sizes = {"min_size": limits.get("min_length", 0), "max_size": min(limits.get("max_length", 3), 3)}
        return st.lists(values(get_args(annotation)[0], [], name), **sizes)
    if get_origin(annotation) is dict:
        key, value = get_args(annotation)
        return st.dictionaries(values(key, [], "key"), values(value, [], name), max_size=3)
    return st.one_of(*(values(a, metadata, name) for a in get_args(annotation)))


def plain(kind: Any, limits: dict[str, Any], name: str) -> st.SearchStrategy[Any]:
    if isinstance(kind, type) and issubclass(kind, Section):
        return blocks(kind)
    if kind is type(None):
        return st.none()
    if kind is bool:
        return st.booleans()
    if kind is int:
        low, step = limits.get("ge", 0), limits.get("multiple_of", 1)
        return st.integers(low // step, limits.get("le", 10**9) // step).map(lambda n: n * step)
    if kind is float:
        low, high = limits.get("ge", limits.get("gt", -1e6)), limits.get("le", limits.get("lt", 1e6))
        return st.floats(low, high, exclude_min="gt" in limits, exclude_max="lt" in limits, allow_nan=False)
    return st.just(FITTING[name]) if name in FITTING else st.text("abz é-'#:", min_size=1, max_size=9)


def blocks(model: type[Section]) -> st.SearchStrategy[dict[str, Any]]:
    required, optional = {}, {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        strategy = values(field.annotation, list(field.metadata), key)
        (required if field.is_required() else optional)[key] = strategy
    return st.fixed_dictionaries(required, optional=optional)


WHOLE = blocks(Project)


@settings(deadline=None, max_examples=60)
@given(WHOLE)
def test_what_the_models_allow_is_written_and_read_back_equal(said: dict[str, Any]) -> None:
    project = Project.model_validate(said)
    assert Project.model_validate_json(project.to_json()) == project
    assert Project.model_validate_json(project.model_dump_json(exclude_none=True)) == project
    assert Project.model_validate_json(project.to_json()).training_fingerprint() == project.training_fingerprint()


@settings(deadline=None, max_examples=60)
@given(WHOLE)
def test_rules_and_warnings_hold_for_whatever_the_models_allow(said: dict[str, Any]) -> None:
    told = problems_or_warnings(json.dumps(said))
    assert all(t.get("line") == 1 and t["reason"] and t["fix"] for t in told)


def problems_or_warnings(text: str) -> list[dict[str, Any]]:
    try:
        project = read_project(text)
    except ProjectInvalidError as error:
        return error.problems or [{}]
    return project_warnings(project, field_lines(text))


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A whole file, of which one value somewhere is something else, or a key is misspelt."""
    said = draw(WHOLE)
    node: Any = said
    garbage = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
    while True:
        key = draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if isinstance(node[key], dict | list) and node[key] and draw(st.booleans()):
            node = node[key]
            continue
        if isinstance(node, dict) and draw(st.booleans()):
            node[f"{key}x"] = node.pop(key)
        else:
            node[key] = draw(garbage | st.lists(garbage, max_size=2) | st.dictionaries(st.text(max_size=3), garbage))
        return said


@settings(deadline=None, max_examples=100)
@given(damaged())
def test_a_damaged_file_is_told_with_its_line(said: dict[str, Any]) -> None:
    assert all(t.get("line") == 1 and t["reason"] and t["fix"] for t in problems_or_warnings(json.dumps(said)))


def test_the_shape_is_known_by_path() -> None:
    assert "min" in keys(("tune", "ranges", "eta"))
    assert "column" in keys(("evaluate", "bias", "facets", 3))
    assert keys(("deploy", "variants", 0))[0] == "name"
    assert keys(("train", "hyperparameters", "eta")) == []
    assert keys(("nowhere", 1)) == []
