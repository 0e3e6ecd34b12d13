"""From the text of a project.yaml to a `Project`, or to problems that its owner can put right."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from dropforge.errors import ProjectInvalidError
from dropforge.problems import Path, Problem, dotted
from dropforge.project import Project
from dropforge.project_rules import broken_rules
from dropforge.project_yaml import read

if TYPE_CHECKING:
    from collections.abc import Iterable

LATER = {"tune", "monitor", "debug", "features", "label", "notify"}
_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a block of `key: value` lines",
    "model_type": "a block of `key: value` lines",
}


def read_project(text: str, allowed_images: str = "") -> Project:
    """The project that the text describes.

    Raises:
        ProjectInvalidError: with every problem that was found.
    """
    values, lines = read(text)
    if not isinstance(values, dict):
        example = "write `algorithm: xgboost` and `target: <column>`"
        raise ProjectInvalidError([Problem((), "not a block of `key: value` lines", example).as_dict(lines)])
    try:
        project = Project.model_validate(values)
    except ValidationError as error:
        problems = {p.path: p for e in error.errors(include_url=False) for p in [_problem(e, values)]}
        raise ProjectInvalidError(_in_order(problems.values(), lines)) from None
    broken = list(broken_rules(project, allowed_images))
    if broken:
        raise ProjectInvalidError(_in_order(broken, lines))
    return project


def _in_order(problems: Iterable[Problem], lines: dict[Path, int]) -> list[dict[str, Any]]:
    return sorted((p.as_dict(lines) for p in problems), key=lambda problem: problem["line"] or 0)


def field_lines(text: str) -> dict[str, int]:
    """The line of each field of a valid project.yaml, by dotted name."""
    return {dotted(path): line for path, line in read(text)[1].items() if path}


def _problem(error: Any, values: dict[str, Any]) -> Problem:
    kind, given = error["type"], error.get("input")
    path = _path(error["loc"], values, missing=kind == "missing")
    if kind == "extra_forbidden":
        return _unknown(path)
    return Problem(path, *_reason_and_fix(kind, path, given, error))


def _reason_and_fix(kind: str, path: Path, given: Any, error: Any) -> tuple[str, str]:
    if kind == "missing":
        return "is required", f"add `{path[-1]}:`; see docs/project.md"
    if kind == "literal_error":
        allowed = str(error["ctx"]["expected"]).replace("'", "")
        close = get_close_matches(str(given), allowed.replace(" or ", ", ").split(", "), n=1)
        return f"{given!r} is not one of: {allowed}", f"write {close[0] if close else 'one of them'}"
    if kind == "string_pattern_mismatch":
        return f"{given!r} does not look right", _pattern_fix(str(path[-1]))
    if path == ("target",):
        return f"must be a column, not {_shown(given)}", "write its name, or its index (-1 is the last)"
    if kind in _KINDS:
        fix = "put it in quotes" if kind == "string_type" and given is not None else f"write {_KINDS[kind]}"
        return f"must be {_KINDS[kind]}, not {_shown(given)}", fix
    return _sentence(error["msg"], given), "see docs/project.md for what is possible"


def _path(loc: tuple[str | int, ...], values: Any, missing: bool) -> Path:
    """Pydantic's location without the branches of unions, which no user ever wrote."""
    path: list[str | int] = []
    for step in loc:
        known = step in values if isinstance(values, dict) else isinstance(values, list) and isinstance(step, int)
        if not known:
            return (*path, step) if missing and step == loc[-1] else tuple(path)
        values = values[step]
        path.append(step)
    return tuple(path)


def _unknown(path: Path) -> Problem:
    name = str(path[-1])
    if len(path) == 1 and name in LATER:
        return Problem(path, f"`{name}` does nothing in this version", f"remove `{name}`")
    known = _keys(path[:-1])
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    fix = f"did you mean `{close[0]}`?" if close else f"remove it; possible here: {', '.join(known)}"
    return Problem(path, "unknown key", fix)


def _keys(path: Path) -> list[str]:
    """The keys that the part of the file at `path` may have."""
    model: Any = Project
    for step in path:
        if isinstance(step, str):
            model = _model(model.model_fields[step].annotation)
    return list(model.model_fields)


def _model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _model(a)) is not None), None)


def _pattern_fix(field: str) -> str:
    if field == "instance_type":
        return "write a SageMaker instance type such as ml.m5.large"
    return "write the name of a file directly under code/, such as train.py"


def _shown(value: Any) -> str:
    return "empty" if value is None else f"{value!r}"[:60]


def _sentence(message: str, given: Any) -> str:
    text = message.replace("Input should", "should").replace("Value error, ", "")
    return f"{text} (it is {_shown(given)})"
