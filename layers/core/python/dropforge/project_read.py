"""From the text of a project.yaml to a `Project`, or to problems that its owner can put right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dropforge.errors import ProjectInvalidError
from dropforge.problems import Path, Problem, dotted
from dropforge.project import Project
from dropforge.project_rules import broken_rules
from dropforge.project_warnings import project_warnings
from dropforge.project_yaml import read

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["field_lines", "project_warnings", "read_project"]


def read_project(text: str, allowed_images: str = "") -> Project:
    """The project that the text describes; `project_warnings` says what of it does not act yet.

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
        from dropforge.project_explain import problem

        problems = {p.path: p for e in error.errors(include_url=False) for p in [problem(e, values)]}
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
