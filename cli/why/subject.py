"""Whom the question is about: a model version, a run, a drop, or the newest drop of a project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from cli.records import Item
from cli.service import NotRecordedError, Service
from cli.text import package_name

_VERSION = re.compile(r"v?(\d{1,9})")
SHOWN = 12


@dataclass(frozen=True)
class Subject:
    """A drop, with its window and its run as far as either is recorded. `package` is the ARN of its model version."""

    project: str
    drop: str | None
    window: Item | None = None
    run: Item | None = None
    package: str | None = None
    version: int | None = None


def find(service: Service, project: str, what: str | None) -> Subject:
    """What `why PROJECT [WHAT]` asks about.

    Raises:
        NotRecordedError: there is no such project, version, run or drop; lists those that there are.
    """
    match = _VERSION.fullmatch(what or "")
    if match:
        return _version(service, project, int(match[1]))
    if what:
        return _drop(service, project, what)
    newest = next(iter(service.records.windows(project)), None)
    if newest is None:
        return _without_drops(service, project)
    return _drop(service, project, str(newest["drop"]))


def _drop(service: Service, project: str, drop: str) -> Subject:
    window, run = service.records.window(project, drop), service.records.run(drop)
    run = run if run and run.get("project") == project else None
    if window is None and run is None:
        known = [str(item["drop"]) for item in islice(service.records.windows(project), SHOWN)]
        if not known:
            _without_drops(service, project)
        raise NotRecordedError(
            f"Project {project} has no drop or run {drop!r}. Its newest drops: {', '.join(known) or 'none yet'}. "
            f"`dropforge drops {project}` lists them all; a model version is a number, such as 1."
        )
    arn = (run or {}).get("model_package_arn")
    return Subject(project, drop, window, run, arn, _number(arn))


def _version(service: Service, project: str, version: int) -> Subject:
    name = f"{project}/{version}"
    runs = list(service.records.runs(project))
    run = next((item for item in runs if package_name(item.get("model_package_arn")) == name), None)
    if run:
        return _drop(service, project, str(run["pk"]))
    package = _describe(service, project, version)
    said = (package or {}).get("CustomerMetadataProperties") or {}
    if package and said.get("dropforge:run"):
        drop = str(said.get("dropforge:drop") or said["dropforge:run"])
        window, item = service.records.window(project, drop), service.records.run(str(said["dropforge:run"]))
        return Subject(project, drop, window, item, str(package["ModelPackageArn"]), version)
    if package:
        raise NotRecordedError(f"Model package {name} was not made by Dropforge: nothing is recorded about it.")
    known = sorted((n for item in runs if (n := _number(item.get("model_package_arn")))), reverse=True)
    if not known and next(iter(service.records.windows(project)), None) is None:
        _without_drops(service, project)
    listed = ", ".join(map(str, known[:SHOWN])) or "none yet"
    raise NotRecordedError(
        f"Project {project} has no model version {version}. Its versions, newest first: {listed}. "
        f"`dropforge runs {project}` shows which run made which."
    )


def _describe(service: Service, project: str, version: int) -> dict[str, Any] | None:
    """DescribeModelPackage of a version; None if there is none."""
    client = service.stack.client("sagemaker")
    try:
        pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=project)
        arns = (p["ModelPackageArn"] for page in pages for p in page["ModelPackageSummaryList"])
        arn = next((arn for arn in arns if package_name(arn) == f"{project}/{version}"), None)
        return dict(client.describe_model_package(ModelPackageName=arn)) if arn else None
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
            return None
        raise


def _without_drops(service: Service, project: str) -> Subject:
    """A project without any drop: one of which only ignored objects or a project.yaml are known, or none at all.

    Raises:
        NotRecordedError: nothing at all is recorded under that name.
    """
    if service.records.ignored(project) or service.records.config(project):
        return Subject(project, None)
    known = service.records.projects()
    listed = f"Projects with objects in the data bucket: {', '.join(known[:SHOWN])}" if known else "There is no project"
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    raise NotRecordedError(f"Nothing is recorded about a project {project!r}. {listed}{more}.")


def _number(arn: Any) -> int | None:
    last = package_name(arn).rpartition("/")[2]
    return int(last) if last.isdigit() else None
