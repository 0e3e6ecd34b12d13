"""Deployment's first decision: which version an approval or a rejection makes the one to serve."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from deployment import history
from deployment.kinds import variants_of
from deployment.models import ChooseTarget, Target
from dropforge import events, names
from dropforge.project import Deploy, Project

#: Approved packages that the machine lists at most.
LISTED = 100
PENDING = "PendingDeploymentSummary"


def choose_target(facts: ChooseTarget) -> Target:
    """Approved: that version. Rejected while it is live, coming or wanted: the one served before that is approved."""
    package = facts.package
    said = package.get("CustomerMetadataProperties") or {}
    project = str(package.get("ModelPackageGroupName", ""))
    status = package.get("ModelApprovalStatus")
    deploy = deploy_of(facts.config)
    target = Target(
        action="none",
        reason="",
        after="rejection" if facts.status == "Rejected" else "approval",
        decided_at=moment(facts.changed_at),
        project=project,
        version=int(package.get("ModelPackageVersion", 0)),
        live_version=_live(facts.endpoint),
    )
    if not said.get("dropforge:run") or said.get("dropforge:project") != project:
        return target.model_copy(update={"reason": "the package was not made by Dropforge"})
    if status != facts.status:
        return target.model_copy(update={"reason": f"the package is {status} now"})
    if status == "Rejected":
        return _rejected(facts, target, deploy)
    if not deploy.enabled:
        return target.model_copy(update={"reason": "project.yaml has deploy.enabled: false"})
    arns = _arns(package["ModelPackageArn"], deploy, target.version, target.live_version)
    return target.model_copy(update={"action": "deploy", "reason": "approved", "package_arns": arns})


def deploy_of(config: str | None) -> Deploy:
    """The project's `deploy`, or its defaults where there is no project any more."""
    return Project.model_validate_json(config).deploy if config else Deploy()


def _rejected(facts: ChooseTarget, target: Target, deploy: Deploy) -> Target:
    rejected, approved = str(facts.package["ModelPackageArn"]), _approved(facts)
    wanted: dict[str, Any] = next((i for i in map(events.plain, facts.items) if i.get("sk") == "wanted"), {})
    own = wanted.get("decision") == f"{rejected}#{facts.changed_at}"
    if own and facts.attempt > 1 and wanted.get("package_arn") in approved:
        return _back_to(str(wanted["package_arn"]), "an earlier attempt chose it", target, deploy)
    coming = wanted.get("package_arn") if facts.wanted_status == "RUNNING" and not own else None
    served = {target.live_version, _pending(facts.endpoint), *_sharing(facts.live_config)} if facts.endpoint else set()
    # Two rejections in a row: the second one's turn may be the first at which the live version's own is acted on.
    unapproved = facts.held and _is_unapproved(target.live_version, approved)
    if coming != rejected and target.version not in served and not unapproved:
        return target.model_copy(update={"reason": f"version {target.version} is not live"})
    if coming in approved and coming != rejected and _version(str(coming)) != target.live_version:
        reason = f"version {_version(str(coming))} is on its way"
        return target.model_copy(update={"action": "wait", "reason": reason})
    if target.version not in served and coming != rejected:  # what goes is the live one
        target = target.model_copy(update={"version": target.live_version})
    found = _before(facts, target)
    if found is not None:
        stays = _version(found) == target.live_version
        serves = "serves on without it" if stays else "was served before and is approved"
        reason = f"version {target.version} was rejected; version {_version(found)} {serves}"
        return _back_to(found, reason, target.model_copy(update={"stays": stays}), deploy)
    return _nothing_earlier(facts, target, deploy)


def _back_to(found: str, reason: str, target: Target, deploy: Deploy) -> Target:
    """Serve an earlier version, with those that `deploy.variants` names beside it, but for the rejected one."""
    arns = _arns(found, deploy, _version(found), _version(found))
    kept = [arn for arn in arns if _version(arn) != target.version]
    return target.model_copy(update={"action": "deploy", "reason": reason, "package_arns": kept})


