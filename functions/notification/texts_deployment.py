"""The words of deployment's notices: what is live now, what moved, what was taken back and why.

They claim what the event says and no more: an event may come from a machine that was stopped before it looked.
"""

from __future__ import annotations

import shlex

from notification import measured, passages, serving
from notification.words import UNKNOWN, Detail, Text, lines, number, word

ROLLED_OUT = {
    "all_at_once": "all traffic at once",
    "canary": "as a canary: a part of the traffic first, then all",
    "linear": "in equal steps of the traffic",
    "rolling": "in place, batch by batch",
    "ab": "after both had shared the traffic",
    "shadow": "after it had answered a copy of the traffic",
}
#: What the stage of a failed deployment means, where the reason does not say it already.
STAGES = {"refused": "It was refused before anything changed."}
#: Stages at which the new version's containers ran.
LOGGED = ("alarm", "health", "verification", "experiment", "timeout")
DELETES = (
    "Approve another version and it takes over; or delete the endpoint, which then answers nobody. "
    "`deploy: {on_reject: delete}` in project.yaml does the latter by itself the next time."
)
REMAINS = (
    "The models stay in the registry. Approving one makes the endpoint anew; one that is approved already must be "
    "rejected first."
)


def model_deployed(d: Detail) -> Text:
    """An endpoint serves a new version."""
    project, version, endpoint = (word(d, k) for k in ("project", "model_version", "endpoint"))
    before = serving.version(d, "previous_version")
    moved = ROLLED_OUT.get(word(d, "strategy", ""), "")
    return Text(
        subject=f"{project}: model version {version} is live",
        headline=f"Endpoint {endpoint} serves version {version} (run {word(d, 'run')}) on {serving.capacity(d)}.",
        severity="info",
        sms=f"Dropforge {project}: model v{version} is live",
        paragraphs=[
            f"It took over from version {before}{f', {moved}' if moved else ''}." if before else "",
            serving.shares(d),
            measured.verified(d),
            measured.compared(d, "Beside the version before"),
            serving.scaling(d),
            passages.bullets("Worth knowing:", lines(d, "warnings")),
            *serving.how_to_ask(d),
            "If it disappoints, reject it: the version served before it that is still approved comes back, all at once."
            if before
            else "",
        ],
        commands=[
            *serving.ask(d, endpoint),
            *(serving.decide(d, "Rejected") if before else []),
            f"aws sagemaker delete-endpoint --endpoint-name {endpoint}",
        ],
    )


def deployment_failed(d: Detail) -> Text:
    """A wanted version is not what the endpoint serves."""
    project, version = word(d, "project"), word(d, "model_version")
    reason = word(d, "reason", "no reason was given")
    rejected = serving.version(d, "rejected_version")
    # A container that never started has written nothing.
    log = word(d, "log_command", "") if d.get("log") or word(d, "stage", "") in LOGGED else ""
    wanted = f"The approved model of project {project} (version {version}) was not deployed."
    if d.get("after") == "rejection":
        wanted = (
            f"Version {rejected or UNKNOWN} of project {project} was rejected, but {_instead(d, rejected, version)}."
        )
    delete = [f"aws sagemaker delete-endpoint --endpoint-name {word(d, 'endpoint')}"] if serving.is_going(d) else []
    again = [] if d.get("after") == "rejection" else [*serving.decide(d, "Rejected"), *serving.decide(d, "Approved")]
    return Text(
        subject=f"{project}: the deployment failed",
        headline=wanted,
        severity="error",
        sms=f"Dropforge {project}: deployment of v{version} failed: {reason}",
        paragraphs=[
            f"Why: {reason}\n{STAGES.get(word(d, 'stage', ''), '')}".strip(),
            serving.alarms(d),
            passages.log(d),
            serving.live(d),
            serving.compared_still(d),
            measured.compared(d, "What was measured, side by side"),
            "To try again after mending the cause, "
            + (
                "reject the version and approve it once more."
                if again
                else f"approve version {rejected} and reject it."
            ),
        ],
        commands=[*([log] if log else []), *delete, *again],
    )


def _instead(d: Detail, rejected: str, version: str) -> str:
    """What is so although a version was rejected."""
    if d.get("stays") is True:
        return f"it is still there beside version {version}"
    if rejected == version:
        return "it still serves" if serving.version(d, "live_version") == rejected else "no other took its place"
    return f"version {version} did not come back"


