"""What intake's functions take and give."""

from __future__ import annotations

from typing import Any, Literal

from dropforge.handler import Decision, Facts
from pydantic import Field


class Window(Facts):
    """The window item of the drops table."""

    touched_at: str
    state: Literal["OPEN", "LISTED", "COMPLETE", "CLOSED", "SETTLED"]
    drop: str | None = None
    reason: str | None = None


class PlanWindow(Facts):
    """A window as it is, and when it was last touched as this execution saw it before (null: not seen yet).

    `resume`: another execution closed the window and stopped, so this one goes on with it.
    """

    window: Window | None = None
    config: str | None = None
    seen_touched_at: str | None = None
    resume: bool = False


class WindowPlan(Decision):
    """What to do with a window.

    `wait` until a time and look again; `check` what S3 says of it; `claim` what was found there, then wait; `close` or
    `refuse` it (closed, and told why); `settle` what is closed already; `announce` again what is settled; `done`:
    nothing more. `final`: after this wait the window is judged as it is.
    """

    action: Literal["wait", "check", "claim", "close", "refuse", "settle", "announce", "done"]
    until: str | None = None
    touched_at: str | None = None
    reason: str
    final: bool = False


class Upload(Facts):
    """A multipart upload in progress."""

    key: str
    initiated: str


class ManifestSeen(Facts):
    """What a manifest says: how many objects it names, which are not there (the first few), or what is wrong."""

    count: int = 0
    missing: list[str] = Field(default_factory=list)
    missing_count: int = 0
    problem: str | None = None


class FolderSeen(Facts):
    """What S3 says of a window's folder: objects that are not recorded, uploads in progress, the manifest."""

    unclaimed: int = 0
    uploads: list[Upload] = Field(default_factory=list)
    manifest: ManifestSeen | None = None


class PlanClose(Facts):
    """A window that looks complete for a `reason`, and what S3 says of it.

    `looks`: how often this execution has looked; `unclaimed_before`: what the look before found; `waited`: nothing came
    in the time that a manifest's objects have.
    """

    window: Window
    reason: str
    config: str | None = None
    seen: FolderSeen
    now: str
    looks: int = 1
    unclaimed_before: int | None = None
    waited: bool = False


class WindowPlace(Facts):
    """Which window: the folder that it is of, and its manifest if it has one."""

    project: str
    channel: str
    folder: str
    drop: str
    manifest: str | None = None
    manifest_version: str | None = None

    @property
    def pk(self) -> str:
        """The folder's key in the drops table."""
        return f"{self.project}/{self.channel}/{self.folder}"

    @property
    def place(self) -> str:
        """The folder's key prefix in the data bucket."""
        return f"{self.project}/{self.channel}/" + (f"{self.folder}/" if self.folder else "")


class CheckWindow(WindowPlace):
    """A window that looks complete for a `reason`; `completed_at`: when its `_SUCCESS` was written."""

    reason: str
    config: str | None = None
    completed_at: str | None = None


class ListDrop(WindowPlace):
    """A window that was closed for a `reason`."""

    reason: str


class Listed(Facts):
    """What `list_drop` gave."""

    uri: str
    count: int
    bytes: int
    force: bool = False
    previous: dict[str, str] | None = None


class PlanInspection(WindowPlace):
    """A closed drop and its list of objects. `attempt`: the inspection's number, from 1.

    `large`: a function found that it cannot hold the drop, small as the objects are.
    """

    config: str | None = None
    listing: Listed
    region: str
    attempt: int = Field(default=1, ge=1)
    large: bool = False


class InspectionPlan(Decision):
    """The inspection's settings; for a job its request, where its settings go and its result lies."""

    job: bool
    settings: dict[str, Any]
    request: dict[str, Any] | None = None
    place: dict[str, str] | None = None
    result: dict[str, str] | None = None


class JudgeDrop(WindowPlace):
    """A closed drop: what was listed, what the inspection found (null: none was made), and the project in force.

    `refusal`: why the window was refused before anything was read; `failure`: why the inspection gave nothing.
    """

    reason: str
    refusal: str | None = None
    config: str | None = None
    listing: dict[str, Any] | None = None
    inspection: dict[str, Any] | None = None
    failure: dict[str, str] | None = None
    cause: str = ""
    bucket: str = ""
    now: str


class Judgement(Decision):
    """The outcome of a drop, why, and the event that tells of it (null: nobody needs to hear).

    `record`: the UpdateItem arguments that write it down, but for table and key; `stage`: the window's once told.
    """

    outcome: Literal["ACCEPTED", "REFUSED", "HELD", "EMPTY"]
    stage: Literal["HELD", "ANNOUNCED"]
    reason: str
    record: dict[str, Any]
    detail_type: Literal["Drop Completed", "Drop Refused", "Project Missing"] | None
    detail: dict[str, Any]


class FindMissed(Facts):
    """Where to go on in the data bucket (null: at its beginning), and the time."""

    cursor: dict[str, str] | None = None
    now: str


class SeenUpload(Facts):
    """The project.yaml that was read last."""

    sequencer: str
    version_id: str | None = None


class ReadProject(Facts):
    """An uploaded project.yaml: its text, or why there is none (too large, empty, not text).

    `sequencer` is empty where the reconciler found it; `upload` is what was read before it.
    """

    key: str
    size: int | None = None
    sequencer: str = ""
    version_id: str | None = None
    text: str | None = None
    error: str | None = None
    upload: SeenUpload | None = None


class ProjectReading(Decision):
    """A valid project as JSON, or what is wrong. `sequencer` is padded, so that it compares as a string.

    `lines` has the line of each field, for problems that only the data show; `upload` is the item that it was read.
    `beside`: no project file at all, but a
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
    warnings: list[dict[str, Any]] = Field(default_factory=list)
    upload: dict[str, dict[str, str]]


class DecideRestart(Facts):
    """The detail of the status event of an intake execution that did not succeed."""

    event: dict[str, Any]


class RestartDecision(Decision):
    """`restart` under a name with an input, or `nothing`."""

    action: Literal["restart", "nothing"]
    name: str | None = None
    input: Any = None
    attempt: int
    reason: str