def _nothing_earlier(facts: ChooseTarget, target: Target, deploy: Deploy) -> Target:
    """Tell, or delete the endpoint if project.yaml says so."""
    rejected = f"{str(facts.package['ModelPackageArn']).rpartition('/')[0]}/{target.version}"
    reason = f"version {target.version} was rejected, and no earlier version is approved"
    action = "retire" if deploy.on_reject == "delete" and facts.endpoint else "impossible"
    detail = events.detail(
        "Endpoint Retired" if action == "retire" else "Rollback Impossible",
        rejected,
        target.decided_at,
        project=target.project,
        run=_run(facts, target),
        reason=reason,
        rejected_version=target.version,
        model_package_arn=rejected,
        endpoint=target.project,
        still_live=action == "impossible" and target.version in {target.live_version, *_sharing(facts.live_config)},
        after="rejection",
    )
    return target.model_copy(update={"action": action, "reason": reason, "detail": detail})


def _run(facts: ChooseTarget, target: Target) -> str | None:
    """The run of the rejected version, which may be the live one instead of the event's."""
    live = names.configured_version((facts.endpoint or {}).get("EndpointConfigName"))
    if live and live[1] == target.version:
        return live[0]
    own = facts.package.get("ModelPackageVersion") == target.version
    return (facts.package.get("CustomerMetadataProperties") or {}).get("dropforge:run") if own else None


def _is_unapproved(live: int | None, approved: list[str]) -> bool:
    """Whether the live version is surely not approved: of more than a page of approved ones not all are known."""
    versions = [_version(arn) for arn in approved]
    known = len(versions) < LISTED or (live is not None and live > min(versions))
    return live is not None and known and live not in versions


def _before(facts: ChooseTarget, target: Target) -> str | None:
    """The package that was served last before the rejected one, of those still approved; else the next lower one."""
    rejected, approved = facts.package["ModelPackageArn"], _approved(facts)
    for item in history.served(facts.items):
        if item.get("package_arn") in approved and item["package_arn"] != rejected:
            return str(item["package_arn"])
    lower = [arn for arn in approved if _version(arn) < (target.version or 0)]
    return max(lower, key=_version, default=None)


def _approved(facts: ChooseTarget) -> list[str]:
    return [p["ModelPackageArn"] for p in facts.approved if p.get("ModelApprovalStatus", "Approved") == "Approved"]


def _arns(arn: str, deploy: Deploy, latest: int | None, live: int | None) -> list[str]:
    """The package to serve, then those of `deploy.variants` and the live one (what a challenger is compared with)."""
    group = arn.rpartition("/")[0]
    wanted = [v.model for v in deploy.variants or []]
    found = [arn]
    for version in [*wanted, "live"]:
        number = {"latest": latest, "live": live}.get(str(version), version)
        if number is not None and f"{group}/{number}" not in found:
            found.append(f"{group}/{number}")
    return found


def _version(arn: str) -> int:
    return int(arn.rpartition("/")[2])


def _live(endpoint: dict[str, Any] | None) -> int | None:
    found = names.configured_version((endpoint or {}).get("EndpointConfigName"))
    return found[1] if found else None


def _sharing(config: dict[str, Any] | None) -> set[int | None]:
    """Versions that get calls, or copies of them: a comparison is called after the champion alone."""
    return {names.modelled_version(variant.get("ModelName")) for variant in variants_of(config)}


def _pending(endpoint: dict[str, Any]) -> int | None:
    found = names.configured_version((endpoint.get(PENDING) or {}).get("EndpointConfigName"))
    return found[1] if found else None


def moment(value: Any) -> str:
    """A time that sorts as text, whichever form the event has it in."""
    text = str(value)
    if text.replace(".", "", 1).isdigit():
        time = datetime.fromtimestamp(float(text) / 1000, UTC)
    else:
        time = datetime.fromisoformat(text).astimezone(UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