def experiment_started(d: Detail) -> Text:
    """A new version runs beside the live one, for a while."""
    project, champion, challenger = word(d, "project"), *(serving.told(d, k) for k in ("champion", "challenger"))
    weight, bake, longest = (number(d.get(k)) for k in ("weight", "bake", "longest"))
    shadow = d.get("kind") == "shadow"
    share = f"{weight:g} percent of " if weight is not None else "a part of "
    gets = f"a copy of {share if weight is not None else ''}the traffic; its answers are given to nobody"
    return Text(
        subject=f"{project}: version {challenger} is being compared",
        headline=f"Version {challenger} of project {project} runs beside version {champion}, which stays live.",
        severity="info",
        sms=f"Dropforge {project}: v{challenger} is being compared with v{champion}",
        paragraphs=[
            f"It gets {gets}." if shadow else f"It answers {share}the traffic.",
            _until(bake, longest),
            f"To end it sooner, reject the version: it goes {_soon(longest)}, and the live one stays.",
        ],
        commands=serving.decide(d, "Rejected"),
    )


def _soon(longest: float | None) -> str:
    """How long a rejection takes at most: a comparison is looked at 200 times, a minute apart at least."""
    return f"within {passages.duration(max(60, -(-longest // 12_000) * 60))}" if longest else "soon"


def _until(bake: float | None, longest: float | None) -> str:
    """When a comparison ends, and how."""
    ends = "then it takes over or goes, and a notice says which and why."
    if bake is None:
        return ends.capitalize()
    latest = f", after {passages.duration(longest)} at the latest" if longest is not None else ""
    return f"After {passages.duration(bake)} it is compared{latest}: {ends}"


def model_rolled_back(d: Detail) -> Text:
    """The live version was rejected, and an earlier one serves again."""
    project, now, endpoint = (word(d, k) for k in ("project", "model_version", "endpoint"))
    rejected = serving.version(d, "rejected_version") or UNKNOWN
    how, so = ("without it", "serves on without it") if d.get("stays") is True else ("again", "is live again")
    return Text(
        subject=f"{project}: version {rejected} was rejected, version {now} {so}",
        headline=f"Endpoint {endpoint} serves version {now} (run {word(d, 'run')}) {how}, on {serving.capacity(d)}.",
        severity="warning",
        sms=f"Dropforge {project}: v{rejected} was rejected, v{now} {so}",
        paragraphs=[
            f"Why: {word(d, 'reason', f'version {rejected} was rejected')}",
            serving.shares(d),
            passages.bullets("Worth knowing:", lines(d, "warnings")),
            "Approving the rejected version again would bring it back.",
        ],
        commands=serving.ask(d, endpoint),
    )


def rollback_impossible(d: Detail) -> Text:
    """A version was rejected, and there is none to go back to."""
    project, rejected = word(d, "project"), serving.version(d, "rejected_version") or UNKNOWN
    endpoint, live = word(d, "endpoint", project), d.get("still_live")
    told = f"Version {rejected} of project {project} was rejected, and there is no version to go back to."
    sms = f"Dropforge {project}: v{rejected} was rejected"
    if live is True:
        sms += ", but is still live: nothing to go back to"
        told = f"Version {rejected} of project {project} was rejected, but it is still live: nothing took its place."
    return Text(
        subject=f"{project}: version {rejected} was rejected{', but is still live' if live is True else ''}",
        headline=told,
        severity="error" if live is True else "warning",
        sms=sms,
        paragraphs=[
            f"Why: {word(d, 'reason', 'no earlier version is approved')}",
            DELETES,
        ],
        commands=[
            f"aws sagemaker list-model-packages --model-package-group-name {shlex.quote(project)}",
            f"aws sagemaker delete-endpoint --endpoint-name {shlex.quote(endpoint)}",
        ],
    )


def endpoint_retired(d: Detail) -> Text:
    """An endpoint was deleted, since nobody wants what it serves."""
    project, endpoint = word(d, "project"), word(d, "endpoint")
    after = {"idle": "nobody has asked it for a while", "failed start": "it never came up"}
    return Text(
        subject=f"{project}: the endpoint was deleted",
        headline=f"Endpoint {endpoint} of project {project} was deleted. It is no longer billed.",
        severity="warning",
        sms=f"Dropforge {project}: endpoint {endpoint} was deleted",
        paragraphs=[
            f"Why: {word(d, 'reason', after.get(word(d, 'after', ''), 'no reason was given'))}",
            REMAINS,
        ],
        commands=[f"aws sagemaker list-model-packages --model-package-group-name {shlex.quote(project)}"],
    )
