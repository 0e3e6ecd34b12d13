"""Intake's decisions: when a drop is complete, and whether a project.yaml is valid."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from dropforge import names
from dropforge.errors import ProjectInvalidError
from dropforge.problems import Problem
from intake.models import DecideRestart, ProjectReading, ReadProject, RestartDecision

if TYPE_CHECKING:
    from dropforge.project import Project

SIZE_LIMIT = 65_536
MAX_ATTEMPTS = 3
SEQUENCER_WIDTH = 64


def pad_sequencer(sequencer: str) -> str:
    """S3's order of events of one key, as a string that compares: lower case, padded on the right.

    Source: S3 user guide, "the shorter one is padded with zeros on the right, then compared as strings".
    """
    return sequencer.lower().ljust(SEQUENCER_WIDTH, "0")


def read_project(facts: ReadProject, allowed_images: str) -> ProjectReading:
    """Validate an uploaded project.yaml."""
    name = facts.key.rsplit("/", 1)[0]
    problems: list[dict[str, object]] = []
    wrong_name = None if names.is_project(name) else _name_problem(facts.key, name)
    if wrong_name:
        fix = f"upload it as {name.split('/')[0]}/project.yaml" if "/" in name else _NAME_FIX
        problems.append(Problem(("project",), wrong_name, fix).as_dict())
    project: Project | None = None
    try:
        project = _parse(facts, allowed_images)
    except ProjectInvalidError as error:
        problems += error.problems
    valid = project is not None and not problems
    sequencer = _sequencer(facts)
    return ProjectReading(
        valid=valid,
        beside=_is_beside(facts.key),
        project=name or "-",
        config=project.to_json() if project and valid else None,
        text_digest=sha256((facts.text or "").encode()).hexdigest(),
        sequencer=sequencer,
        version_id=facts.version_id,
        problems=problems,
        name_problem=wrong_name,
        lines=_lines(facts.text or "") if valid else {},
        warnings=_warnings(project, facts.text or "") if project and valid else [],
        upload=_upload(name, sequencer, facts.version_id),
    )


def _sequencer(facts: ReadProject) -> str:
    """S3's, or one that follows the last for an upload that only the reconciler saw, and precedes S3's next."""
    if facts.sequencer or facts.upload is None:
        return pad_sequencer(facts.sequencer)
    again = facts.version_id is not None and facts.version_id == facts.upload.version_id
    return facts.upload.sequencer + ("" if again else "~")


def _upload(project: str, sequencer: str, version_id: str | None) -> dict[str, dict[str, str]]:
    """The item that says what was read last; a file in the wrong place has one of its own, not its project's."""
    item = {"pk": {"S": project or "-"}, "sk": {"S": "upload"}, "sequencer": {"S": sequencer}}
    return item | ({"version_id": {"S": version_id}} if version_id else {})


def _warnings(project: Project, text: str) -> list[dict[str, object]]:
    from dropforge.project_read import field_lines, project_warnings

    return project_warnings(project, field_lines(text))


def _is_beside(key: str) -> bool:
    """Whether it lies in a project's `code/` or in one of its channels, where any name is allowed."""
    _, *folders, _ = key.split("/")
    return bool(folders) and folders[0] in ("code", *names.CHANNELS)


def _lines(text: str) -> dict[str, int]:
    from dropforge.project_read import field_lines

    return field_lines(text)


_NAME_FIX = "use 2 to 31 lower-case letters, digits and single hyphens, starting with a letter, e.g. `churn-eu`"


def _name_problem(key: str, name: str) -> str:
    if "/" in name or not name:
        return f"a project.yaml belongs at <project>/project.yaml, not at {key}"
    return f"{name!r} cannot name a project: its endpoint and model package group have the same name"


def _parse(facts: ReadProject, allowed_images: str) -> Project:
    # Imported here: PyYAML and the models are only needed for a project.yaml, and cost other handlers' start.
    from dropforge.project_read import read_project as read

    if (facts.size or 0) > SIZE_LIMIT:
        reason = f"the file has {facts.size:,} bytes, more than 65,536"
        raise ProjectInvalidError([Problem((), reason, "keep data and code out of project.yaml").as_dict()])
    if facts.text is None and facts.size != 0:
        reason = f"the file could not be read as text: {facts.error or 'no text'}"
        raise ProjectInvalidError([Problem((), reason, "save it as UTF-8 text and upload it again").as_dict()])
    return read((facts.text or "").removeprefix("\ufeff"), allowed_images)


def decide_restart(facts: DecideRestart) -> RestartDecision:
    """Every step of intake can be repeated, so it is; but not without end, and not against a person who stopped it."""
    name, status = str(facts.event.get("name", "")), facts.event.get("status")
    attempt = names.execution_attempt(name)
    if status == "ABORTED":
        return RestartDecision(action="nothing", attempt=attempt, reason="it was stopped by hand")
    if attempt >= MAX_ATTEMPTS:
        return RestartDecision(action="nothing", attempt=attempt, reason=f"it stopped {attempt} times")
    again = attempt + 1
    return RestartDecision(
        action="restart",
        name=names.next_execution(name, again),
        attempt=again,
        reason=f"it ended {status}",
        input=_resumed(json.loads(facts.event["input"])),
    )


def _resumed(given: object) -> object:
    """The input of the stopped execution; one of a window goes on where it stopped."""
    if isinstance(given, list):
        return [{"eventName": "RESUME", "dynamodb": {"Keys": given[0]["dynamodb"]["Keys"]}}]
    return given
