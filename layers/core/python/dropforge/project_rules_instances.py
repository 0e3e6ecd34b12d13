"""Whether AWS has the instance types that a project.yaml names, for what it names them for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from dropforge.problems import Problem, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Project


def instance_rules(project: Project) -> Iterator[Problem]:
    """An instance type that AWS does not have would fail only after the data were prepared."""
    known = json.loads((Path(__file__).parent / "instance_types.json").read_text())
    for path, named, use in _named_instances(project):
        types = known[use].split()
        if named not in types:
            close = suggestion(named, types, otherwise="write a type such as ml.m5.large")
            yield Problem(path, f"SageMaker has no instance type {named} for this use", close)


def _named_instances(project: Project) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    deploy = project.deploy
    yield ("train", "instance_type"), project.train.instance_type, "training"
    for i, named in enumerate(project.train.fallback):
        yield ("train", "fallback", i), named, "training"
    yield ("evaluate", "instance_type"), project.evaluate.instance_type, "processing"
    yield ("deploy", "instance_type"), deploy.instance_type, "endpoint"
    for i, variant in enumerate(deploy.variants or []):
        if variant.instance_type:
            yield ("deploy", "variants", i, "instance_type"), variant.instance_type, "endpoint"
    if deploy.shadow and deploy.shadow.instance_type:
        yield ("deploy", "shadow", "instance_type"), deploy.shadow.instance_type, "endpoint"
    if project.monitor:
        yield ("monitor", "instance_type"), project.monitor.instance_type, "processing"
