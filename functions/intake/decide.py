"""Intake's decisions: when a drop is complete, and whether a project.yaml is valid."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from dropforge import names
from dropforge.errors import ProjectInvalidError
from dropforge.problems import Problem
from intake.models import DecideRestart, PlanWindow, ProjectReading, ReadProject, RestartDecision, WindowPlan

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


def plan_window(facts: PlanWindow) -> WindowPlan:
    """Close what is complete or has been quiet for its project's quiet period; else say when to look again."""
    window = facts.window
    if window is None or window.state == "CLOSED":
        return WindowPlan(action="done", reason="closed already" if window else "no such window")
    touched = window.touched_at
    if window.state == "COMPLETE":
        return WindowPlan(action="close", touched_at=touched, reason="_SUCCESS")
    if facts.seen_touched_at == touched:
        return WindowPlan(action="close", touched_at=touched, reason="quiet period")
    seconds = _quiet_period(facts.config)
    until = datetime.fromisoformat(touched) + timedelta(seconds=seconds)
    stamp = until.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return WindowPlan(action="wait", until=stamp, touched_at=touched, reason=f"quiet for {seconds} s until then")


def _quiet_period(config: str | None) -> int:
    data = json.loads(config).get("data", {}) if config else {}
    return int(data.get("quiet_period", names.QUIET_PERIOD))


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
    return ProjectReading(
        valid=valid,
        beside=_is_beside(facts.key),
        project=name,
        config=project.model_dump_json(exclude_none=True) if project and valid else None,
        text_digest=sha256((facts.text or "").encode()).hexdigest(),
        sequencer=pad_sequencer(facts.sequencer),
        version_id=facts.version_id,
        problems=problems,
        name_problem=wrong_name,
        lines=_lines(facts.text or "") if valid else {},
    )


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
        action="restart", name=names.next_execution(name, again), attempt=again, reason=f"it ended {status}"
    )
