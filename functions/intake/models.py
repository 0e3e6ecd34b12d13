"""What intake's functions take and give."""

from __future__ import annotations

from typing import Any, Literal

from dropforge.handler import Decision, Facts
from pydantic import Field


class Window(Facts):
    """The window item of the drops table."""

    touched_at: str
    state: Literal["OPEN", "COMPLETE", "CLOSED"]
    drop: str | None = None


class PlanWindow(Facts):
    """A window as it is, and when it was last touched as this execution saw it before (null: not seen yet)."""

    window: Window | None = None
    config: str | None = None
    seen_touched_at: str | None = None


class WindowPlan(Decision):
    """`wait` until a time and look again, `close`, or nothing left to do."""

    action: Literal["wait", "close", "done"]
    until: str | None = None
    touched_at: str | None = None
    reason: str


class ReadProject(Facts):
    """An uploaded project.yaml: its text, or why there is none (too large, empty, not text)."""

    key: str
    size: int | None = None
    sequencer: str = ""
    version_id: str | None = None
    text: str | None = None
    error: str | None = None


class ProjectReading(Decision):
    """A valid project as JSON, or what is wrong. `sequencer` is padded, so that it compares as a string.

    `lines` has the line of each field, for problems that only the data show. `beside`: no project file at all, but a
    file of that name among a project's code or data.
    """

    valid: bool
    beside: bool = False
    project: str
    config: str | None = None
    text_digest: str
    sequencer: str
    version_id: str | None = None
    problems: list[dict[str, Any]] = Field(default_factory=list)
    name_problem: str | None = None
    lines: dict[str, int] = Field(default_factory=dict)


class DecideRestart(Facts):
    """The detail of the status event of an intake execution that did not succeed."""

    event: dict[str, Any]


class RestartDecision(Decision):
    """`restart` under a name, or `nothing`."""

    action: Literal["restart", "nothing"]
    name: str | None = None
    attempt: int
    reason: str
